/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/outbound.h"

#include "base/error.h"
#include "base/log.h"
#include "base/own.h"

#include <errno.h>
#include <sys/socket.h>

/* It may come later, so this is no error; and a slip of the pen looks so. */
static void tell_if_foreign(const struct outbound *outbound, const char *text)
{
    sa_family_t family = outbound->addr.family;
    owned_fd fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && outbound_apply(outbound, fd, family) == -EADDRNOTAVAIL)
        log_warn("--outbound-addr%s: %s is no address of this machine; until "
                 "it is, nothing leaves by %s",
                 family == AF_INET6 ? "6" : "", text,
                 family == AF_INET6 ? "IPv6" : "IPv4");
}

int outbound_resolve(const char *text, sa_family_t family, struct outbound *out,
                     GError **err)
{
    struct ip_addr addr = { .family = AF_UNSPEC };
    bool literal = false;

    *out = (struct outbound){ .is_way_out = false };
    if (text != NULL)
        literal = ip_addr_parse(text, &addr) && addr.family == family;
    if (text != NULL && !literal &&
        !outbound_interface_addr(text, family, &addr))
        /* Scripts know these sentences as they are, slips included. */
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "outbound-addr has to be valid ipv4 address or %s "
                         "name.",
                         family == AF_INET ? "interface" : "iterface");
    out->addr = addr;
    if (text != NULL && !literal)
        outbound_set_interface(out, text);
    if (literal)
        tell_if_foreign(out, text);
    return 0;
}
