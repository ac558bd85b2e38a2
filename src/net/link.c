/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/link.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

/*
 * Pieces of joined frames are no larger than this, whatever the MTU: the guest
 * acknowledges every second one at once, and the stack never has more than 64
 * KB on the way.
 */
#define PIECE_MAX 16384u
/* Who says that it takes less (RFC 9293 3.7.1) gets this all the same. */
#define MSS_MIN 536u

static bool is_passing(int error)
{
    /* EIO: the interface is down; it may come up again. */
    return error == EAGAIN || error == EINTR || error == EIO ||
           error == ENOBUFS || error == ENOMEM;
}

ssize_t link_read(const struct link *link, uint8_t *buf,
                  struct virtio_net_hdr *hdr)
{
    size_t skip = link->vnet ? VNET_HEADER_LEN : 0;
    struct iovec iov[2] = { { hdr, skip }, { buf, FRAME_MAX } };
    ssize_t n = readv(link->fd, iov, 2);

    if (n < 0)
        return is_passing(errno) ? 0 : -errno;
    if (n == 0)
        return -ECONNRESET; /* the peer closed; a tap never reads nothing */
    if ((size_t)n <= skip)
        return -EPROTO;
    n -= (ssize_t)skip;
    if (link->vnet && !vnet_complete(hdr, buf, (size_t)n))
        return -EPROTO;
    if (link->capture != NULL)
        capture_frame(link->capture, buf, (size_t)n);
    return n;
}

int link_send(const struct link *link, const struct virtio_net_hdr *hdr,
              const uint8_t *data, size_t len)
{
    struct iovec iov[2] = { { (void *)(uintptr_t)hdr,
                              link->vnet ? VNET_HEADER_LEN : 0 },
                            { (void *)(uintptr_t)data, len } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
    ssize_t n;

    segments_steer(link->segments, (uint8_t *)(uintptr_t)data, len);
    if (link->is_socket)
        n = sendmsg(link->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    else
        n = writev(link->fd, iov, 2);
    if (n < 0)
        return -errno;
    if (link->capture != NULL)
        capture_frame(link->capture, data, len);
    return 0;
}

/* The largest IP packet that all the way to the receiver takes. */
static unsigned piece_max(const struct link *link, const struct frame *f)
{
    unsigned piece = MIN(link->mtu, PIECE_MAX);
    unsigned headers = (unsigned)f->l4 - FRAME_ETH_LEN + FRAME_TCP_LEN;

    if (f->tcp_mss == 0)
        return piece;
    return MIN(piece, headers + MAX(f->tcp_mss, MSS_MIN));
}

int link_write(const struct link *link, struct frame *f, bool joined)
{
    struct virtio_net_hdr hdr = { 0 };
    unsigned piece = piece_max(link, f);

    if (link->vnet && (joined || (f->proto == IPPROTO_TCP && f->l4 != 0 &&
                                  f->len - FRAME_ETH_LEN > piece)))
        vnet_offload(f, piece, &hdr);
    return link_send(link, &hdr, f->data, f->len);
}
