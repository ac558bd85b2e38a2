/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/frames.h"
#include "net/vnet.h"
#include "take.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A frame with the offload request that a tap puts before it: the request is
 * carried out, the frame cut and offloaded again.  Input: the header's ten
 * bytes, two that say where to cut, the frame.
 */
struct pieces {
    const uint8_t *payload; /* of the whole */
    size_t ip_max, done;
};

static void check_piece(void *self, uint8_t *data, size_t len)
{
    struct pieces *pieces = self;
    struct frame f;

    g_assert_cmpint(frame_parse(data, len, &f), ==, FRAME_GOOD);
    g_assert_cmpuint(f.len, ==, len);
    g_assert_cmpuint(len - FRAME_ETH_LEN, <=, pieces->ip_max);
    g_assert_true(frames_checksums_are_right(data, len));
    g_assert_cmpint(memcmp(data + f.payload, pieces->payload + pieces->done,
                           frame_payload_len(&f)),
                    ==, 0);
    pieces->done += frame_payload_len(&f);
}

static void check_cut(struct frame *f, size_t ip_max)
{
    size_t total = frame_payload_len(f);
    g_autofree uint8_t *payload = g_memdup2(f->data + f->payload, total);
    struct pieces pieces = { payload, ip_max, 0 };

    vnet_segment(f, ip_max, check_piece, &pieces);
    g_assert_cmpuint(pieces.done, ==, total);
}

static void check_offload(struct frame *f, unsigned mtu)
{
    struct virtio_net_hdr hdr;
    struct frame again;

    vnet_offload(f, mtu, &hdr);
    g_assert_true(vnet_complete(&hdr, f->data, f->len));
    g_assert_cmpint(frame_parse(f->data, f->len, &again), ==, FRAME_GOOD);
    g_assert_cmpuint(again.len, ==, f->len);
    g_assert_true(frames_checksums_are_right(f->data, f->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct take in = { data, size };
    struct virtio_net_hdr hdr = { 0 };
    size_t len, ip_max;
    const uint8_t *bytes = take_bytes(&in, sizeof(hdr), &len);
    g_autofree uint8_t *frame = NULL;
    struct frame f;

    if (len > 0)
        memcpy(&hdr, bytes, len);
    ip_max = 1280 + take_number(&in, 2) % 60000;
    bytes = take_bytes(&in, FRAME_MAX, &len);
    frame = g_memdup2(bytes, len);
    if (len == 0 || !vnet_complete(&hdr, frame, len) ||
        frame_parse(frame, len, &f) != FRAME_GOOD || f.proto != IPPROTO_TCP ||
        f.l4 == 0)
        return 0;
    check_offload(&f, (unsigned)ip_max);
    check_cut(&f, ip_max);
    return 0;
}
