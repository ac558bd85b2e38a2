/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl.h"

#include "kern/rtnl_request.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#define MAC_LEN 6
/* IFLA_GSO_IPV4_MAX_SIZE, of headers since 6.3. */
#define GSO_IPV4_MAX_SIZE 63

struct ifinfomsg *rtnl_link_request(struct rtnl_request *req, uint16_t type,
                                    unsigned index)
{
    struct ifinfomsg *ifi = rtnl_request_init(req, type, 0, sizeof(*ifi));

    ifi->ifi_family = AF_UNSPEC;
    ifi->ifi_index = (int)index;
    return ifi;
}

int rtnl_link_set(struct rtnl *rtnl, unsigned index,
                  const struct rtnl_link_change *change, GError **err)
{
    struct rtnl_request req;
    struct ifinfomsg *ifi = rtnl_link_request(&req, RTM_NEWLINK, index);

    if (change->up || change->down)
        ifi->ifi_change = IFF_UP;
    if (change->up)
        ifi->ifi_flags = IFF_UP;
    if (change->mtu != 0)
        mnl_attr_put_u32(&req.head, IFLA_MTU, change->mtu);
    if (change->set_mac)
        mnl_attr_put(&req.head, IFLA_ADDRESS, MAC_LEN, change->mac);
    if (change->gso_max != 0)
        mnl_attr_put_u32(&req.head, IFLA_GSO_MAX_SIZE, change->gso_max);
    if (change->gso_ipv4_max != 0)
        mnl_attr_put_u32(&req.head, GSO_IPV4_MAX_SIZE, change->gso_ipv4_max);
    if (change->netns_fd != 0)
        mnl_attr_put_u32(&req.head, IFLA_NET_NS_FD, (uint32_t)change->netns_fd);
    if (change->rename != NULL &&
        rtnl_put_name(&req, IFLA_IFNAME, change->rename, err) != 0)
        return -1;
    return rtnl_perform(rtnl, &req, err, "change interface %u", index);
}

int rtnl_link_delete(struct rtnl *rtnl, unsigned index, GError **err)
{
    struct rtnl_request req;

    (void)rtnl_link_request(&req, RTM_DELLINK, index);
    return rtnl_perform(rtnl, &req, err, "delete interface %u", index);
}

int rtnl_link_set_group(struct rtnl *rtnl, unsigned index, uint32_t group,
                        GError **err)
{
    struct rtnl_request req;

    (void)rtnl_link_request(&req, RTM_NEWLINK, index);
    mnl_attr_put_u32(&req.head, IFLA_GROUP, group);
    return rtnl_perform(rtnl, &req, err, "put interface %u into a group",
                        index);
}

int rtnl_group_delete(struct rtnl *rtnl, uint32_t group, GError **err)
{
    struct rtnl_request req;
    struct ifinfomsg *ifi =
        rtnl_request_init(&req, RTM_DELLINK, 0, sizeof(*ifi));
    g_autoptr(GError) why = NULL;

    ifi->ifi_family = AF_UNSPEC;
    mnl_attr_put_u32(&req.head, IFLA_GROUP, group);
    if (rtnl_perform(rtnl, &req, &why, "delete a group of interfaces") == 0 ||
        errno == ENODEV)
        return 0;
    g_propagate_error(err, g_steal_pointer(&why));
    return -1;
}

static int put_end(struct rtnl_request *req, const char *name,
                   const uint8_t *mac, uint32_t mtu, GError **err)
{
    if (rtnl_put_name(req, IFLA_IFNAME, name, err) != 0)
        return -1;
    mnl_attr_put_u32(&req->head, IFLA_MTU, mtu);
    if (mac != NULL)
        mnl_attr_put(&req->head, IFLA_ADDRESS, MAC_LEN, mac);
    return 0;
}

int rtnl_veth_add(struct rtnl *rtnl, const char *name, const uint8_t *mac,
                  const char *peer_name, const uint8_t *peer_mac, uint32_t mtu,
                  int peer_netns_fd, GError **err)
{
    struct rtnl_request req;
    struct ifinfomsg *ifi = rtnl_request_init(
        &req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
    struct nlattr *info, *data, *peer;

    ifi->ifi_family = AF_UNSPEC;
    if (put_end(&req, name, mac, mtu, err) != 0)
        return -1;
    info = mnl_attr_nest_start(&req.head, IFLA_LINKINFO);
    mnl_attr_put_strz(&req.head, IFLA_INFO_KIND, "veth");
    data = mnl_attr_nest_start(&req.head, IFLA_INFO_DATA);
    peer = mnl_attr_nest_start(&req.head, VETH_INFO_PEER);
    (void)mnl_nlmsg_put_extra_header(&req.head, sizeof(*ifi));
    if (put_end(&req, peer_name, peer_mac, mtu, err) != 0)
        return -1;
    if (peer_netns_fd != 0)
        mnl_attr_put_u32(&req.head, IFLA_NET_NS_FD, (uint32_t)peer_netns_fd);
    mnl_attr_nest_end(&req.head, peer);
    mnl_attr_nest_end(&req.head, data);
    mnl_attr_nest_end(&req.head, info);
    return rtnl_perform(rtnl, &req, err, "make the veth pair %s and %s", name,
                        peer_name);
}
