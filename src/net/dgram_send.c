/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dgram_internal.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* Linux 4.18 */
#endif

/* Ancillary data of one call: where to send from, and how to cut. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
               CMSG_SPACE(sizeof(uint16_t))];
};

static void put_control(struct msghdr *msg, int level, int type,
                        const void *data, size_t len)
{
    const struct cmsghdr c = {
        .cmsg_level = level,
        .cmsg_type = type,
        .cmsg_len = CMSG_LEN(len),
    };
    char *at = (char *)msg->msg_control + msg->msg_controllen;

    memcpy(at, &c, sizeof(c));
    memcpy(at + CMSG_LEN(0), data, len);
    msg->msg_controllen += CMSG_SPACE(len);
}

/* An answer leaves from the address that the client asked. */
static void put_local(struct msghdr *msg, const struct ip_addr *local)
{
    struct in_pktinfo info = { .ipi_spec_dst = local->v4 };
    struct in6_pktinfo info6 = { .ipi6_addr = local->v6 };

    if (local->family == AF_INET)
        put_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    else if (local->family == AF_INET6)
        put_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
}

static int transmit(const struct dgram_flow *flow, const uint8_t *data,
                    size_t len, size_t segment)
{
    struct iovec iov = { (void *)(uintptr_t)data, len };
    union dgram_addr real = flow->real;
    union control control = { .bytes = { 0 } };
    struct msghdr msg = {
        .msg_name = &real,
        .msg_namelen =
            real.sa.sa_family == AF_INET6 ? sizeof(real.v6) : sizeof(real.v4),
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
    };
    uint16_t size = (uint16_t)segment;

    put_local(&msg, &flow->local);
    if (segment < len)
        put_control(&msg, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
    if (sendmsg(flow->socket->watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return -errno;
    return 0;
}

/* A call also reports errors of earlier datagrams: it is made again then. */
static int transmit_again(const struct dgram_flow *flow, const uint8_t *data,
                          size_t len, size_t segment)
{
    int rc = transmit(flow, data, len, segment);

    if (rc == 0 || rc == -EAGAIN || rc == -ENOBUFS)
        return rc;
    dgram_errors(flow->socket);
    return transmit(flow, data, len, segment);
}

static void send_single(struct dgram *dgram, const struct dgram_flow *flow,
                        const uint8_t *data, size_t len)
{
    int rc = transmit_again(flow, data, len, len);

    if (rc == -EAGAIN || rc == -ENOBUFS)
        dgram->config.stats->datagrams_lost++;
    else if (rc < 0)
        dgram_send_failed(dgram, flow, -rc, data, len);
}

/* No path or device cuts for us: too large for the one, no checksums in the
   other, or an old kernel. */
static bool cannot_cut(int rc)
{
    return rc == -EINVAL || rc == -EMSGSIZE || rc == -EIO || rc == -EOPNOTSUPP;
}

static void send_all(struct dgram *dgram, const struct dgram_flow *flow,
                     const uint8_t *data, size_t len, size_t segment)
{
    if (segment < len && !flow->socket->no_segments) {
        int rc = transmit_again(flow, data, len, segment);

        if (rc == 0)
            return;
        if (cannot_cut(rc))
            flow->socket->no_segments = true;
    }
    for (size_t done = 0; done < len; done += segment)
        send_single(dgram, flow, data + done, MIN(segment, len - done));
}

void dgram_flush(struct dgram *dgram)
{
    struct dgram_hold hold = dgram->hold;

    dgram->hold.flow = NULL;
    if (hold.flow != NULL)
        send_all(dgram, hold.flow, hold.data, hold.len, hold.segment);
}

static bool fits(const struct dgram_hold *hold, const struct dgram_flow *flow,
                 size_t len)
{
    return hold->flow == flow && !hold->full && len <= hold->segment &&
           hold->count < DGRAM_HOLD_SEGS && hold->len + len <= DGRAM_HOLD_MAX;
}

void dgram_send(struct dgram *dgram, struct dgram_flow *flow,
                const uint8_t *payload, size_t len)
{
    struct dgram_hold *hold = &dgram->hold;

    if (!fits(hold, flow, len))
        dgram_flush(dgram);
    if (len == 0 || len > DGRAM_HOLD_MAX / 2 || flow->socket->no_segments ||
        flow->socket->proto != IPPROTO_UDP) {
        dgram_flush(dgram);
        send_single(dgram, flow, payload, len);
        return;
    }
    if (hold->flow == NULL) {
        hold->flow = flow;
        hold->segment = len;
        hold->len = 0;
        hold->count = 0;
        hold->full = false;
    }
    memcpy(hold->data + hold->len, payload, len);
    hold->len += len;
    hold->count++;
    hold->full = len < hold->segment;
}
