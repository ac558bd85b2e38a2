/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A paced transfer: the reader takes a steady number of bytes per second, so
 * the sender's window fills and has to be opened again and again.  What counts
 * is how long the reader, when it wants data, has to wait for it.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PACEDLOAD_CHUNK = 65536 };

static void sleep_until(int64_t when)
{
    struct timespec at = { .tv_sec = when / 1000000000,
                           .tv_nsec = when % 1000000000 };

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* PORT BYTES_PER_SECOND SECONDS: reads one connection at that pace. */
static int run_reader(char **args)
{
    static char buf[PACEDLOAD_CHUNK];
    int listener = load_serve(args[0], SOCK_STREAM);
    int64_t rate = load_number(args[1], INT64_C(100) << 30);
    int64_t seconds = load_number(args[2], 3600);
    int64_t began, longest = 0, total = 0, now;
    int fd;

    load_ready();
    fd = accept(listener, NULL, NULL);
    if (fd < 0)
        load_die("accept");
    began = now = load_now();
    while (now - began < seconds * 1000000000) {
        ssize_t got;
        int64_t wanted;

        sleep_until(began + (int64_t)((double)total * 1e9 / (double)rate));
        wanted = load_now();
        got = recv(fd, buf, sizeof(buf), 0);
        if (got <= 0)
            load_die("recv");
        total += got;
        now = load_now();
        if (now - wanted > longest)
            longest = now - wanted;
    }
    printf("gap_ms=%.2f rate=%.0f\n", (double)longest / 1e6,
           (double)total * 1e9 / (double)(now - began));
    close(fd);
    return EXIT_SUCCESS;
}

/* ADDR PORT: sends until the other side has had enough. */
static int run_writer(char **args)
{
    static const char buf[PACEDLOAD_CHUNK];
    struct load_peer peer = load_peer_parse(args[0], args[1]);
    int fd = socket(peer.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&peer.addr, peer.len) < 0)
        load_die("connect");
    while (load_send_all(fd, buf, sizeof(buf)))
        continue;
    close(fd);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "reader") == 0)
        return run_reader(argv + 2);
    if (argc == 4 && strcmp(argv[1], "writer") == 0)
        return run_writer(argv + 2);
    fputs("usage: pacedload reader PORT BYTES_PER_SECOND SECONDS\n"
          "       pacedload writer ADDR PORT\n",
          stderr);
    return EXIT_FAILURE;
}
