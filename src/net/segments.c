/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/segments.h"

#include "agent/ops.h"
#include "base/error.h"
#include "net/frame_build.h"

#include <net/ethernet.h>
#include <string.h>

#define NUMBERS 65536u

/* One subnet; they do not overlap, so their order is that of addresses. */
struct row {
    struct ip_prefix net;
    struct segment *segment;
};

struct segments {
    struct segment **by_number; /* NUMBERS of them */
    GArray *rows;               /* of struct row, IPv4 first, ascending */
    uint16_t last;
    segments_published published;
    void *self;
};

struct segments *segments_new(void)
{
    struct segments *segments = g_new0(struct segments, 1);

    segments->rows = g_array_new(FALSE, FALSE, sizeof(struct row));
    segments->by_number = g_new0(struct segment *, NUMBERS);
    return segments;
}

void segments_free(struct segments *segments)
{
    if (segments == NULL)
        return;
    for (size_t i = 0; i < NUMBERS; i++)
        g_free(segments->by_number[i]);
    g_free(segments->by_number);
    g_array_free(segments->rows, TRUE);
    g_free(segments);
}

/* --- the table --- */

static struct row *row_at(const struct segments *segments, size_t i)
{
    return &g_array_index(segments->rows, struct row, i);
}

static int compare(const struct ip_addr *a, const struct ip_addr *b)
{
    if (a->family != b->family)
        return a->family == AF_INET ? -1 : 1;
    return ip_addr_compare(a, b);
}

