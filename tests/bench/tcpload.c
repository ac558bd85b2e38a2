/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP load in small transactions: an echo server, and clients that connect
 * over and over, that measure the echo's delay, or that hold idle connections.
 */
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    TCPLOAD_MESSAGE = 64,
    TCPLOAD_TIMEOUT_S = 5,
    TCPLOAD_MAX_CLIENTS = 64,
    TCPLOAD_MAX_PORTS = 64,
};

/* The port that comes `step` after one that was given as a word. */
static const char *port_after(const char *port, int64_t step)
{
    static _Thread_local char word[8];

    snprintf(word, sizeof(word), "%d", (int)(load_number(port, 65535) + step));
    return word;
}

/* --- server ------------------------------------------------------------- */

static void watch(int epfd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) < 0)
        load_die("epoll_ctl");
}

static void serve_accept(int epfd, int listener)
{
    int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    watch(epfd, fd);
}

static void serve_echo(int fd)
{
    char buf[4096];
    ssize_t got = recv(fd, buf, sizeof(buf), 0);

    if (got < 0 && errno == EAGAIN)
        return;
    /* Messages are tiny: one that does not fit means a broken client. */
    if (got <= 0 || !load_send_all(fd, buf, (size_t)got))
        close(fd);
}

static int run_server(char **args)
{
    struct epoll_event events[64];
    int64_t ports = load_number(args[1], TCPLOAD_MAX_PORTS);
    int epfd = epoll_create1(EPOLL_CLOEXEC), listener = -1;

    if (epfd < 0)
        load_die("epoll_create1");
    for (int64_t i = 0; i < ports; i++) {
        listener = load_serve(port_after(args[0], i), SOCK_STREAM);
        watch(epfd, listener);
    }
    load_ready();
    for (;;) {
        int count = epoll_wait(epfd, events, 64, -1);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;

            /* Listeners came first, so theirs are the lowest numbers. */
            if (fd <= listener)
                serve_accept(epfd, fd);
            else
                serve_echo(fd);
        }
    }
}

/* --- clients ------------------------------------------------------------ */

struct samples {
    double *us;
    size_t count, room;
};

static void samples_add(struct samples *samples, double us)
{
    if (samples->count == samples->room) {
        samples->room = samples->room ? 2 * samples->room : 4096;
        samples->us =
            reallocarray(samples->us, samples->room, sizeof(*samples->us));
        if (!samples->us)
            load_die("samples");
    }
    samples->us[samples->count++] = us;
}

/* A connected socket whose calls give up after a while, or -1. */
static int client_connect(const struct load_peer *peer)
{
    struct timeval timeout = { .tv_sec = TCPLOAD_TIMEOUT_S };
    int fd = socket(peer->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&peer->addr, peer->len) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool client_echo(int fd)
{
    char buf[TCPLOAD_MESSAGE] = { 0 };

    return load_send_all(fd, buf, sizeof(buf)) &&
           load_recv_all(fd, buf, sizeof(buf));
}

struct worker {
    pthread_t thread;
    struct load_peer peers[TCPLOAD_MAX_PORTS];
    size_t peers_count;
    int64_t until;
    struct samples samples;
    size_t failed;
};

static void *connect_worker(void *data)
{
    struct worker *worker = data;

    for (size_t turn = 0; load_now() < worker->until; turn++) {
        int64_t began = load_now();
        int fd = client_connect(&worker->peers[turn % worker->peers_count]);
        bool ok = fd >= 0 && client_echo(fd);

        if (fd >= 0)
            close(fd);
        if (ok)
            samples_add(&worker->samples, (double)(load_now() - began) / 1e3);
        else
            worker->failed++;
    }
    return NULL;
}

static void report(struct samples *all, size_t failed, double seconds)
{
    printf("rate=%.1f p50=%.1f p99=%.1f failed=%zu\n",
           (double)all->count / seconds,
           load_percentile(all->us, all->count, 50),
           load_percentile(all->us, all->count, 99), failed);
    free(all->us);
}

/*
 * ADDR PORT PORTS SECONDS CLIENTS: connect, one echo, close, again and again,
 * to each of the server's ports in turn.  With a single one it would soon be
 * the search for a local port not yet used that is measured.
 */
static int run_connects(char **args)
{
    struct worker workers[TCPLOAD_MAX_CLIENTS] = { 0 };
    int64_t ports = load_number(args[2], TCPLOAD_MAX_PORTS);
    int64_t until = load_now() + load_number(args[3], 3600) * 1000000000;
    int64_t count = load_number(args[4], TCPLOAD_MAX_CLIENTS);
    struct samples all = { 0 };
    int64_t began = load_now();
    size_t failed = 0;

    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < ports; k++)
            workers[i].peers[k] =
                load_peer_parse(args[0], port_after(args[1], k));
        workers[i].peers_count = (size_t)ports;
        workers[i].until = until;
        errno = pthread_create(&workers[i].thread, NULL, connect_worker,
                               &workers[i]);
        if (errno != 0)
            load_die("pthread_create");
    }
    for (int64_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        for (size_t k = 0; k < workers[i].samples.count; k++)
            samples_add(&all, workers[i].samples.us[k]);
        failed += workers[i].failed;
        free(workers[i].samples.us);
    }
    report(&all, failed, (double)(load_now() - began) / 1e9);
    return EXIT_SUCCESS;
}

