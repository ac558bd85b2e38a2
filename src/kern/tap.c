/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/tap.h"

#include "base/error.h"
#include "base/own.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define TUN_DEVICE    "/dev/net/tun"
#define BUSY_RETRIES  50
#define BUSY_PAUSE_MS 20

/* Frames that wait for the reader; the device's own default, 500, loses some
   of a burst of a thousand datagrams. */
#define QUEUE_LEN 4000

static const unsigned all_offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

/* What a user can do about it: nearly always a matter of the environment. */
static const char *advice(int number)
{
    switch (number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return " (load the kernel module \"tun\"; inside a container, pass the "
               "device in, as by --device " TUN_DEVICE ")";
    case EACCES:
    case EPERM:
        return " (it should have mode 0666; inside a container, pass the "
               "device in, as by --device " TUN_DEVICE ")";
    default:
        return "";
    }
}

static int open_device(GError **err)
{
    int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return error_set_errno(err, "open " TUN_DEVICE "%s", advice(errno));
    return fd;
}

/* TUNSETIFF, which another holder of the device may delay for a moment. */
static int attach(int fd, struct ifreq *ifr)
{
    const struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };

    for (int i = 0; i < BUSY_RETRIES; i++) {
        if (ioctl(fd, TUNSETIFF, ifr) == 0)
            return 0;
        /* EINVAL: no tap, but perhaps the end of a veth pair that goes with
           the helper before us. */
        if (errno != EBUSY && errno != EINVAL)
            return -1;
        (void)nanosleep(&pause, NULL);
    }
    return ioctl(fd, TUNSETIFF, ifr);
}

static const char *attach_advice(int number)
{
    switch (number) {
    case EBUSY:
        return " (another process holds it)";
    case EINVAL:
        return " (an interface of that name exists and is no (single-queue) "
               "tap, or the name "
               "is none)";
    case EPERM:
        return " (needs CAP_NET_ADMIN over the network namespace)";
    default:
        return "";
    }
}

/* Makes a good device better. */
static void lengthen_queue(const char *name)
{
    struct ifreq ifr = { .ifr_qlen = QUEUE_LEN };
    owned_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
    if (fd >= 0)
        (void)ioctl(fd, SIOCSIFTXQLEN, &ifr);
}

static bool offers_vnet_hdr(int fd)
{
    unsigned features = 0;

    return ioctl(fd, TUNGETFEATURES, &features) == 0 &&
           (features & IFF_VNET_HDR) != 0;
}

/* Sets what goes with the header; false where the device does not take it. */
static bool agree_on_vnet_hdr(int fd)
{
    int size = (int)sizeof(struct virtio_net_hdr);

    return ioctl(fd, TUNSETVNETHDRSZ, &size) == 0 &&
           ioctl(fd, TUNSETOFFLOAD, (unsigned long)all_offloads) == 0;
}

static int open_as(const char *name, bool vnet_hdr, char out_name[IFNAMSIZ],
                   GError **err)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    owned_fd fd = open_device(err);

    if (fd < 0)
        return -1;
    if (vnet_hdr && offers_vnet_hdr(fd))
        ifr.ifr_flags |= IFF_VNET_HDR;
    g_strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
    if (attach(fd, &ifr) != 0)
        return error_set_errno(err, "open tap %s%s", name,
                               attach_advice(errno));
    /* An empty name or a pattern like "tap%d" lets the kernel choose. */
    g_strlcpy(out_name, ifr.ifr_name, IFNAMSIZ);
    lengthen_queue(out_name);
    return own_release_fd(&fd);
}

int tap_open(const char *name, unsigned flags, char out_name[IFNAMSIZ],
             GError **err)
{
    bool vnet_hdr = (flags & TAP_VNET_HDR) != 0;
    owned_fd fd = open_as(name, vnet_hdr, out_name, err);

    if (fd < 0)
        return -1;
    if (tap_has_vnet_hdr(fd) && !agree_on_vnet_hdr(fd)) {
        own_close(&fd);
        fd = open_as(name, false, out_name, err);
    }
    /*
     * A persistent tap keeps the offloads that its last user agreed on; without
     * the header their frames could not be told from ordinary ones.
     */
    if (fd >= 0 && !tap_has_vnet_hdr(fd))
        (void)ioctl(fd, TUNSETOFFLOAD, 0UL);
    return own_release_fd(&fd);
}

bool tap_has_vnet_hdr(int fd)
{
    struct ifreq ifr = { 0 };

    return ioctl(fd, TUNGETIFF, &ifr) == 0 &&
           (ifr.ifr_flags & IFF_VNET_HDR) != 0;
}

int tap_learn_vnet_hdr(int fd, bool *has, GError **err)
{
    struct ifreq ifr = { 0 };

    if (ioctl(fd, TUNGETIFF, &ifr) != 0 && errno != ENOTTY)
        return error_set_errno(err, "ask the tap for its frames' header");
    *has = (ifr.ifr_flags & IFF_VNET_HDR) != 0;
    return 0;
}

int tap_set_persistent(int fd, bool on, GError **err)
{
    if (ioctl(fd, TUNSETPERSIST, on ? 1UL : 0UL) != 0)
        return error_set_errno(err, "make a tap %s",
                               on ? "persistent" : "go with its last user");
    return 0;
}
