/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/own.h"
#include "net/dgram_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Ports to try for a client whose own is taken. */
#define PORT_TRIES 64
#define PORT_FIRST 49152u /* RFC 6335 6: dynamic ports */
#define PORT_COUNT 16384u

static bool can_carry(void *self, const struct fwd_rule *rule)
{
    (void)self;
    return rule->proto == IPPROTO_UDP && rule->host_path == NULL &&
           !ip_addr_is_any(&rule->guest.addr) &&
           !ip_addr_is_loopback(&rule->guest.addr);
}

/* --- clients --- */

struct flow_key dgram_client_key(const struct dgram_socket *forward,
                                 const union dgram_addr *client)
{
    const struct ip_endpoint which = { .port = (uint16_t)forward->watch.fd };
    struct sockaddr_storage ss;
    struct ip_endpoint e = { .port = 0 };
    struct flow_key key;

    memcpy(&ss, client, sizeof(*client));
    (void)ip_endpoint_from_sockaddr(&ss, &e);
    key = flow_key_make(IPPROTO_UDP, &e, &which);
    /* Descriptors may be larger than ports. */
    key.word[3] = (uint64_t)forward->watch.fd;
    return key;
}

/* Gives `peer` a port that no other flow with this guest has. */
static bool find_port(struct dgram *dgram, const struct ip_endpoint *guest,
                      struct ip_endpoint *peer)
{
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        const struct flow_key key = flow_key_make(IPPROTO_UDP, guest, peer);

        if (dgram_find(dgram, &key) == NULL)
            return true;
        peer->port =
            (uint16_t)(PORT_FIRST + (peer->port * 7919u + i) % PORT_COUNT);
    }
    return false;
}

/* As whom the guest sees a client. */
static struct ip_endpoint visible_client(const struct dgram_socket *forward,
                                         const union dgram_addr *client)
{
    struct dgram *dgram = forward->dgram;
    sa_family_t family = forward->guest.addr.family;
    const struct plan *plan = dgram->config.plan;
    const struct segment *segment =
        segments_of(dgram->config.segments, &forward->guest.addr);
    struct ip_endpoint peer = dgram_visible(dgram, client, family);
    struct sockaddr_storage ss;
    struct ip_endpoint real;

    memcpy(&ss, client, sizeof(*client));
    if (segment != NULL && ip_endpoint_from_sockaddr(&ss, &real))
        peer.addr = segment_client(segment, &forward->guest.addr, &real.addr,
                                   forward->as_gateway);
    /* The guest would look for these next to itself, or be them. */
    else if (forward->as_gateway ||
             ip_addr_in_prefix(
                 &peer.addr,
                 family == AF_INET6 ? &plan->network6 : &plan->network,
                 family == AF_INET6 ? plan->prefix_len6 : plan->prefix_len))
        peer.addr = family == AF_INET6 ? plan->gateway6 : plan->gateway;
    return peer;
}

struct dgram_flow *dgram_fwd_flow(struct dgram_socket *forward,
                                  const union dgram_addr *client)
{
    struct dgram *dgram = forward->dgram;
    const struct flow_key key = dgram_client_key(forward, client);
    struct dgram_flow *flow = dgram->latest;
    struct ip_endpoint peer;

    if (flow == NULL || flow->socket != forward ||
        !flow_key_equal(&flow->client_key, &key))
        flow = g_hash_table_lookup(dgram->clients, &key);
    if (flow != NULL)
        return dgram->latest = flow;
    if (dgram_count(dgram) >= DGRAM_FLOWS_MAX &&
        !dgram_give_way(dgram, true, loop_now_ns(dgram->loop)))
        return NULL;
    peer = visible_client(forward, client);
    if (!find_port(dgram, &forward->guest, &peer))
        return NULL;
    return dgram_flow_new(dgram, forward, &forward->guest, &peer, client);
}

/* --- the driver --- */

static int bind_to(int fd, struct ip_endpoint *host)
{
    bool v6 = host->addr.family == AF_INET6;
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(host, &ss);
    int on = 1;

    if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return -1;
    if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                   v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof(on)) != 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&ss, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
        return -1;
    return ip_endpoint_from_sockaddr(&ss, host) ? 0 : -1;
}

static void *start(void *self, struct fwd_rule *rule, GError **err)
{
    struct dgram *dgram = self;
    struct dgram_socket *forward;
    char text[IP_ENDPOINT_TEXT_MAX];
    owned_fd fd = socket(rule->host.addr.family,
                         SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0 || bind_to(fd, &rule->host) != 0) {
        error_set_errno(err, "bind %s", ip_endpoint_format(&rule->host, text));
        return NULL;
    }
    forward = g_new0(struct dgram_socket, 1);
    forward->dgram = dgram;
    forward->watch.fd = own_release_fd(&fd);
    forward->proto = IPPROTO_UDP;
    forward->family = rule->host.addr.family;
    forward->forward = true;
    forward->as_gateway = rule->source == FWD_SOURCE_GATEWAY;
    forward->guest = rule->guest;
    rc = dgram_socket_start(forward);
    if (rc == 0)
        return forward;
    errno = -rc;
    error_set_errno(err, "watch %s", ip_endpoint_format(&rule->host, text));
    return NULL;
}

static bool is_of_socket(void *self, const struct flow_info *flow)
{
    const struct dgram_socket *socket = self;

    return flow->fd == socket->watch.fd;
}

static size_t end_flows(void *self, void *handle)
{
    return dgram_end_matching(self, is_of_socket, handle);
}

/* Nothing can go on: answers have to leave from the port that is given up. */
static void stop(void *self, void *handle)
{
    (void)end_flows(self, handle);
    dgram_socket_close(handle);
}

static size_t connections(void *self, const void *handle)
{
    const struct dgram_socket *socket = handle;

    (void)self;
    return socket->flows;
}

struct fwd_driver dgram_fwd_driver(struct dgram *dgram)
{
    return (struct fwd_driver){
        .name = "udp",
        .self = dgram,
        .can_carry = can_carry,
        .start = start,
        .stop = stop,
        .connections = connections,
        .close = end_flows,
    };
}
