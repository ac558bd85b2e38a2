/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/acceptor.h"

#include "base/log.h"
#include "base/own.h"

#include <errno.h>
#include <sys/epoll.h>

/* Taken per turn, so that other work gets its share. */
#define BATCH    64
#define PAUSE_MS 100

static void pause_accepting(struct acceptor *acceptor, int error)
{
    LOG_LIMITED("cannot accept connections for now: %s", g_strerror(error));
    loop_unwatch(acceptor->loop, &acceptor->watch);
    loop_timer_in_ms(acceptor->loop, &acceptor->pause, PAUSE_MS);
}

/* A connection that was gone before we took it, or the network's troubles,
   which accept(2) passes on. */
static bool is_passing(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO ||
           error == ENOPROTOOPT || error == ENETDOWN || error == EHOSTDOWN ||
           error == EHOSTUNREACH || error == ENETUNREACH ||
           error == EOPNOTSUPP || error == ENONET;
}

/* Accepts one; false when there is none, or none can be had. */
static bool accept_one(struct acceptor *acceptor)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    int fd;

    if (acceptor->has_room != NULL && !acceptor->has_room(acceptor->self)) {
        pause_accepting(acceptor, EMFILE);
        return false;
    }
    fd = accept4(acceptor->fd, (struct sockaddr *)&from, &len,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        acceptor->accepted(acceptor->self, fd, &from);
        return true;
    }
    if (errno == EAGAIN)
        return false;
    if (is_passing(errno))
        return true;
    pause_accepting(acceptor, errno);
    return false;
}

static void ready(void *self, uint32_t events)
{
    struct acceptor *acceptor = self;

    (void)events;
    for (int i = 0; i < BATCH && accept_one(acceptor); i++)
        continue;
}

void acceptor_poll(struct acceptor *acceptor)
{
    (void)accept_one(acceptor);
}

static int watch(struct acceptor *acceptor)
{
    return loop_watch(acceptor->loop, &acceptor->watch, acceptor->fd, EPOLLIN);
}

static void resume(void *self)
{
    struct acceptor *acceptor = self;

    if (watch(acceptor) != 0)
        loop_timer_in_ms(acceptor->loop, &acceptor->pause, PAUSE_MS);
}

int acceptor_start(struct acceptor *acceptor, struct loop *loop, int fd)
{
    int rc;

    acceptor->fd = fd;
    acceptor->loop = loop;
    acceptor->watch = (struct loop_watch){ .ready = ready, .self = acceptor };
    acceptor->pause =
        (struct loop_timer){ .expired = resume, .self = acceptor };
    rc = watch(acceptor);
    if (rc != 0)
        own_close(&acceptor->fd);
    return rc;
}

void acceptor_stop(struct acceptor *acceptor)
{
    if (acceptor->loop == NULL)
        return;
    loop_unwatch(acceptor->loop, &acceptor->watch);
    loop_timer_cancel(acceptor->loop, &acceptor->pause);
    own_close(&acceptor->fd);
    acceptor->loop = NULL;
}
