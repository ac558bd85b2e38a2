/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/network_names.h"

#include "base/error.h"
#include "net/dns_server.h"

struct network_names {
    struct askers *askers; /* all networks' */
    struct names *table;
    struct dns_server *servers[SPEC_SUBNETS_MAX];
    size_t server_count;
};

/* As resolv.conf(5) has it when it does not say more. */
static struct resolver_list servers_at(const struct ip_addr *addrs,
                                       size_t count)
{
    struct resolver_list list = { .timeout_s = 5, .attempts = 2 };

    for (; list.count < MIN(count, RESOLVERS_MAX); list.count++)
        list.server[list.count].addr = addrs[list.count];
    return list;
}

static bool has_family(const struct spec *spec, sa_family_t family)
{
    for (size_t i = 0; i < spec->subnet_count; i++)
        if (spec->subnets[i].net.addr.family == family)
            return true;
    return false;
}

/* In an internal network nothing is asked of the world, nor is the host there.
 */
static struct names *make_table(const struct network_names_config *config,
                                const struct spec *spec)
{
    struct names *table = names_new();

    if (!spec->internal) {
        if (has_family(spec, AF_INET))
            names_add_gateway(table, &config->plan->gateway);
        if (has_family(spec, AF_INET6))
            names_add_gateway(table, &config->plan->gateway6);
    }
    for (size_t i = 0; i < spec->subnet_count; i++)
        names_add_subnet(table, &spec->subnets[i].net);
    return table;
}

static struct names *also(void *self, const struct ip_addr *client,
                          size_t index)
{
    const struct network_names *names = self;

    return askers_also(names->askers, names->table, client, index);
}

static int serve(struct network_names *names,
                 const struct network_names_config *config,
                 const struct spec *spec, const struct ip_addr *addr,
                 GError **err)
{
    const struct ip_endpoint at = { *addr, DNS_PORT };
    struct dns_server_config server = {
        .udp_fd = -1,
        .tcp_fd = -1,
        .service = { .names = names->table,
                     .also = also,
                     .self = names,
                     .forward = spec->internal ? NULL : config->forward,
                     .policy = config->policy,
                     .servers = servers_at(spec->dns_servers,
                                           spec->dns_server_count) },
        .budget = config->budget,
    };
    struct dns_server *made;

    server.udp_fd = fabric_socket(config->fabric, &at, SOCK_DGRAM, err);
    if (server.udp_fd < 0)
        return -1;
    server.tcp_fd = fabric_socket(config->fabric, &at, SOCK_STREAM, err);
    if (server.tcp_fd < 0) {
        own_close(&server.udp_fd);
        return -1;
    }
    made = dns_server_new(config->loop, &server, err);
    if (made == NULL)
        return -1;
    names->servers[names->server_count++] = made;
    return 0;
}

struct network_names *network_names_new(
    const struct network_names_config *config, const struct spec *spec,
    GError **err)
{
    struct network_names *names = g_new0(struct network_names, 1);

    names->askers = config->askers;
    names->table = make_table(config, spec);
    for (size_t i = 0; i < spec->subnet_count; i++) {
        if (serve(names, config, spec, &spec->subnets[i].gateway, err) != 0) {
            network_names_free(names);
            return NULL;
        }
    }
    return names;
}

void network_names_free(struct network_names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->server_count; i++)
        dns_server_free(names->servers[i]);
    names_free(names->table);
    g_free(names);
}

void network_names_set_servers(struct network_names *names,
                               const struct spec *spec)
{
    const struct resolver_list list =
        servers_at(spec->dns_servers, spec->dns_server_count);

    for (size_t i = 0; i < names->server_count; i++)
        dns_server_set_servers(names->servers[i], &list);
}

void network_names_forget(struct network_names *names)
{
    for (size_t i = 0; i < names->server_count; i++)
        dns_server_forget(names->servers[i]);
}

static int add_name(struct network_names *names,
                    const struct net_attachment *attachment, const char *name,
                    GError **err)
{
    for (size_t i = 0; i < attachment->addr_count; i++) {
        int rc = names_add(names->table, attachment->container, name,
                           &attachment->addrs[i]);

        if (rc != 0)
            return error_set(err,
                             rc == -ENOSPC ? SLIPGATE_ERROR_UNAVAILABLE
                                           : SLIPGATE_ERROR_BAD_REQUEST,
                             "give %s the name %s: %s", attachment->container,
                             name, g_strerror(-rc));
    }
    return 0;
}

static int add_all(struct network_names *names,
                   const struct net_attachment *attachment, GError **err)
{
    if (attachment->name[0] != '\0' &&
        add_name(names, attachment, attachment->name, err) != 0)
        return -1;
    for (char **alias = attachment->aliases; alias != NULL && *alias != NULL;
         alias++)
        if (add_name(names, attachment, *alias, err) != 0)
            return -1;
    return 0;
}

int network_names_add(struct network_names *names,
                      const struct net_attachment *attachment, GError **err)
{
    if (add_all(names, attachment, err) == 0) {
        askers_join(names->askers, attachment->container, names->table,
                    attachment->addrs, attachment->addr_count);
        return 0;
    }
    network_names_remove(names, attachment);
    return -1;
}

void network_names_remove(struct network_names *names,
                          const struct net_attachment *attachment)
{
    askers_leave(names->askers, attachment->container, names->table);
    names_remove(names->table, attachment->container);
}
