/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP load: an echo server, a client that sends as fast as it can while it
 * counts the echoes, and one that sends at a steady rate and counts the loss.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    UDPLOAD_BATCH = 32,
    UDPLOAD_SIZE = 1400,
    /* How long late echoes are waited for. */
    UDPLOAD_LINGER_MS = 500,
    UDPLOAD_BUFFER = 4 << 20,
};

struct batch {
    struct mmsghdr messages[UDPLOAD_BATCH];
    struct iovec vectors[UDPLOAD_BATCH];
    struct sockaddr_storage names[UDPLOAD_BATCH];
    char data[UDPLOAD_BATCH][2048];
};

/* Points every message at its own buffer, all of it; `named`: for a server. */
static void batch_reset(struct batch *batch, size_t size, bool named)
{
    for (size_t i = 0; i < UDPLOAD_BATCH; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;

        batch->vectors[i] =
            (struct iovec){ .iov_base = batch->data[i], .iov_len = size };
        *header =
            (struct msghdr){ .msg_iov = &batch->vectors[i], .msg_iovlen = 1 };
        if (named) {
            header->msg_name = &batch->names[i];
            header->msg_namelen = sizeof(batch->names[i]);
        }
    }
}

static _Noreturn void run_server(char **args)
{
    static struct batch batch;
    int size = UDPLOAD_BUFFER;
    int fd = load_serve(args[0], SOCK_DGRAM);

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    load_ready();
    for (;;) {
        int got;

        batch_reset(&batch, sizeof(batch.data[0]), true);
        got = recvmmsg(fd, batch.messages, UDPLOAD_BATCH, MSG_WAITFORONE, NULL);
        if (got < 0)
            continue; /* the ICMP error of an echo sent before */
        for (int i = 0; i < got; i++)
            batch.vectors[i].iov_len = batch.messages[i].msg_len;
        sendmmsg(fd, batch.messages, (unsigned)got, 0);
    }
}

static int client(char **args)
{
    struct load_peer peer = load_peer_parse(args[0], args[1]);
    int fd = socket(peer.addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int size = UDPLOAD_BUFFER;

    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&peer.addr, peer.len) < 0)
        load_die("connect");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fd;
}

static int64_t drain(int fd, struct batch *batch)
{
    int64_t total = 0;

    for (;;) {
        int got;

        batch_reset(batch, sizeof(batch->data[0]), false);
        got = recvmmsg(fd, batch->messages, UDPLOAD_BATCH, MSG_DONTWAIT, NULL);
        if (got <= 0)
            return total;
        total += got;
    }
}

/* Sends up to `count` datagrams; how many the kernel took. */
static int64_t send_some(int fd, struct batch *batch, int64_t count)
{
    unsigned most = count < UDPLOAD_BATCH ? (unsigned)count : UDPLOAD_BATCH;
    int sent;

    batch_reset(batch, UDPLOAD_SIZE, false);
    sent = sendmmsg(fd, batch->messages, most, MSG_DONTWAIT);
    return sent > 0 ? sent : 0;
}

/* One full echo, so that caches, neighbours and sockets are there. */
static void warm_up(int fd, struct batch *batch)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    for (int i = 0; i < 10; i++) {
        send_some(fd, batch, 1);
        if (poll(&wait, 1, 200) > 0 && drain(fd, batch) > 0)
            return;
    }
    errno = ETIMEDOUT;
    load_die("no echo");
}

static int64_t linger(int fd, struct batch *batch)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    int64_t total = 0;

    while (poll(&wait, 1, UDPLOAD_LINGER_MS) > 0) {
        int64_t got = drain(fd, batch);

        if (got == 0)
            break;
        total += got;
    }
    return total;
}

/* ADDR PORT SECONDS: as much as goes. */
static int run_flood(char **args)
{
    static struct batch batch;
    int fd = client(args);
    int64_t span = load_number(args[2], 3600) * 1000000000;
    int64_t sent = 0, got = 0, began;

    warm_up(fd, &batch);
    began = load_now();
    while (load_now() - began < span) {
        sent += send_some(fd, &batch, UDPLOAD_BATCH);
        got += drain(fd, &batch);
    }
    printf("sent=%.1f echoes=%.1f\n", (double)sent * 1e9 / (double)span,
           (double)got * 1e9 / (double)span);
    return EXIT_SUCCESS;
}

/* ADDR PORT SECONDS RATE: datagrams per second, evenly. */
static int run_pace(char **args)
{
    static struct batch batch;
    int fd = client(args);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    int64_t span = load_number(args[2], 3600) * 1000000000;
    int64_t rate = load_number(args[3], 100000000);
    int64_t sent = 0, got = 0, began, passed;

    warm_up(fd, &batch);
    began = load_now();
    while ((passed = load_now() - began) < span) {
        int64_t due = (int64_t)((double)passed * (double)rate / 1e9) - sent;

        if (due > 0)
            sent += send_some(fd, &batch, due);
        else
            poll(&wait, 1, 1);
        got += drain(fd, &batch);
    }
    got += linger(fd, &batch);
    printf("sent=%.0f echoes=%.0f loss=%.2f\n", (double)sent, (double)got,
           sent > got ? (double)(sent - got) * 100 / (double)sent : 0.0);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "server") == 0)
        run_server(argv + 2);
    if (argc == 5 && strcmp(argv[1], "flood") == 0)
        return run_flood(argv + 2);
    if (argc == 6 && strcmp(argv[1], "pace") == 0)
        return run_pace(argv + 2);
    fputs("usage: udpload server PORT\n"
          "       udpload flood ADDR PORT SECONDS\n"
          "       udpload pace ADDR PORT SECONDS DATAGRAMS_PER_SECOND\n",
          stderr);
    return EXIT_FAILURE;
}