/* How many rows begin at or below the address. */
static size_t rows_to(const struct segments *segments,
                      const struct ip_addr *addr)
{
    size_t low = 0, high = segments->rows->len;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (compare(&row_at(segments, middle)->net.addr, addr) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct row *overlap(const struct segments *segments,
                                 const struct ip_prefix *net)
{
    size_t at = rows_to(segments, &net->addr);

    if (at > 0 && ip_prefix_overlap(&row_at(segments, at - 1)->net, net))
        return row_at(segments, at - 1);
    if (at < segments->rows->len &&
        ip_prefix_overlap(&row_at(segments, at)->net, net))
        return row_at(segments, at);
    return NULL;
}

static uint16_t free_number(struct segments *segments)
{
    for (unsigned i = 1; i < NUMBERS; i++) {
        uint16_t number = (uint16_t)(segments->last + i);

        if (number != 0 && segments->by_number[number] == NULL)
            return segments->last = number;
    }
    return 0;
}

static int check(const struct segments *segments, const struct segment *segment,
                 GError **err)
{
    char one[IP_PREFIX_TEXT_MAX], other[IP_PREFIX_TEXT_MAX];

    for (size_t i = 0; i < segment->count; i++) {
        const struct row *row = overlap(segments, &segment->nets[i]);

        if (row != NULL)
            return error_set(err, SLIPGATE_ERROR_CONFLICT,
                             "the subnet %s overlaps %s, which is in use",
                             ip_prefix_format(&segment->nets[i], one),
                             ip_prefix_format(&row->net, other));
    }
    return 0;
}

uint16_t segments_add(struct segments *segments, const struct segment *segment,
                      GError **err)
{
    uint16_t number;
    struct segment *copy;

    if (check(segments, segment, err) != 0)
        return 0;
    number = free_number(segments);
    if (number == 0) {
        error_set(err, SLIPGATE_ERROR_CONFLICT, "there are too many networks");
        return 0;
    }
    copy = g_new(struct segment, 1);
    *copy = *segment;
    copy->number = number;
    segments->by_number[number] = copy;
    for (size_t i = 0; i < copy->count; i++) {
        struct row row = { copy->nets[i], copy };

        g_array_insert_val(segments->rows,
                           (guint)rows_to(segments, &row.net.addr), row);
    }
    return number;
}

void segments_remove(struct segments *segments, uint16_t number)
{
    struct segment *segment = segments->by_number[number];

    if (segment == NULL)
        return;
    for (size_t i = segments->rows->len; i > 0; i--)
        if (row_at(segments, i - 1)->segment == segment)
            g_array_remove_index(segments->rows, (guint)(i - 1));
    segments->by_number[number] = NULL;
    g_free(segment);
}

struct segment *segments_get(const struct segments *segments, uint16_t number)
{
    return segments->by_number[number];
}

/* --- questions --- */

static bool is_empty(const struct segments *segments)
{
    return segments == NULL || segments->rows->len == 0;
}

const struct segment *segments_of(const struct segments *segments,
                                  const struct ip_addr *addr)
{
    size_t at;

    if (is_empty(segments) ||
        (addr->family != AF_INET && addr->family != AF_INET6))
        return NULL;
    at = rows_to(segments, addr);
    if (at == 0 || !ip_prefix_contains(&row_at(segments, at - 1)->net, addr))
        return NULL;
    return row_at(segments, at - 1)->segment;
}

const struct ip_addr *segment_gateway(const struct segment *segment,
                                      sa_family_t family)
{
    for (size_t i = 0; i < segment->count; i++)
        if (segment->gateways[i].family == family)
            return &segment->gateways[i];
    return NULL;
}

bool segment_is_gateway(const struct segment *segment,
                        const struct ip_addr *addr)
{
    for (size_t i = 0; i < segment->count; i++)
        if (ip_addr_equal(&segment->gateways[i], addr))
            return true;
    return false;
}

static bool is_answerable(const struct segment *segment,
                          const struct ip_addr *to,
                          const struct ip_addr *client)
{
    if (client->family != to->family || ip_addr_is_loopback(client) ||
        ip_addr_is_any(client) || segment->internal)
        return false;
    if (client->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&client->v6))
        return false;
    /* The container would look for it next to itself. */
    for (size_t i = 0; i < segment->count; i++)
        if (ip_prefix_contains(&segment->nets[i], client))
            return false;
    return true;
}

struct ip_addr segment_client(const struct segment *segment,
                              const struct ip_addr *to,
                              const struct ip_addr *client, bool as_gateway)
{
    const struct ip_addr *gateway = segment_gateway(segment, to->family);

    if ((as_gateway || !is_answerable(segment, to, client)) && gateway != NULL)
        return *gateway;
    return *client;
}

const struct segment *segments_sender(const struct segments *segments,
                                      const struct frame *f)
{
    static const uint8_t start[4] = AGENT_BRIDGE_MAC_START;

    if (is_empty(segments) || f->len < FRAME_ETH_LEN ||
        memcmp(f->data, start, sizeof(start)) != 0)
        return NULL;
    return segments->by_number[frame_get16(f->data + sizeof(start))];
}

bool segments_accept_source(const struct segments *segments,
                            const struct frame *f)
{
    return is_empty(segments) ||
           segments_of(segments, &f->src.addr) == segments_sender(segments, f);
}

/* --- frames for containers --- */

static const uint8_t tap_mac[6] = AGENT_RELAY_TAP_MAC;

static bool destination(const uint8_t *data, size_t len, struct ip_addr *dst)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (len >= FRAME_ETH_LEN + FRAME_IPV4_LEN &&
        frame_get16(data + 12) == ETHERTYPE_IP) {
        memcpy(&v4, data + FRAME_ETH_LEN + 16, sizeof(v4));
        *dst = ip_addr_v4(v4);
        return true;
    }
    if (len >= FRAME_ETH_LEN + FRAME_IPV6_LEN &&
        frame_get16(data + 12) == ETHERTYPE_IPV6) {
        memcpy(&v6, data + FRAME_ETH_LEN + 24, sizeof(v6));
        *dst = ip_addr_v6(&v6);
        return true;
    }
    return false;
}

void segments_steer(const struct segments *segments, uint8_t *data, size_t len)
{
    struct ip_addr dst;

    if (!is_empty(segments) && destination(data, len, &dst) &&
        segments_of(segments, &dst) != NULL)
        memcpy(data, tap_mac, sizeof(tap_mac));
}

#define ARP_LEN       28u
#define SOLICITATION  135
#define ADVERTISEMENT 136
#define ND_LEN        32u
#define ND_HOPS       255
#define ND_FLAGS      0x60 /* solicited, override */

