/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter.h"

#include "agent/porter_inside.h"
#include "base/error.h"
#include "base/log.h"
#include "kern/msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

/* Deletes that it was given before may take a while. */
#define ANSWER_MAX_S  30
#define REAP_TRIES    1000
#define REAP_PAUSE_MS 1

struct porter {
    pid_t pid;
    int fd;
    GPtrArray *leaving; /* names that may still have to be unplugged */
    guint told;         /* as many of them it has heard of */
};

static int give_up(struct porter *porter, GError **err)
{
    (void)shutdown(porter->fd, SHUT_RDWR);
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                     "the process that carries interfaces is gone");
}

static enum slipgate_error error_code(int32_t code)
{
    return code >= 1 && code <= SLIPGATE_ERROR_COUNT
               ? (enum slipgate_error)(code - 1)
               : SLIPGATE_ERROR_SYSTEM;
}

/* `fd` NULL: none is expected with the answer. */
static int take_answer(struct porter *porter, struct porter_reply *message,
                       int *fd, GError **err)
{
    struct agent_reply *reply = &message->answer;
    int fds[MSG_FDS_MAX];
    size_t count;

    if (msg_recv(porter->fd, message, sizeof(*message), fds, &count) != 1)
        return give_up(porter, err);
    reply->reason[sizeof(reply->reason) - 1] = '\0';
    reply->warning[sizeof(reply->warning) - 1] = '\0';
    reply->name[sizeof(reply->name) - 1] = '\0';
    if (count != (reply->code == 0 && fd != NULL ? 1 : 0)) {
        for (size_t i = 0; i < count; i++)
            (void)close(fds[i]);
        return give_up(porter, err);
    }
    if (reply->code != 0)
        return error_set(err, error_code(reply->code), "%s", reply->reason);
    if (fd != NULL)
        *fd = fds[0];
    return 0;
}

static int send_request(struct porter *porter,
                        const struct porter_request *request, int with_fd,
                        GError **err)
{
    int rc = msg_send(porter->fd, request, sizeof(*request), &with_fd,
                      with_fd >= 0 ? 1 : 0);

    if (rc == 0)
        return 0;
    /* Nothing was sent: that may be done again. */
    if (rc == -ENOMEM || rc == -ENOBUFS) {
        errno = -rc;
        return error_set_errno(err, "ask the process that carries interfaces");
    }
    return give_up(porter, err);
}

static int tell_leaving(struct porter *porter, GError **err)
{
    while (porter->told < porter->leaving->len) {
        struct porter_request request = { .op = PORTER_OP_UNPLUG };

        (void)g_strlcpy(request.unplug,
                        g_ptr_array_index(porter->leaving, porter->told),
                        sizeof(request.unplug));
        if (send_request(porter, &request, -1, err) != 0)
            return -1;
        porter->told++;
    }
    return 0;
}

static int ask(struct porter *porter, const struct porter_request *request,
               int with_fd, struct porter_reply *reply, int *fd, GError **err)
{
    int rc;

    if (tell_leaving(porter, err) != 0 ||
        send_request(porter, request, with_fd, err) != 0)
        return -1;
    reply->leaving = 1;
    rc = take_answer(porter, reply, fd, err);
    if (reply->leaving == 0) {
        g_ptr_array_set_size(porter->leaving, 0);
        porter->told = 0;
    }
    return rc;
}

/* --- the process --- */

/* The closed connection ends it; the kernel does, when the gate ends. */
static void reap(pid_t pid)
{
    const struct timespec pause = { .tv_nsec = REAP_PAUSE_MS * 1000000L };

    for (int i = 0; i < REAP_TRIES; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        (void)nanosleep(&pause, NULL);
    }
}

void porter_free(struct porter *porter)
{
    if (porter == NULL)
        return;
    own_close(&porter->fd);
    reap(porter->pid);
    g_ptr_array_unref(porter->leaving);
    g_free(porter);
}

struct porter *porter_start(GError **err)
{
    const struct timeval limit = { .tv_sec = ANSWER_MAX_S };
    owned(porter) porter = NULL;
    struct porter_reply hello;
    pid_t gate_pid = getpid(), pid;
    int ends[2];

    if (msg_pair(ends, err) != 0)
        return NULL;
    (void)setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    pid = fork();
    if (pid == 0)
        porter_inside(ends[1], gate_pid);
    (void)close(ends[1]);
    if (pid < 0) {
        error_set_errno(err, "start the process that carries interfaces");
        (void)close(ends[0]);
        return NULL;
    }
    porter = g_new0(struct porter, 1);
    porter->pid = pid;
    porter->fd = ends[0];
    porter->leaving = g_ptr_array_new_with_free_func(g_free);
    if (take_answer(porter, &hello, NULL, err) != 0)
        return NULL;
    if (hello.answer.warning[0] != '\0')
        log_warn("%s", hello.answer.warning);
    return g_steal_pointer(&porter);
}

pid_t porter_pid(const struct porter *porter)
{
    return porter->pid;
}

/* --- operations --- */

int porter_open_pid(struct porter *porter, pid_t pid, GError **err)
{
    struct porter_request request = { .op = PORTER_OP_OPEN_PID, .pid = pid };
    struct porter_reply reply;
    int fd = -1;

    return ask(porter, &request, -1, &reply, &fd, err) == 0 ? fd : -1;
}

int porter_open_path(struct porter *porter, const char *path, GError **err)
{
    struct porter_request request = { .op = PORTER_OP_OPEN_PATH };
    struct porter_reply reply;
    int fd = -1;

    if (path[0] != '/' || strlen(path) >= sizeof(request.path))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the namespace's path must begin with / and have less "
                         "than %zu bytes",
                         sizeof(request.path));
    (void)g_strlcpy(request.path, path, sizeof(request.path));
    return ask(porter, &request, -1, &reply, &fd, err) == 0 ? fd : -1;
}

int porter_set_relay(struct porter *porter, int rtnl_fd, GError **err)
{
    struct porter_request request = { .op = PORTER_OP_RELAY };
    struct porter_reply reply;

    return ask(porter, &request, rtnl_fd, &reply, NULL, err);
}

int porter_plug(struct porter *porter, struct porter_plug *config, int netns_fd,
                GError **err)
{
    struct porter_request request = { .op = PORTER_OP_PLUG, .plug = *config };
    struct porter_reply reply;

    if (ask(porter, &request, netns_fd, &reply, NULL, err) != 0)
        return -1;
    memcpy(config->interface, reply.answer.name, IFNAMSIZ);
    return 0;
}

int porter_settle(struct porter *porter, const struct porter_settle *config,
                  GError **err)
{
    struct porter_request request = { .op = PORTER_OP_SETTLE,
                                      .settle = *config };
    struct porter_reply reply;

    return ask(porter, &request, -1, &reply, NULL, err);
}

void porter_unplug(struct porter *porter, const char *name)
{
    g_ptr_array_add(porter->leaving, g_strdup(name));
    /* What it was not told now, it is told before it is asked again. */
    (void)tell_leaving(porter, NULL);
}

bool porter_is_leaving(const struct porter *porter, const char *name)
{
    for (guint i = 0; i < porter->leaving->len; i++)
        if (strcmp(g_ptr_array_index(porter->leaving, i), name) == 0)
            return true;
    return false;
}

int porter_sync(struct porter *porter, GError **err)
{
    struct porter_request request = { .op = PORTER_OP_SYNC };
    struct porter_reply reply;

    return ask(porter, &request, -1, &reply, NULL, err);
}
