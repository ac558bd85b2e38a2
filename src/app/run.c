/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/run.h"

#include "app/run_command.h"
#include "app/run_gate.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

struct run {
    struct run_command command;
    struct run_gate gate;
    bool gate_gone;
};

/*
 * Passed on to the command, if somebody sent them to us.  Those that a terminal
 * sends have reached its whole process group, the command included.
 */
static const int passed[] = { SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                              SIGUSR2, SIGCONT, SIGWINCH, SIGALRM };

static void watched_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    for (size_t i = 0; i < G_N_ELEMENTS(passed); i++)
        (void)sigaddset(set, passed[i]);
    (void)sigaddset(set, SIGCHLD);
}

static int status_of(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        return RUN_SIGNAL + WTERMSIG(wait_status);
    return WEXITSTATUS(wait_status);
}

/* True when the command has ended. */
static bool reap(struct run *run, int *status)
{
    int wait_status;
    bool gate_ended =
        !run->gate_gone && waitpid(run->gate.pid, &wait_status, WNOHANG) > 0;

    run->gate_gone |= gate_ended;
    /* The gate ends by itself after the command, never before. */
    if (waitpid(run->command.pid, &wait_status, WNOHANG) > 0) {
        *status = status_of(wait_status);
        return true;
    }
    if (gate_ended)
        log_warn("slipgate run: the command goes on without a network, "
                 "slipgate has ended");
    return false;
}

static int supervise(struct run *run, const sigset_t *watched)
{
    siginfo_t info;
    int status = RUN_FAILED;

    while (!reap(run, &status)) {
        if (sigwaitinfo(watched, &info) < 0)
            continue; /* EINTR: stopped and continued */
        if (info.si_signo != SIGCHLD && info.si_code <= 0 &&
            info.si_pid != run->command.pid)
            (void)kill(run->command.pid, info.si_signo);
    }
    return status;
}

static int run_in_front(struct run *run, const struct options *options,
                        char **command, const sigset_t *mask, GError **err)
{
    if (run_command_start(&run->command, options, command, mask, err) < 0)
        return -1;
    if (run_gate_start(&run->gate, options, run->command.pid, mask, err) == 0)
        return 0;
    run_command_cancel(&run->command);
    return -1;
}

int run_main(const struct options *options, char **command)
{
    const char *shell = g_getenv("SHELL");
    g_autofree char *program = g_strdup(shell != NULL ? shell : "/bin/sh");
    char *shell_command[] = { program, NULL };
    struct run run = { .gate_gone = false };
    g_autoptr(GError) err = NULL;
    sigset_t watched, before;
    int status;

    watched_signals(&watched);
    (void)sigprocmask(SIG_BLOCK, &watched, &before);
    if (run_in_front(&run, options, *command != NULL ? command : shell_command,
                     &before, &err) < 0) {
        log_error("slipgate run: %s\n(if this machine lacks something, "
                  "\"slipgate doctor\" tells what)",
                  err->message);
        return RUN_FAILED;
    }
    run_command_go(&run.command);
    status = supervise(&run, &watched);
    if (!run.gate_gone)
        run_gate_stop(&run.gate);
    return status;
}
