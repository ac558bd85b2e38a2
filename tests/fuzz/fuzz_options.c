/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any words on the command line: parsed without fault, and what is accepted
 * keeps the promises of options.h.  Words are separated by newlines or NULs.
 */
#include "app/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accepted(const struct options *o)
{
    g_assert_cmpuint(o->mtu, >=, 1);
    g_assert_cmpuint(o->mtu, <=, 65521);
    g_assert_cmpint(o->ready_fd, >=, -1);
    g_assert_cmpint(o->exit_fd, >=, -1);
    g_assert_nonnull(memchr(o->tap_name, '\0', sizeof(o->tap_name)));
    g_assert_true(o->target_pid > 0 || o->target_path != NULL ||
                  o->target_fd >= 0);
    g_assert_true(o->api_socket == NULL || strlen(o->api_socket) < 108);
    g_assert_false(o->target_type == TARGET_TYPE_BESS && o->configure);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    g_autofree char *text = g_malloc(size + 1);
    char program[] = "slipgate";
    char *argv[WORDS_MAX + 2] = { program };
    int argc = 1;
    struct options options;
    g_autoptr(GError) err = NULL;

    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    /* This machine's files say nothing here. */
    (void)setenv("SLIPGATE_CONFIG", "/dev/null", 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (char *word = text; word <= text + size && argc <= WORDS_MAX; argc++) {
        argv[argc] = word;
        word += strcspn(word, "\n");
        *word++ = '\0';
    }
    opterr = 0;
    switch (options_parse(&options, argc, argv, nowhere, &err)) {
    case OPTIONS_RUN:
        g_assert_no_error(err);
        check_accepted(&options);
        break;
    case OPTIONS_REFUSED:
        g_assert_nonnull(err);
        break;
    case OPTIONS_HELP:
    case OPTIONS_SHOWN:
    case OPTIONS_VERSION:
    case OPTIONS_BAD_USAGE:
        break;
    }
    return 0;
}
