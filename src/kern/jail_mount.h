/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>

/*
 * Confinement primitive: a mount namespace (mount_namespaces(7)) whose root is
 * an empty, read-only tmpfs that shows nothing but what the caller lists.
 * Single-threaded processes only.  First jail_mount_unshare(), then
 * jail_mount_pin_dir() for each directory that is still needed, then
 * jail_mount_root().  Nothing reaches the mount namespace that was left: every
 * mount is made private before the first change.
 */

/* Which user namespace the mount namespace belongs to. */
enum jail_mount_space {
    JAIL_MOUNT_SAME,   /* the caller's; it had CAP_SYS_ADMIN there */
    JAIL_MOUNT_OWN,    /* one made for this process alone */
    JAIL_MOUNT_JOINED, /* the one that was offered */
    JAIL_MOUNT_SPACE_COUNT
};

/*
 * Moves the caller into a new mount namespace.  With CAP_SYS_ADMIN nothing else
 * changes.  Without, it also enters a user namespace: one of its own, where its
 * user and group keep their numbers, or, where the machine refuses that, the
 * one of `userns_fd` (-1: none; the descriptor stays the caller's).  Either way
 * the caller has all capabilities in it afterwards, to be dropped later.
 * Forks a child to try it out first, since making a user namespace cannot be
 * undone.  0, or -1 and an error that names the refusing step.
 */
int jail_mount_unshare(int userns_fd, enum jail_mount_space *out, GError **err);

/*
 * The path of the open directory `fd`, to be asked before jail_mount_unshare(),
 * which may take the old mounts and so the names away; free it with g_free().
 * NULL when it has none.
 */
char *jail_mount_dir_path(int fd);

/*
 * Replaces the open directory `fd`, which is at `path`, by the same directory
 * in a mount of its own, under the same number, so that ".." no longer leads
 * out of it.  0 or -errno; on failure `fd` is as before (-ENOSYS before Linux
 * 5.2, -ESTALE if something else is at `path`).
 */
int jail_mount_pin_dir(int fd, const char *path);

/* One thing that the new root shows, at the path it had. */
struct jail_mount_item {
    const char *path; /* absolute and free of symbolic links */
    /* If it is not there or cannot be shown, go on without. */
    bool optional;
    bool writable;  /* also, as far as it was */
    bool is_device; /* that can be opened, for reading and writing */
};

/*
 * Makes the new root with empty directories /etc and /run and the `count`
 * items, enters it and lets go of the old one.  What is shown is read-only and
 * without devices, unless the item says otherwise, without set-id bits and
 * execution, and without mounts below it.  On failure nothing stays mounted,
 * and the process is where it was but for its mount namespace.  The working
 * directory becomes "/".  Needs no particular directory: the new root is built
 * on whichever usual one exists and hides no item.
 */
int jail_mount_root(const struct jail_mount_item *items, size_t count,
                    int *etc_fd, GError **err);
