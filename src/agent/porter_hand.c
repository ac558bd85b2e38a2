/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_hand.h"

#include "agent/porter_call.h"
#include "agent/porter_carry.h"
#include "agent/porter_find.h"
#include "agent/porter_leaving.h"
#include "agent/settle_down.h"
#include "base/error.h"
#include "base/fdio.h"
#include "kern/jail_landlock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define RETRY_MS 1000

static int answer(int socket, const struct porter_call *call)
{
    int rc = msg_send(socket, &call->reply, sizeof(call->reply),
                      &call->reply_fd, call->reply_fd >= 0 ? 1 : 0);

    if (call->reply_fd >= 0)
        (void)close(call->reply_fd);
    return rc;
}

/* --- the finder --- */

static void serve_finding(int socket)
{
    struct porter_request request;
    struct porter_call call;

    do {
        call = (struct porter_call){ .request = &request, .reply_fd = -1 };
        if (msg_recv(socket, &request, sizeof(request), call.fds,
                     &call.fd_count) != 1)
            return;
        fd_close_all(call.fds, call.fd_count);
        porter_find(&call);
    } while (answer(socket, &call) == 0);
}

/* --- the bearer --- */

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

    while (!is_waiting(socket, pause_ms) && porter_carry_idle(state) > 0)
        pause_ms = RETRY_MS;
}

static void serve_bearing(int socket)
{
    struct porter_state state = { .leaving = porter_leaving_new() };
    struct porter_request request;
    struct porter_call call;
    bool answered;

    do {
        call = (struct porter_call){ .request = &request, .reply_fd = -1 };
        tidy_up(socket, &state);
        if (msg_recv(socket, &request, sizeof(request), call.fds,
                     &call.fd_count) != 1)
            return;
        answered = porter_carry(&state, &call);
        fd_close_all(call.fds, call.fd_count);
    } while (!answered || answer(socket, &call) == 0);
}

/* --- both --- */

/*
 * Landlock refuses files to the bearer, which needs none.  The finder goes
 * without: it also keeps from looking at processes outside of its domain, and
 * their namespaces are what the finder is asked for.
 */
static const struct {
    const char *name;
    uint64_t caps;
    bool sees_files;
    enum jail_seccomp_profile profile;
    void (*serve)(int socket);
} hands[] = {
    [PORTER_FINDER] = { "slipgate-finder", PORTER_FINDER_CAPS, true,
                        JAIL_SECCOMP_FINDER, serve_finding },
    [PORTER_BEARER] = { "slipgate-bearer", PORTER_BEARER_CAPS, false,
                        JAIL_SECCOMP_BEARER, serve_bearing },
};

static void see_no_files(char *warning)
{
    static const struct jail_landlock_rules none = { .removable_dir_fd = -1 };
    g_autoptr(GError) why = NULL;

    if (jail_landlock_restrict(&none, &why) < 0)
        (void)g_snprintf(warning, AGENT_REASON_MAX,
                         "the process that carries interfaces may see files: "
                         "%s",
                         why->message);
}

static int confine(enum porter_hand hand, char *warning, GError **err)
{
    if (jail_caps_keep(hands[hand].caps, err) != 0)
        return -1;
    if (!hands[hand].sees_files)
        see_no_files(warning);
    return settle_down_filter(hands[hand].profile, 0,
                              "the process that carries interfaces", warning,
                              err);
}

void porter_hand(enum porter_hand hand, int socket, pid_t head_pid)
{
    g_autoptr(GError) err = NULL;
    struct porter_call hello = { .reply_fd = -1 };

    (void)prctl(PR_SET_NAME, hands[hand].name, 0, 0, 0);
    settle_down_again(head_pid);
    if (confine(hand, hello.reply.answer.warning, &err) != 0)
        porter_refuse(&hello.reply.answer, err);
    if (answer(socket, &hello) == 0 && err == NULL)
        hands[hand].serve(socket);
    _exit(EXIT_SUCCESS);
}
