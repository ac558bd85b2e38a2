/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names over UDP: a name server that knows every name, a client that always has
 * some questions open, and one that asks at a steady rate and counts the loss.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DNSLOAD_BATCH = 32,
    DNSLOAD_SOCKETS = 8,
    DNSLOAD_SIZE = 512,
    /* Questions that a client may have open, as busy ones do. */
    DNSLOAD_OPEN = 64,
    /* When a question counts as lost. */
    DNSLOAD_LOST_MS = 1000,
    DNSLOAD_BUFFER = 4 << 20,
    HEADER = 12,
};

struct batch {
    struct mmsghdr messages[DNSLOAD_BATCH];
    struct iovec vectors[DNSLOAD_BATCH];
    struct sockaddr_storage names[DNSLOAD_BATCH];
    unsigned char data[DNSLOAD_BATCH][DNSLOAD_SIZE];
};

static void batch_reset(struct batch *batch, bool named)
{
    for (size_t i = 0; i < DNSLOAD_BATCH; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;

        batch->vectors[i] = (struct iovec){ .iov_base = batch->data[i],
                                            .iov_len = DNSLOAD_SIZE };
        *header =
            (struct msghdr){ .msg_iov = &batch->vectors[i], .msg_iovlen = 1 };
        if (named) {
            header->msg_name = &batch->names[i];
            header->msg_namelen = sizeof(batch->names[i]);
        }
    }
}

