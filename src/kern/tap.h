/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <net/if.h>
#include <stdbool.h>

/*
 * Tap devices: https://docs.kernel.org/networking/tuntap.html, in the network
 * namespace of the calling process.
 */
enum tap_flags {
    /* IFF_VNET_HDR with checksum and TCP segmentation offload (both families);
       dropped silently where the device refuses, see tap_has_vnet_hdr(). */
    TAP_VNET_HDR = 1 << 0,
    TAP_FLAGS_ALL = TAP_VNET_HDR
};

/*
 * Opens the tap `name`, an existing persistent one or a new one.  A device that
 * another process still holds (EBUSY), or a name that a device of another kind
 * still has (EINVAL), is tried again for a second, since engines start a
 * container's next helper before the last one is gone.
 * The kernel's name for it is written to `out_name`.  Returns a non-blocking,
 * close-on-exec descriptor that the caller owns; -1 and an error on failure.
 * Needs CAP_NET_ADMIN over the namespace.  May block for that second.
 */
int tap_open(const char *name, unsigned flags, char out_name[IFNAMSIZ],
             GError **err);

/* True if frames on this descriptor carry a struct virtio_net_hdr (TUNGETIFF).
 */
bool tap_has_vnet_hdr(int fd);
/* The same for whom a wrong answer would garble every frame.  What is no tap
   has no header; 0, or -1 and an error where it cannot be known. */
int tap_learn_vnet_hdr(int fd, bool *has, GError **err);

/*
 * Whether the device outlives its last descriptor (TUNSETPERSIST).  A device
 * that does not, and has none, is gone.  0, or -1 and an error.
 */
int tap_set_persistent(int fd, bool on, GError **err);
