/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_inside.h"

#include "agent/porter_leaving.h"
#include "agent/porter_work.h"
#include "agent/settle_down.h"
#include "base/error.h"
#include "kern/jail_caps.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define RETRY_MS 1000

/* Where it was started with them: to change namespaces that its own user
   namespace owns, and to look where others' processes are. */
#define PORTER_CAPS                                      \
    (JAIL_CAP(CAP_NET_ADMIN) | JAIL_CAP(CAP_SYS_ADMIN) | \
     JAIL_CAP(CAP_SYS_PTRACE))

static int confine(char *warning, GError **err)
{
    if (jail_caps_keep(PORTER_CAPS, err) != 0 || jail_no_new_privs(err) != 0)
        return -1;
    return settle_down_filter(JAIL_SECCOMP_PORTER, 0,
                              "the process that carries interfaces", warning,
                              err);
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

static int answer(int socket, const struct porter_call *call)
{
    int rc = msg_send(socket, &call->reply, sizeof(call->reply),
                      &call->reply_fd, call->reply_fd >= 0 ? 1 : 0);

    if (call->reply_fd >= 0)
        (void)close(call->reply_fd);
    return rc;
}

static bool is_waiting(int socket, int timeout_ms)
{
    struct pollfd p = { .fd = socket, .events = POLLIN };
    int rc;

    do
        rc = poll(&p, 1, timeout_ms);
    while (rc < 0 && errno == EINTR);
    /* What cannot wait here must not turn in circles. */
    return rc > 0 || (rc < 0 && timeout_ms > 0);
}

/* What the kernel does not delete now, it may delete later. */
static void tidy_up(int socket, struct porter_state *state)
{
    int pause_ms = 0;

    while (!is_waiting(socket, pause_ms) && porter_work_idle(state) > 0)
        pause_ms = RETRY_MS;
}

/* 1 to go on, else the end. */
static int serve_one(int socket, struct porter_state *state)
{
    struct porter_request request;
    struct porter_call call = { .request = &request, .reply_fd = -1 };
    bool answered;

    tidy_up(socket, state);
    if (msg_recv(socket, &request, sizeof(request), call.fds, &call.fd_count) !=
        1)
        return 0;
    answered = porter_work(state, &call);
    close_all(call.fds, call.fd_count);
    return !answered || answer(socket, &call) == 0;
}

void porter_inside(int socket, pid_t gate_pid)
{
    g_autoptr(GError) err = NULL;
    struct porter_state state = { .leaving = porter_leaving_new() };
    struct porter_call hello = { .reply_fd = -1 };

    (void)prctl(PR_SET_NAME, "slipgate-porter", 0, 0, 0);
    settle_down_begin(gate_pid);
    if (settle_down_keep_only(&socket, &err) != 0 ||
        confine(hello.reply.answer.warning, &err) != 0)
        porter_refuse(&hello.reply.answer, err);
    if (answer(socket, &hello) == 0 && err == NULL)
        while (serve_one(socket, &state) == 1)
            continue;
    _exit(EXIT_SUCCESS);
}
