/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/network_json.h"

#include "base/error.h"
#include "base/parse.h"
#include "control/network_json_internal.h"
#include "net/names.h"

#include <string.h>

static int read_mac(const struct json_obj *obj,
                    struct net_attachment *attachment, GError **err)
{
    const char *text = NULL;

    if (json_find_string(obj, "static_mac", &text, err) != 0)
        return -1;
    if (text == NULL || *text == '\0')
        return 0;
    if (!parse_mac(&text, attachment->mac) || !parse_end(text))
        return json_bad(obj, "static_mac", err,
                        "must be a MAC address as 52:73:00:00:00:01");
    attachment->has_mac = true;
    return 0;
}

static int read_aliases(const struct json_obj *obj,
                        struct net_attachment *attachment, GError **err)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    struct json_list list;

    if (!json_has(obj, "aliases"))
        return 0;
    if (json_get_list(obj, "aliases", &list, err) != 0)
        return -1;
    for (size_t i = 0; i < json_list_len(&list); i++) {
        const char *text = json_as_string(json_list_at(&list, i));

        if (text == NULL)
            return json_bad(obj, "aliases", err, "must hold strings only");
        g_ptr_array_add(texts, g_strdup(text));
    }
    g_ptr_array_add(texts, NULL);
    g_strfreev(attachment->aliases);
    attachment->aliases =
        (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return 0;
}

int attachment_json_decode(const struct json_obj *obj,
                           struct net_attachment *attachment, GError **err)
{
    uint64_t metric = 0;

    if (network_json_find_text(obj, "container", attachment->container,
                               sizeof(attachment->container), err) != 0 ||
        network_json_find_text(obj, "container_name", attachment->name,
                               sizeof(attachment->name), err) != 0 ||
        network_json_find_text(obj, "interface_name", attachment->interface,
                               sizeof(attachment->interface), err) != 0 ||
        network_json_find_addrs(obj, "static_ips", attachment->addrs,
                                ATTACHMENT_ADDRS_MAX, &attachment->addr_count,
                                err) != 0 ||
        read_mac(obj, attachment, err) != 0 ||
        read_aliases(obj, attachment, err) != 0 ||
        json_find_bool(obj, "default_route", &attachment->default_route, err) !=
            0 ||
        json_find_uint(obj, "metric", 0, UINT32_MAX, &metric, err) != 0)
        return -1;
    attachment->metric = (unsigned)metric;
    return 0;
}

/* --- writing --- */

static void put_mac(struct json_out *out, const char *key, const uint8_t mac[6])
{
    g_autofree char *text =
        g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                        mac[3], mac[4], mac[5]);

    json_out_string(out, key, text);
}

void attachment_json_put(struct json_out *out,
                         const struct net_attachment *attachment)
{
    json_out_string(out, "container", attachment->container);
    if (attachment->name[0] != '\0')
        json_out_string(out, "container_name", attachment->name);
    json_out_string(out, "interface_name", attachment->interface);
    network_json_put_addrs(out, "static_ips", attachment->addrs,
                           attachment->addr_count);
    put_mac(out, "static_mac", attachment->mac);
    if (attachment->aliases != NULL && attachment->aliases[0] != NULL) {
        struct json_out *list = json_out_array(out, "aliases");

        for (char **alias = attachment->aliases; *alias != NULL; alias++)
            json_out_append_string(list, *alias);
    }
    json_out_bool(out, "default_route", attachment->default_route);
    json_out_uint(out, "metric", attachment->metric);
}

static void put_interface(struct json_out *out, const struct spec *spec,
                          const struct net_attachment *attachment)
{
    struct json_out *subnets;
    char text[IP_PREFIX_TEXT_MAX];

    put_mac(out, "mac_address", attachment->mac);
    subnets = json_out_array(out, "subnets");
    for (size_t i = 0; i < attachment->addr_count; i++) {
        const struct ip_addr *addr = &attachment->addrs[i];
        const struct spec_subnet *subnet = spec_subnet_of(spec, addr);
        struct ip_prefix net;
        struct json_out *to;

        if (subnet == NULL)
            continue;
        net = (struct ip_prefix){ *addr, subnet->net.len };
        to = json_out_append_object(subnets);
        json_out_string(to, "ipnet", ip_prefix_format(&net, text));
        json_out_string(to, "gateway", ip_addr_format(&subnet->gateway, text));
    }
}

static void put_dns(struct json_out *out, const struct spec *spec)
{
    struct ip_addr gateways[SPEC_SUBNETS_MAX];

    if (!spec->dns) {
        json_out_array(out, "dns_search_domains");
        network_json_put_addrs(out, "dns_server_ips", spec->dns_servers,
                               spec->dns_server_count);
        return;
    }
    for (size_t i = 0; i < spec->subnet_count; i++)
        gateways[i] = spec->subnets[i].gateway;
    json_out_append_string(json_out_array(out, "dns_search_domains"),
                           NAMES_DOMAIN);
    network_json_put_addrs(out, "dns_server_ips", gateways, spec->subnet_count);
}

void attachment_json_put_status(struct json_out *out, const struct spec *spec,
                                const struct net_attachment *attachment)
{
    put_dns(out, spec);
    put_interface(json_out_object(json_out_object(out, "interfaces"),
                                  attachment->interface),
                  spec, attachment);
}
