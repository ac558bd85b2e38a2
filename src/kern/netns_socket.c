/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/netns_socket.h"

#include "base/error.h"
#include "base/own.h"
#include "kern/msg.h"
#include "kern/netns.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* --- by process --- */

static int hold_process(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

/* A pidfd becomes readable when its process ends. */
static bool has_ended(int pidfd)
{
    struct pollfd p = { .fd = pidfd, .events = POLLIN };

    return pidfd >= 0 && poll(&p, 1, 0) != 0;
}

static int no_process(pid_t pid, GError **err)
{
    return error_set(err, SLIPGATE_ERROR_NOT_FOUND, "there is no process %d",
                     (int)pid);
}

int netns_open_pid(pid_t pid, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)pid);
    owned_fd held = pid > 0 ? hold_process(pid) : -1;
    owned_fd fd = -1;

    if (pid <= 0 || (held < 0 && errno == ESRCH))
        return no_process(pid, err);
    fd = netns_open(path, err);
    if (fd < 0)
        return -1;
    if (has_ended(held))
        return no_process(pid, err);
    return own_release_fd(&fd);
}

/* --- by going there --- */

struct outcome {
    int error; /* errno, or 0 and a descriptor */
};

static int go_and_open(int netns_fd)
{
    owned_fd userns = ioctl(netns_fd, NS_GET_USERNS);

    /* Not told of one that is above our own: then we are inside already. */
    if (netns_enter(userns, netns_fd, NULL) != 0)
        return -1;
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static void be_child(int out, int netns_fd) G_GNUC_NORETURN;

static void be_child(int out, int netns_fd)
{
    int fd = go_and_open(netns_fd);
    struct outcome outcome = { .error = fd < 0 ? errno : 0 };

    (void)msg_send(out, &outcome, sizeof(outcome), &fd, fd >= 0 ? 1 : 0);
    _exit(EXIT_SUCCESS);
}

static int take_outcome(int in, GError **err)
{
    struct outcome outcome = { .error = EIO };
    int fds[MSG_FDS_MAX];
    size_t count = 0;
    int rc = msg_recv(in, &outcome, sizeof(outcome), fds, &count);

    if (rc == 1 && outcome.error == 0 && count == 1)
        return fds[0];
    errno = rc == 1 && outcome.error != 0 ? outcome.error : EIO;
    return error_set_errno(err, "enter the container's network namespace");
}

int netns_socket_rtnl(int netns_fd, GError **err)
{
    owned_fd ours = -1;
    int ends[2], fd;
    pid_t pid;

    if (ioctl(netns_fd, NS_GET_NSTYPE) != CLONE_NEWNET)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "what stands for the container is not a network "
                         "namespace");
    if (msg_pair(ends, err) != 0)
        return -1;
    ours = ends[0];
    pid = fork();
    if (pid == 0)
        be_child(ends[1], netns_fd);
    (void)close(ends[1]);
    if (pid < 0)
        return error_set_errno(err, "fork");
    fd = take_outcome(ours, err);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return fd;
}
