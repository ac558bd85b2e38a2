/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter.h"

#include "agent/porter_head.h"
#include "agent/reply.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "kern/child.h"
#include "kern/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The gate carries nothing meanwhile; a hand that takes longer is replaced. */
#define PORTER_ANSWER_MAX_S 3
/* While there is no memory. */
#define TRIES 10

struct porter {
    struct child head;
    uint32_t number;              /* of the last request to the head */
    int hands[PORTER_HAND_COUNT]; /* -1: none */
    int relay_fd;                 /* for each new bearer; -1: none */
    GPtrArray *leaving; /* names that may still have to be unplugged */
    guint told;         /* as many of them the bearer has heard of */
};

static int is_gone(GError **err)
{
    return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                     "the process that carries interfaces is gone");
}

/* What came of a message: `rc` is that of msg_send() or msg_recv(). */
static int failed(int rc, GError **err)
{
    if (rc == 0 || rc == -EPIPE || rc == -ECONNRESET)
        return is_gone(err);
    if (rc == -EAGAIN)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "the process that carries interfaces does not answer");
    errno = -rc;
    return error_set_errno(err, "ask the process that carries interfaces");
}

/* --- messages --- */

static int receive(int from, struct porter_reply *reply, int fds[MSG_FDS_MAX],
                   size_t *count)
{
    int rc = -ENOMEM;

    for (int i = 0; i < TRIES && (rc == -ENOMEM || rc == -ENOBUFS); i++)
        rc = msg_recv(from, reply, sizeof(*reply), fds, count);
    return rc;
}

/* Takes the descriptor that comes with an answer that is no refusal; `fd` NULL:
   none does. */
static int judge(struct porter_reply *reply, int *fds, size_t count, int *fd,
                 GError **err)
{
    size_t wanted = reply->answer.code == 0 && fd != NULL ? 1 : 0;

    if (count != wanted) {
        fd_close_all(fds, count);
        return failed(-EPROTO, err);
    }
    if (fd != NULL && count == 1)
        *fd = fds[0];
    return reply_check(&reply->answer, err);
}

static int take_answer(int *hand, struct porter_reply *reply, int *fd,
                       GError **err)
{
    int fds[MSG_FDS_MAX];
    size_t count;
    int rc = receive(*hand, reply, fds, &count);

    if (rc == 1)
        return judge(reply, fds, count, fd, err);
    /* It would answer the next question with this one's answer. */
    own_close(hand);
    return failed(rc, err);
}

/* --- the head --- */

/* Answers that came too late are passed over. */
static int take_heads_answer(struct porter *porter, int *fd, GError **err)
{
    struct porter_reply reply;
    int fds[MSG_FDS_MAX];
    size_t count;
    int rc;

    while ((rc = receive(porter->head.fd, &reply, fds, &count)) == 1) {
        if (reply.number == porter->number)
            return judge(&reply, fds, count, fd, err);
        fd_close_all(fds, count);
    }
    return failed(rc, err);
}

/* Our end of a socket to a new hand, or -1 and an error. */
static int ask_for_hand(struct porter *porter, enum porter_hand which,
                        GError **err)
{
    const struct porter_head_request request = { .hand = which,
                                                 .number = ++porter->number };
    int fd = -1, rc;

    rc = msg_send(porter->head.fd, &request, sizeof(request), NULL, 0);
    if (rc != 0)
        return failed(rc, err);
    return take_heads_answer(porter, &fd, err) == 0 ? fd : -1;
}

static int greet(int *hand, GError **err)
{
    struct porter_reply hello;

    if (take_answer(hand, &hello, NULL, err) != 0)
        return -1;
    if (hello.answer.warning[0] != '\0')
        log_warn("%s", hello.answer.warning);
    return 0;
}

struct porter *porter_start(GError **err)
{
    owned(porter) porter = g_new0(struct porter, 1);

    porter->head.fd = -1;
    porter->relay_fd = -1;
    porter->leaving = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < PORTER_HAND_COUNT; i++)
        porter->hands[i] = -1;
    if (child_start(&porter->head, porter_head, NULL,
                    "the process that carries interfaces", err) != 0)
        return NULL;
    child_set_patience(porter->head.fd, PORTER_ANSWER_MAX_S);
    return greet(&porter->head.fd, err) == 0 ? g_steal_pointer(&porter) : NULL;
}

void porter_free(struct porter *porter)
{
    if (porter == NULL)
        return;
    for (size_t i = 0; i < PORTER_HAND_COUNT; i++)
        own_close(&porter->hands[i]);
    own_close(&porter->relay_fd);
    /* The closed connection ends it; the kernel does, when the gate ends. */
    child_end(&porter->head);
    g_ptr_array_unref(porter->leaving);
    g_free(porter);
}

pid_t porter_pid(const struct porter *porter)
{
    return porter->head.pid;
}

/* --- hands --- */

