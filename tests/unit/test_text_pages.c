/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/text_pages.h"

#include <glib.h>
#include <stdio.h>

/* Pages of files that this process has mapped and in memory. */
static unsigned long resident_of_files(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    g_assert_nonnull(statm);
    g_assert_cmpint(fscanf(statm, "%*u %*u %lu", &pages), ==, 1);
    (void)fclose(statm);
    return pages;
}

static int written = 1;
static const char *const relocated[] = { "constant", "string" };

static void what_is_needed_comes_back(void)
{
    unsigned long before = resident_of_files(), after;

    written = 2;
    text_pages_release();
    after = resident_of_files();
    g_test_message("%lu pages before, %lu after", before, after);
    g_assert_cmpuint(after, <, before);
    g_assert_cmpint(written, ==, 2);
    g_assert_cmpstr(relocated[1], ==, "string");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text_pages/what is needed comes back",
                    what_is_needed_comes_back);
    return g_test_run();
}
