/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/banner.h"

static void text_line(FILE *out, const char *label, const char *value)
{
    fprintf(out, "* %-16s %s\n", label, value);
}

/* Left out when there is no address. */
static void addr_line(FILE *out, const char *label, const struct ip_addr *addr)
{
    char text[IP_ADDR_TEXT_MAX];

    if (addr->family != AF_UNSPEC)
        text_line(out, label, ip_addr_format(addr, text));
}

void banner_print(FILE *out, const struct options *options,
                  const struct plan *plan, const struct ip_addr *outbound,
                  const struct ip_addr *outbound6)
{
    char gateway[IP_ADDR_TEXT_MAX];

    fprintf(out, "Starting slirp\n");
    fprintf(out, "* %-16s %u\n", "MTU:", options->mtu);
    addr_line(out, "Network:", &plan->network);
    addr_line(out, "Netmask:", &plan->netmask);
    addr_line(out, "Gateway:", &plan->gateway);
    addr_line(out, "DNS:", &plan->dns);
    addr_line(out, "DHCP begin:", &plan->dhcp_start);
    addr_line(out, "DHCP end:", &plan->dhcp_end);
    addr_line(out, "Recommended IP:", &plan->guest);
    if (options->api_socket != NULL)
        text_line(out, "API Socket:", options->api_socket);
    addr_line(out, "Outbound IPv4:   ", outbound);
    addr_line(out, "Outbound IPv6:   ", outbound6);
    if (options->macaddress != NULL)
        text_line(out, "MAC address:", options->macaddress);
    if (!options->disable_host_loopback)
        fprintf(out,
                "WARNING: 127.0.0.1:* on the host is accessible as %s (set "
                "--disable-host-loopback to prohibit connecting to "
                "127.0.0.1:*)\n",
                ip_addr_format(&plan->gateway, gateway));
    fflush(out);
}
