/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <net/if.h>
#include <stdint.h>

/*
 * The messages between gate and agent.  Both are the same program image, so
 * the layouts need no wire encoding; they are of fixed size, hold no pointers,
 * and name no files.  Each operation says why it is safe although the asker is
 * not trusted: the agent must hold when a hostile guest owns the gate.
 */
enum agent_op {
    AGENT_OP_TAP_OPEN,
    AGENT_OP_LINK_CONFIGURE,
    AGENT_OP_RELAY_OPEN,
    AGENT_OP_RELAY_SOCKETS,
    AGENT_OP_RELAY_REFRESH, /* no arguments; safe: reads one MAC address */
    AGENT_OP_LINK_IPV6,
    /* No arguments; safe: two sockets that list what is in the relay namespace,
       and change only what their user could change anyway, and one for news. */
    AGENT_OP_BRIDGES_OPEN,
    AGENT_OP_BRIDGE_ADD,
    AGENT_OP_BRIDGE_RULES,
    AGENT_OP_BRIDGE_DROP,
    AGENT_OP_PORT_ADD,
    AGENT_OP_PORT_ISOLATE,
    AGENT_OP_PORT_DROP,
    AGENT_OP_BRIDGE_SOCKET,
    AGENT_OP_COUNT
};

/* Safe: makes or attaches a tap in the guest's own namespace, nothing else. */
struct agent_tap_open {
    char name[IFNAMSIZ]; /* NUL-terminated or refused; "": the kernel picks */
    uint32_t flags;      /* enum tap_flags */
};

/*
 * Safe: sets up one interface of the guest's own namespace, and its lo.
 * Refused before anything changes: a name that is none, an MTU outside 1 to
 * AGENT_MTU_MAX, a prefix longer than its family has bits, the wrong family.
 */
struct agent_link_config {
    char name[IFNAMSIZ];
    uint32_t mtu;
    uint8_t set_mac; /* 0 or 1 */
    uint8_t mac[6];
    struct ip_addr addr, gateway; /* IPv4 */
    uint32_t prefix_len;
    struct ip_addr addr6, gateway6; /* AF_UNSPEC: no IPv6 */
    uint32_t prefix_len6;
};

/*
 * Safe: gives one interface of the guest's own namespace an address and a
 * default route, or takes just these away.
 */
struct agent_link_ipv6 {
    char name[IFNAMSIZ];
    uint32_t on; /* 0 or 1 */
    struct ip_addr addr, gateway;
    uint32_t prefix_len;
};

/* The most a tap takes: 65535 less its Ethernet header. */
#define AGENT_MTU_MAX 65521

/*
 * Safe: makes one interface in the guest's own namespace, and a private
 * namespace beside it that has no way out but through the gate.  Once only.
 */
struct agent_relay_open {
    /* Of the guest's interface; NUL-terminated.  "": there is no guest, and the
       agent's own namespace becomes the relay namespace. */
    char name[IFNAMSIZ];
    uint32_t mtu;    /* 68 to AGENT_MTU_MAX */
    uint8_t set_mac; /* 0 or 1 */
    uint8_t mac[6];
    uint8_t ipv6; /* 0 or 1 */
};

/* The relay namespace's end of the guest's interface. */
#define AGENT_RELAY_GUEST_LINK "r0"
/* The tap of the relay namespace: frames for this address are taken there. */
#define AGENT_RELAY_TAP_MAC                \
    {                                      \
        0x52, 0x55, 0x73, 0x67, 0x00, 0x01 \
    }

/*
 * Safe: sockets of the relay namespace reach the guest only, whatever address
 * they are bound to; those of the guest's own namespace reach what the guest
 * does, by the same way.
 */
#define AGENT_RELAY_SOCKETS_MAX 16
struct agent_relay_sockets {
    uint32_t family;   /* AF_INET or AF_INET6 */
    uint32_t of_guest; /* 0 or 1: of the guest's own namespace */
    uint32_t count;    /* 1 to AGENT_RELAY_SOCKETS_MAX */
};

/* An address and the length of its prefix. */
struct agent_prefix {
    struct ip_addr addr;
    uint32_t len;
};

#define AGENT_PREFIXES_MAX 8
#define AGENT_PEERS_MAX    64

/*
 * MAC addresses of bridges begin with these, and end in a number of the gate's
 * choice.  The relay namespace lets the guest send no such frame, so the gate
 * knows by them who asks.
 */
#define AGENT_BRIDGE_MAC_START \
    {                          \
        0x52, 0x55, 0x73, 0x68 \
    }

/*
 * Safe: these make, change and remove bridges and their ports in the relay
 * namespace, where there is nothing but what was made for the gate.  Names that
 * are taken, and those of the relay's own links, are refused.
 */
struct agent_bridge {
    char name[IFNAMSIZ];
    uint16_t number; /* not 0 */
    uint32_t mtu;    /* AGENT_BRIDGE_MTU_MIN to AGENT_MTU_MAX */
    uint32_t gateway_count;
    struct agent_prefix gateways[AGENT_PREFIXES_MAX];
};
#define AGENT_BRIDGE_MTU_MIN 1280

struct agent_bridge_rules {
    char name[IFNAMSIZ];
    uint8_t dns;         /* 0 or 1: port 53 of the gateways is answered here */
    uint32_t peer_count; /* subnets of other bridges that may be reached */
    struct agent_prefix peers[AGENT_PEERS_MAX];
};

struct agent_bridge_drop {
    char name[IFNAMSIZ];
};

/* The interface is there, down, and not yet a port. */
struct agent_port {
    char name[IFNAMSIZ];   /* "port" and digits */
    char bridge[IFNAMSIZ]; /* of AGENT_OP_BRIDGE_ADD */
    uint8_t isolated;      /* 0 or 1: from others that are */
    uint8_t mac[6];        /* of the far end */
    uint32_t address_count;
    struct ip_addr addresses[AGENT_PREFIXES_MAX]; /* likewise */
};

struct agent_port_isolate {
    char name[IFNAMSIZ];
    uint8_t isolated; /* 0 or 1 */
};

struct agent_port_drop {
    char name[IFNAMSIZ];
};

/* Safe: bound to an address of the relay namespace, it reaches containers. */
struct agent_bridge_socket {
    struct ip_endpoint at;
    uint32_t stream; /* 0: datagrams, 1: a listener */
};

struct agent_request {
    uint32_t op; /* enum agent_op */
    union {
        struct agent_tap_open tap_open;
        struct agent_link_config link_configure;
        struct agent_relay_open relay_open;
        struct agent_relay_sockets relay_sockets;
        struct agent_link_ipv6 link_ipv6;
        struct agent_bridge bridge;
        struct agent_bridge_rules bridge_rules;
        struct agent_bridge_drop bridge_drop;
        struct agent_port port;
        struct agent_port_isolate port_isolate;
        struct agent_port_drop port_drop;
        struct agent_bridge_socket bridge_socket;
    };
};

#define AGENT_REASON_MAX 256

struct agent_reply {
    int32_t code; /* 0, or 1 + enum slipgate_error */
    char reason[AGENT_REASON_MAX];
    char warning[AGENT_REASON_MAX]; /* done, but not all of it; "" if none */
    char name[IFNAMSIZ];            /* TAP_OPEN: the kernel's name */
    uint32_t link;                  /* PORT_ADD: the interface's index */
};
