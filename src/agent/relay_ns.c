/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay_ns_internal.h"
#include "agent/relay_rules.h"
#include "agent/relay_socket.h"
#include "base/error.h"
#include "kern/rtnl.h"

#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

/* --- being here and there --- */

int relay_ns_enter(const struct relay_ns *ns, GError **err)
{
    if (setns(ns->relay_fd, CLONE_NEWNET) != 0)
        return error_set_errno(err, "enter the relay namespace");
    return 0;
}

/* Staying in the wrong namespace would make every later operation wrong. */
void relay_ns_leave(const struct relay_ns *ns)
{
    if (setns(ns->guest_fd, CLONE_NEWNET) != 0)
        g_error("cannot return to the guest's network namespace: %s",
                g_strerror(errno));
}

/* --- its life --- */

static void close_all(int *fds)
{
    for (size_t i = 0; i < RELAY_NS_FD_COUNT; i++)
        own_close(&fds[i]);
}

struct relay_ns *relay_ns_open(struct rtnl *guest,
                               const struct agent_relay_open *config, int *fds,
                               GError **err)
{
    owned(relay_ns) ns = g_new0(struct relay_ns, 1);

    ns->guest_fd = ns->relay_fd = -1;
    ns->guest = guest;
    ns->ipv6 = config->ipv6 != 0;
    for (size_t i = 0; i < RELAY_NS_FD_COUNT; i++)
        fds[i] = -1;
    if (relay_ns_build(ns, config, fds, err) == 0)
        return g_steal_pointer(&ns);
    close_all(fds);
    return NULL;
}

void relay_ns_free(struct relay_ns *ns)
{
    if (ns == NULL)
        return;
    /* The namespace's own end may come later; the guest's name is free now. */
    if (ns->rtnl != NULL && ns->guest_link != 0)
        (void)rtnl_link_delete(ns->rtnl, ns->guest_link, NULL);
    rtnl_close(ns->rtnl);
    own_close(&ns->relay_fd);
    own_close(&ns->guest_fd);
    g_free(ns);
}

/* --- what it is used for --- */

int relay_ns_sockets(struct relay_ns *ns, sa_family_t family, int *fds,
                     size_t count, GError **err)
{
    size_t made = 0;

    if (relay_ns_enter(ns, err) != 0)
        return -1;
    while (made < count) {
        fds[made] = relay_socket_blank(family, RELAY_MARK_TO_GUEST, err);
        if (fds[made] < 0)
            break;
        made++;
    }
    relay_ns_leave(ns);
    if (made == count)
        return 0;
    while (made > 0)
        own_close(&fds[--made]);
    return -1;
}

struct rtnl *relay_ns_rtnl(const struct relay_ns *ns)
{
    return ns->rtnl;
}

unsigned relay_ns_gate_link(const struct relay_ns *ns)
{
    return ns->gate_link;
}

bool relay_ns_has_ipv6(const struct relay_ns *ns)
{
    return ns->ipv6;
}

int relay_ns_refresh(struct relay_ns *ns, GError **err)
{
    owned_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq ifr = { 0 };
    uint8_t mac[6];

    if (ns->guest_link == 0)
        return 0;
    g_strlcpy(ifr.ifr_name, ns->name, sizeof(ifr.ifr_name));
    if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) != 0)
        return error_set_errno(err, "read the MAC address of %s", ns->name);
    memcpy(mac, ifr.ifr_hwaddr.sa_data, sizeof(mac));
    return relay_rules_set_guest_mac(ns->rtnl, ns->guest_link, ns->ipv6, mac,
                                     err);
}
