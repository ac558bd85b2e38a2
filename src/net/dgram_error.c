/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dgram_internal.h"
#include "net/outward.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>

#define ERRORS_PER_CALL 16
#define QUOTED_MAX      1280u

/* Writes the transport header that the guest had put before `payload`. */
static size_t put_transport(const struct dgram_flow *flow, uint8_t *l4,
                            const uint8_t *payload, size_t len)
{
    size_t take = MIN(len, QUOTED_MAX - FRAME_IPV6_LEN - FRAME_UDP_LEN);

    if (flow->socket->proto == IPPROTO_UDP) {
        frame_put16(l4, flow->guest.port);
        frame_put16(l4 + 2, flow->peer.port);
        frame_put16(l4 + 4, (uint16_t)(len + FRAME_UDP_LEN));
        frame_put16(l4 + 6, 0);
        memcpy(l4 + FRAME_UDP_LEN, payload, take);
        return take + FRAME_UDP_LEN;
    }
    memcpy(l4, payload, take);
    if (take >= FRAME_ICMP_LEN)
        frame_put16(l4 + 4, flow->guest.port);
    return take;
}

void dgram_tell(struct dgram *dgram, const struct dgram_flow *flow,
                const struct ip_addr *from, const struct frame_icmp *error,
                const uint8_t *payload, size_t len)
{
    const struct frame_path out = { .src = flow->guest, .dst = flow->peer };
    struct frame_path back = dgram_path(dgram, flow);
    size_t headers = frame_headers_len(flow->guest.addr.family);
    uint8_t quoted[FRAME_ETH_LEN + QUOTED_MAX];
    uint8_t answer[FRAME_ICMP_ERROR_MAX];
    size_t l4_len = put_transport(flow, quoted + headers, payload, len);

    /* The length is that of the packet, not of what is left of it. */
    frame_put_headers(
        quoted, &out, flow->socket->proto,
        len + (flow->socket->proto == IPPROTO_UDP ? FRAME_UDP_LEN : 0));
    back.src.addr = *from;
    dgram_frame(dgram, answer,
                frame_put_icmp(answer, &back, error, quoted + FRAME_ETH_LEN,
                               headers - FRAME_ETH_LEN + l4_len));
}

void dgram_send_failed(struct dgram *dgram, const struct dgram_flow *flow,
                       int error, const uint8_t *payload, size_t len)
{
    const struct plan *plan = dgram->config.plan;
    bool v6 = flow->guest.addr.family == AF_INET6;
    enum refuse_reason reason;
    struct frame_icmp icmp;

    dgram->config.stats->datagrams_lost++;
    if (!outward_refusal(error, &reason))
        return;
    icmp = refuse_icmp(reason, flow->guest.addr.family);
    dgram_tell(dgram, flow, v6 ? &plan->gateway6 : &plan->gateway, &icmp,
               payload, len);
}

/* --- what the network says --- */

struct report {
    union dgram_addr to; /* where the datagram went */
    uint8_t payload[QUOTED_MAX];
    size_t len;
    bool is_icmp;
    struct frame_icmp icmp;
    union dgram_addr from; /* who complains */
};

static void read_error(struct cmsghdr *c, struct report *report)
{
    struct sock_extended_err ee;
    const struct sockaddr *offender;

    if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
        !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
        return;
    memcpy(&ee, CMSG_DATA(c), sizeof(ee));
    if (ee.ee_origin != SO_EE_ORIGIN_ICMP && ee.ee_origin != SO_EE_ORIGIN_ICMP6)
        return;
    offender =
        SO_EE_OFFENDER((const struct sock_extended_err *)(void *)CMSG_DATA(c));
    report->is_icmp = true;
    report->icmp =
        (struct frame_icmp){ ee.ee_type, ee.ee_code, .info = ee.ee_info };
    memcpy(&report->from, offender,
           offender->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                           : sizeof(struct sockaddr_in));
}

/* False: none is queued. */
static bool next_report(int fd, struct report *report)
{
    union {
        struct cmsghdr align;
        char bytes[512];
    } control;
    struct iovec iov = { report->payload, sizeof(report->payload) };
    struct msghdr msg = {
        .msg_name = &report->to,
        .msg_namelen = sizeof(report->to),
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

    if (n < 0)
        return false;
    report->len = (size_t)n;
    report->is_icmp = false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL;
         c = CMSG_NXTHDR(&msg, c))
        read_error(c, report);
    return true;
}

static const struct dgram_flow *flow_of(const struct dgram_socket *socket,
                                        const struct report *report)
{
    struct dgram *dgram = socket->dgram;
    struct ip_endpoint peer = dgram_visible(dgram, &report->to, socket->family);
    struct flow_key key;

    if (socket->forward) {
        key = dgram_client_key(socket, &report->to);
        return g_hash_table_lookup(dgram->clients, &key);
    }
    if (socket->proto != IPPROTO_UDP)
        peer.port = 0;
    key = flow_key_make(socket->proto, &socket->guest, &peer);
    return dgram_find(dgram, &key);
}

static void pass_report(struct dgram_socket *socket,
                        const struct report *report)
{
    struct dgram *dgram = socket->dgram;
    struct ip_endpoint from =
        dgram_visible(dgram, &report->from, socket->family);
    const struct dgram_flow *flow = flow_of(socket, report);

    /* Errors of the other family would have to be translated. */
    if (flow == NULL || flow->socket != socket ||
        flow->guest.addr.family != socket->family)
        return;
    dgram_tell(dgram, flow, &from.addr, &report->icmp, report->payload,
               report->len);
}

void dgram_errors(struct dgram_socket *socket)
{
    struct report report;
    int fd = socket->watch.fd, error = 0;
    socklen_t len = sizeof(error);

    for (int i = 0; i < ERRORS_PER_CALL && next_report(fd, &report); i++)
        if (report.is_icmp)
            pass_report(socket, &report);
    /* One may be pending that left nothing in the queue. */
    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
}
