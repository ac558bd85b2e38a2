/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/bridge_home.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "kern/netns.h"
#include "kern/newns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* --- the process --- */

int bridge_home_main(int argc, char **argv)
{
    char byte;
    ssize_t n;

    (void)argc;
    (void)argv;
    (void)prctl(PR_SET_NAME, "slipgate-home", 0, 0, 0);
    do
        n = read(STDIN_FILENO, &byte, 1);
    while (n > 0 || (n < 0 && errno == EINTR));
    return EXIT_SUCCESS;
}

static int enter(int userns_fd, GError **err)
{
    if (userns_fd < 0)
        return newns_enter(false, err);
    if (!userns_is_own(userns_fd) && setns(userns_fd, CLONE_NEWUSER) != 0)
        return error_set_errno(err, "join the user namespace");
    if (unshare(CLONE_NEWNET) != 0)
        return error_set_errno(err, "make a network namespace");
    return 0;
}

static void be_home(int userns_fd, int hold, int said) G_GNUC_NORETURN;

/* Errors are the parent's to tell; that the end of `said` comes without a word
   says that all is well. */
static void be_home(int userns_fd, int hold, int said)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP };
    static char program[] = "slipgate", word[] = BRIDGE_HOME_WORD;
    char *argv[] = { program, word, NULL };
    g_autoptr(GError) err = NULL;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    if (enter(userns_fd, &err) == 0) {
        (void)dup2(hold, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execv("/proc/self/exe", argv);
        (void)error_set_errno(&err, "start the namespace's process");
    }
    (void)fd_write_all(said, err->message, strlen(err->message));
    _exit(EXIT_FAILURE);
}

/* --- and its parent --- */

static int wait_started(int said, GError **err)
{
    char text[1024];
    ssize_t n;

    do
        n = read(said, text, sizeof(text) - 1);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    text[MAX(n, 0)] = '\0';
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE, "%s", text);
}

static int make_pipe(int *reader, int *writer, GError **err)
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) != 0)
        return error_set_errno(err, "make a pipe");
    *reader = pair[0];
    *writer = pair[1];
    return 0;
}

int bridge_home_start(struct bridge_home *home, const char *userns_path,
                      GError **err)
{
    owned_fd userns = -1, hold = -1, hold_theirs = -1;
    owned_fd said = -1, said_theirs = -1;

    if (userns_path != NULL && (userns = userns_open(userns_path, err)) < 0)
        return -1;
    if (make_pipe(&hold_theirs, &hold, err) != 0 ||
        make_pipe(&said, &said_theirs, err) != 0)
        return -1;
    home->pid = fork();
    if (home->pid < 0)
        return error_set_errno(err, "fork");
    if (home->pid == 0) {
        own_close(&hold);
        be_home(userns, hold_theirs, said_theirs);
    }
    own_close(&said_theirs);
    home->hold_fd = own_release_fd(&hold);
    if (wait_started(said, err) == 0)
        return 0;
    bridge_home_stop(home);
    return -1;
}

void bridge_home_stop(struct bridge_home *home)
{
    own_close(&home->hold_fd);
    while (waitpid(home->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}
