/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/outward.h"

#include "net/dial.h"
#include "net/relay_option.h"

#include <errno.h>
#include <glib.h>
#include <sys/socket.h>

static bool is_carried_v4(const struct plan *plan, const struct ip_addr *to)
{
    if (ip_addr_equal(to, &plan->gateway))
        return true;
    return !ip_addr_in_prefix(to, &plan->network, plan->prefix_len) &&
           ntohl(to->v4.s_addr) >> 24 != 0 && !ip_addr_is_loopback(to) &&
           to->v4.s_addr != htonl(INADDR_BROADCAST);
}

static bool is_carried_v6(const struct plan *plan, const struct ip_addr *to)
{
    if (ip_addr_equal(to, &plan->gateway6))
        return true;
    return !ip_addr_in_prefix(to, &plan->network6, plan->prefix_len6) &&
           !IN6_IS_ADDR_LINKLOCAL(&to->v6) && !ip_addr_is_loopback(to) &&
           !IN6_IS_ADDR_V4MAPPED(&to->v6) && !ip_addr_is_any(to);
}

bool outward_map(const struct plan *plan, const struct ip_endpoint *peer,
                 struct ip_endpoint *host)
{
    const struct ip_addr *to = &peer->addr;
    bool v6 = to->family == AF_INET6;

    if (v6 ? !is_carried_v6(plan, to) : !is_carried_v4(plan, to))
        return false;
    *host = *peer;
    if (ip_addr_equal(to, v6 ? &plan->gateway6 : &plan->gateway))
        host->addr = v6 ? ip_addr_v6(&in6addr_loopback)
                        : ip_addr_v4_host(INADDR_LOOPBACK);
    return true;
}

int outward_connect(const struct ip_endpoint *host,
                    const struct outbound *outbound, int *fd)
{
    int rc = 0;

    *fd = socket(host->addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                 0);
    if (*fd < 0)
        return -errno;
    relay_prepare_socket(*fd);
    if (ip_addr_is_loopback(&host->addr))
        relay_stay_local(*fd);
    else
        rc = outbound_apply(outbound, *fd, host->addr.family);
    return rc == 0 ? dial(*fd, host) : rc;
}

bool outward_refusal(int error, enum refuse_reason *reason)
{
    static const struct {
        int error;
        enum refuse_reason reason;
    } rows[] = {
        { ECONNREFUSED, REFUSE_RESET }, { ECONNRESET, REFUSE_RESET },
        { EMFILE, REFUSE_RESET },       { ENFILE, REFUSE_RESET },
        { ENETUNREACH, REFUSE_NET },    { ENETDOWN, REFUSE_NET },
        { EADDRNOTAVAIL, REFUSE_NET },  { EAFNOSUPPORT, REFUSE_NET },
        { EINVAL, REFUSE_NET },         { EHOSTUNREACH, REFUSE_HOST },
        { EHOSTDOWN, REFUSE_HOST },     { ENOPROTOOPT, REFUSE_HOST },
        { EACCES, REFUSE_PROHIBITED },  { EPERM, REFUSE_PROHIBITED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].error != error)
            continue;
        *reason = rows[i].reason;
        return true;
    }
    return false;
}
