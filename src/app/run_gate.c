/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/run_gate.h"

#include "app/gate.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_SECONDS 5

enum { READY_FD = 3, EXIT_FD = 4, FIRST_OTHER_FD = 5 };

/* Above what is about to be overwritten. */
static int lift(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
}

/*
 * The command's descriptors are not the gate's, or whoever waits for their
 * end would wait for the gate.  stderr stays, for what has to be said.
 */
static void own_descriptors(int ready, int hold)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    ready = lift(ready);
    hold = lift(hold);
    (void)dup2(null, STDIN_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)dup2(ready, READY_FD);
    (void)dup2(hold, EXIT_FD);
    (void)fd_close_from(FIRST_OTHER_FD);
}

static void be_gate(const struct options *given, pid_t target,
                    const sigset_t *signals, int ready,
                    int hold) G_GNUC_NORETURN;

static void be_gate(const struct options *given, pid_t target,
                    const sigset_t *signals, int ready, int hold)
{
    struct options options = *given;

    /* Ctrl-C is for the command. */
    (void)setsid();
    own_descriptors(ready, hold);
    (void)sigprocmask(SIG_SETMASK, signals, NULL);
    options.target_pid = target;
    options.ready_fd = READY_FD;
    options.exit_fd = EXIT_FD;
    log_quiet();
    exit(gate_main(&options));
}

static bool becomes_ready(int fd)
{
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

int run_gate_start(struct run_gate *out, const struct options *options,
                   pid_t target, const sigset_t *signals, GError **err)
{
    owned_fd ready = -1, ready_theirs = -1, hold = -1, hold_theirs = -1;
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) != 0)
        return error_set_errno(err, "make a pipe");
    ready = pair[0];
    ready_theirs = pair[1];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return error_set_errno(err, "make a pipe");
    hold_theirs = pair[0];
    hold = pair[1];
    out->pid = fork();
    if (out->pid < 0)
        return error_set_errno(err, "fork");
    if (out->pid == 0)
        be_gate(options, target, signals, ready_theirs, hold_theirs);
    own_close(&ready_theirs);
    own_close(&hold_theirs);
    out->hold_fd = own_release_fd(&hold);
    if (becomes_ready(ready))
        return 0;
    run_gate_stop(out);
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                     "there is no network to be had");
}

void run_gate_stop(struct run_gate *gate)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
    const gint64 until_us =
        g_get_monotonic_time() + STOP_SECONDS * G_USEC_PER_SEC;

    own_close(&gate->hold_fd);
    while (waitpid(gate->pid, NULL, WNOHANG) == 0) {
        if (g_get_monotonic_time() > until_us) {
            (void)kill(gate->pid, SIGKILL);
            (void)waitpid(gate->pid, NULL, 0);
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
}
