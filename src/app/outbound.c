/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/outbound.h"

#include "base/error.h"

#include <ifaddrs.h>
#include <string.h>

static bool usable(const struct ifaddrs *entry, const char *name,
                   sa_family_t family, struct ip_addr *out)
{
    struct sockaddr_storage ss = { 0 };
    struct ip_endpoint e;

    if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != family ||
        strcmp(entry->ifa_name, name) != 0)
        return false;
    memcpy(&ss, entry->ifa_addr,
           family == AF_INET ? sizeof(struct sockaddr_in)
                             : sizeof(struct sockaddr_in6));
    if (!ip_endpoint_from_sockaddr(&ss, &e))
        return false;
    if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&e.addr.v6))
        return false;
    *out = e.addr;
    return true;
}

static bool addr_of_interface(const char *name, sa_family_t family,
                              struct ip_addr *out)
{
    struct ifaddrs *list;
    bool found = false;

    if (getifaddrs(&list) != 0)
        return false;
    for (struct ifaddrs *i = list; i != NULL && !found; i = i->ifa_next)
        found = usable(i, name, family, out);
    freeifaddrs(list);
    return found;
}

int outbound_resolve(const char *text, sa_family_t family, struct ip_addr *out,
                     GError **err)
{
    struct ip_addr addr = { .family = AF_UNSPEC };

    if (text != NULL &&
        !(ip_addr_parse(text, &addr) && addr.family == family) &&
        !addr_of_interface(text, family, &addr))
        /* Scripts know these sentences as they are, slips included. */
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "outbound-addr has to be valid ipv4 address or %s "
                         "name.",
                         family == AF_INET ? "interface" : "iterface");
    *out = addr;
    return 0;
}
