/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

#define FILE_KEEPER_MAX (64u << 20) /* bytes of a text */

/*
 * The child of kern/file_keeper: texts come on `socket`, each behind its length
 * as a uint32_t of this machine, and the last of them becomes the file `name`
 * of the directory `dir_fd`.  Keeps no other descriptor but stderr.
 */
G_NORETURN void file_keeper_inside(int socket, int dir_fd, const char *name);
