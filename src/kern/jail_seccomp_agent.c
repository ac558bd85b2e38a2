/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_agent[] = {
    /* --- files: the tun device, and settings below /proc/sys/net --- */
    IF1(open, LACKS(1, O_CREAT | O_TRUNC)),
    IF2(openat, IS(0, AT_FDCWD), LACKS(2, O_CREAT | O_TRUNC)),

    /* --- sockets: of the guest's and the relay's namespace --- */
    NETLINK_SOCKET(NETLINK_NETFILTER),
    SOCKET_OPTION(SOL_SOCKET, SO_MARK),
    SOCKET_OPTION(SOL_SOCKET, SO_RCVBUFFORCE),
    SOCKET_OPTION(SOL_SOCKET, SO_SNDBUFFORCE),
    SOCKET_OPTION(IPPROTO_IP, IP_RECVORIGDSTADDR),
    SOCKET_OPTION(IPPROTO_IP, IP_TRANSPARENT),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_TRANSPARENT),
    IF2(setsockopt, IS(1, SOL_NETLINK), AT_MOST(2, 12)),

    /* --- devices and namespaces --- */
    IOCTL(NS_GET_NSTYPE),
    IOCTL(SIOCGIFHWADDR),
    IOCTL(SIOCGSKNS),
    IOCTL(SIOCSIFTXQLEN),
    IOCTL(TUNGETFEATURES),
    IOCTL(TUNSETIFF),
    IOCTL(TUNSETOFFLOAD),
    IOCTL(TUNSETPERSIST),
    IOCTL(TUNSETVNETHDRSZ),
    END_OF_ROWS,
};

const struct jail_seccomp_rule jail_seccomp_agent_making[] = {
    IF1(setns, IS(1, CLONE_NEWNET)),
    IF1(unshare, IS(0, CLONE_NEWNET)),
    END_OF_ROWS,
};
/* clang-format on */
