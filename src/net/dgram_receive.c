/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dgram_internal.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#ifndef UDP_GRO
#define UDP_GRO 104 /* Linux 5.0 */
#endif

#define ASK_INTERVAL_NS 1000000000LL
/* A burst must not wait, nor may the other flows. */
#define BATCHES_PER_TURN 4
#define ECHO_REPLY       0
#define ECHO_REPLY_V6    129

/* What came in by one slot of a batch. */
struct arrival {
    union dgram_addr from;
    struct ip_addr local; /* AF_UNSPEC: not told */
    uint8_t *payload;
    size_t len, segment; /* segment 0: one datagram */
};

struct batch {
    struct mmsghdr msgs[DGRAM_BATCH];
    struct iovec iov[DGRAM_BATCH];
    union dgram_addr from[DGRAM_BATCH];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
                   CMSG_SPACE(sizeof(int))];
    } control[DGRAM_BATCH];
};

static int receive_batch(struct dgram *dgram, int fd, struct batch *batch)
{
    for (size_t i = 0; i < DGRAM_BATCH; i++) {
        batch->iov[i] = (struct iovec){
            dgram->buffers + i * DGRAM_BUFFER + DATAGRAM_HEADROOM,
            DGRAM_BUFFER - DATAGRAM_HEADROOM,
        };
        batch->msgs[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->from[i],
            .msg_namelen = sizeof(batch->from[i]),
            .msg_iov = &batch->iov[i],
            .msg_iovlen = 1,
            .msg_control = &batch->control[i],
            .msg_controllen = sizeof(batch->control[i]),
        };
    }
    return recvmmsg(fd, batch->msgs, DGRAM_BATCH, MSG_DONTWAIT, NULL);
}

static void read_control(struct cmsghdr *c, struct arrival *arrival)
{
    struct in_pktinfo info;
    struct in6_pktinfo info6;
    int segment;

    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        memcpy(&segment, CMSG_DATA(c), sizeof(segment));
        arrival->segment = segment > 0 ? (size_t)segment : 0;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        memcpy(&info, CMSG_DATA(c), sizeof(info));
        arrival->local = ip_addr_v4(info.ipi_spec_dst);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        memcpy(&info6, CMSG_DATA(c), sizeof(info6));
        arrival->local = ip_addr_v6(&info6.ipi6_addr);
    }
}

static struct arrival read_arrival(struct batch *batch, size_t i)
{
    struct msghdr *msg = &batch->msgs[i].msg_hdr;
    struct arrival arrival = {
        .from = batch->from[i],
        .payload = batch->iov[i].iov_base,
        .len = batch->msgs[i].msg_len,
    };

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
         c = CMSG_NXTHDR(msg, c))
        read_control(c, &arrival);
    return arrival;
}

/* --- to which flow --- */

struct frame_path dgram_path(struct dgram *dgram, const struct dgram_flow *flow)
{
    struct frame_path path = { .src = flow->peer, .dst = flow->guest };
    uint8_t question[NEIGHBOURS_QUESTION_MAX];
    int64_t now_ns = loop_now_ns(dgram->loop);

    if (neighbours_fill(dgram->config.neighbours, &path) ||
        segments_of(dgram->config.segments, &path.dst.addr) != NULL ||
        now_ns - dgram->asked_ns < ASK_INTERVAL_NS)
        return path;
    dgram->asked_ns = now_ns;
    dgram_frame(dgram, question,
                neighbours_put_question(dgram->config.neighbours,
                                        &flow->guest.addr, question));
    return path;
}