static void widen(int fd)
{
    int size = DNSLOAD_BUFFER;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* --- the server --- */

/* Makes an answer with one address of the question; its length. */
static size_t answer(unsigned char *data, size_t len)
{
    static const unsigned char record[] = { 0xc0, HEADER, 0, 1, 0,   1, 0, 0,
                                            0,    5,      0, 4, 192, 0, 2, 1 };

    if (len < HEADER || len + sizeof(record) > DNSLOAD_SIZE)
        return len;
    data[2] |= 0x80;
    data[7] = 1;
    memcpy(data + len, record, sizeof(record));
    return len + sizeof(record);
}

static _Noreturn void run_server(char **args)
{
    static struct batch batch;
    int fd = load_serve(args[0], SOCK_DGRAM);

    widen(fd);
    load_ready();
    for (;;) {
        int got;

        batch_reset(&batch, true);
        got = recvmmsg(fd, batch.messages, DNSLOAD_BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < got; i++)
            batch.vectors[i].iov_len =
                answer(batch.data[i], batch.messages[i].msg_len);
        if (got > 0)
            sendmmsg(fd, batch.messages, (unsigned)got, 0);
    }
}

/* --- clients --- */

struct client {
    struct pollfd fds[DNSLOAD_SOCKETS];
    unsigned char question[DNSLOAD_SIZE];
    size_t len;
    int64_t sent, answered, refused;
};

/* Questions have no OPT, as those of libc. */
static size_t make_question(const char *name, unsigned char *out)
{
    size_t at = HEADER;

    out[2] = out[5] = 1;
    while (*name != '\0') {
        size_t label = strcspn(name, ".");

        if (label == 0 || label > 63 || at + label + 6 > 255) {
            errno = EINVAL;
            load_die(name);
        }
        out[at++] = (unsigned char)label;
        memcpy(out + at, name, label);
        at += label;
        name += label + (name[label] == '.');
    }
    out[at + 2] = out[at + 4] = 1;
    return at + 5;
}

static void open_client(struct client *client, char **args)
{
    struct load_peer peer = load_peer_parse(args[0], args[1]);

    client->len = make_question(args[2], client->question);
    for (int i = 0; i < DNSLOAD_SOCKETS; i++) {
        int fd = socket(peer.addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 ||
            connect(fd, (const struct sockaddr *)&peer.addr, peer.len) < 0)
            load_die("connect");
        widen(fd);
        client->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
}

static void ask(struct client *client, int64_t count)
{
    for (; count > 0; count--) {
        int fd = client->fds[client->sent % DNSLOAD_SOCKETS].fd;

        client->question[0] = (unsigned char)(client->sent >> 8);
        client->question[1] = (unsigned char)client->sent;
        if (send(fd, client->question, client->len, MSG_DONTWAIT) < 0)
            return;
        client->sent++;
    }
}

static int64_t drain(struct client *client)
{
    static struct batch batch;
    int64_t total = 0;

    for (int i = 0; i < DNSLOAD_SOCKETS; i++) {
        int got;

        do {
            batch_reset(&batch, false);
            got = recvmmsg(client->fds[i].fd, batch.messages, DNSLOAD_BATCH,
                           MSG_DONTWAIT, NULL);
            for (int j = 0; j < got; j++)
                client->refused += (batch.data[j][3] & 15) != 0;
            total += got > 0 ? got : 0;
        } while (got == DNSLOAD_BATCH);
    }
    client->answered += total;
    return total;
}

static bool wait_for_answers(struct client *client, int ms)
{
    return poll(client->fds, DNSLOAD_SOCKETS, ms) > 0;
}

static void warm_up(struct client *client)
{
    for (int i = 0; i < 10 && client->answered == 0; i++) {
        ask(client, 1);
        if (wait_for_answers(client, 500))
            drain(client);
    }
    if (client->answered == 0) {
        errno = ETIMEDOUT;
        load_die("no answer");
    }
    client->sent = client->answered = client->refused = 0;
}

static void linger(struct client *client)
{
    while (client->answered < client->sent &&
           wait_for_answers(client, DNSLOAD_LOST_MS) && drain(client) > 0)
        continue;
}

static void tell(const struct client *client, int64_t span)
{
    int64_t lost = client->sent - client->answered;

    printf("rate=%.1f sent=%.0f lost=%.0f refused=%.0f loss=%.3f\n",
           (double)client->answered * 1e9 / (double)span, (double)client->sent,
           (double)lost, (double)client->refused,
           lost > 0 ? (double)lost * 100 / (double)client->sent : 0.0);
}

/* ADDR PORT NAME SECONDS: some questions are always open. */
static int run_flood(char **args)
{
    static struct client client;
    int64_t span = load_number(args[3], 3600) * 1000000000;
    int64_t open = 0, began, passed;

    open_client(&client, args);
    warm_up(&client);
    began = load_now();
    while ((passed = load_now() - began) < span) {
        ask(&client, DNSLOAD_OPEN - open);
        open = DNSLOAD_OPEN;
        if (wait_for_answers(&client, DNSLOAD_LOST_MS))
            open -= drain(&client);
        else
            open = 0; /* lost, or the server is overrun */
    }
    linger(&client);
    tell(&client, passed);
    return EXIT_SUCCESS;
}

/* ADDR PORT NAME SECONDS RATE: so many in a second, evenly. */
static int run_pace(char **args)
{
    static struct client client;
    int64_t span = load_number(args[3], 3600) * 1000000000;
    int64_t rate = load_number(args[4], 100000000);
    int64_t began, passed;

    open_client(&client, args);
    warm_up(&client);
    began = load_now();
    while ((passed = load_now() - began) < span) {
        int64_t due =
            (int64_t)((double)passed * (double)rate / 1e9) - client.sent;

        if (due > 0)
            ask(&client, due);
        else
            (void)wait_for_answers(&client, 1);
        drain(&client);
    }
    linger(&client);
    tell(&client, passed);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "server") == 0)
        run_server(argv + 2);
    if (argc == 6 && strcmp(argv[1], "flood") == 0)
        return run_flood(argv + 2);
    if (argc == 7 && strcmp(argv[1], "pace") == 0)
        return run_pace(argv + 2);
    fputs("usage: dnsload server PORT\n"
          "       dnsload flood ADDR PORT NAME SECONDS\n"
          "       dnsload pace ADDR PORT NAME SECONDS QUESTIONS_PER_SECOND\n",
          stderr);
    return EXIT_FAILURE;
}
