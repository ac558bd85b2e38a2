/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl.h"

#include "kern/rtnl_request.h"

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

/*
 * Per-interface settings that are sysctls as well.  Here they need no /proc,
 * which containers often have read-only.
 */

/* In the kernel's own order for interfaces (net/ipv4/devinet.c). */
static void put_ipv4(struct rtnl_request *req)
{
    struct nlattr *family = mnl_attr_nest_start(&req->head, AF_INET);
    struct nlattr *conf = mnl_attr_nest_start(&req->head, IFLA_INET_CONF);

    mnl_attr_put_u32(&req->head, IPV4_DEVCONF_FORWARDING, 1);
    mnl_attr_put_u32(&req->head, IPV4_DEVCONF_RP_FILTER, 0);
    mnl_attr_put_u32(&req->head, IPV4_DEVCONF_SEND_REDIRECTS, 0);
    mnl_attr_nest_end(&req->head, conf);
    mnl_attr_nest_end(&req->head, family);
}

static void put_accept_local(struct rtnl_request *req)
{
    struct nlattr *family = mnl_attr_nest_start(&req->head, AF_INET);
    struct nlattr *conf = mnl_attr_nest_start(&req->head, IFLA_INET_CONF);

    mnl_attr_put_u32(&req->head, IPV4_DEVCONF_ACCEPT_LOCAL, 1);
    mnl_attr_nest_end(&req->head, conf);
    mnl_attr_nest_end(&req->head, family);
}

static void put_ipv6(struct rtnl_request *req)
{
    struct nlattr *family = mnl_attr_nest_start(&req->head, AF_INET6);

    mnl_attr_put_u8(&req->head, IFLA_INET6_ADDR_GEN_MODE,
                    IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(&req->head, family);
}

static void put_eui64(struct rtnl_request *req)
{
    struct nlattr *family = mnl_attr_nest_start(&req->head, AF_INET6);

    mnl_attr_put_u8(&req->head, IFLA_INET6_ADDR_GEN_MODE,
                    IN6_ADDR_GEN_MODE_EUI64);
    mnl_attr_nest_end(&req->head, family);
}

static int set_family(struct rtnl *rtnl, unsigned index,
                      void (*put)(struct rtnl_request *req), const char *what,
                      GError **err)
{
    struct rtnl_request req;
    struct nlattr *spec;

    (void)rtnl_link_request(&req, RTM_NEWLINK, index);
    spec = mnl_attr_nest_start(&req.head, IFLA_AF_SPEC);
    put(&req);
    mnl_attr_nest_end(&req.head, spec);
    return rtnl_perform(rtnl, &req, err, "set interface %u %s", index, what);
}

int rtnl_link_derive_ipv6(struct rtnl *rtnl, unsigned index, GError **err)
{
    return set_family(rtnl, index, put_eui64,
                      "to make its IPv6 address of its MAC address", err);
}

int rtnl_link_accept_local(struct rtnl *rtnl, unsigned index, GError **err)
{
    return set_family(rtnl, index, put_accept_local,
                      "to accept its own addresses", err);
}

int rtnl_link_make_router(struct rtnl *rtnl, unsigned index, bool ipv6,
                          GError **err)
{
    if (set_family(rtnl, index, put_ipv4, "to forward IPv4", err) != 0)
        return -1;
    return ipv6 ? set_family(rtnl, index, put_ipv6, "to have no IPv6 address",
                             err)
                : 0;
}
