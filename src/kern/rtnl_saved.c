/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl_saved.h"

#include "base/error.h"

#include "kern/rtnl_request.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#define MAC_LEN 6

/*
 * Addresses and routes are kept as the kernel's own messages, and sent back
 * with another interface's index: what they say is the same in both
 * directions.
 */
struct rtnl_saved {
    unsigned index; /* of the interface they speak of */
    uint8_t mac[MAC_LEN];
    uint32_t mtu;
    bool up;
    bool too_much;
    GPtrArray *addrs, *routes; /* of struct nlmsghdr */
};

static struct nlmsghdr *copy_message(const struct nlmsghdr *head)
{
    struct nlmsghdr *copy = g_malloc(head->nlmsg_len);

    memcpy(copy, head, head->nlmsg_len);
    return copy;
}

static void keep(struct rtnl_saved *saved, GPtrArray *messages,
                 const struct nlmsghdr *head)
{
    if (messages->len < RTNL_SAVED_MAX)
        g_ptr_array_add(messages, copy_message(head));
    else
        saved->too_much = true;
}

/* The attribute `type` of a message with a family header of `skip` bytes. */
static struct nlattr *find(const struct nlmsghdr *head, size_t skip,
                           uint16_t type)
{
    struct nlattr *attr = mnl_nlmsg_get_payload_offset(head, skip);
    const char *end = mnl_nlmsg_get_payload_tail(head);

    while (mnl_attr_ok(attr, (int)(end - (const char *)attr))) {
        if (mnl_attr_get_type(attr) == type)
            return attr;
        attr = mnl_attr_next(attr);
    }
    return NULL;
}

/* --- taking --- */

static int take_link(const struct nlmsghdr *head, void *data)
{
    const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(head);
    const struct nlattr *mac = find(head, sizeof(*ifi), IFLA_ADDRESS);
    const struct nlattr *mtu = find(head, sizeof(*ifi), IFLA_MTU);
    struct rtnl_saved *saved = data;

    if (head->nlmsg_type != RTM_NEWLINK || ifi->ifi_index != (int)saved->index)
        return MNL_CB_OK;
    saved->up = (ifi->ifi_flags & IFF_UP) != 0;
    if (mtu != NULL && mnl_attr_get_payload_len(mtu) == sizeof(saved->mtu))
        saved->mtu = mnl_attr_get_u32(mtu);
    if (mac != NULL && mnl_attr_get_payload_len(mac) == MAC_LEN)
        memcpy(saved->mac, mnl_attr_get_payload(mac), MAC_LEN);
    return MNL_CB_OK;
}

static int take_addr(const struct nlmsghdr *head, void *data)
{
    const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(head);
    struct rtnl_saved *saved = data;

    if (head->nlmsg_type == RTM_NEWADDR && ifa->ifa_index == saved->index &&
        !(ifa->ifa_family == AF_INET6 && ifa->ifa_scope == RT_SCOPE_LINK))
        keep(saved, saved->addrs, head);
    return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *head, void *data)
{
    const struct rtmsg *rtm = mnl_nlmsg_get_payload(head);
    const struct nlattr *oif = find(head, sizeof(*rtm), RTA_OIF);
    struct rtnl_saved *saved = data;

    if (head->nlmsg_type == RTM_NEWROUTE && oif != NULL &&
        mnl_attr_get_u32(oif) == saved->index &&
        rtm->rtm_protocol != RTPROT_KERNEL && rtm->rtm_protocol != RTPROT_RA &&
        rtm->rtm_type == RTN_UNICAST && (rtm->rtm_flags & RTM_F_CLONED) == 0)
        keep(saved, saved->routes, head);
    return MNL_CB_OK;
}

/* One dump; `size` is that of the family header, which stays zero. */
static int dump(struct rtnl *rtnl, uint16_t type, size_t size, mnl_cb_t take,
                struct rtnl_saved *saved, GError **err)
{
    struct rtnl_request req;

    (void)rtnl_request_init(&req, type, NLM_F_DUMP, size);
    return rtnl_dump(rtnl, &req, take, saved, err);
}

