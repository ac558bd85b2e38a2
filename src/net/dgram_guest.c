/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/checksum.h"
#include "net/dgram_internal.h"
#include "net/outward.h"
#include "net/refuse.h"

#include <errno.h>
#include <string.h>

#define PORT_BOOTPS      67
#define PORT_DHCPV6      547
#define ECHO_REQUEST     8
#define ECHO_REQUEST_V6  128
#define TIME_EXCEEDED    11
#define TIME_EXCEEDED_V6 3

static void refuse(struct dgram *dgram, const struct frame *f,
                   enum refuse_reason reason)
{
    uint8_t out[REFUSE_MAX];
    size_t len = refuse_build(f, dgram->config.plan, reason, out);

    dgram->config.stats->refused++;
    if (len > 0)
        dgram_frame(dgram, out, len);
}

static void tell_expired(struct dgram *dgram, const struct frame *f)
{
    const struct plan *plan = dgram->config.plan;
    bool v6 = f->src.addr.family == AF_INET6;
    struct frame_path back = frame_path_back(f);
    const struct frame_icmp error = {
        .type = v6 ? TIME_EXCEEDED_V6 : TIME_EXCEEDED,
    };
    uint8_t out[FRAME_ICMP_ERROR_MAX];

    back.src.addr = v6 ? plan->gateway6 : plan->gateway;
    dgram_frame(dgram, out,
                frame_put_icmp(out, &back, &error, f->data + FRAME_ETH_LEN,
                               f->len - FRAME_ETH_LEN));
}

static bool is_to_many(const struct ip_addr *a)
{
    return a->family == AF_INET6 ? IN6_IS_ADDR_MULTICAST(&a->v6)
                                 : IN_MULTICAST(ntohl(a->v4.s_addr));
}

static bool is_echo(const struct frame *f)
{
    return (f->proto == IPPROTO_ICMP && f->data[f->l4] == ECHO_REQUEST) ||
           (f->proto == IPPROTO_ICMPV6 && f->data[f->l4] == ECHO_REQUEST_V6);
}

/*
 * The ends of a flow, and where it leads; false: it is the stack's.  `alias` is
 * set where that is a published port.
 */
static bool find_ends(const struct dgram *dgram, const struct frame *f,
                      struct ip_endpoint *guest, struct ip_endpoint *peer,
                      struct ip_endpoint *host, struct ip_addr *alias)
{
    const struct plan *plan = dgram->config.plan;

    *guest = f->src;
    *peer = f->dst;
    memset(alias, 0, sizeof(*alias)); /* AF_UNSPEC, and a key to come */
    if (f->l4 != 0 && f->proto == IPPROTO_UDP &&
        segments_find_published(dgram->config.segments, f, &plan->guest,
                                host)) {
        *alias = peer->addr;
        return true;
    }
    if (f->l4 == 0 || is_to_many(&peer->addr) || !outward_map(plan, peer, host))
        return false;
    if (f->proto == IPPROTO_UDP)
        return peer->port != PORT_BOOTPS && peer->port != PORT_DHCPV6;
    /* The stack answers for the gateway itself. */
    if (!is_echo(f) || ip_addr_equal(&peer->addr, &plan->gateway) ||
        ip_addr_equal(&peer->addr, &plan->gateway6))
        return false;
    guest->port = frame_get16(f->data + f->l4 + 4);
    return true;
}

