/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * rtnetlink(7) requests with acknowledgement, in the network namespace where
 * the handle was opened.  Encoded by libmnl.  Each call blocks for one answer
 * of the kernel (microseconds).  0 on success; -1 and an error that names the
 * request, its object and the kernel's reason, in the kernel's own words where
 * it gives any (NETLINK_EXT_ACK).
 * Agent process only: needs CAP_NET_ADMIN over the namespace.
 */
struct rtnl;

/* For the namespace that the caller is in; NULL and an error. */
struct rtnl *rtnl_open(GError **err);
/*
 * Takes over a socket that was opened in another namespace, maybe by another
 * process: what is asked for over it counts as asked for by the caller alone
 * (netlink(7): requests carry an address, so the opener's rights are not asked
 * for), and happens in that namespace.
 */
struct rtnl *rtnl_adopt(int fd, GError **err);
/* Closes all but the socket, which is the caller's now. */
int rtnl_release(struct rtnl *rtnl);
void rtnl_close(struct rtnl *rtnl);

/* Interface index by name, or 0 when there is none (no error then). */
unsigned rtnl_link_index(struct rtnl *rtnl, const char *name);
/*
 * As that, for whoever must not take a question that the kernel did not answer
 * for an interface that is not there.  0 and the index, which is 0 when there
 * is none; -1 and an error when that cannot be told.
 */
int rtnl_link_find(struct rtnl *rtnl, const char *name, unsigned *index,
                   GError **err);

/* What rtnl_link_set() changes; zero fields are left as they are. */
struct rtnl_link_change {
    uint32_t mtu;
    bool set_mac;
    uint8_t mac[6];
    bool up;
    bool down;
    const char *rename; /* new name, or NULL */
    int netns_fd;       /* move into this namespace; 0: stay */
    uint32_t gso_max;   /* gso_max_size in bytes; 0: leave */
    /* gso_ipv4_max_size in bytes ("BIG TCP"); 0: leave.  Kernels before 6.3 do
       not know it and leave it, too. */
    uint32_t gso_ipv4_max;
};
int rtnl_link_set(struct rtnl *rtnl, unsigned index,
                  const struct rtnl_link_change *change, GError **err);
/*
 * Makes a silent router of an interface that is still down: IPv4 packets that
 * arrive there are forwarded, from whatever source (no reverse path filter, as
 * far as the interface decides), and with `ipv6` the kernel gives it no address
 * of its own.  Forwarding of IPv6 is a sysctl of the whole namespace.
 */
int rtnl_link_make_router(struct rtnl *rtnl, unsigned index, bool ipv6,
                          GError **err);
/* Makes its IPv6 link-local address of its MAC address (RFC 4291), when it
   comes up. */
int rtnl_link_derive_ipv6(struct rtnl *rtnl, unsigned index, GError **err);
/* Lets packets in that bear an address of this namespace as their source. */
int rtnl_link_accept_local(struct rtnl *rtnl, unsigned index, GError **err);
int rtnl_link_delete(struct rtnl *rtnl, unsigned index, GError **err);
/*
 * Puts an interface into a group (0 is that of all others), and deletes all of
 * a group at once, which takes the kernel hardly longer than a single one.
 * That there is none is no error.
 */
int rtnl_link_set_group(struct rtnl *rtnl, unsigned index, uint32_t group,
                        GError **err);
int rtnl_group_delete(struct rtnl *rtnl, uint32_t group, GError **err);

/* Makes a bridge, down, that takes no interest in multicast groups. */
int rtnl_bridge_add(struct rtnl *rtnl, const char *name, const uint8_t mac[6],
                    uint32_t mtu, GError **err);
/* Makes an interface a port of a bridge. */
int rtnl_bridge_join(struct rtnl *rtnl, unsigned index, unsigned bridge,
                     GError **err);
/* Isolated ports of a bridge do not reach each other. */
int rtnl_bridge_isolate(struct rtnl *rtnl, unsigned index, bool isolated,
                        GError **err);

/*
 * Makes a veth pair with the given names and MTU; `peer_netns_fd` (0: here) is
 * where the peer is born.  `mac` may be NULL.
 */
int rtnl_veth_add(struct rtnl *rtnl, const char *name, const uint8_t *mac,
                  const char *peer_name, const uint8_t *peer_mac, uint32_t mtu,
                  int peer_netns_fd, GError **err);

/* Adds or replaces an address; IPv6 ones skip duplicate address detection. */
int rtnl_addr_add(struct rtnl *rtnl, unsigned index, const struct ip_addr *addr,
                  unsigned prefix_len, GError **err);

/* One that is not there is an error. */
int rtnl_addr_del(struct rtnl *rtnl, unsigned index, const struct ip_addr *addr,
                  unsigned prefix_len, GError **err);

struct rtnl_route {
    struct ip_addr dst; /* AF_UNSPEC family: see `family`, default route */
    unsigned dst_len;
    sa_family_t family;
    struct ip_addr gateway; /* AF_UNSPEC: on link */
    unsigned oif;           /* 0: by gateway */
    unsigned table;         /* 0: main */
    unsigned metric;        /* 0: kernel's default */
    bool local;             /* type RTN_LOCAL, scope host */
    bool unreachable;       /* type RTN_UNREACHABLE: no way there */
    bool onlink; /* gateway is reachable although no prefix says so */
};
/* Adds or replaces (NLM_F_REPLACE). */
int rtnl_route_add(struct rtnl *rtnl, const struct rtnl_route *route,
                   GError **err);

/* Of the main table, told by destination, gateway and interface. */
int rtnl_route_del(struct rtnl *rtnl, const struct rtnl_route *route,
                   GError **err);

/*
 * "fwmark MARK lookup TABLE" at `priority`, for one family.  An equal rule that
 * exists already is an error (SLIPGATE_ERROR_CONFLICT).
 */
int rtnl_rule_add_fwmark(struct rtnl *rtnl, sa_family_t family, uint32_t mark,
                         unsigned table, unsigned priority, GError **err);

/* The same for all packets that this namespace itself sends. */
int rtnl_rule_add_own(struct rtnl *rtnl, sa_family_t family, unsigned table,
                      unsigned priority, GError **err);

/* A permanent neighbour entry. */
int rtnl_neigh_add(struct rtnl *rtnl, unsigned index,
                   const struct ip_addr *addr, const uint8_t mac[6],
                   GError **err);
int rtnl_neigh_del(struct rtnl *rtnl, unsigned index,
                   const struct ip_addr *addr, GError **err);
