/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * A child process without a program of its own, and our end of a pair of
 * sockets to it (kern/msg.h).  Children end when theirs is closed.
 */
struct child {
    pid_t pid; /* 0: none */
    int fd;
};

/* What runs in the child, with its end; must not return. */
typedef void child_main(int socket, pid_t parent, const void *data);

/*
 * Forks.  The child still has all that the parent has, the other end of the
 * pair excepted.  Single-threaded processes only.  0; -1 and an error that says
 * that `what` could not be started.
 */
int child_start(struct child *child, child_main *run, const void *data,
                const char *what, GError **err);
/* Nobody waits at `fd` for longer than this, neither to send nor to receive:
   then it is -EAGAIN. */
void child_set_patience(int fd, unsigned seconds);
/*
 * Closes our end and waits until the child is gone, for a second: one that is
 * stuck is left to whoever inherits it.
 */
void child_end(struct child *child);
/* Waits for as long for a child whose end is certain; false: it is there. */
bool child_reap(pid_t pid);
