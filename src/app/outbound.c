/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/outbound.h"

#include "base/error.h"

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
    return 0;
}
