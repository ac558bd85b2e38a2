/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/link.h"

#include "base/fdio.h"
#include "base/own.h"
#include "kern/rtnl.h"
#include "kern/tap.h"
#include "own_namespace.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Two ends of a wire; `guest` is what the link under test does not see. */
static struct link pair(int *guest)
{
    struct link link = { .is_socket = true, .mtu = 1500 };
    int ends[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
                    ==, 0);
    g_assert_cmpint(fd_set_nonblock(ends[0]), ==, 0);
    link.fd = ends[0];
    *guest = ends[1];
    return link;
}

static void a_message_is_a_frame(void)
{
    owned_fd guest = -1;
    struct link link = pair(&guest);
    owned_fd fd = link.fd;
    struct virtio_net_hdr hdr;
    uint8_t *out = g_malloc(FRAMES_MAX), *in = g_malloc(FRAME_MAX);
    struct frames_spec spec = { .payload_len = 65495 };
    size_t len = frames_build(&spec, out);

    g_assert_cmpuint(len, ==, FRAME_MAX);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, 0);
    g_assert_cmpint(send(guest, out, len, 0), ==, (ssize_t)len);
    g_assert_cmpint(send(guest, out, 60, 0), ==, 60);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, (ssize_t)len);
    g_assert_cmpint(memcmp(in, out, len), ==, 0);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, 60);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, 0);
    g_free(out);
    g_free(in);
}

static void a_frame_is_written_as_it_is(void)
{
    owned_fd guest = -1;
    struct link link = pair(&guest);
    owned_fd fd = link.fd;
    uint8_t out[FRAMES_MAX], in[FRAMES_MAX];
    struct frames_spec spec = { .payload_len = 4000 };
    struct frame f = frames_parsed(&spec, out);

    g_assert_cmpint(link_write(&link, &f, false), ==, 0);
    g_assert_cmpint(recv(guest, in, sizeof(in), 0), ==, (ssize_t)f.len);
    g_assert_cmpint(memcmp(in, out, f.len), ==, 0);
}

static void a_joined_frame_is_cut_as_its_receiver_wants_it(void)
{
    static const struct {
        uint16_t mss, piece;
    } rows[] = {
        { 0, 1460 }, { 1460, 1460 }, { 9000, 1460 }, { 1360, 1360 }, { 1, 536 }
    };
    owned_fd guest = -1;
    struct link link = pair(&guest);
    owned_fd fd = link.fd;
    uint8_t out[FRAMES_MAX], in[FRAMES_MAX];

    link.vnet = true;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct frames_spec spec = { .flags = FRAME_ACK, .payload_len = 4000 };
        struct frame f = frames_parsed(&spec, out);
        struct virtio_net_hdr hdr;

        f.tcp_mss = rows[i].mss;
        g_assert_cmpint(link_write(&link, &f, true), ==, 0);
        g_assert_cmpint(recv(guest, in, sizeof(in), 0), ==,
                        (ssize_t)(f.len + VNET_HEADER_LEN));
        memcpy(&hdr, in, VNET_HEADER_LEN);
        g_assert_cmpuint(hdr.gso_size, ==, rows[i].piece);
    }
}

static void a_full_wire_loses_and_a_closed_one_is_gone(void)
{
    owned_fd guest = -1;
    struct link link = pair(&guest);
    owned_fd fd = link.fd;
    struct virtio_net_hdr hdr;
    uint8_t out[FRAMES_MAX];
    struct frame f = frames_parsed(&(struct frames_spec){ 0 }, out);
    int rc;

    do
        rc = link_write(&link, &f, false);
    while (rc == 0);
    g_assert_cmpint(rc, ==, -EAGAIN);
    while (recv(guest, out, sizeof(out), MSG_DONTWAIT) > 0)
        continue; /* a socket closed with messages in it tells of a reset */
    own_close(&guest);
    g_assert_cmpint(link_write(&link, &f, false), ==, -EPIPE);
    g_assert_cmpint(link_read(&link, out, &hdr), ==, -ECONNRESET);
}

/* --- with a tap --- */

/* A tap that is up, 1500 bytes; -1 and a skip where none can be had. */
static int open_tap(struct link *link, unsigned flags)
{
    static const struct rtnl_link_change up = { .up = true };
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    struct rtnl *rtnl;
    int fd = tap_open("tap0", flags, name, &err);

    if (fd < 0) {
        g_test_skip(err->message);
        return -1;
    }
    rtnl = rtnl_open(&err);
    g_assert_no_error(err);
    (void)rtnl_link_set(rtnl, rtnl_link_index(rtnl, "tap0"), &up, &err);
    g_assert_no_error(err);
    rtnl_close(rtnl);
    *link =
        (struct link){ .fd = fd, .vnet = tap_has_vnet_hdr(fd), .mtu = 1500 };
    return fd;
}

