/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/run_command.h"

#include "app/run_resolv.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"
#include "kern/cover.h"
#include "kern/newns.h"
#include "net/plan.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define RESOLV_CONF "/etc/resolv.conf"

/* A machine without that file has no use for ours either. */
static int set_resolver(const struct options *options, GError **err)
{
    g_autofree char *host = NULL, *text = NULL;
    g_autoptr(GError) why = NULL;
    struct plan plan;

    if (options->disable_dns)
        return 0;
    if (plan_init(&plan, options->cidr, err) < 0)
        return -1;
    (void)g_file_get_contents(RESOLV_CONF, &host, NULL, NULL);
    text = run_resolv_conf(&plan, host);
    if (cover_file(RESOLV_CONF, text, &why) < 0)
        log_warn("names may not resolve inside: %s", why->message);
    return 0;
}

static int prepare(const struct options *options, int sync_fd, GError **err)
{
    char byte = '1';

    if (newns_enter(options->same_user, err) < 0 ||
        set_resolver(options, err) < 0)
        return -1;
    /* After the change of credentials, which would undo it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd_write_all(sync_fd, &byte, 1) != 0 || read(sync_fd, &byte, 1) != 1)
        return error_set(err, SLIPGATE_ERROR_SYSTEM, "there is no network");
    return 0;
}

static void default_signals(const sigset_t *mask)
{
    for (int i = 1; i < NSIG; i++)
        (void)signal(i, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
}

/* Errors before the command is let go are the parent's to tell. */
static void be_command(const struct options *options, char **command,
                       const sigset_t *signals, int sync_fd) G_GNUC_NORETURN;

static void be_command(const struct options *options, char **command,
                       const sigset_t *signals, int sync_fd)
{
    g_autoptr(GError) err = NULL;
    int number;

    if (prepare(options, sync_fd, &err) < 0) {
        (void)fd_write_all(sync_fd, err->message, strlen(err->message));
        _exit(RUN_FAILED);
    }
    default_signals(signals);
    (void)execvp(command[0], command);
    number = errno;
    log_error("slipgate run: %s: %s", command[0], g_strerror(number));
    _exit(number == ENOENT ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE);
}

/* The child's "1", or the text of its error. */
static int wait_prepared(int sync_fd, GError **err)
{
    char text[1024];
    ssize_t n;

    do
        n = read(sync_fd, text, sizeof(text) - 1);
    while (n < 0 && errno == EINTR);
    text[MAX(n, 0)] = '\0';
    if (strcmp(text, "1") == 0)
        return 0;
    return error_set(err, SLIPGATE_ERROR_SYSTEM, "%s",
                     n > 0 ? text : "the command's process has died");
}

int run_command_start(struct run_command *out, const struct options *options,
                      char **command, const sigset_t *signals, GError **err)
{
    owned_fd ours = -1, theirs = -1;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return error_set_errno(err, "make a socket pair");
    ours = pair[0];
    theirs = pair[1];
    out->pid = fork();
    if (out->pid < 0)
        return error_set_errno(err, "fork");
    if (out->pid == 0) {
        own_close(&ours);
        be_command(options, command, signals, theirs);
    }
    out->go_fd = own_release_fd(&ours);
    own_close(&theirs);
    if (wait_prepared(out->go_fd, err) == 0)
        return 0;
    run_command_cancel(out);
    return -1;
}

void run_command_go(struct run_command *command)
{
    (void)fd_write_all(command->go_fd, "1", 1);
    own_close(&command->go_fd);
}

void run_command_cancel(struct run_command *command)
{
    (void)kill(command->pid, SIGKILL);
    own_close(&command->go_fd);
    (void)waitpid(command->pid, NULL, 0);
}