/* Only who was asked answers in the name of `alias`. */
static struct dgram_flow *flow_of_alias(struct dgram_socket *socket,
                                        const union dgram_addr *from)
{
    struct ip_endpoint peer =
        dgram_visible(socket->dgram, from, socket->family);
    struct dgram_flow *flow;
    struct flow_key key;

    peer.addr = socket->alias;
    key = flow_key_make(socket->proto, &socket->guest, &peer);
    flow = dgram_find(socket->dgram, &key);
    if (flow == NULL || flow->socket != socket)
        return NULL;
    if (socket->family == AF_INET6)
        return memcmp(&flow->real.v6.sin6_addr, &from->v6.sin6_addr, 16) == 0
                   ? flow
                   : NULL;
    return flow->real.v4.sin_addr.s_addr == from->v4.sin_addr.s_addr ? flow
                                                                     : NULL;
}

/* A peer that the guest has not talked to may answer for one that it has. */
static struct dgram_flow *flow_of(struct dgram_socket *socket,
                                  const union dgram_addr *from)
{
    struct dgram *dgram = socket->dgram;
    struct ip_endpoint peer = dgram_visible(dgram, from, socket->family);
    struct flow_key key;
    struct dgram_flow *flow;

    if (socket->alias.family != AF_UNSPEC)
        return flow_of_alias(socket, from);
    if (socket->proto != IPPROTO_UDP)
        peer.port = 0;
    key = flow_key_make(socket->proto, &socket->guest, &peer);
    flow = dgram_find(dgram, &key);
    if (flow == NULL && dgram_count(dgram) < DGRAM_FLOWS_MAX)
        return dgram_flow_new(dgram, socket, &socket->guest, &peer, from);
    return flow != NULL && flow->socket == socket ? flow : NULL;
}

/* --- to the guest --- */

static void pass_echo(struct dgram *dgram, const struct dgram_flow *flow,
                      const struct frame_path *path,
                      const struct arrival *arrival)
{
    sa_family_t family = flow->socket->family;
    bool v6 = family == AF_INET6;
    size_t headers = frame_headers_len(family);
    uint8_t *icmp = arrival->payload;

    if (arrival->len < FRAME_ICMP_LEN ||
        icmp[0] != (v6 ? ECHO_REPLY_V6 : ECHO_REPLY))
        return;
    frame_put16(icmp + 4, flow->guest.port);
    frame_put_headers(icmp - headers, path, flow->socket->proto, arrival->len);
    frame_set_icmp_checksum(icmp - headers, family, arrival->len);
    datagram_send_packet(&dgram->config.link, path, flow->socket->proto, icmp,
                         arrival->len, &dgram->config.sink);
}

static void pass(struct dgram_socket *socket, const struct arrival *arrival)
{
    struct dgram *dgram = socket->dgram;
    struct dgram_flow *flow = socket->forward
                                  ? dgram_fwd_flow(socket, &arrival->from)
                                  : flow_of(socket, &arrival->from);
    struct frame_path path;

    if (flow == NULL) {
        dgram->config.stats->flows_refused++;
        return;
    }
    flow->local = arrival->local;
    flow->answered = true;
    flow->bytes_to_guest += arrival->len;
    dgram_flow_used(dgram, flow, loop_now_ns(dgram->loop));
    dgram->config.stats->datagrams_to_guest +=
        arrival->segment == 0
            ? 1
            : (arrival->len + arrival->segment - 1) / arrival->segment;
    path = dgram_path(dgram, flow);
    if (socket->proto != IPPROTO_UDP)
        pass_echo(dgram, flow, &path, arrival);
    else
        datagram_send(&dgram->config.link, &path, arrival->payload,
                      arrival->len, arrival->segment, &dgram->config.sink);
}

void dgram_receive(struct dgram_socket *socket)
{
    struct batch batch;
    int count;

    /* Of ours: the flow may lose the socket's last reference in between. */
    socket->flows++;
    for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
        count = receive_batch(socket->dgram, socket->watch.fd, &batch);
        for (int i = 0; i < count; i++) {
            const struct arrival arrival = read_arrival(&batch, (size_t)i);

            pass(socket, &arrival);
        }
        if (count < DGRAM_BATCH)
            break;
    }
    if (--socket->flows == 0 && !socket->forward)
        dgram_socket_close(socket);
}
