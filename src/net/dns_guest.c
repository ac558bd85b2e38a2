/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_guest.h"

#include "net/checksum.h"
#include "net/dns_stream.h"

#include <glib.h>
#include <string.h>

struct dns_guest {
    struct dns_guest_config config;
    struct dns_service service;
    struct names *host_names;
    struct dns_streams *streams;
    uint8_t *buffer; /* headroom and the longest answer */
};

/* What an asker keeps: who is where on the link. */
struct macs {
    uint8_t guest[6], resolver[6];
};
G_STATIC_ASSERT(sizeof(struct macs) <= sizeof(((struct dns_asker *)0)->own));

bool dns_guest_is_resolver(const struct plan *plan,
                           const struct ip_endpoint *to)
{
    return to->port == DNS_PORT && (ip_addr_equal(&to->addr, &plan->dns) ||
                                    ip_addr_equal(&to->addr, &plan->dns6));
}

static void send_answer(struct dns_guest *guest, const struct dns_asker *asker,
                        const uint8_t *data, size_t len)
{
    const struct plan *plan = guest->config.plan;
    bool v6 = asker->client.addr.family == AF_INET6;
    struct frame_path path = {
        .src = { v6 ? plan->dns6 : plan->dns, DNS_PORT },
        .dst = asker->client,
    };
    struct macs macs;

    memcpy(&macs, asker->own, sizeof(macs));
    memcpy(path.dst_mac, macs.guest, sizeof(path.dst_mac));
    memcpy(path.src_mac, macs.resolver, sizeof(path.src_mac));
    memcpy(guest->buffer + DATAGRAM_HEADROOM, data, len);
    guest->config.stats->datagrams_to_guest++;
    datagram_send(&guest->config.link, &path, guest->buffer + DATAGRAM_HEADROOM,
                  len, 0, &guest->config.sink);
}

static void answer_late(void *self, const struct dns_asker *asker,
                        uint8_t *data, size_t len)
{
    if (data != NULL)
        send_answer(self, asker, data, len);
}

bool dns_guest_take(struct dns_guest *guest, const struct frame *f)
{
    struct dns_asker asker = {
        .client = f->src,
        .answer = answer_late,
        .self = guest,
    };
    uint8_t out[DNS_SERVICE_REPLY_MAX];
    struct macs macs;
    ssize_t len;

    if (f->proto != IPPROTO_UDP || f->l4 == 0 ||
        !dns_guest_is_resolver(guest->config.plan, &f->dst))
        return false;
    if (!checksum_is_right(f)) {
        guest->config.stats->drop_checksum++;
        return true;
    }
    memcpy(macs.resolver, f->data, sizeof(macs.resolver));
    memcpy(macs.guest, f->data + sizeof(macs.guest), sizeof(macs.guest));
    memcpy(asker.own, &macs, sizeof(macs));
    guest->config.stats->datagrams_from_guest++;
    len =
        dns_service_take(&guest->service, &asker, f->data + f->payload,
                         frame_get16(f->data + f->l4 + 4) - FRAME_UDP_LEN, out);
    if (len > 0)
        send_answer(guest, &asker, out, (size_t)len);
    return true;
}

void dns_guest_take_stream(struct dns_guest *guest, int fd,
                           const struct ip_endpoint *from)
{
    dns_streams_take(guest->streams, fd, from);
}

/* Connections do not pass the guard. */
void dns_guest_policy_narrowed(struct dns_guest *guest,
                               const struct policy *wanted)
{
    if (!wanted->enable_ipv6)
        dns_streams_close_family(guest->streams, AF_INET6);
    if (wanted->enable_dns)
        return;
    dns_forward_cancel(guest->config.forward, guest);
    dns_streams_close_all(guest->streams);
}

struct dns_guest *dns_guest_new(struct loop *loop,
                                const struct dns_guest_config *config)
{
    struct dns_guest *guest = g_new0(struct dns_guest, 1);

    guest->config = *config;
    guest->host_names = names_new();
    /* Of IPv6 the guest may have none. */
    names_add_gateway(guest->host_names, &config->plan->gateway);
    guest->service = (struct dns_service){ .names = guest->host_names,
                                           .forward = config->forward,
                                           .policy = config->policy };
    guest->streams = dns_streams_new(loop, &guest->service, config->budget);
    guest->buffer = g_malloc(DATAGRAM_HEADROOM + DNS_MESSAGE_MAX);
    return guest;
}

void dns_guest_free(struct dns_guest *guest)
{
    if (guest == NULL)
        return;
    dns_streams_free(guest->streams);
    dns_forward_cancel(guest->config.forward, guest);
    names_free(guest->host_names);
    g_free(guest->buffer);
    g_free(guest);
}
