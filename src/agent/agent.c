/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/agent.h"

#include "agent/call.h"
#include "agent/inside.h"
#include "agent/reply.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"
#include "kern/child.h"
#include "kern/msg.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* Longer than any operation takes; opening a busy tap takes a second. */
#define ANSWER_MAX_S 10

struct agent {
    struct child child;
    struct agent_confined confined;
};

OWN_DEFINE(agent)

/* --- asking --- */

/* An agent in an unknown state would answer one question with another's. */
static int give_up(struct agent *agent, int rc, GError **err)
{
    (void)shutdown(agent->child.fd, SHUT_RDWR);
    if (rc == 0 || rc == -EPIPE)
        return error_set(err, SLIPGATE_ERROR_SYSTEM,
                         "the process inside the namespace is gone");
    if (rc == -EAGAIN)
        return error_set(err, SLIPGATE_ERROR_SYSTEM,
                         "the process inside the namespace does not answer");
    errno = -rc;
    return error_set_errno(err, "ask the process inside the namespace");
}

/* Receives one answer; a refusal becomes an error. */
static int take_answer(struct agent *agent, struct agent_reply *reply,
                       int *reply_fds, size_t fds_wanted, GError **err)
{
    int fds[MSG_FDS_MAX];
    size_t count;
    int rc = msg_recv(agent->child.fd, reply, sizeof(*reply), fds, &count);

    if (rc != 1)
        return give_up(agent, rc, err);
    if (count != (reply->code == 0 ? fds_wanted : 0)) {
        fd_close_all(fds, count);
        return give_up(agent, -EPROTO, err);
    }
    if (reply_check(reply, err) != 0)
        return -1;
    if (reply_fds != NULL)
        memcpy(reply_fds, fds, count * sizeof(*fds));
    return 0;
}

int agent_call(struct agent *agent, const struct agent_request *request,
               const int *fds, size_t fd_count, struct agent_reply *reply,
               int *reply_fds, size_t fds_wanted, GError **err)
{
    int rc =
        msg_send(agent->child.fd, request, sizeof(*request), fds, fd_count);

    /* Nothing was sent: that may be done again. */
    if (rc == -ENOMEM || rc == -ENOBUFS) {
        errno = -rc;
        return error_set_errno(err, "ask the process inside the namespace");
    }
    if (rc != 0)
        return give_up(agent, rc, err);
    return take_answer(agent, reply, reply_fds, fds_wanted, err);
}

/* --- the process --- */

struct agent *agent_on(int fd, pid_t pid)
{
    struct agent *agent = g_new0(struct agent, 1);

    agent->child.pid = pid;
    agent->child.fd = fd;
    return agent;
}

struct errand {
    int userns_fd, netns_fd;
    const struct agent_confinement *wants;
};

static void be_agent(int socket, pid_t gate_pid, const void *data)
{
    const struct errand *errand = data;

    agent_inside(socket, gate_pid, errand->userns_fd, errand->netns_fd,
                 errand->wants);
}

static struct agent *fork_agent(int userns_fd, int netns_fd,
                                const struct agent_confinement *wants,
                                GError **err)
{
    const struct errand errand = { userns_fd, netns_fd, wants };
    struct child child;

    if (child_start(&child, be_agent, &errand,
                    "the process inside the namespace", err) != 0)
        return NULL;
    child_set_patience(child.fd, ANSWER_MAX_S);
    return agent_on(child.fd, child.pid);
}

/* What the agent says first: that it is there, and how it is confined. */
static int take_hello(struct agent *agent, GError **err)
{
    struct agent_confined *confined = &agent->confined;
    struct agent_reply hello;
    int fds[MSG_FDS_MAX];
    size_t count;
    int rc;

    if (take_answer(agent, &hello, NULL, 0, err) != 0)
        return -1;
    rc = msg_recv(agent->child.fd, confined, sizeof(*confined), fds, &count);
    if (rc != 1)
        return give_up(agent, rc, err);
    fd_close_all(fds, count);
    confined->sandbox[sizeof(confined->sandbox) - 1] = '\0';
    confined->landlock[sizeof(confined->landlock) - 1] = '\0';
    confined->seccomp[sizeof(confined->seccomp) - 1] = '\0';
    return 0;
}

struct agent *agent_start(int userns_fd, int netns_fd,
                          const struct agent_confinement *wants, GError **err)
{
    owned(agent) agent = fork_agent(userns_fd, netns_fd, wants, err);

    if (agent == NULL || take_hello(agent, err) != 0)
        return NULL;
    return g_steal_pointer(&agent);
}

void agent_free(struct agent *agent)
{
    if (agent == NULL)
        return;
    /*
     * The closed connection ends it.  The signal is for one that is stuck, but
     * a confined gate may send none; the kernel does, when the gate itself
     * ends.
     */
    if (agent->child.pid > 0)
        (void)kill(agent->child.pid, SIGKILL);
    child_end(&agent->child);
    g_free(agent);
}

pid_t agent_pid(const struct agent *agent)
{
    return agent->child.pid;
}

const struct agent_confined *agent_confined(const struct agent *agent)
{
    return &agent->confined;
}

int agent_fd(const struct agent *agent)
{
    return agent->child.fd;
}
