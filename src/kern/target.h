/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"

#include <glib.h>
#include <sys/types.h>

/*
 * Tells when the process or the file that stands for a network namespace is
 * gone, so that the helper does not outlive what it serves.
 *
 * A process is watched by pidfd_open(2), or where there is none (before Linux
 * 5.3, or forbidden) by its /proc entry every two seconds.  A path is watched
 * by inotify(7) on its directory, since that sees what namespaces(7) handles
 * show nowhere: the file a namespace was bound to is unlinked, renamed or
 * replaced.  Every two seconds the path is looked at besides, for what inotify
 * misses (an unmount that leaves the file) and where it is refused.
 *
 * `gone(self)` is called once, from the loop, and may free the target.
 * Gate process.  Begin before the namespace is opened: then what is opened
 * cannot be older than what is watched.  NULL and an error if there is nothing
 * to watch any more.
 */
struct target;

/* Until the process has ended; that it is nobody's child does not matter. */
struct target *target_watch_pid(struct loop *loop, pid_t pid,
                                void (*gone)(void *self), void *self,
                                GError **err);
/*
 * A path below /proc/PID is the process PID.  Left unwatched, as they say
 * nothing about the namespace's life: /proc/self, and /proc/PID/fd, where a
 * starter that soon exits may hold a handle.
 */
struct target *target_watch_path(struct loop *loop, const char *path,
                                 void (*gone)(void *self), void *self,
                                 GError **err);

/*
 * To be called when this process has lost sight of the file system (a mount
 * namespace of its own, pivot_root(2)).  From then on only what does not need
 * the path counts: pidfd, inotify, and descriptors opened before.
 */
void target_watch_sandboxed(struct target *target);

/* Ends the watch; `gone` is not called any more. */
void target_free(struct target *target);
