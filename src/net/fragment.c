/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/fragment.h"

#include "net/checksum.h"

#include <glib.h>
#include <string.h>

#define UNIT            8u /* offsets count these */
#define MORE_FRAGMENTS  0x2000u
#define MORE_FRAGMENTS6 1u
#define FRAGMENT6_LEN   8u

bool fragment_wants(const struct frame *f, unsigned mtu)
{
    unsigned min = f->src.addr.family == AF_INET6 ? FRAGMENT_MTU_MIN_V6
                                                  : FRAGMENT_MTU_MIN_V4;

    return f->src.addr.family != AF_UNSPEC && f->l4 != 0 && mtu >= min &&
           f->len - FRAME_ETH_LEN > mtu;
}

/* Fills the IPv4 header of a fragment that was copied from the packet's. */
static void set_header4(uint8_t *ip, size_t header_len, size_t offset,
                        size_t len, bool more, uint32_t id)
{
    frame_put16(ip + 2, (uint16_t)(header_len + len));
    frame_put16(ip + 4, (uint16_t)id);
    frame_put16(ip + 6,
                (uint16_t)(offset / UNIT | (more ? MORE_FRAGMENTS : 0)));
    checksum_set_ipv4(ip);
}

/* The same for IPv6, with the fragment header behind it. */
static void set_header6(uint8_t *ip, uint8_t proto, size_t offset, size_t len,
                        bool more, uint32_t id)
{
    uint8_t *header = ip + FRAME_IPV6_LEN;

    frame_put16(ip + 4, (uint16_t)(FRAGMENT6_LEN + len));
    ip[6] = IPPROTO_FRAGMENT;
    header[0] = proto;
    header[1] = 0;
    frame_put16(header + 2, (uint16_t)(offset | (more ? MORE_FRAGMENTS6 : 0)));
    frame_put32(header + 4, id);
}

void fragment_cut(const struct frame *f, unsigned mtu, uint32_t id,
                  void (*emit)(void *self, uint8_t *data, size_t len),
                  void *self)
{
    bool v6 = f->src.addr.family == AF_INET6;
    size_t header_len = f->l4 - FRAME_ETH_LEN;
    size_t before = f->l4 + (v6 ? FRAGMENT6_LEN : 0);
    size_t total = f->len - f->l4;
    size_t room = (mtu + FRAME_ETH_LEN - before) / UNIT * UNIT;
    g_autofree uint8_t *piece = g_malloc(before + room);

    for (size_t done = 0; done < total; done += room) {
        size_t take = MIN(room, total - done);
        bool more = done + take < total;

        /* Whoever takes a piece may change it. */
        memcpy(piece, f->data, f->l4);
        memcpy(piece + before, f->data + f->l4 + done, take);
        if (v6)
            set_header6(piece + FRAME_ETH_LEN, f->proto, done, take, more, id);
        else
            set_header4(piece + FRAME_ETH_LEN, header_len, done, take, more,
                        id);
        emit(self, piece, before + take);
    }
}