/* ADDR PORT SECONDS: echoes one after the other on one connection. */
static int run_echo(char **args)
{
    struct load_peer peer = load_peer_parse(args[0], args[1]);
    int64_t began = load_now();
    int64_t until = began + load_number(args[2], 3600) * 1000000000;
    struct samples all = { 0 };
    int fd = client_connect(&peer);

    if (fd < 0)
        load_die("connect");
    while (load_now() < until) {
        int64_t start = load_now();

        if (!client_echo(fd))
            load_die("echo");
        samples_add(&all, (double)(load_now() - start) / 1e3);
    }
    close(fd);
    report(&all, 0, (double)(load_now() - began) / 1e9);
    return EXIT_SUCCESS;
}

/*
 * ADDR PORT COUNT: opens COUNT connections, each proved by an echo, says that
 * it is ready, holds them until its standard input ends, and tells how many
 * still answer then.
 */
static int run_hold(char **args)
{
    struct load_peer peer = load_peer_parse(args[0], args[1]);
    size_t count = (size_t)load_number(args[2], 60000), alive = 0;
    int *fds = calloc(count, sizeof(*fds));
    char ignored[64];

    if (!fds)
        load_die("calloc");
    for (size_t i = 0; i < count; i++) {
        fds[i] = client_connect(&peer);
        if (fds[i] < 0 || !client_echo(fds[i])) {
            fprintf(stderr, "connection %zu of %zu: ", i + 1, count);
            load_die(fds[i] < 0 ? "connect" : "echo");
        }
    }
    load_ready();
    while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0)
        continue;
    for (size_t i = 0; i < count; i++)
        alive += client_echo(fds[i]) ? 1 : 0;
    printf("alive=%zu\n", alive);
    free(fds);
    return EXIT_SUCCESS;
}

static const struct command {
    const char *name;
    int args;
    int (*run)(char **args);
    const char *usage;
} commands[] = {
    { "server", 2, run_server, "PORT PORTS" },
    { "connects", 5, run_connects, "ADDR PORT PORTS SECONDS CLIENTS" },
    { "echo", 3, run_echo, "ADDR PORT SECONDS" },
    { "hold", 3, run_hold, "ADDR PORT COUNT" },
};

int main(int argc, char **argv)
{
    size_t known = sizeof(commands) / sizeof(commands[0]);

    load_raise_nofile();
    for (size_t i = 0; i < known && argc > 1; i++) {
        if (strcmp(argv[1], commands[i].name) == 0 &&
            argc == 2 + commands[i].args)
            return commands[i].run(argv + 2);
    }
    for (size_t i = 0; i < known; i++)
        fprintf(stderr, "usage: tcpload %s %s\n", commands[i].name,
                commands[i].usage);
    return EXIT_FAILURE;
}
