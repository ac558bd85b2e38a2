/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/fragment.h"

#include "net/checksum.h"
#include "net/reasm.h"

#include <glib.h>
#include <string.h>

#define PAYLOAD 4001u

struct seen {
    struct reasm *reasm;
    unsigned mtu, count;
    size_t whole_len;
    uint8_t whole[FRAME_MAX];
};

/* A UDP packet of PAYLOAD bytes, parsed. */
static void make_packet(uint8_t *out, bool v6, struct frame *f)
{
    size_t l4 = FRAME_ETH_LEN + (v6 ? FRAME_IPV6_LEN : FRAME_IPV4_LEN);
    size_t udp_len = FRAME_UDP_LEN + PAYLOAD;
    uint8_t *ip = out + FRAME_ETH_LEN;

    memset(out, 0, l4 + udp_len);
    frame_put16(out + 12, v6 ? 0x86dd : 0x0800);
    ip[0] = v6 ? 0x60 : 0x45;
    frame_put16(ip + (v6 ? 4 : 2),
                (uint16_t)(v6 ? udp_len : FRAME_IPV4_LEN + udp_len));
    ip[v6 ? 6 : 9] = IPPROTO_UDP;
    ip[v6 ? 8 : 12] = 10;
    ip[v6 ? 24 : 16] = 11;
    frame_put16(out + l4 + 4, (uint16_t)udp_len);
    for (size_t i = 0; i < PAYLOAD; i++)
        out[l4 + FRAME_UDP_LEN + i] = (uint8_t)(i * 7);
    g_assert_cmpint(frame_parse(out, l4 + udp_len, f), ==, FRAME_GOOD);
    checksum_set_l4(f, 6);
}

/* What stands behind the IP header of `f`, and nothing else. */
static void same_bytes(const uint8_t *whole, size_t len, const struct frame *f)
{
    g_assert_cmpuint(len, ==, f->len - f->l4);
    g_assert_true(memcmp(whole, f->data + f->l4, len) == 0);
}

static void put_together4(void *self, uint8_t *data, size_t len)
{
    struct seen *seen = self;
    struct frame f;
    uint8_t *whole;
    size_t whole_len;

    seen->count++;
    g_assert_cmpuint(len - FRAME_ETH_LEN, <=, seen->mtu);
    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    g_assert_true(f.fragment);
    g_assert_cmpuint(checksum_fold(checksum_add(0, data + FRAME_ETH_LEN, 20)),
                     ==, 0xffff);
    whole = reasm_put(seen->reasm, &f, 1, &whole_len);
    if (whole == NULL)
        return;
    memcpy(seen->whole, whole, whole_len);
    seen->whole_len = whole_len;
}

static void ipv4_goes_together_again(void)
{
    static const unsigned mtus[] = { 68, 69, 576, 1500, 4000 };
    struct stats stats = { 0 };
    static uint8_t packet[FRAME_MAX];
    struct frame f;

    for (size_t i = 0; i < G_N_ELEMENTS(mtus); i++) {
        g_autofree struct seen *seen = g_new0(struct seen, 1);

        seen->reasm = reasm_new(&stats);
        seen->mtu = mtus[i];
        make_packet(packet, false, &f);
        g_assert_true(fragment_wants(&f, mtus[i]));
        fragment_cut(&f, mtus[i], 77, put_together4, seen);
        g_assert_cmpuint(seen->count, >, 1);
        same_bytes(seen->whole + f.l4, seen->whole_len - f.l4, &f);
        reasm_free(seen->reasm);
    }
}

static void put_together6(void *self, uint8_t *data, size_t len)
{
    struct seen *seen = self;
    const uint8_t *header = data + FRAME_ETH_LEN + FRAME_IPV6_LEN;
    size_t offset = frame_get16(header + 2) & 0xfff8u;
    size_t take = len - FRAME_ETH_LEN - FRAME_IPV6_LEN - 8;

    seen->count++;
    g_assert_cmpuint(len - FRAME_ETH_LEN, <=, seen->mtu);
    g_assert_cmpuint(data[FRAME_ETH_LEN + 6], ==, IPPROTO_FRAGMENT);
    g_assert_cmpuint(frame_get16(data + FRAME_ETH_LEN + 4), ==, take + 8);
    g_assert_cmpuint(header[0], ==, IPPROTO_UDP);
    g_assert_cmpuint(frame_get32(header + 4), ==, 77);
    g_assert_cmpuint(offset, ==, seen->whole_len);
    memcpy(seen->whole + offset, header + 8, take);
    seen->whole_len += take;
    /* All but the last say that more follow. */
    g_assert_cmpuint(frame_get16(header + 2) & 1, ==,
                     seen->whole_len < FRAME_UDP_LEN + PAYLOAD);
}

static void ipv6_has_a_fragment_header(void)
{
    g_autofree struct seen *seen = g_new0(struct seen, 1);
    static uint8_t packet[FRAME_MAX];
    struct frame f;

    make_packet(packet, true, &f);
    seen->mtu = 1280;
    fragment_cut(&f, 1280, 77, put_together6, seen);
    g_assert_cmpuint(seen->count, ==, 4);
    same_bytes(seen->whole, seen->whole_len, &f);
}

static void what_fits_stays_whole(void)
{
    static uint8_t packet[FRAME_MAX];
    struct frame f, arp = { .ethertype = 0x0806, .len = 60 };

    make_packet(packet, false, &f);
    g_assert_false(fragment_wants(&f, (unsigned)(f.len - FRAME_ETH_LEN)));
    g_assert_true(fragment_wants(&f, (unsigned)(f.len - FRAME_ETH_LEN - 1)));
    g_assert_false(fragment_wants(&f, 67));
    g_assert_false(fragment_wants(&arp, 20));
    make_packet(packet, true, &f);
    g_assert_false(fragment_wants(&f, 1279));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fragment/IPv4 goes together again",
                    ipv4_goes_together_again);
    g_test_add_func("/fragment/IPv6 has a fragment header",
                    ipv6_has_a_fragment_header);
    g_test_add_func("/fragment/what fits stays whole", what_fits_stays_whole);
    return g_test_run();
}
