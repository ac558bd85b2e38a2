/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * What the load programs of the benchmark share.  They need nothing but libc,
 * so that tests/bench/run can compile them without a configured tree.  All of
 * them end with status 1 and one line on stderr when they cannot go on, and
 * print their results as "key=value" words on one line of stdout.
 */

struct load_peer {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* Ends the program: "WHAT: strerror(errno)". */
void load_die(const char *what) __attribute__((noreturn));
/* Monotonic time in nanoseconds. */
int64_t load_now(void);
/* A number from 1 to `max`; anything else ends the program. */
int64_t load_number(const char *text, int64_t max);
/* A numeric address of either family and a port; ends the program on others. */
struct load_peer load_peer_parse(const char *addr, const char *port);
/*
 * A socket on every address of both families (of IPv4 only where the kernel
 * has no IPv6), bound to `port`, listening if it is a stream.
 */
int load_serve(const char *port, int socktype);
/* Tells the starter, through a line on stdout, that it may go on. */
void load_ready(void);
/* Raises the limit of open descriptors as far as is allowed. */
void load_raise_nofile(void);
/* Moves all `len` bytes; false on end of file, time-out or error. */
bool load_send_all(int fd, const void *buf, size_t len);
bool load_recv_all(int fd, void *buf, size_t len);
/*
 * The value that `percent` of the `count` samples do not exceed; sorts them.
 * 0 where there are none.
 */
double load_percentile(double *samples, size_t count, double percent);
