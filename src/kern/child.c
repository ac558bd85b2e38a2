/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/child.h"

#include "base/error.h"
#include "base/own.h"
#include "kern/msg.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REAP_TRIES    1000
#define REAP_PAUSE_MS 1

int child_start(struct child *child, child_main *run, const void *data,
                const char *what, GError **err)
{
    pid_t parent = getpid();
    owned_fd ours = -1, theirs = -1;
    int ends[2];

    if (msg_pair(ends, err) != 0)
        return -1;
    ours = ends[0];
    theirs = ends[1];
    child->pid = fork();
    if (child->pid < 0) {
        child->pid = 0;
        return error_set_errno(err, "start %s", what);
    }
    if (child->pid == 0) {
        own_close(&ours);
        run(own_release_fd(&theirs), parent, data);
        _exit(EXIT_FAILURE);
    }
    child->fd = own_release_fd(&ours);
    return 0;
}

void child_set_patience(int fd, unsigned seconds)
{
    const struct timeval limit = { .tv_sec = (time_t)seconds };

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

bool child_reap(pid_t pid)
{
    const struct timespec pause = { .tv_nsec = REAP_PAUSE_MS * 1000000L };

    for (int i = 0; i < REAP_TRIES; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

void child_end(struct child *child)
{
    own_close(&child->fd);
    if (child->pid > 0)
        (void)child_reap(child->pid);
    child->pid = 0;
}