static void delete_tap(void)
{
    g_autoptr(GError) err = NULL;
    struct rtnl *rtnl = rtnl_open(&err);

    g_assert_no_error(err);
    (void)rtnl_link_delete(rtnl, rtnl_link_index(rtnl, "tap0"), &err);
    g_assert_no_error(err);
    rtnl_close(rtnl);
}

static void a_deleted_tap_is_gone(void)
{
    struct link link;
    owned_fd fd = open_tap(&link, 0);
    struct virtio_net_hdr hdr;
    uint8_t buf[FRAMES_MAX];
    ssize_t n;

    if (fd < 0)
        return;
    while ((n = link_read(&link, buf, &hdr)) > 0)
        continue; /* what the kernel sends by itself */
    g_assert_cmpint(n, ==, 0);
    delete_tap();
    g_assert_cmpint(link_read(&link, buf, &hdr), ==, -EBADFD);
}

/* What a kernel takes as correct is: it refuses an impossible header. */
static void the_kernel_takes_what_is_written(void)
{
    static const struct {
        size_t payload;
        bool joined;
        unsigned mtu;
    } rows[] = {
        { 100, false, 1500 },   { 1460, false, 1500 }, { 1461, false, 1500 },
        { 9000, false, 1500 },  { 2000, true, 1500 },  { 65000, true, 1500 },
        { 65495, true, 65521 }, { 65000, true, 68 },   { 100, true, 1500 },
        { 0, false, 1500 },
    };
    struct link link;
    owned_fd fd = open_tap(&link, TAP_VNET_HDR);
    uint8_t *out;

    if (fd < 0)
        return;
    out = g_malloc(FRAMES_MAX);
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        struct frames_spec spec = { .flags = FRAME_ACK,
                                    .payload_len = rows[i / 2].payload };
        struct frame f;

        spec.src = i % 2 == 0 ? "192.0.2.1" : "2001:db8::1";
        spec.dst = i % 2 == 0 ? "10.0.2.100" : "fd00::100";
        if (i % 2 != 0 && spec.payload_len > 60000)
            spec.payload_len = 60000;
        f = frames_parsed(&spec, out);
        link.mtu = rows[i / 2].mtu;
        g_test_message("row %zu", i);
        g_assert_cmpint(link_write(&link, &f, rows[i / 2].joined), ==, 0);
    }
    g_free(out);
}

static void an_impossible_offload_request_is_told(void)
{
    owned_fd guest = -1;
    struct link link = pair(&guest);
    owned_fd fd = link.fd;
    struct {
        struct virtio_net_hdr hdr;
        uint8_t frame[100];
    } message = { .hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM } };
    struct virtio_net_hdr hdr;
    uint8_t in[FRAMES_MAX];

    link.vnet = true;
    g_assert_cmpint(send(guest, &message, 60, 0), ==, 60);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, -EPROTO);
    g_assert_cmpint(send(guest, &message, VNET_HEADER_LEN, 0), >, 0);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, -EPROTO);
    message.hdr.flags = 0;
    g_assert_cmpint(send(guest, &message, 60, 0), ==, 60);
    g_assert_cmpint(link_read(&link, in, &hdr), ==, 60 - VNET_HEADER_LEN);
}

int main(int argc, char **argv)
{
    bool own = own_namespace_enter();

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/link/a message is a frame", a_message_is_a_frame);
    g_test_add_func("/link/a frame is written as it is",
                    a_frame_is_written_as_it_is);
    g_test_add_func("/link/a joined frame is cut as its receiver wants it",
                    a_joined_frame_is_cut_as_its_receiver_wants_it);
    g_test_add_func("/link/a full wire loses and a closed one is gone",
                    a_full_wire_loses_and_a_closed_one_is_gone);
    g_test_add_func("/link/an impossible offload request is told",
                    an_impossible_offload_request_is_told);
    if (own) {
        g_test_add_func("/link/a deleted tap is gone", a_deleted_tap_is_gone);
        g_test_add_func("/link/the kernel takes what is written",
                        the_kernel_takes_what_is_written);
    }
    return g_test_run();
}
