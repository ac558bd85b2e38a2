/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/file_keeper.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
    struct loop *loop;
    char *dir, *path;
};

static void set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    f->loop = loop_new(NULL);
    f->dir = g_dir_make_tmp("keeper-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "state.json", NULL);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    (void)g_unlink(f->path);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0); /* so nothing else is in it */
    g_free(f->path);
    g_free(f->dir);
    loop_free(f->loop);
}

static void assert_holds(const struct fixture *f, const char *want)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text = file_keeper_read(f->path, &err);

    g_assert_no_error(err);
    g_assert_cmpstr(text, ==, want);
}

static void the_last_text_is_the_file(struct fixture *f, gconstpointer data)
{
    struct file_keeper *keeper = file_keeper_start(f->loop, f->path, NULL);
    struct stat st;

    (void)data;
    g_assert_nonnull(keeper);
    assert_holds(f, NULL);
    for (int i = 0; i < 100; i++) {
        g_autofree char *text = g_strdup_printf("text %d", i);

        file_keeper_put(keeper, text);
    }
    file_keeper_stop(keeper);
    assert_holds(f, "text 99");
    g_assert_cmpint(g_stat(f->path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
    keeper = file_keeper_start(f->loop, f->path, NULL);
    file_keeper_put(keeper, "short");
    file_keeper_stop(keeper);
    assert_holds(f, "short");
}

/* More than a socket holds, and more of it before the first has gone. */
static void long_texts_are_whole(struct fixture *f, gconstpointer data)
{
    struct file_keeper *keeper = file_keeper_start(f->loop, f->path, NULL);
    g_autofree char *first = g_strnfill(3 << 20, 'a');
    g_autofree char *second = g_strnfill(2 << 20, 'b');

    (void)data;
    file_keeper_put(keeper, first);
    file_keeper_put(keeper, "between");
    file_keeper_put(keeper, second);
    file_keeper_stop(keeper);
    assert_holds(f, second);
}

static void without_text_the_file_stays(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(g_file_set_contents(f->path, "old", -1, NULL));
    file_keeper_stop(file_keeper_start(f->loop, f->path, NULL));
    assert_holds(f, "old");
}

static void what_cannot_be_kept_is_told(struct fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->dir, "no", "state", NULL);
    g_autoptr(GError) err = NULL;

    (void)data;
    g_assert_null(file_keeper_start(f->loop, path, &err));
    g_assert_nonnull(strstr(err->message, "No such file or directory"));
    g_clear_error(&err);
    g_assert_true(g_file_set_contents(f->path, "a\0b", 3, NULL));
    g_assert_null(file_keeper_read(f->path, &err));
    g_assert_error(err, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST);
    g_clear_error(&err);
    g_assert_null(file_keeper_read(f->dir, &err));
    g_assert_nonnull(strstr(err->message, "Is a directory"));
}

#define ADD(name)                                                         \
    g_test_add("/file_keeper/" #name, struct fixture, NULL, set_up, name, \
               tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(the_last_text_is_the_file);
    ADD(long_texts_are_whole);
    ADD(without_text_the_file_stays);
    ADD(what_cannot_be_kept_is_told);
    return g_test_run();
}
