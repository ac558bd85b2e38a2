/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_head.h"

#include "agent/porter_call.h"
#include "agent/porter_hand.h"
#include "agent/settle_down.h"
#include "base/error.h"
#include "base/fdio.h"
#include "kern/child.h"
#include "kern/jail_caps.h"
#include "kern/msg.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* While there is no memory. */
#define TRIES 100

struct head {
    int socket;
    pid_t hands[PORTER_HAND_COUNT]; /* 0: none, or it is gone */
};

struct errand {
    int head_socket;
    enum porter_hand hand;
};

/* The hands' filters come on top of this one. */
static int confine(char *warning, GError **err)
{
    if (jail_caps_keep(PORTER_HAND_CAPS, err) != 0 ||
        jail_no_new_privs(err) != 0)
        return -1;
    return settle_down_filter(JAIL_SECCOMP_PORTER, 0,
                              "the process that carries interfaces", warning,
                              err);
}

static void be_hand(int socket, pid_t head_pid, const void *data)
{
    const struct errand *errand = data;

    (void)close(errand->head_socket);
    porter_hand(errand->hand, socket, head_pid);
}

/*
 * Two bearers at once would be in each other's way: what the first one is
 * about to make, the second one would have deleted too early.
 */
static int end_hand(pid_t *hand, GError **err)
{
    if (*hand == 0)
        return 0;
    (void)kill(*hand, SIGKILL);
    if (!child_reap(*hand))
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "the process that carries interfaces waits for the "
                         "kernel");
    *hand = 0;
    return 0;
}

/* Our end of the socket to it, or -1 and an error. */
static int new_hand(struct head *head, uint32_t which, GError **err)
{
    struct errand errand = { .head_socket = head->socket };
    struct child child = { .fd = -1 };

    if (which >= PORTER_HAND_COUNT)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the porter received a malformed request");
    errand.hand = which;
    if (end_hand(&head->hands[which], err) != 0 ||
        child_start(&child, be_hand, &errand,
                    "the process that carries interfaces", err) != 0)
        return -1;
    head->hands[which] = child.pid;
    return child.fd;
}

static void reap_all(struct head *head)
{
    for (size_t i = 0; i < PORTER_HAND_COUNT; i++)
        if (head->hands[i] > 0 && waitpid(head->hands[i], NULL, WNOHANG) != 0)
            head->hands[i] = 0;
}

/* GLib reads files before it tells the first error, which hands may not. */
static void prepare_errors(void)
{
    g_free(g_locale_to_utf8("x", -1, NULL, NULL, NULL));
}

/* A head that gives up is not replaced. */
static int say(int socket, int fd, const struct porter_reply *reply)
{
    int rc = -EAGAIN;

    for (int i = 0; i < TRIES && rc != 0 && rc != -EPIPE; i++)
        rc = msg_send(socket, reply, sizeof(*reply), &fd, fd >= 0 ? 1 : 0);
    return rc;
}

static int hear(int socket, struct porter_head_request *request)
{
    int fds[MSG_FDS_MAX], rc = -EAGAIN;
    size_t count;

    for (int i = 0; i < TRIES && rc < 0; i++)
        rc = msg_recv(socket, request, sizeof(*request), fds, &count);
    fd_close_all(fds, count);
    return rc;
}

static bool serve_one(struct head *head)
{
    struct porter_head_request request;
    struct porter_reply reply = { .leaving = 0 };
    g_autoptr(GError) err = NULL;
    int fd, rc;

    if (hear(head->socket, &request) != 1)
        return false;
    reply.number = request.number;
    reap_all(head);
    fd = new_hand(head, request.hand, &err);
    if (fd < 0)
        porter_refuse(&reply.answer, err);
    rc = say(head->socket, fd, &reply);
    if (fd >= 0)
        (void)close(fd);
    return rc == 0;
}

void porter_head(int socket, pid_t gate_pid, const void *unused)
{
    g_autoptr(GError) err = NULL;
    struct head head = { .socket = socket };
    struct porter_reply hello = { .leaving = 0 };

    (void)unused;
    prepare_errors();
    (void)prctl(PR_SET_NAME, "slipgate-porter", 0, 0, 0);
    settle_down_begin(gate_pid);
    if (settle_down_keep_only(&head.socket, &err) != 0 ||
        confine(hello.answer.warning, &err) != 0)
        porter_refuse(&hello.answer, err);
    if (say(head.socket, -1, &hello) == 0 && err == NULL)
        while (serve_one(&head))
            continue;
    for (size_t i = 0; i < PORTER_HAND_COUNT; i++)
        (void)end_hand(&head.hands[i], NULL);
    _exit(EXIT_SUCCESS);
}
