/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/sandbox_view.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sandbox_view {
    GArray *items; /* of struct jail_mount_item */
    GPtrArray *readable;
    GPtrArray *strings; /* owns every path */
};

/* Never shown as a whole; `below` covers what is inside as well. */
static const struct {
    const char *path;
    bool below;
} crowded[] = {
    { "/", false },    { "/run", false }, { "/run/user", true },
    { "/home", true }, { "/root", true }, { "/tmp", true },
    { "/var", false }, { "/mnt", false }, { "/usr", false },
    { "/opt", false }, { "/srv", false }, { "/dev", true },
    { "/proc", true }, { "/sys", true },
};

static bool is_crowded(const char *dir)
{
    for (size_t i = 0; i < G_N_ELEMENTS(crowded); i++) {
        size_t len = strlen(crowded[i].path);

        if (strcmp(dir, crowded[i].path) == 0)
            return true;
        if (crowded[i].below && strncmp(dir, crowded[i].path, len) == 0 &&
            dir[len] == '/')
            return true;
    }
    return false;
}

static const char *keep(struct sandbox_view *view, char *text)
{
    g_ptr_array_add(view->strings, text);
    return text;
}

static void add(struct sandbox_view *view, struct jail_mount_item item)
{
    g_array_append_val(view->items, item);
    if (item.target == NULL)
        g_ptr_array_add(view->readable, (gpointer)(uintptr_t)item.path);
}

/* Returns the directory or file that is shown. */
static const char *add_real(struct sandbox_view *view, const char *real)
{
    const char *dir = keep(view, g_path_get_dirname(real));

    if (is_crowded(dir) || jail_mount_is_on(real)) {
        add(view, (struct jail_mount_item){ .path = real });
        return real;
    }
    add(view, (struct jail_mount_item){ .path = dir, .file = real });
    return dir;
}

struct sandbox_view *sandbox_view_new(const char *resolv_conf)
{
    struct sandbox_view *view = g_new(struct sandbox_view, 1);
    char *real = realpath(resolv_conf, NULL);
    const char *shown = "";

    view->items = g_array_new(FALSE, FALSE, sizeof(struct jail_mount_item));
    view->readable = g_ptr_array_new();
    view->strings = g_ptr_array_new_with_free_func(free);
    if (real != NULL) {
        shown = add_real(view, keep(view, real));
        if (strcmp(real, resolv_conf) != 0)
            add(view, (struct jail_mount_item){
                          .path = keep(view, g_strdup(resolv_conf)),
                          .target = real });
    }
    if (strcmp(shown, "/etc") != 0) {
        add(view,
            (struct jail_mount_item){ .path = "/etc/hosts", .optional = true });
        add(view, (struct jail_mount_item){ .path = "/etc/nsswitch.conf",
                                            .optional = true });
    }
    return view;
}

void sandbox_view_free(struct sandbox_view *view)
{
    if (view == NULL)
        return;
    g_array_free(view->items, TRUE);
    g_ptr_array_free(view->readable, TRUE);
    g_ptr_array_free(view->strings, TRUE);
    g_free(view);
}

const struct jail_mount_item *sandbox_view_items(
    const struct sandbox_view *view, size_t *count)
{
    *count = view->items->len;
    return (const void *)view->items->data;
}

const char *const *sandbox_view_readable(const struct sandbox_view *view,
                                         size_t *count)
{
    *count = view->readable->len;
    return (const char *const *)view->readable->pdata;
}
