/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "kern/loop.h"

/*
 * One file that is kept up to date for a process that may write no files and
 * must not wait for a disk: a child does it, which is started before the
 * process is confined and understands nothing of what it writes.  A text goes
 * to a new file beside the old one, is synced, and takes its place: whatever
 * crashes, the file is one text, whole.  When texts come faster than the disk
 * takes them, the last one counts.
 *
 * The child takes no signals of the terminal or the service manager.  It ends
 * with its owner, and not before what it was given is on the disk, even if the
 * owner is killed.
 */
struct file_keeper;

/*
 * The directory must be there and writable; the file need not.  NULL and an
 * error.  Call it before threads, confinement, and secrets in memory.
 */
struct file_keeper *file_keeper_start(struct loop *loop, const char *path,
                                      GError **err);
/* Returns when the last text is on the disk or cannot get there. */
void file_keeper_stop(struct file_keeper *keeper);

/* `text`, at most 64 MiB, is copied. */
void file_keeper_put(struct file_keeper *keeper, const char *text);

/* The whole file, no longer than that, NULL and no error when there is none;
 * the caller frees it. */
char *file_keeper_read(const char *path, GError **err);
