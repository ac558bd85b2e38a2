/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/*
 * The file of a listening UNIX socket: which one it is, so that at the end no
 * other that has taken its place is removed.  Gate process only.
 */
struct host_path {
    char *path; /* NULL: none */
    dev_t dev;
    ino_t ino;
};

/* Notes the file at `path`, right after bind(2). */
void host_path_note(struct host_path *noted, const char *path);
/* Removes the file, if it is still that one. */
void host_path_remove(struct host_path *noted);

/* For bind(2): only the owner may connect.  The mask to be set back. */
mode_t host_path_mask(void);
