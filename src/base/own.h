/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <errno.h>
#include <glib.h>
#include <unistd.h>

/* Closes the descriptor, if there is one, and forgets it.  Keeps errno. */
static inline void own_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
    }
    *fd = -1;
}
/* A local that owns a descriptor; always initialise, -1 means "none". */
#define owned_fd __attribute__((cleanup(own_close))) int

/* Hand ownership out: the only way an owned_fd leaves its scope alive. */
static inline int own_release_fd(int *fd)
{
    int out = *fd;
    *fd = -1;
    return out;
}

/*
 * OWN_DEFINE(bridge) after bridge_free() is declared allows
 *     owned(bridge) b = bridge_new(...);   ...   return g_steal_pointer(&b);
 * (g_autoptr would need a typedef.)
 */
#define OWN_DEFINE(type)                           \
    static inline void type##_own(struct type **p) \
    {                                              \
        if (*p != NULL)                            \
            type##_free(*p);                       \
        *p = NULL;                                 \
    }
#define owned(type) __attribute__((cleanup(type##_own))) struct type *
