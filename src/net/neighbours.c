/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/neighbours.h"

#include <glib.h>
#include <net/ethernet.h>
#include <string.h>

#define SLOTS 256u /* a power of two */

#define ARP_LEN         28u
#define ARP_SENDER_MAC  8u
#define ARP_SENDER_IP   14u
#define ARP_TARGET_IP   24u
#define SOLICITATION    135
#define SOLICIT_LEN     32u /* with the option for our hardware address */
#define SOLICIT_HOP_MAX 255 /* RFC 4861 7.1.1: it has passed no router */

struct neighbour {
    struct ip_addr addr; /* AF_UNSPEC: empty */
    uint8_t mac[6];
};

struct neighbours {
    const struct plan *plan;
    struct neighbour slots[SLOTS];
};

struct neighbours *neighbours_new(const struct plan *plan)
{
    struct neighbours *neighbours = g_new0(struct neighbours, 1);

    neighbours->plan = plan;
    return neighbours;
}

void neighbours_free(struct neighbours *neighbours)
{
    g_free(neighbours);
}

static size_t slot_of(const struct ip_addr *addr)
{
    uint32_t low;

    /* The part that differs inside of one network. */
    memcpy(&low,
           addr->family == AF_INET6 ? &addr->v6.s6_addr[12]
                                    : (const uint8_t *)&addr->v4,
           4);
    low *= 2654435769u;
    return low >> 24 & (SLOTS - 1);
}

static void learn(struct neighbours *neighbours, const struct ip_addr *addr,
                  const uint8_t mac[6])
{
    struct neighbour *slot = &neighbours->slots[slot_of(addr)];

    /* Of one station, not of a group. */
    if ((mac[0] & 1) != 0 || ip_addr_is_any(addr))
        return;
    slot->addr = *addr;
    memcpy(slot->mac, mac, sizeof(slot->mac));
}

void neighbours_learn(struct neighbours *neighbours, const struct frame *f)
{
    const uint8_t *arp = f->data + FRAME_ETH_LEN;
    struct in_addr v4;
    struct ip_addr sender;

    if (f->ethertype != ETHERTYPE_ARP) {
        learn(neighbours, &f->src.addr, f->data + 6);
        return;
    }
    if (f->len < FRAME_ETH_LEN + ARP_LEN ||
        frame_get16(arp + 2) != ETHERTYPE_IP)
        return;
    memcpy(&v4, arp + ARP_SENDER_IP, sizeof(v4));
    sender = ip_addr_v4(v4);
    learn(neighbours, &sender, arp + ARP_SENDER_MAC);
}

/* The same that the stack gives its gateways. */
static void gateway_mac(const struct neighbours *neighbours, sa_family_t family,
                        uint8_t mac[6])
{
    mac[0] = 0x52;
    mac[1] = family == AF_INET6 ? 0x56 : 0x55;
    memcpy(mac + 2,
           family == AF_INET6 ? &neighbours->plan->router6.v6.s6_addr[12]
                              : (const uint8_t *)&neighbours->plan->gateway.v4,
           4);
}

bool neighbours_fill(const struct neighbours *neighbours,
                     struct frame_path *path)
{
    const struct ip_addr *to = &path->dst.addr;
    const struct neighbour *slot = &neighbours->slots[slot_of(to)];
    bool known =
        slot->addr.family == to->family && ip_addr_equal(&slot->addr, to);

    gateway_mac(neighbours, to->family, path->src_mac);
    if (known)
        memcpy(path->dst_mac, slot->mac, sizeof(path->dst_mac));
    else
        memset(path->dst_mac, 0xff, sizeof(path->dst_mac));
    return known;
}

static size_t put_arp(const struct neighbours *neighbours,
                      const struct ip_addr *addr, uint8_t *out)
{
    uint8_t *arp = out + FRAME_ETH_LEN;

    memset(out, 0, FRAME_ETH_LEN + ARP_LEN);
    memset(out, 0xff, 6);
    gateway_mac(neighbours, AF_INET, out + 6);
    frame_put16(out + 12, ETHERTYPE_ARP);
    frame_put16(arp, 1); /* Ethernet */
    frame_put16(arp + 2, ETHERTYPE_IP);
    arp[4] = 6;
    arp[5] = 4;
    frame_put16(arp + 6, 1); /* a request */
    memcpy(arp + ARP_SENDER_MAC, out + 6, 6);
    memcpy(arp + ARP_SENDER_IP, &neighbours->plan->gateway.v4, 4);
    memcpy(arp + ARP_TARGET_IP, &addr->v4, 4);
    return FRAME_ETH_LEN + ARP_LEN;
}

static size_t put_solicitation(const struct neighbours *neighbours,
                               const struct ip_addr *addr, uint8_t *out)
{
    struct frame_path path = { .src.addr = neighbours->plan->router6,
                               .dst.addr = *addr };
    uint8_t *icmp = out + frame_headers_len(AF_INET6);

    (void)neighbours_fill(neighbours, &path);
    memset(path.dst_mac, 0xff, sizeof(path.dst_mac));
    frame_put_headers(out, &path, IPPROTO_ICMPV6, SOLICIT_LEN);
    out[FRAME_ETH_LEN + 7] = SOLICIT_HOP_MAX;
    memset(icmp, 0, SOLICIT_LEN);
    icmp[0] = SOLICITATION;
    memcpy(icmp + 8, &addr->v6, 16);
    icmp[24] = 1; /* the sender's hardware address, in units of 8 bytes */
    icmp[25] = 1;
    memcpy(icmp + 26, path.src_mac, 6);
    frame_set_icmp_checksum(out, AF_INET6, SOLICIT_LEN);
    return frame_headers_len(AF_INET6) + SOLICIT_LEN;
}

size_t neighbours_put_question(const struct neighbours *neighbours,
                               const struct ip_addr *addr, uint8_t *out)
{
    if (addr->family == AF_INET6)
        return put_solicitation(neighbours, addr, out);
    return put_arp(neighbours, addr, out);
}
