/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/router.h"

#include "net/frame_build.h"

#include <string.h>

#define SOLICITATION      133
#define ADVERTISEMENT     134
#define ADVERTISEMENT_LEN 16u
#define OPTION_PREFIX     3
#define PREFIX_LEN        32u
#define ON_LINK_AND_AUTO  0xc0
/* Or it may come from somewhere else. */
#define HOP_LIMIT 255

static size_t finish(uint8_t *out, const struct frame_path *path, size_t l4_len)
{
    frame_put_headers(out, path, IPPROTO_ICMPV6, l4_len);
    out[FRAME_ETH_LEN + 7] = HOP_LIMIT;
    frame_set_icmp_checksum(out, AF_INET6, l4_len);
    return frame_headers_len(AF_INET6) + l4_len;
}

/* All nodes or all routers of the link, and the MAC address for them. */
static void to_all(struct frame_path *path, const char *addr, uint8_t last)
{
    const uint8_t mac[] = { 0x33, 0x33, 0, 0, 0, last };

    (void)ip_addr_parse(addr, &path->dst.addr);
    memcpy(path->dst_mac, mac, sizeof(path->dst_mac));
}

size_t router_solicitation(uint8_t out[ROUTER_FRAME_MAX])
{
    struct frame_path path = { .src.addr = ip_addr_v6(&in6addr_any) };

    memset(out, 0, ROUTER_FRAME_MAX);
    to_all(&path, "ff02::2", 2);
    out[frame_headers_len(AF_INET6)] = SOLICITATION;
    return finish(out, &path, FRAME_ICMP_LEN);
}

size_t router_farewell(const struct plan *plan, const uint8_t mac[6],
                       uint8_t out[ROUTER_FRAME_MAX])
{
    struct frame_path path = { .src.addr = plan->router6 };
    uint8_t *icmp = out + frame_headers_len(AF_INET6);
    uint8_t *prefix = icmp + ADVERTISEMENT_LEN;

    memset(out, 0, ROUTER_FRAME_MAX);
    memcpy(path.src_mac, mac, sizeof(path.src_mac));
    to_all(&path, "ff02::1", 1);
    icmp[0] = ADVERTISEMENT; /* all lifetimes are zero */
    prefix[0] = OPTION_PREFIX;
    prefix[1] = PREFIX_LEN / 8;
    prefix[2] = (uint8_t)plan->prefix_len6;
    prefix[3] = ON_LINK_AND_AUTO;
    memcpy(prefix + 16, &plan->network6.v6, 16);
    return finish(out, &path, ADVERTISEMENT_LEN + PREFIX_LEN);
}