static int send_request(const struct porter *porter, enum porter_hand which,
                        const struct porter_request *request, int with_fd)
{
    return msg_send(porter->hands[which], request, sizeof(*request), &with_fd,
                    with_fd >= 0 ? 1 : 0);
}

static int tell_relay(struct porter *porter, GError **err)
{
    const struct porter_request request = { .op = PORTER_OP_RELAY };
    struct porter_reply reply;
    int *bearer = &porter->hands[PORTER_BEARER];
    int rc;

    porter->told = 0;
    if (porter->relay_fd < 0)
        return 0;
    rc = send_request(porter, PORTER_BEARER, &request, porter->relay_fd);
    if (rc != 0)
        return failed(rc, err);
    return take_answer(bearer, &reply, NULL, err);
}

static int need(struct porter *porter, enum porter_hand which, GError **err)
{
    int *hand = &porter->hands[which];

    if (*hand >= 0)
        return 0;
    *hand = ask_for_hand(porter, which, err);
    if (*hand < 0)
        return -1;
    child_set_patience(*hand, PORTER_ANSWER_MAX_S);
    if (greet(hand, err) == 0 &&
        (which != PORTER_BEARER || tell_relay(porter, err) == 0))
        return 0;
    own_close(hand);
    return -1;
}

/* 0 or -errno, as send_request(). */
static int tell_leaving(struct porter *porter)
{
    while (porter->told < porter->leaving->len) {
        struct porter_request request = { .op = PORTER_OP_UNPLUG };
        int rc;

        (void)g_strlcpy(request.unplug,
                        g_ptr_array_index(porter->leaving, porter->told),
                        sizeof(request.unplug));
        rc = send_request(porter, PORTER_BEARER, &request, -1);
        if (rc != 0)
            return rc;
        porter->told++;
    }
    return 0;
}

/* A request, NULL for none, after what the hand has to know first. */
static int tell(struct porter *porter, enum porter_hand which,
                const struct porter_request *request, int with_fd, GError **err)
{
    int rc = -EPIPE;

    /* One that has ended is found out by this; another one takes its place. */
    for (int i = 0; i < 2 && (rc == -EPIPE || rc == -ECONNRESET); i++) {
        if (need(porter, which, err) != 0)
            return -1;
        rc = which == PORTER_BEARER ? tell_leaving(porter) : 0;
        if (rc == 0 && request != NULL)
            rc = send_request(porter, which, request, with_fd);
        /* Nothing was sent, for want of memory: that may be done again. */
        if (rc != 0 && rc != -ENOMEM && rc != -ENOBUFS)
            own_close(&porter->hands[which]);
    }
    return rc == 0 ? 0 : failed(rc, err);
}

static int ask(struct porter *porter, enum porter_hand which,
               const struct porter_request *request, int with_fd,
               struct porter_reply *reply, int *fd, GError **err)
{
    int rc;

    if (tell(porter, which, request, with_fd, err) != 0)
        return -1;
    reply->leaving = 1;
    rc = take_answer(&porter->hands[which], reply, fd, err);
    if (which == PORTER_BEARER && reply->leaving == 0) {
        g_ptr_array_set_size(porter->leaving, 0);
        porter->told = 0;
    }
    return rc;
}

/* --- operations --- */

int porter_open_pid(struct porter *porter, pid_t pid, GError **err)
{
    struct porter_request request = { .op = PORTER_OP_OPEN_PID, .pid = pid };
    struct porter_reply reply;
    int fd = -1;

    return ask(porter, PORTER_FINDER, &request, -1, &reply, &fd, err) == 0 ? fd
                                                                           : -1;
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
    return ask(porter, PORTER_FINDER, &request, -1, &reply, &fd, err) == 0 ? fd
                                                                           : -1;
}

int porter_set_relay(struct porter *porter, int rtnl_fd, GError **err)
{
    own_close(&porter->relay_fd);
    /* The next bearer is told of it, before anything else. */
    own_close(&porter->hands[PORTER_BEARER]);
    porter->relay_fd = fcntl(rtnl_fd, F_DUPFD_CLOEXEC, 0);
    if (porter->relay_fd < 0)
        return error_set_errno(err, "keep a socket of the relay namespace");
    return need(porter, PORTER_BEARER, err);
}

int porter_plug(struct porter *porter, struct porter_plug *config, int netns_fd,
                GError **err)
{
    struct porter_request request = { .op = PORTER_OP_PLUG, .plug = *config };
    struct porter_reply reply;

    if (ask(porter, PORTER_BEARER, &request, netns_fd, &reply, NULL, err) != 0)
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

    return ask(porter, PORTER_BEARER, &request, -1, &reply, NULL, err);
}

void porter_unplug(struct porter *porter, const char *name)
{
    g_ptr_array_add(porter->leaving, g_strdup(name));
    /* What it was not told now, it is told before it is asked again. */
    (void)tell(porter, PORTER_BEARER, NULL, -1, NULL);
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

    return ask(porter, PORTER_BEARER, &request, -1, &reply, NULL, err);
}
