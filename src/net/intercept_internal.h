/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/acceptor.h"
#include "net/frame.h"
#include "net/intercept.h"

/*
 * The SYNs of the guest that intercept.c holds: which there are, in which
 * state, and for how long.  Inside of intercept alone.  There is one for each
 * pair of ends that the guest opens a connection between:
 *
 *   CONNECTING --ok--> INJECTED --accepted--> JOINED --after a while--> gone
 *       |                  `--no one there any more--> gone
 *       `--error--> refused, gone
 *
 * A SYN that comes again is a copy: CONNECTING ignores it, INJECTED injects it
 * again, JOINED ignores it unless it opens a new connection.
 */
enum held_state {
    HELD_CONNECTING,
    HELD_INJECTED,
    HELD_JOINED,
    HELD_STATE_COUNT
};

/* Ethernet, IPv6 and TCP headers with all options they may have. */
#define HELD_SYN_MAX (FRAME_ETH_LEN + FRAME_IPV6_LEN + 60u)

struct held_ends {
    struct ip_endpoint guest, peer; /* bytes that mean nothing are zero */
};

struct held_syn {
    struct held_ends ends; /* first: the key */
    struct intercept *intercept;
    struct loop_watch watch; /* while HELD_CONNECTING */
    int host_fd;             /* -1 when HELD_JOINED, or for names */
    bool names;              /* ends here */
    enum held_state state;
    int64_t since_ns;
    GList link; /* in queues[state] */
    uint32_t seq;
    uint8_t syn_len;
    uint8_t syn[HELD_SYN_MAX]; /* as the guest sent it, without data */
};

struct intercept {
    struct loop *loop;
    struct relay_table *relays;
    struct intercept_config config;
    struct stats *stats;
    GHashTable *entries;
    GQueue queues[HELD_STATE_COUNT]; /* the oldest first */
    struct loop_timer sweep_timer;
    struct acceptor acceptors[2]; /* IPv4, IPv6 */
    int64_t unheard_ns;
};

/* Bytes that mean nothing become zero, so that ends can be compared. */
void held_ends_make(struct held_ends *ends, const struct ip_endpoint *guest,
                    const struct ip_endpoint *peer);

/* The table, its queues and the timer that lets go of what is over. */
void held_init(struct intercept *in);
void held_clear(struct intercept *in);

/* A new one, HELD_CONNECTING, without a descriptor yet; the oldest makes room
   if there are INTERCEPT_PENDING_MAX. */
struct held_syn *held_add(struct intercept *in, const struct held_ends *ends);
/* Out of the table; closes what it holds. */
void held_free(struct held_syn *entry);
void held_enter_state(struct held_syn *entry, enum held_state state);
/* Counts both descriptors of the flow to be, until the relay does (1, or -1).
 */
void held_count_descriptors(struct intercept *in, int sign);