struct rtnl_saved *rtnl_saved_take(struct rtnl *rtnl, unsigned index,
                                   GError **err)
{
    owned(rtnl_saved) saved = g_new0(struct rtnl_saved, 1);

    saved->index = index;
    saved->addrs = g_ptr_array_new_with_free_func(g_free);
    saved->routes = g_ptr_array_new_with_free_func(g_free);
    if (dump(rtnl, RTM_GETLINK, sizeof(struct ifinfomsg), take_link, saved,
             err) != 0 ||
        dump(rtnl, RTM_GETADDR, sizeof(struct ifaddrmsg), take_addr, saved,
             err) != 0 ||
        dump(rtnl, RTM_GETROUTE, sizeof(struct rtmsg), take_route, saved,
             err) != 0)
        return NULL;
    if (saved->too_much) {
        error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                  "the interface has more than %u addresses or routes",
                  RTNL_SAVED_MAX);
        return NULL;
    }
    return g_steal_pointer(&saved);
}

void rtnl_saved_free(struct rtnl_saved *saved)
{
    if (saved == NULL)
        return;
    g_ptr_array_free(saved->addrs, TRUE);
    g_ptr_array_free(saved->routes, TRUE);
    g_free(saved);
}

const uint8_t *rtnl_saved_mac(const struct rtnl_saved *saved)
{
    return saved->mac;
}

uint32_t rtnl_saved_mtu(const struct rtnl_saved *saved)
{
    return saved->mtu;
}

/* --- applying --- */

static int resend(struct rtnl *rtnl, const struct nlmsghdr *head,
                  struct rtnl_request *req, GError **err, const char *what)
{
    if (head->nlmsg_len > sizeof(req->space))
        return 0; /* not of a kind that people set */
    memcpy(req->space, head, head->nlmsg_len);
    req->head.nlmsg_flags =
        NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    return rtnl_perform(rtnl, req, err, "restore %s", what);
}

static int apply_addr(struct rtnl *rtnl, const struct nlmsghdr *head,
                      unsigned index, GError **err)
{
    struct rtnl_request req;
    g_autofree struct nlmsghdr *copy = copy_message(head);
    struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(copy);

    ifa->ifa_index = index;
    if (ifa->ifa_family == AF_INET6)
        ifa->ifa_flags = IFA_F_NODAD;
    return resend(rtnl, copy, &req, err, "an address");
}

static int apply_route(struct rtnl *rtnl, const struct nlmsghdr *head,
                       unsigned index, GError **err)
{
    struct rtnl_request req;
    g_autofree struct nlmsghdr *copy = copy_message(head);
    struct rtmsg *rtm = mnl_nlmsg_get_payload(copy);
    struct nlattr *oif = find(copy, sizeof(*rtm), RTA_OIF);

    memcpy(mnl_attr_get_payload(oif), &index, sizeof(index));
    rtm->rtm_flags &= RTNH_F_ONLINK;
    return resend(rtnl, copy, &req, err, "a route");
}

/* Those without a gateway first: they are the way to the gateways. */
static int apply_routes(const struct rtnl_saved *saved, struct rtnl *rtnl,
                        unsigned index, GError **err)
{
    for (int with_gateway = 0; with_gateway < 2; with_gateway++) {
        for (guint i = 0; i < saved->routes->len; i++) {
            const struct nlmsghdr *head = g_ptr_array_index(saved->routes, i);
            bool has = find(head, sizeof(struct rtmsg), RTA_GATEWAY) != NULL;

            if (has == (with_gateway != 0) &&
                apply_route(rtnl, head, index, err) != 0)
                return -1;
        }
    }
    return 0;
}

int rtnl_saved_apply(const struct rtnl_saved *saved, struct rtnl *rtnl,
                     unsigned index, GError **err)
{
    struct rtnl_link_change change = { .mtu = saved->mtu,
                                       .set_mac = true,
                                       .up = saved->up };

    memcpy(change.mac, saved->mac, MAC_LEN);
    if (rtnl_link_set(rtnl, index, &change, err) != 0)
        return -1;
    for (guint i = 0; i < saved->addrs->len; i++)
        if (apply_addr(rtnl, g_ptr_array_index(saved->addrs, i), index, err) !=
            0)
            return -1;
    return apply_routes(saved, rtnl, index, err);
}
