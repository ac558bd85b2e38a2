/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inside.h"

#include "agent/op.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "kern/jail_caps.h"
#include "kern/jail_seccomp.h"
#include "kern/msg.h"
#include "kern/netns.h"
#include "kern/rtnl.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define SOCKET_FD (STDERR_FILENO + 1)

/* What the operations of op.c need, and no more: namespaces are made and
   entered by CAP_SYS_ADMIN. */
#define AGENT_CAPS (JAIL_CAP(CAP_NET_ADMIN) | JAIL_CAP(CAP_SYS_ADMIN))

static void ignore_signals(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    sigset_t none;

    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The gate may have died before the request took hold; hence the second look.
 */
static void die_with(pid_t gate_pid)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != gate_pid)
        _exit(EXIT_FAILURE);
}

/*
 * Our memory is a copy of the gate's.  A process inside the guest must not
 * trace us for it, also not in the moment after we have joined.
 */
static void hide_memory(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/*
 * Keeps the socket, now SOCKET_FD, and stderr.  The descriptors that an engine
 * passed in, the ready and exit pipes among them, must not stay open here; they
 * may well be 0 or 1.
 */
static int keep_only(int *socket, GError **err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int high = fcntl(*socket, F_DUPFD_CLOEXEC, SOCKET_FD);
    int rc;

    if (null < 0)
        return error_set_errno(err, "open /dev/null");
    if (high < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || dup2(high, SOCKET_FD) < 0)
        return error_set_errno(err, "arrange the agent's descriptors");
    *socket = SOCKET_FD;
    rc = fd_close_from(SOCKET_FD + 1);
    if (rc < 0) {
        errno = -rc;
        return error_set_errno(err, "close inherited descriptors");
    }
    return 0;
}

static int filter_calls(char *warning, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (jail_seccomp_load(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, 0,
                          &why) == 0)
        return 0;
    if (!g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_UNAVAILABLE)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    g_snprintf(warning, AGENT_REASON_MAX,
               "the process inside the namespace runs unfiltered: %s",
               why->message);
    return 0;
}

/* The one place for what the agent gives up, once it is inside. */
static int confine(pid_t gate_pid, char *warning, GError **err)
{
    /* Joining a user namespace makes the kernel forget both of these. */
    hide_memory();
    die_with(gate_pid);
    if (jail_caps_keep(AGENT_CAPS, err) != 0 || jail_no_new_privs(err) != 0)
        return -1;
    return filter_calls(warning, err);
}

static int enter(struct agent_state *state, int *socket, int userns_fd,
                 int netns_fd, GError **err)
{
    if (netns_enter(userns_fd, netns_fd, err) != 0 ||
        keep_only(socket, err) != 0)
        return -1;
    state->guest = rtnl_open(err);
    return state->guest != NULL ? 0 : -1;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

static int answer(int socket, const struct op_call *call)
{
    int rc = msg_send(socket, &call->reply, sizeof(call->reply),
                      call->reply_fds, call->reply_fd_count);

    close_all(call->reply_fds, call->reply_fd_count);
    return rc;
}

static void refuse_shape(struct op_call *call)
{
    g_autoptr(GError) err = NULL;

    (void)error_set(&err, SLIPGATE_ERROR_BAD_REQUEST,
                    "the agent received a malformed request");
    op_fail(call, err);
}

/* One request; 1 to go on, 0 at the end, -errno when the socket fails. */
static int serve_one(int socket, struct agent_state *state)
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
    close_all(call.fds, call.fd_count);
    rc = answer(socket, &call);
    return rc == 0 ? 1 : rc;
}

void agent_inside(int socket, pid_t gate_pid, int userns_fd, int netns_fd)
{
    g_autoptr(GError) err = NULL;
    struct agent_state state = { 0 };
    struct op_call hello = { 0 };
    int rc;

    (void)prctl(PR_SET_NAME, "slipgate-agent", 0, 0, 0);
    ignore_signals();
    die_with(gate_pid);
    hide_memory();
    if (enter(&state, &socket, userns_fd, netns_fd, &err) != 0 ||
        confine(gate_pid, hello.reply.warning, &err) != 0)
        op_fail(&hello, err);
    rc = answer(socket, &hello);
    if (rc == 0 && err == NULL)
        while ((rc = serve_one(socket, &state)) == 1)
            continue;
    _exit(rc == 0 && err == NULL ? EXIT_SUCCESS : EXIT_FAILURE);
}
