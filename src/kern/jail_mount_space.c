/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_mount.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "kern/idmap.h"
#include "kern/jail_caps.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

static int make_private(GError **err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return error_set_errno(err, "make all mounts private");
    return 0;
}

static int unshare_mounts(GError **err)
{
    if (unshare(CLONE_NEWNS) != 0)
        return error_set_errno(err, "make a mount namespace");
    return make_private(err);
}

static int enter_own_userns(GError **err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return error_set_errno(err, "make a user and mount namespace");
    if (idmap_set(uid, gid, uid, gid, err) < 0)
        return -1;
    return make_private(err);
}

/* What enter_own_userns() would say, found out by a child: 0 or its error. */
static int try_own_userns(GError **err)
{
    int status, text_pipe[2];
    char reason[256] = "";
    pid_t pid;

    if (pipe2(text_pipe, O_CLOEXEC) != 0)
        return error_set_errno(err, "make a pipe");
    pid = fork();
    if (pid == 0) {
        GError *why = NULL;

        if (enter_own_userns(&why) == 0)
            _exit(0);
        (void)fd_write_all(text_pipe[1], why->message,
                           MIN(strlen(why->message), sizeof(reason) - 1));
        _exit(1);
    }
    (void)close(text_pipe[1]);
    if (pid < 0) {
        (void)close(text_pipe[0]);
        return error_set_errno(err, "start a child to try a user namespace");
    }
    if (read(text_pipe[0], reason, sizeof(reason) - 1) < 0)
        reason[0] = '\0';
    (void)close(text_pipe[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE, "%s",
                     reason[0] != '\0' ? reason : "make a user namespace");
}

static int join_userns(int userns_fd, GError **err)
{
    if (setns(userns_fd, CLONE_NEWUSER) != 0)
        return error_set_errno(err, "join the user namespace");
    return unshare_mounts(err);
}

int jail_mount_unshare(int userns_fd, enum jail_mount_space *out, GError **err)
{
    g_autoptr(GError) refusal = NULL;
    struct jail_caps held;

    if (jail_caps_read(&held, err) < 0)
        return -1;
    if ((held.effective & JAIL_CAP(CAP_SYS_ADMIN)) != 0) {
        *out = JAIL_MOUNT_SAME;
        return unshare_mounts(err);
    }
    if (try_own_userns(&refusal) == 0) {
        *out = JAIL_MOUNT_OWN;
        return enter_own_userns(err);
    }
    *out = JAIL_MOUNT_JOINED;
    if (userns_fd >= 0 && join_userns(userns_fd, err) == 0)
        return 0;
    /* The first refusal is the one that an administrator can do much about. */
    if (userns_fd >= 0)
        g_prefix_error(err, "%s; ", refusal->message);
    else
        g_propagate_error(err, g_steal_pointer(&refusal));
    return -1;
}
