/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Watches what a path leads to, by inotify(7): the file itself, and each
 * directory in which a rename, or a change of a symbolic link on the way, would
 * make the path lead to another file.  Any process; allocates nothing.
 *
 * Adds these watches to `inotify_fd`, again after each event, since the way may
 * be another by then; watches that are there already are kept.  What does not
 * exist is left out: its directory tells when it does.  0, or -errno of the
 * first watch that was refused.
 */
int path_watch_add(int inotify_fd, const char *path);
