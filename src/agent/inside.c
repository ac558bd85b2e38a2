/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inside.h"

#include "agent/confine.h"
#include "agent/op.h"
#include "agent/settle_down.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "kern/msg.h"
#include "kern/netns.h"
#include "kern/rtnl.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* What stays open of what was there before, and under which number. */
enum { SOCKET_FD = STDERR_FILENO + 1, USERNS_FD, NETNS_FD, FIRST_UNUSED };

/* `from` is FIRST_UNUSED or more, or -1 for none. */
static bool put_at(int from, int number)
{
    if (from >= 0)
        return dup3(from, number, O_CLOEXEC) >= 0;
    (void)close(number);
    return true;
}

/* Out of the way of the numbers that are to be given; -1 stays -1. */
static bool put_away(int *fd)
{
    if (*fd < 0)
        return true;
    *fd = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_UNUSED);
    return *fd >= 0;
}

/*
 * Keeps these, under the numbers above, and stderr.  The descriptors that an
 * engine passed in, the ready and exit pipes among them, must not stay open
 * here; they may well be 0 or 1.
 */
static int keep_only(int socket, int userns_fd, int netns_fd, GError **err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int rc;

    if (null < 0)
        return error_set_errno(err, "open /dev/null");
    if (!put_away(&socket) || !put_away(&userns_fd) || !put_away(&netns_fd) ||
        dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        !put_at(socket, SOCKET_FD) || !put_at(userns_fd, USERNS_FD) ||
        !put_at(netns_fd, NETNS_FD))
        return error_set_errno(err, "arrange the agent's descriptors");
    rc = fd_close_from(FIRST_UNUSED);
    if (rc < 0) {
        errno = -rc;
        return error_set_errno(err, "close inherited descriptors");
    }
    return 0;
}

static int join(bool has_userns, GError **err)
{
    int rc = netns_enter(has_userns ? USERNS_FD : -1, NETNS_FD, err);

    if (has_userns)
        (void)close(USERNS_FD);
    (void)close(NETNS_FD);
    return rc;
}

static int enter(struct agent_state *state, pid_t gate_pid, bool has_userns,
                 const struct agent_confinement *wants,
                 struct agent_confined *confined, GError **err)
{
    if (confine_begin(wants, confined, err) != 0 || join(has_userns, err) != 0)
        return -1;
    settle_down_again(gate_pid);
    state->guest = rtnl_open(err);
    if (state->guest == NULL)
        return -1;
    return confine_finish(wants, confined, err);
}

static int answer(int socket, const struct op_call *call)
{
    int rc = msg_send(socket, &call->reply, sizeof(call->reply),
                      call->reply_fds, call->reply_fd_count);

    fd_close_all(call->reply_fds, call->reply_fd_count);
    return rc;
}

static void refuse_shape(struct op_call *call)
{
    g_autoptr(GError) err = NULL;

    (void)error_set(&err, SLIPGATE_ERROR_BAD_REQUEST,
                    "the agent received a malformed request");
    op_fail(call, err);
}

int agent_serve_one(int socket, struct agent_state *state)
{
    struct agent_request request;
    struct op_call call = { .request = &request };
    int rc =
        msg_recv(socket, &request, sizeof(request), call.fds, &call.fd_count);

    if (rc == 0 || (rc < 0 && rc != -EPROTO))
        return rc;
    if (rc == 1)
        op_perform(state, &call);
    else
        refuse_shape(&call);
    fd_close_all(call.fds, call.fd_count);
    rc = answer(socket, &call);
    return rc == 0 ? 1 : rc;
}

/* That it is there, or why not; then how it is confined. */
static int say_hello(int socket, const struct op_call *hello,
                     const struct agent_confined *confined)
{
    int rc = answer(socket, hello);

    if (rc != 0 || hello->reply.code != 0)
        return rc;
    return msg_send(socket, confined, sizeof(*confined), NULL, 0);
}

void agent_inside(int socket, pid_t gate_pid, int userns_fd, int netns_fd,
                  const struct agent_confinement *wants)
{
    g_autoptr(GError) err = NULL;
    struct agent_state state = { 0 };
    struct agent_confined confined = { 0 };
    struct op_call hello = { 0 };
    int rc;

    (void)prctl(PR_SET_NAME, "slipgate-agent", 0, 0, 0);
    settle_down_begin(gate_pid);
    /* Afterwards, what stands for it in /proc may be out of sight. */
    if (userns_fd >= 0 && userns_is_own(userns_fd))
        userns_fd = -1;
    if (keep_only(socket, userns_fd, netns_fd, &err) == 0) {
        socket = SOCKET_FD;
        (void)enter(&state, gate_pid, userns_fd >= 0, wants, &confined, &err);
    }
    if (err != NULL)
        op_fail(&hello, err);
    rc = say_hello(socket, &hello, &confined);
    if (rc == 0 && err == NULL)
        while ((rc = agent_serve_one(socket, &state)) == 1)
            continue;
    _exit(rc == 0 && err == NULL ? EXIT_SUCCESS : EXIT_FAILURE);
}
