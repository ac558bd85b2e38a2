/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl.h"

#include "kern/rtnl_request.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define MAC_LEN 6

int rtnl_bridge_add(struct rtnl *rtnl, const char *name, const uint8_t mac[6],
                    uint32_t mtu, GError **err)
{
    struct rtnl_request req;
    struct ifinfomsg *ifi = rtnl_request_init(
        &req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
    struct nlattr *info, *data;

    ifi->ifi_family = AF_UNSPEC;
    if (rtnl_put_name(&req, IFLA_IFNAME, name, err) != 0)
        return -1;
    mnl_attr_put(&req.head, IFLA_ADDRESS, MAC_LEN, mac);
    mnl_attr_put_u32(&req.head, IFLA_MTU, mtu);
    info = mnl_attr_nest_start(&req.head, IFLA_LINKINFO);
    mnl_attr_put_strz(&req.head, IFLA_INFO_KIND, "bridge");
    data = mnl_attr_nest_start(&req.head, IFLA_INFO_DATA);
    mnl_attr_put_u8(&req.head, IFLA_BR_MCAST_SNOOPING, 0);
    mnl_attr_nest_end(&req.head, data);
    mnl_attr_nest_end(&req.head, info);
    return rtnl_perform(rtnl, &req, err, "make the bridge %s", name);
}

int rtnl_bridge_join(struct rtnl *rtnl, unsigned index, unsigned bridge,
                     GError **err)
{
    struct rtnl_request req;

    (void)rtnl_link_request(&req, RTM_NEWLINK, index);
    mnl_attr_put_u32(&req.head, IFLA_MASTER, bridge);
    return rtnl_perform(rtnl, &req, err, "make interface %u a port of %u",
                        index, bridge);
}

int rtnl_bridge_isolate(struct rtnl *rtnl, unsigned index, bool isolated,
                        GError **err)
{
    struct rtnl_request req;
    struct nlattr *info, *data;

    (void)rtnl_link_request(&req, RTM_NEWLINK, index);
    info = mnl_attr_nest_start(&req.head, IFLA_LINKINFO);
    mnl_attr_put_strz(&req.head, IFLA_INFO_SLAVE_KIND, "bridge");
    data = mnl_attr_nest_start(&req.head, IFLA_INFO_SLAVE_DATA);
    mnl_attr_put_u8(&req.head, IFLA_BRPORT_ISOLATED, isolated);
    mnl_attr_nest_end(&req.head, data);
    mnl_attr_nest_end(&req.head, info);
    return rtnl_perform(rtnl, &req, err, "isolate port %u", index);
}
