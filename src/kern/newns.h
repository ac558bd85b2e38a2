/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>

/*
 * Moves the calling process into a new user, network and mount namespace, with
 * all capabilities there.  Its user and group keep their numbers if
 * `same_user`, else they are 0.  Mounts of the host still come in, none go
 * out.  Single-threaded processes only.  0, or -1 and an error; then the
 * process is half moved and should end.
 */
int newns_enter(bool same_user, GError **err);
