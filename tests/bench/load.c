/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void load_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

int64_t load_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t load_number(const char *text, int64_t max)
{
    char *end = NULL;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno == 0 && (end == text || *end != '\0'))
        errno = EINVAL;
    if (errno == 0 && (value < 1 || value > max))
        errno = ERANGE;
    if (errno != 0)
        load_die(text);
    return value;
}

struct load_peer load_peer_parse(const char *addr, const char *port)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct load_peer peer = { .len = 0 };
    struct addrinfo *found = NULL;
    int status = getaddrinfo(addr, port, &hints, &found);

    if (status != 0) {
        fprintf(stderr, "%s port %s: %s\n", addr, port, gai_strerror(status));
        exit(EXIT_FAILURE);
    }
    memcpy(&peer.addr, found->ai_addr, found->ai_addrlen);
    peer.len = found->ai_addrlen;
    freeaddrinfo(found);
    return peer;
}

int load_serve(const char *port, int socktype)
{
    struct load_peer any = load_peer_parse("::", port);
    int fd = socket(AF_INET6, socktype | SOCK_CLOEXEC, 0);
    int on = 1, off = 0;

    if (fd < 0) {
        any = load_peer_parse("0.0.0.0", port);
        fd = socket(AF_INET, socktype | SOCK_CLOEXEC, 0);
    } else {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (fd < 0)
        load_die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&any.addr, any.len) < 0)
        load_die("bind");
    if (socktype == SOCK_STREAM && listen(fd, SOMAXCONN) < 0)
        load_die("listen");
    return fd;
}

void load_ready(void)
{
    puts("ready");
    fflush(stdout);
}

void load_raise_nofile(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        load_die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        load_die("setrlimit");
}

bool load_send_all(int fd, const void *buf, size_t len)
{
    const char *from = buf;

    while (len > 0) {
        ssize_t sent = send(fd, from, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        from += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool load_recv_all(int fd, void *buf, size_t len)
{
    char *into = buf;

    while (len > 0) {
        ssize_t got = recv(fd, into, len, 0);

        if (got <= 0)
            return false;
        into += got;
        len -= (size_t)got;
    }
    return true;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

double load_percentile(double *samples, size_t count, double percent)
{
    if (count == 0)
        return 0;
    qsort(samples, count, sizeof(*samples), compare);
    return samples[(size_t)((double)(count - 1) * percent / 100)];
}
