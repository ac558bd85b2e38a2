/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay_ns_internal.h"
#include "agent/relay_rules.h"
#include "agent/relay_socket.h"
#include "agent/relay_sysctls.h"
#include "agent/takeover.h"
#include "base/error.h"
#include "kern/netns.h"
#include "kern/rtnl.h"
#include "kern/rtnl_watch.h"
#include "kern/tap.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Both links of the relay namespace take what any guest may send; the guest's
   own MTU decides. */
#define INNER_MTU AGENT_MTU_MAX
/*
 * The largest TCP packet that crosses the veth in one piece, whatever the MTU.
 * Four times the usual costs a third less time for each byte; more is no gain.
 */
#define GUEST_GSO_MAX   (256 * 1024)
#define GUEST_LINK_NAME AGENT_RELAY_GUEST_LINK
#define GATE_LINK_NAME  "tap1"

/* As long as kern/tap.h waits for a tap that is held. */
#define NAME_WAIT_MS  1000
#define NAME_PAUSE_MS 20

/* --- links --- */

static int set_up_link(struct rtnl *rtnl, unsigned index,
                       const struct rtnl_link_change *change, bool ipv6,
                       GError **err)
{
    if (rtnl_link_make_router(rtnl, index, ipv6, err) != 0)
        return -1;
    return rtnl_link_set(rtnl, index, change, err);
}

static int make_gate_link(struct relay_ns *ns, int *fd, GError **err)
{
    const struct rtnl_link_change change = { .up = true,
                                             .mtu = INNER_MTU,
                                             .set_mac = true,
                                             .mac = AGENT_RELAY_TAP_MAC };
    char name[IFNAMSIZ];

    *fd = tap_open(GATE_LINK_NAME, TAP_VNET_HDR, name, err);
    if (*fd < 0)
        return -1;
    ns->gate_link = rtnl_link_index(ns->rtnl, name);
    /* The gate refuses in the name of the bridges' addresses. */
    if (rtnl_link_accept_local(ns->rtnl, ns->gate_link, err) != 0)
        return -1;
    return set_up_link(ns->rtnl, ns->gate_link, &change, ns->ipv6, err);
}

static void choose_mac(uint8_t mac[6])
{
    if (getrandom(mac, 6, 0) != 6)
        memset(mac, 0x5a, 6);
    mac[0] = (uint8_t)((mac[0] & 0xfeu) | 0x02u); /* local, one station's */
}

/*
 * The guest's end is born in the guest: under its own name at once, or under
 * another one when it is to take a tap's place.
 */
static int make_guest_link(struct relay_ns *ns,
                           const struct agent_relay_open *c,
                           const uint8_t mac[6], GError **err)
{
    const struct rtnl_link_change up = { .up = true,
                                         .mtu = INNER_MTU,
                                         .gso_ipv4_max = GUEST_GSO_MAX };
    const struct rtnl_link_change far = { .gso_ipv4_max = GUEST_GSO_MAX };

    if (rtnl_veth_add(ns->rtnl, GUEST_LINK_NAME, NULL, ns->name, mac, c->mtu,
                      ns->guest_fd, err) != 0)
        return -1;
    ns->guest_link = rtnl_link_index(ns->rtnl, GUEST_LINK_NAME);
    ns->far_link = rtnl_link_index(ns->guest, ns->name);
    if (rtnl_link_set(ns->guest, ns->far_link, &far, err) != 0)
        return -1;
    return set_up_link(ns->rtnl, ns->guest_link, &up, ns->ipv6, err);
}

/* --- in the new namespace --- */

static int make_listeners(struct relay_ns *ns, struct relay_rules *rules,
                          int *fds, GError **err)
{
    fds[RELAY_NS_LISTENER] = relay_socket_listen(AF_INET, RELAY_MARK_TO_GUEST,
                                                 &rules->listener, err);
    if (fds[RELAY_NS_LISTENER] < 0)
        return -1;
    if (!ns->ipv6)
        return 0;
    fds[RELAY_NS_LISTENER6] = relay_socket_listen(AF_INET6, RELAY_MARK_TO_GUEST,
                                                  &rules->listener6, err);
    return fds[RELAY_NS_LISTENER6] < 0 ? -1 : 0;
}

