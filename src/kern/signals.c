/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/signals.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
    struct loop *loop;
    struct loop_watch watch;
    int fd;
    void (*ended)(void *self, int number);
    void *self;
};

static void ending_set(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
}

void signals_block(void)
{
    sigset_t set;

    ending_set(&set);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

void signals_ignore(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    sigset_t none;

    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void signal_ready(void *self, uint32_t events)
{
    struct signals *signals = self;
    struct signalfd_siginfo info;

    (void)events;
    if (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        signals->ended(signals->self, (int)info.ssi_signo);
}

struct signals *signals_new(struct loop *loop,
                            void (*ended)(void *self, int number), void *self,
                            GError **err)
{
    struct signals *signals = g_new0(struct signals, 1);
    sigset_t set;
    int rc;

    ending_set(&set);
    signals->loop = loop;
    signals->ended = ended;
    signals->self = self;
    signals->watch.ready = signal_ready;
    signals->watch.self = signals;
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    rc = signals->fd < 0
             ? -errno
             : loop_watch(loop, &signals->watch, signals->fd, EPOLLIN);
    if (rc < 0) {
        errno = -rc;
        error_set_errno(err, "watch for signals");
        signals_free(signals);
        return NULL;
    }
    return signals;
}

void signals_free(struct signals *signals)
{
    if (signals == NULL)
        return;
    loop_unwatch(signals->loop, &signals->watch);
    if (signals->fd >= 0)
        (void)close(signals->fd);
    g_free(signals);
}
