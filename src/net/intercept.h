/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/loop.h"
#include "net/frame.h"
#include "net/outbound.h"
#include "net/plan.h"
#include "net/relay.h"
#include "net/segments.h"
#include "net/stats.h"

/*
 * Connections that the guest opens.  Its SYN is held while the gate connects to
 * the same destination from the host; then the same SYN goes back into the
 * relay namespace, where a listener accepts it, and the two sockets are
 * relayed.  If the host cannot connect, the guest gets the error that the host
 * got; so connect(2) in the guest tells the truth, and no sooner than it is
 * known.  Gate process only.
 */
struct intercept;

/* Held SYNs at one time; when more come, the oldest are forgotten. */
#define INTERCEPT_PENDING_MAX 1024u

struct intercept_config {
    const struct plan *plan; /* kept by reference */
    struct outbound outbound, outbound6;
    struct budget *budget;           /* kept by reference */
    const struct segments *segments; /* kept by reference; NULL: none */
    /* Of the relay namespace; owned from now on.  -1: not for this family. */
    int listener_fd, listener6_fd;
    /* Writes a frame to the relay namespace's tap. */
    void (*inject)(void *self, const uint8_t *data, size_t len);
    /*
     * Takes over a connection of the guest to the resolver's addresses, as soon
     * as the guest opens it.  NULL: those belong to the slow path.
     */
    void (*names)(void *self, int fd, const struct ip_endpoint *guest);
    /* The guest seems not to hear us: its MAC address may have changed.  Called
       once per second at most. */
    void (*unheard)(void *self);
    void *self;
};

/* `relays` and `stats` are kept by reference.  NULL and an error on failure. */
struct intercept *intercept_new(struct loop *loop, struct relay_table *relays,
                                const struct intercept_config *config,
                                struct stats *stats, GError **err);
void intercept_free(struct intercept *intercept);

/*
 * Looks at a TCP frame of the guest, which the policy has allowed.  True: it is
 * taken care of.  False: it belongs to the slow path, as all do that are no SYN
 * and those for addresses of the stack's own network.
 */
bool intercept_take(struct intercept *intercept, const struct frame *f);

/* Forgets the SYNs that are held: the guest's next ones are judged anew. */
void intercept_drop_held(struct intercept *intercept);

/* SYNs that are held now. */
size_t intercept_pending(const struct intercept *intercept);