static int build(struct relay_ns *ns, const struct agent_relay_open *c,
                 const uint8_t *mac, int *fds, GError **err)
{
    struct relay_rules rules = { .guest_link_name = GUEST_LINK_NAME,
                                 .gate_link_name = GATE_LINK_NAME,
                                 .ipv6 = ns->ipv6 };
    const struct rtnl_link_change up = { .up = true };

    ns->rtnl = rtnl_open(err);
    fds[RELAY_NS_NEWS] = ns->rtnl == NULL ? -1 : rtnl_watch_open(err);
    if (fds[RELAY_NS_NEWS] < 0)
        return -1;
    if (rtnl_link_set(ns->rtnl, rtnl_link_index(ns->rtnl, "lo"), &up, err) !=
            0 ||
        relay_sysctls_set(ns->ipv6, err) != 0 ||
        make_listeners(ns, &rules, fds, err) != 0 ||
        make_gate_link(ns, &fds[RELAY_NS_TAP], err) != 0 ||
        (mac != NULL && make_guest_link(ns, c, mac, err) != 0))
        return -1;
    rules.guest_link = ns->guest_link;
    rules.gate_link = ns->gate_link;
    if (relay_rules_apply(ns->rtnl, &rules, err) != 0)
        return -1;
    if (mac == NULL)
        return 0;
    return relay_rules_set_guest_mac(ns->rtnl, ns->guest_link, ns->ipv6, mac,
                                     err);
}

/* --- beside the guest, or in a tap's place --- */

/* Leaves the process in the new namespace, or where it is without a guest. */
static int make_namespace(struct relay_ns *ns, bool guest, GError **err)
{
    ns->guest_fd = netns_open_own(err);
    if (ns->guest_fd < 0)
        return -1;
    if (guest && unshare(CLONE_NEWNET) != 0)
        return error_set_errno(err, "make a network namespace");
    ns->relay_fd = netns_open_own(err);
    return ns->relay_fd < 0 ? -1 : 0;
}

/*
 * Makes the namespace and what is in it; the process is back afterwards.  `mac`
 * is NULL where there is no guest.
 */
static int build_there(struct relay_ns *ns, const struct agent_relay_open *c,
                       const uint8_t mac[6], int *fds, GError **err)
{
    int rc = make_namespace(ns, mac != NULL, err);

    if (rc == 0)
        rc = build(ns, c, mac, fds, err);
    if (ns->guest_fd >= 0)
        relay_ns_leave(ns);
    return rc;
}

/* Beside an interface of the name that was asked for. */
static int build_in_place_of(struct relay_ns *ns, struct takeover *takeover,
                             const struct agent_relay_open *c, int *fds,
                             GError **err)
{
    const uint8_t *mac = takeover_mac(takeover);
    uint32_t number;

    /* GLib's generator would look for a file. */
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (uint32_t)getpid();
    (void)g_snprintf(ns->name, sizeof(ns->name), "sg%08" PRIx32, number);
    if (build_there(ns, c, mac, fds, err) != 0 ||
        takeover_replace(takeover, ns->far_link, err) != 0)
        return -1;
    memcpy(ns->name, c->name, sizeof(ns->name));
    return 0;
}

static int build_afresh(struct relay_ns *ns, const struct agent_relay_open *c,
                        int *fds, GError **err)
{
    uint8_t mac[6];

    memcpy(ns->name, c->name, sizeof(ns->name));
    if (c->set_mac)
        memcpy(mac, c->mac, sizeof(mac));
    else
        choose_mac(mac);
    return build_there(ns, c, mac, fds, err);
}

/*
 * Something of the name is there already: a tap that can be replaced, or the
 * interface of a helper that is about to end, which is gone in a moment.
 */
static int wait_for_name(const struct relay_ns *ns, const char *name,
                         struct takeover **takeover, GError **err)
{
    const struct timespec pause = { .tv_nsec = NAME_PAUSE_MS * 1000000L };
    gint64 until_us = g_get_monotonic_time() + NAME_WAIT_MS * 1000;
    g_autoptr(GError) why = NULL;

    while (rtnl_link_index(ns->guest, name) != 0) {
        g_clear_error(&why);
        *takeover = takeover_begin(ns->guest, name, &why);
        if (*takeover != NULL)
            return 0;
        if (g_get_monotonic_time() >= until_us)
            return error_set(err, SLIPGATE_ERROR_CONFLICT,
                             "the interface %s exists and stays busy: %s", name,
                             why->message);
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

int relay_ns_build(struct relay_ns *ns, const struct agent_relay_open *config,
                   int *fds, GError **err)
{
    owned(takeover) takeover = NULL;

    if (config->name[0] == '\0')
        return build_there(ns, config, NULL, fds, err);
    if (wait_for_name(ns, config->name, &takeover, err) != 0)
        return -1;
    if (takeover == NULL)
        return build_afresh(ns, config, fds, err);
    return build_in_place_of(ns, takeover, config, fds, err);
}
