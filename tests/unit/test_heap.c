/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include "base/sanitized.h"

#include <glib.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER (128 * 1024)
#define MANY   64

static bool can_tell(void)
{
    if (SANITIZED != 0)
        g_test_skip("the sanitizer has a heap of its own");
    return SANITIZED == 0;
}

static size_t resident(void)
{
    g_autofree char *text = NULL;
    unsigned long size, pages;

    g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    g_assert_cmpint(sscanf(text, "%lu %lu", &size, &pages), ==, 2);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void large_blocks_are_mapped_or_kept(void)
{
    size_t mapped = mallinfo2().hblks;
    void *block;

    if (!can_tell())
        return;
    heap_return_large_blocks();
    block = g_malloc(BUFFER);
    g_assert_cmpuint(mallinfo2().hblks, ==, mapped + 1);
    g_free(block);
    heap_keep_large_blocks();
    block = g_malloc(BUFFER);
    g_assert_cmpuint(mallinfo2().hblks, ==, mapped);
    g_free(block);
}

static void what_is_free_goes_back_from_anywhere(void)
{
    uint8_t *blocks[MANY], *last;
    size_t used;

    if (!can_tell())
        return;
    heap_keep_large_blocks();
    for (int i = 0; i < MANY; i++) {
        blocks[i] = g_malloc(BUFFER);
        memset(blocks[i], 1, BUFFER);
    }
    last = g_malloc(BUFFER);
    last[0] = 1;
    used = resident();
    for (int i = 0; i < MANY; i++)
        g_free(blocks[i]);
    heap_trim();
    g_assert_cmpuint(resident() + (size_t)(MANY - 1) * BUFFER, <, used);
    g_assert_cmpint(last[0], ==, 1);
    g_free(last);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/heap/large blocks are mapped or kept",
                    large_blocks_are_mapped_or_kept);
    g_test_add_func("/heap/what is free goes back from anywhere",
                    what_is_free_goes_back_from_anywhere);
    return g_test_run();
}
