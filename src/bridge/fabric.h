/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"
#include "base/own.h"

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The kernel's side of bridge networks: bridges in the relay namespace, and
 * the interfaces that join containers to them.  It keeps no names, leases or
 * definitions and decides no policy about them: that is bridge/networks'
 * matter.  What it does keep is what has to be taken down again.
 *
 *   container        | relay namespace
 *   eth0 =========== port ── bridge (the gateway's addresses) ── gate
 *   (its own netns)  |        `── other ports of the network
 *
 * Gate process only.  Calls ask the processes that have the power (the agent,
 * agent/porter.h) and block for their answers: some milliseconds for an
 * attach, so they belong to requests, never to the data path.  Calls that
 * change something do it whole or not at all.  Errors say what was tried on
 * what and why it failed; SLIPGATE_ERROR_UNAVAILABLE means that this system
 * cannot, as fabric_missing() tells.
 */
struct fabric;

#define FABRIC_SUBNETS_MAX   8  /* of one network */
#define FABRIC_ADDRESSES_MAX 8  /* of one port */
#define FABRIC_ROUTES_MAX    16 /* of one port */
#define FABRIC_MTU_MIN       1280
#define FABRIC_MTU_MAX       65520

/* An address with the length of the prefix that it lies in. */
struct fabric_address {
    struct ip_addr addr;
    unsigned prefix_len;
};

/*
 * Who may talk to whom, beyond the network: neither of two networks may be
 * FABRIC_ISOLATE_STRICT, nor may both be FABRIC_ISOLATE_TRUE.
 */
enum fabric_isolate {
    FABRIC_ISOLATE_STRICT,
    FABRIC_ISOLATE_TRUE,
    FABRIC_ISOLATE_FALSE
};

struct fabric_network {
    /* The bridge's name in the relay namespace; anything that an interface may
       be named there, and not "lo", "r0", "tap1", nor "port" and digits. */
    char bridge[IFNAMSIZ];
    /* The bridge's own address in each subnet; 1 to FABRIC_SUBNETS_MAX.  The
       subnets are their prefixes; no two networks' may overlap. */
    struct fabric_address gateways[FABRIC_SUBNETS_MAX];
    size_t gateway_count;
    uint32_t mtu;  /* 0: that of the helper, fabric_mtu() */
    bool internal; /* nothing leaves it, but it may be published */
    bool icc;      /* containers of this network reach each other */
    bool dns;      /* port 53 of the gateways leads to fabric_socket()s */
    /* Connections and counters show the gateway in the containers' place; what
       the world sees is the host's address either way. */
    bool masquerade;
    enum fabric_isolate isolate;
};

/* One way in a container beyond its subnets. */
struct fabric_route {
    struct fabric_address to; /* the address's host part is zero */
    struct ip_addr gateway;   /* AF_UNSPEC: through the interface itself */
    uint32_t metric;          /* 0: the kernel's default */
};

struct fabric_port {
    const char *bridge; /* of a network that was added */
    int netns_fd;       /* the container's network namespace; stays the
                           caller's */
    /* In the container; "" is refused, "eth%d" takes the first free one. */
    char interface[IFNAMSIZ];
    struct fabric_address addresses[FABRIC_ADDRESSES_MAX];
    size_t address_count; /* 1 to FABRIC_ADDRESSES_MAX */
    bool set_mac;         /* else one is made from the first address */
    uint8_t mac[6];
    bool default_route; /* by the network's first gateway of each family that
                           the port has an address of; never when internal */
    uint32_t metric;    /* of the default routes; 0: the kernel's default */
    struct fabric_route routes[FABRIC_ROUTES_MAX];
    size_t route_count;
};

struct fabric_attached {
    unsigned port;            /* names it from now on; never used again */
    char host_name[IFNAMSIZ]; /* the end in the relay namespace: "port7" */
    char interface[IFNAMSIZ]; /* the end in the container */
    uint8_t mac[6];           /* of the latter */
    uint32_t mtu;
};

/* --- the fabric itself; by app --- */

/* All are kept by reference. */
struct fabric_config {
    struct loop *loop;
    struct agent *agent;
    struct porter *porter;     /* agent/porter.h */
    struct segments *segments; /* where networks are made known */
    const struct plan *plan;
    uint32_t mtu;
    bool ipv6;
    const char *missing;    /* why there can be none; NULL: there can */
    const char *netns_path; /* see fabric_netns_path(); NULL */
};

/* Never NULL; what it lacks fabric_missing() tells. */
struct fabric *fabric_new(const struct fabric_config *config);
/*
 * From now on removing means forgetting: the relay namespace is about to go,
 * with all that is in it.
 */
void fabric_let_go(struct fabric *fabric);
/* All ports and bridges go. */
void fabric_free(struct fabric *fabric);
OWN_DEFINE(fabric)

/* Why there can be no networks, in words; NULL: there can. */
const char *fabric_missing(const struct fabric *fabric);
/* The MTU that networks get unless they ask for another. */
uint32_t fabric_mtu(const struct fabric *fabric);
/* False where the helper was started without IPv6: v6 gateways are refused. */
bool fabric_has_ipv6(const struct fabric *fabric);
/*
 * Where the bridges are, for people and engines: "/proc/PID/ns/net", lent;
 * NULL where the namespace is nobody's (attached to a guest).
 */
const char *fabric_netns_path(const struct fabric *fabric);

/* --- networks --- */

int fabric_network_add(struct fabric *fabric,
                       const struct fabric_network *network, GError **err);
/*
 * Gives the network of the same bridge new rules: `isolate`, `icc`, `internal`,
 * `dns` and `masquerade`, for ports that are there as well.  The others must be
 * as they were (SLIPGATE_ERROR_CONFLICT).
 */
int fabric_network_update(struct fabric *fabric,
                          const struct fabric_network *network, GError **err);
/* Its ports go with it, without news of them. */
int fabric_network_remove(struct fabric *fabric, const char *bridge,
                          GError **err);

/* --- ports --- */

/*
 * A descriptor of the network namespace of a process, or at a path as it is on
 * the host, which the gate itself may no longer see.  The caller owns it.  -1
 * and an error: NOT_FOUND (no such process or file), BAD_REQUEST (not a network
 * namespace), DENIED.
 */
int fabric_netns_of_pid(struct fabric *fabric, pid_t pid, GError **err);
int fabric_netns_at_path(struct fabric *fabric, const char *path, GError **err);

/*
 * Joins a container to a network.  The interface there is up, with addresses
 * and routes, and only frames with its own addresses pass the port.  The
 * namespace may belong to any user namespace that the user who started the
 * helper has made.  0; or -1 and an error with nothing left of it: CONFLICT
 * when the interface exists there.
 */
int fabric_attach(struct fabric *fabric, const struct fabric_port *port,
                  struct fabric_attached *out, GError **err);
/*
 * Takes the interface away, without news of it.  A port that is gone already is
 * no error.  The kernel takes its time (20 to 40 ms) in another process.
 */
void fabric_detach(struct fabric *fabric, unsigned port);

/*
 * Called when a port went by itself: its container died or deleted the
 * interface.  What the fabric kept of it is gone already.  One observer.
 */
void fabric_on_port_gone(struct fabric *fabric,
                         void (*gone)(void *self, unsigned port), void *self);

/* --- sockets --- */

/*
 * A socket of the relay namespace, bound to an address of one of its bridges,
 * non-blocking and close-on-exec: SOCK_DGRAM, or SOCK_STREAM which listens
 * already.  Only port 53 of a network with `dns` is reached by containers.  The
 * caller owns it and closes it before the network goes.  -1 and an error.
 */
int fabric_socket(struct fabric *fabric, const struct ip_endpoint *at, int type,
                  GError **err);