static size_t answer_arp(const struct segments *segments, const uint8_t *data,
                         size_t len, uint8_t *out)
{
    const uint8_t *question = data + FRAME_ETH_LEN;
    uint8_t *answer = out + FRAME_ETH_LEN;
    struct in_addr v4;
    struct ip_addr target;

    if (len < FRAME_ETH_LEN + ARP_LEN || frame_get16(question + 6) != 1)
        return 0;
    memcpy(&v4, question + 24, sizeof(v4));
    target = ip_addr_v4(v4);
    if (segments_of(segments, &target) == NULL)
        return 0;
    memcpy(out, data, FRAME_ETH_LEN + ARP_LEN);
    memcpy(out, data + 6, 6);
    memcpy(out + 6, tap_mac, 6);
    frame_put16(answer + 6, 2);
    memcpy(answer + 8, tap_mac, 6);
    memcpy(answer + 14, question + 24, 4);
    memcpy(answer + 18, question + 8, 10);
    return FRAME_ETH_LEN + ARP_LEN;
}

static size_t answer_solicitation(const struct segments *segments,
                                  const uint8_t *data, size_t len, uint8_t *out)
{
    const uint8_t *question = data + FRAME_ETH_LEN + FRAME_IPV6_LEN;
    uint8_t *answer = out + FRAME_ETH_LEN + FRAME_IPV6_LEN;
    struct frame_path path = { .dst.port = 0 };
    struct in6_addr v6;

    if (len < FRAME_ETH_LEN + FRAME_IPV6_LEN + 24 ||
        data[FRAME_ETH_LEN + 6] != IPPROTO_ICMPV6 ||
        question[0] != SOLICITATION)
        return 0;
    memcpy(&v6, question + 8, sizeof(v6));
    path.src.addr = ip_addr_v6(&v6);
    if (segments_of(segments, &path.src.addr) == NULL)
        return 0;
    memcpy(&v6, data + FRAME_ETH_LEN + 8, sizeof(v6));
    path.dst.addr = ip_addr_v6(&v6);
    memcpy(path.src_mac, tap_mac, 6);
    memcpy(path.dst_mac, data + 6, 6);
    frame_put_headers(out, &path, IPPROTO_ICMPV6, ND_LEN);
    out[FRAME_ETH_LEN + 7] = ND_HOPS;
    memset(answer, 0, ND_LEN);
    answer[0] = ADVERTISEMENT;
    answer[4] = ND_FLAGS;
    memcpy(answer + 8, question + 8, 16);
    answer[24] = 2; /* its hardware address, in units of 8 bytes */
    answer[25] = 1;
    memcpy(answer + 26, tap_mac, 6);
    frame_set_icmp_checksum(out, AF_INET6, ND_LEN);
    return FRAME_ETH_LEN + FRAME_IPV6_LEN + ND_LEN;
}

size_t segments_answer(const struct segments *segments, const uint8_t *data,
                       size_t len, uint8_t out[SEGMENTS_ANSWER_MAX])
{
    if (is_empty(segments) || len < FRAME_ETH_LEN)
        return 0;
    switch (frame_get16(data + 12)) {
    case ETHERTYPE_ARP:
        return answer_arp(segments, data, len, out);
    case ETHERTYPE_IPV6:
        return answer_solicitation(segments, data, len, out);
    default:
        return 0;
    }
}

/* --- published ports --- */

void segments_set_published(struct segments *segments, segments_published find,
                            void *self)
{
    segments->published = find;
    segments->self = self;
}

bool segments_find_published(const struct segments *segments,
                             const struct frame *f, const struct ip_addr *guest,
                             struct ip_endpoint *host)
{
    const struct segment *from = segments_sender(segments, f);

    if (from == NULL || segments->published == NULL ||
        (!segment_is_gateway(from, &f->dst.addr) &&
         !ip_addr_equal(&f->dst.addr, guest)))
        return false;
    return segments->published(segments->self, f->proto, f->dst.addr.family,
                               f->dst.port, host);
}