static struct dgram_flow *open_flow(struct dgram *dgram, int proto,
                                    const struct ip_endpoint *guest,
                                    const struct ip_endpoint *peer,
                                    const struct ip_endpoint *host,
                                    const struct ip_addr *alias)
{
    int64_t now_ns = loop_now_ns(dgram->loop);
    struct dgram_socket *socket;
    struct sockaddr_storage ss;
    union dgram_addr real = { .v6 = { 0 } };

    errno = ENFILE;
    if (dgram_count(dgram) >= DGRAM_FLOWS_MAX &&
        !dgram_give_way(dgram, false, now_ns))
        return NULL;
    do {
        bool local = ip_addr_is_loopback(&host->addr);

        errno = 0;
        socket = dgram_socket_for(dgram, proto, guest, local, alias);
    } while (socket == NULL && (errno == EMFILE || errno == ENFILE) &&
             dgram_give_way(dgram, false, now_ns));
    if (socket == NULL)
        return NULL;
    memcpy(&real, &ss, ip_endpoint_to_sockaddr(host, &ss));
    return dgram_flow_new(dgram, socket, guest, peer, &real);
}

static void refuse_errno(struct dgram *dgram, const struct frame *f, int error)
{
    enum refuse_reason reason = REFUSE_HOST;

    if (error == EMFILE || error == ENFILE)
        dgram->config.stats->flows_refused++;
    else
        (void)outward_refusal(error, &reason);
    refuse(dgram, f, reason);
}

static void pass_on(struct dgram *dgram, struct dgram_flow *flow,
                    const struct frame *f, uint8_t hops)
{
    const uint8_t *l4 = f->data + f->l4;
    bool udp = f->proto == IPPROTO_UDP;
    size_t header = udp ? FRAME_UDP_LEN : 0;
    size_t len = udp ? frame_get16(l4 + 4) : f->len - f->l4;

    dgram_socket_set_hops(flow->socket, (uint8_t)(hops - 1));
    flow->bytes_from_guest += len - header;
    dgram->config.stats->datagrams_from_guest++;
    dgram_send(dgram, flow, l4 + header, len - header);
}

bool dgram_take(struct dgram *dgram, const struct frame *f, int64_t now_ns)
{
    struct ip_endpoint guest, peer, host;
    struct dgram_flow *flow;
    struct ip_addr alias;
    uint8_t hops;

    if (!find_ends(dgram, f, &guest, &peer, &host, &alias))
        return false;
    flow = dgram_find_for_guest(dgram, f->proto, &guest, &peer);
    if (flow != NULL && flow->socket == NULL)
        return false;
    hops = f->data[FRAME_ETH_LEN + (peer.addr.family == AF_INET6 ? 7 : 8)];
    if (!checksum_is_right(f)) {
        dgram->config.stats->drop_checksum++;
        return true;
    }
    if (hops <= 1) {
        tell_expired(dgram, f);
        return true;
    }
    if (flow == NULL)
        flow = open_flow(dgram, f->proto, &guest, &peer, &host, &alias);
    /* Not everybody may ping; the stack has another way, for IPv4 only. */
    if (flow == NULL && errno == EACCES && f->proto == IPPROTO_ICMP)
        return false;
    if (flow == NULL) {
        refuse_errno(dgram, f, errno);
        return true;
    }
    neighbours_learn(dgram->config.neighbours, f);
    dgram_flow_used(dgram, flow, now_ns);
    pass_on(dgram, flow, f, hops);
    return true;
}

bool dgram_expects(struct dgram *dgram, const struct frame *f)
{
    const struct dgram_flow *flow =
        dgram_find_for_guest(dgram, f->proto, &f->src, &f->dst);

    return flow != NULL && flow->socket != NULL && flow->socket->forward;
}

void dgram_note_stack(struct dgram *dgram, const struct frame *f,
                      int64_t now_ns)
{
    const struct flow_key key = flow_key_make(IPPROTO_UDP, &f->dst, &f->src);
    struct dgram_flow *flow = dgram_find(dgram, &key);

    if (flow == NULL && dgram_count(dgram) < DGRAM_FLOWS_MAX)
        flow = dgram_flow_new(dgram, NULL, &f->dst, &f->src, NULL);
    if (flow == NULL || flow->socket != NULL)
        return;
    flow->answered = true;
    flow->bytes_to_guest += frame_payload_len(f);
    dgram_flow_used(dgram, flow, now_ns);
}
