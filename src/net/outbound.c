/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/outbound.h"

#include <errno.h>
#include <glib.h>
#include <ifaddrs.h>
#include <string.h>

#define ROUTES4 "/proc/net/route"
#define ROUTES6 "/proc/net/ipv6_route"
/* proc(5): the fields of a route to everywhere. */
#define DEFAULT4 "00000000"
#define DEFAULT6 "00000000000000000000000000000000"

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

bool outbound_interface_addr(const char *name, sa_family_t family,
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

/* Is this a line of a default route by the interface? */
static bool is_default(const char *line, const char *name)
{
    g_auto(GStrv) fields = g_strsplit_set(line, " \t", -1);
    bool by_it = false, everywhere = false;

    for (char **field = fields; *field != NULL; field++) {
        by_it |= strcmp(*field, name) == 0;
        everywhere |= strcmp(*field, DEFAULT4) == 0 && field == fields + 1;
        everywhere |= strcmp(*field, DEFAULT6) == 0 && field == fields;
    }
    return by_it && everywhere;
}

static bool has_default_route(const char *path, const char *name)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (is_default(*line, name))
            return true;
    return false;
}

void outbound_set_interface(struct outbound *outbound, const char *name)
{
    (void)g_strlcpy(outbound->interface, name, sizeof(outbound->interface));
    outbound->is_way_out = has_default_route(
        outbound->addr.family == AF_INET6 ? ROUTES6 : ROUTES4, name);
}

static int bind_to_addr(int fd, const struct ip_addr *addr)
{
    const struct ip_endpoint from = { *addr, 0 };
    struct sockaddr_storage ss;
    socklen_t len = ip_endpoint_to_sockaddr(&from, &ss);
    int on = 1;

    /* The port is chosen by connect(2), which knows the destination. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(fd, (struct sockaddr *)&ss, len) == 0 ? 0 : -errno;
}

int outbound_apply(const struct outbound *outbound, int fd, sa_family_t family)
{
    struct ip_addr addr = outbound->addr;

    if (addr.family != family)
        return 0;
    /* Without privileges since Linux 5.7; before, the address must do. */
    if (outbound->is_way_out &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, outbound->interface,
                   (socklen_t)strlen(outbound->interface)) == 0)
        return 0;
    if (outbound->interface[0] != '\0' &&
        !outbound_interface_addr(outbound->interface, family, &addr))
        return -EADDRNOTAVAIL;
    return bind_to_addr(fd, &addr);
}
