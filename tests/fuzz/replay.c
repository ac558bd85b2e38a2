/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <stdint.h>
#include <string.h>

/*
 * Stands in for libFuzzer's main: feeds a target called fuzz_X the files of
 * tests/fuzz/corpus/X, so that every `make check` runs the corpora, with any
 * compiler.  Files may also be named on the command line, to replay a find.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(gconstpointer path)
{
    g_autofree char *text = NULL;
    g_autofree uint8_t *exact = NULL;
    size_t size;

    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    /* Exactly as long as the input, for a sanitizer to see its end. */
    exact = g_memdup2(text, size);
    g_assert_cmpint(LLVMFuzzerTestOneInput(exact, size), ==, 0);
}

static void no_input_at_all(void)
{
    g_assert_cmpint(LLVMFuzzerTestOneInput(NULL, 0), ==, 0);
}

static void add_file(const char *target, char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_strdup_printf("/%s/%s", target, base);

    g_test_add_data_func_full(name, path, (GTestDataFunc)replay_file, g_free);
}

static void add_corpus(const char *target)
{
    const char *srcdir = g_getenv("srcdir");
    g_autofree char *path =
        g_build_filename(srcdir != NULL ? srcdir : ".", "tests", "fuzz",
                         "corpus", target + strlen("fuzz_"), NULL);
    g_autoptr(GError) err = NULL;
    GDir *dir = g_dir_open(path, 0, &err);
    const char *name;

    g_assert_no_error(err);
    while ((name = g_dir_read_name(dir)) != NULL)
        add_file(target, g_build_filename(path, name, NULL));
    g_dir_close(dir);
}

int main(int argc, char **argv)
{
    g_autofree char *target = g_path_get_basename(argv[0]);

    g_test_init(&argc, &argv, NULL);
    g_assert_true(g_str_has_prefix(target, "fuzz_"));
    g_test_add_func("/fuzz/no input at all", no_input_at_all);
    for (int i = 1; i < argc; i++)
        add_file(target, g_strdup(argv[i]));
    if (argc < 2)
        add_corpus(target);
    return g_test_run();
}
