/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "frames.h"
#include "net/pump.h"

#include <glib.h>

/*
 * A whole data plane without a tap, for tests: the pump with the real stack on
 * one end of a socket pair, a hand-made guest on the other, and the host's
 * loopback of a network namespace of the test's own.  All in one thread, so
 * nothing happens but while one of the calls below runs the loop.
 */
struct engine_rig {
    struct loop *loop;
    struct plan plan;
    struct policy policy; /* all is allowed at first */
    struct stats stats;
    struct budget budget;
    struct pump *pump;
    int guest_fd;
    int gone; /* how often the pump said that its link is gone */
    struct loop_watch watch;
    struct loop_timer deadline;
    const char *awaited; /* told when it does not come */
    GQueue *arrived;     /* of GBytes */
    uint8_t last[FRAMES_MAX];
};

/*
 * Gives the process namespaces of its own with a loopback that also has
 * 192.0.2.1 and 2001:db8::1; false if that is refused.
 */
bool engine_rig_enter(void);

struct engine_rig *engine_rig_new(void);
void engine_rig_free(struct engine_rig *rig);

/* Sends bytes, or a frame, as the guest. */
void engine_rig_send(struct engine_rig *rig, const void *data, size_t len);
void engine_rig_send_spec(struct engine_rig *rig,
                          const struct frames_spec *spec);

/*
 * The next frame of protocol `proto` (0: ARP) that comes to the guest; others
 * are passed over.  Valid until the next call; the test fails if none comes.
 */
struct frame engine_rig_expect(struct engine_rig *rig, int proto);
/*
 * True if a frame of `proto` is among those that have been provoked so far:
 * asks for an address and looks at what comes before the answer.
 */
bool engine_rig_has(struct engine_rig *rig, int proto);
/* Runs the loop until `done` says so; the test fails when it never does. */
void engine_rig_run_until(struct engine_rig *rig, bool (*done)(void *self),
                          void *self);
/* Runs the loop until all that the guest has sent so far is dealt with. */
void engine_rig_settle(struct engine_rig *rig);

/* A socket on the host, listening if it is a stream; the port is stored. */
int engine_rig_host_socket(const char *addr, int type, uint16_t *port);
/* Runs the loop until `fd` is readable. */
void engine_rig_wait_readable(struct engine_rig *rig, int fd);
/* Accepts one connection (non-blocking). */
int engine_rig_accept(struct engine_rig *rig, int listener);
/* Reads exactly `len` bytes. */
void engine_rig_read(struct engine_rig *rig, int fd, void *out, size_t len);

/* A TCP connection of the guest; both sequences are the next to be used. */
struct engine_tcp {
    struct frames_spec spec; /* addresses, ports, window */
    uint32_t seq, ack;
};

/* Opens from the guest, with this first sequence; answers the SYN-ACK. */
struct engine_tcp engine_tcp_open(struct engine_rig *rig, const char *dst,
                                  uint16_t port, uint32_t first_seq);
/* Sends one segment at tcp->seq + `skip`; tcp->seq is not moved. */
void engine_tcp_send(struct engine_rig *rig, const struct engine_tcp *tcp,
                     uint32_t skip, uint8_t flags, size_t payload_len);

struct engine_rig_test {
    const char *name;
    void (*body)(struct engine_rig *rig);
};

/*
 * main() of a program of such tests: each has a rig and a child of its own, so
 * that a crash of the stack is one failure.  All are skipped where namespaces
 * are refused.
 */
int engine_rig_main(int argc, char **argv, const char *suite,
                    const struct engine_rig_test *tests, size_t count);
