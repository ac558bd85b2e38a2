/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/network_json.h"

#include "base/error.h"
#include "control/network_json_internal.h"
#include "control/network_options.h"
#include "control/values.h"

#include <string.h>

const char *const network_json_members[] = { "name",
                                             "id",
                                             "driver",
                                             "network_interface",
                                             "created",
                                             "subnets",
                                             "routes",
                                             "ipv6_enabled",
                                             "internal",
                                             "dns_enabled",
                                             "network_dns_servers",
                                             "masquerade",
                                             "labels",
                                             "options",
                                             "ipam_options",
                                             NULL };

/* --- reading: pieces --- */

int network_json_find_text(const struct json_obj *obj, const char *key,
                           char *to, size_t size, GError **err)
{
    const char *text = to;

    if (json_find_string(obj, key, &text, err) != 0)
        return -1;
    if (strlen(text) >= size)
        return json_bad(obj, key, err, "must have at most %zu characters",
                        size - 1);
    if (text != to)
        (void)g_strlcpy(to, text, size);
    return 0;
}

static int get_prefix(const struct json_obj *obj, const char *key,
                      struct ip_prefix *to, GError **err)
{
    const char *text = "";
    char right[IP_PREFIX_TEXT_MAX];
    bool exact = false;

    if (json_get_string(obj, key, &text, err) != 0)
        return -1;
    if (!ip_prefix_parse(text, to, &exact))
        return json_bad(obj, key, err, "must be a network as 10.89.0.0/24");
    if (!exact)
        return json_bad(obj, key, err,
                        "%s is an address in the network %s: name that", text,
                        ip_prefix_format(to, right));
    return 0;
}

/* A member that must be one of two words, of which one is not for us. */
static int refuse_other(const struct json_obj *obj, const char *key,
                        const char *ours, GError **err)
{
    const char *text = ours;

    if (json_find_string(obj, key, &text, err) != 0)
        return -1;
    if (strcmp(text, ours) == 0 || *text == '\0')
        return 0;
    return json_bad(obj, key, err, "only \"%s\" can be had", ours);
}

/* Calls `read` for each object of the array `key`, which may be missing. */
static int each_object(const struct json_obj *obj, const char *key,
                       const char *name, size_t max,
                       int (*read)(const struct json_obj *item,
                                   struct spec *spec, GError **err),
                       struct spec *spec, GError **err)
{
    struct json_list list;
    struct json_obj item;

    if (!json_has(obj, key))
        return 0;
    if (json_get_list(obj, key, &list, err) != 0)
        return -1;
    if (json_list_len(&list) > max)
        return json_bad(obj, key, err, "must have at most %zu members", max);
    for (size_t i = 0; i < json_list_len(&list); i++) {
        if (!json_as_object(json_list_at(&list, i), name, &item))
            return json_bad(obj, key, err, "must hold objects");
        if (read(&item, spec, err) != 0)
            return -1;
    }
    return 0;
}

int network_json_find_addrs(const struct json_obj *obj, const char *key,
                            struct ip_addr *to, size_t max, size_t *count,
                            GError **err)
{
    struct json_list list;
    size_t len;

    if (!json_has(obj, key))
        return 0;
    if (json_get_list(obj, key, &list, err) != 0)
        return -1;
    len = json_list_len(&list);
    if (len > max)
        return json_bad(obj, key, err, "must have at most %zu members", max);
    for (size_t i = 0; i < len; i++) {
        const char *text = json_as_string(json_list_at(&list, i));

        if (text == NULL || !ip_addr_parse(text, &to[i]))
            return json_bad(obj, key, err,
                            "must hold IPv4 or IPv6 addresses only");
    }
    *count = len;
    return 0;
}

/* --- reading: a definition --- */

static int read_range(const struct json_obj *item, struct spec_subnet *subnet,
                      GError **err)
{
    static const char *const known[] = { "start_ip", "end_ip", NULL };
    struct json_obj range;

    if (!json_has(item, "lease_range"))
        return 0;
    if (json_get_object(item, "lease_range", &range, err) != 0 ||
        json_check_known(&range, known, err) != 0 ||
        values_find_addr(&range, "start_ip", &subnet->lease_first, err) != 0)
        return -1;
    return values_find_addr(&range, "end_ip", &subnet->lease_last, err);
}

static int read_subnet(const struct json_obj *item, struct spec *spec,
                       GError **err)
{
    static const char *const known[] = { "subnet", "gateway", "lease_range",
                                         NULL };
    struct spec_subnet subnet = { .net.len = 0 };

    if (json_check_known(item, known, err) != 0 ||
        get_prefix(item, "subnet", &subnet.net, err) != 0 ||
        values_find_addr(item, "gateway", &subnet.gateway, err) != 0 ||
        read_range(item, &subnet, err) != 0)
        return -1;
    spec->subnets[spec->subnet_count++] = subnet;
    return 0;
}

static int read_route(const struct json_obj *item, struct spec *spec,
                      GError **err)
{
    static const char *const known[] = { "destination", "gateway", "metric",
                                         "route_type", NULL };
    struct spec_route route = { .metric = 0 };
    uint64_t metric = 0;

    if (json_check_known(item, known, err) != 0 ||
        refuse_other(item, "route_type", "unicast", err) != 0 ||
        get_prefix(item, "destination", &route.destination, err) != 0 ||
        values_find_addr(item, "gateway", &route.gateway, err) != 0 ||
        json_find_uint(item, "metric", 0, UINT32_MAX, &metric, err) != 0)
        return -1;
    route.metric = (uint32_t)metric;
    spec->routes[spec->route_count++] = route;
    return 0;
}

static int read_lists(const struct json_obj *obj, struct spec *spec,
                      GError **err)
{
    if (json_has(obj, "subnets"))
        spec->subnet_count = 0;
    if (json_has(obj, "routes"))
        spec->route_count = 0;
    if (each_object(obj, "subnets", "subnets", SPEC_SUBNETS_MAX, read_subnet,
                    spec, err) != 0 ||
        each_object(obj, "routes", "routes", SPEC_ROUTES_MAX, read_route, spec,
                    err) != 0)
        return -1;
    return network_json_find_addrs(obj, "network_dns_servers",
                                   spec->dns_servers, SPEC_DNS_MAX,
                                   &spec->dns_server_count, err);
}

struct labels {
    GPtrArray *texts;
    bool bad;
};

static void add_label(void *self, const char *key,
                      const struct json_value *value)
{
    struct labels *labels = self;
    const char *text = json_as_string(value);

    labels->bad = labels->bad || text == NULL;
    g_ptr_array_add(labels->texts, g_strdup(key));
    g_ptr_array_add(labels->texts, g_strdup(text));
}

static int read_labels(const struct json_obj *obj, struct spec *spec,
                       GError **err)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    struct labels labels = { texts, false };
    struct json_obj all;

    if (!json_has(obj, "labels"))
        return 0;
    if (json_get_object(obj, "labels", &all, err) != 0)
        return -1;
    json_each(&all, add_label, &labels);
    if (labels.bad)
        return json_bad(obj, "labels", err, "must hold strings only");
    if (texts->len > 2 * SPEC_LABELS_MAX)
        return json_bad(obj, "labels", err, "must have at most %d members",
                        SPEC_LABELS_MAX);
    g_ptr_array_add(texts, NULL);
    g_strfreev(spec->labels);
    spec->labels = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return 0;
}

static int read_created(const struct json_obj *obj, struct spec *spec,
                        GError **err)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = NULL;
    const char *text = NULL;

    if (json_find_string(obj, "created", &text, err) != 0)
        return -1;
    if (text == NULL)
        return 0;
    time = g_date_time_new_from_iso8601(text, utc);
    if (time == NULL)
        return json_bad(obj, "created", err, "must be a time of RFC 3339");
    /* The first year is how Go writes that it knows no time. */
    spec->created = MAX(g_date_time_to_unix(time), 0);
    return 0;
}

static int read_ipam(const struct json_obj *obj, GError **err)
{
    struct json_obj options;

    if (!json_has(obj, "ipam_options"))
        return 0;
    if (json_get_object(obj, "ipam_options", &options, err) != 0)
        return -1;
    return refuse_other(&options, "driver", "host-local", err);
}

static int read_switches(const struct json_obj *obj, struct spec *spec,
                         GError **err)
{
    struct {
        const char *key;
        bool *to;
    } rows[] = { { "ipv6_enabled", &spec->ipv6 },
                 { "internal", &spec->internal },
                 { "dns_enabled", &spec->dns },
                 { "masquerade", &spec->masquerade } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (json_find_bool(obj, rows[i].key, rows[i].to, err) != 0)
            return -1;
    return 0;
}

int network_json_decode(const struct json_obj *obj, struct spec *spec,
                        GError **err)
{
    if (network_json_find_text(obj, "name", spec->name, sizeof(spec->name),
                               err) != 0 ||
        network_json_find_text(obj, "id", spec->id, sizeof(spec->id), err) !=
            0 ||
        refuse_other(obj, "driver", "bridge", err) != 0 ||
        network_json_find_text(obj, "network_interface", spec->interface,
                               sizeof(spec->interface), err) != 0 ||
        read_switches(obj, spec, err) != 0 || read_lists(obj, spec, err) != 0 ||
        read_labels(obj, spec, err) != 0 || read_created(obj, spec, err) != 0 ||
        read_ipam(obj, err) != 0)
        return -1;
    return network_options_decode(obj, spec, err);
}

/* --- writing --- */

void network_json_put_addrs(struct json_out *out, const char *key,
                            const struct ip_addr *addrs, size_t count)
{
    struct json_out *list = json_out_array(out, key);
    char text[IP_ADDR_TEXT_MAX];

    for (size_t i = 0; i < count; i++)
        json_out_append_string(list, ip_addr_format(&addrs[i], text));
}

static void put_subnet(struct json_out *out, const struct spec_subnet *subnet)
{
    char text[IP_PREFIX_TEXT_MAX];
    struct json_out *range;

    json_out_string(out, "subnet", ip_prefix_format(&subnet->net, text));
    values_put_addr(out, "gateway", &subnet->gateway);
    if (subnet->lease_first.family == AF_UNSPEC &&
        subnet->lease_last.family == AF_UNSPEC)
        return;
    range = json_out_object(out, "lease_range");
    if (subnet->lease_first.family != AF_UNSPEC)
        values_put_addr(range, "start_ip", &subnet->lease_first);
    if (subnet->lease_last.family != AF_UNSPEC)
        values_put_addr(range, "end_ip", &subnet->lease_last);
}

static void put_lists(struct json_out *out, const struct spec *spec)
{
    struct json_out *subnets = json_out_array(out, "subnets"), *routes;
    char text[IP_PREFIX_TEXT_MAX];

    for (size_t i = 0; i < spec->subnet_count; i++)
        put_subnet(json_out_append_object(subnets), &spec->subnets[i]);
    if (spec->route_count == 0)
        return;
    routes = json_out_array(out, "routes");
    for (size_t i = 0; i < spec->route_count; i++) {
        const struct spec_route *route = &spec->routes[i];
        struct json_out *to = json_out_append_object(routes);

        json_out_string(to, "destination",
                        ip_prefix_format(&route->destination, text));
        values_put_addr(to, "gateway", &route->gateway);
        if (route->metric != 0)
            json_out_uint(to, "metric", route->metric);
    }
}

static void put_created(struct json_out *out, int64_t created)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(created);
    g_autofree char *text =
        time == NULL ? NULL : g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");

    json_out_string(out, "created", text);
}

static void put_labels(struct json_out *out, char *const *labels)
{
    struct json_out *to;

    if (labels == NULL || labels[0] == NULL)
        return;
    to = json_out_object(out, "labels");
    for (; labels[0] != NULL; labels += 2)
        json_out_string(to, labels[0], labels[1]);
}

void network_json_put(struct json_out *out, const struct spec *spec)
{
    json_out_string(out, "name", spec->name);
    json_out_string(out, "id", spec->id);
    json_out_string(out, "driver", "bridge");
    json_out_string(out, "network_interface", spec->interface);
    put_created(out, spec->created);
    put_lists(out, spec);
    json_out_bool(out, "ipv6_enabled", spec->ipv6);
    json_out_bool(out, "internal", spec->internal);
    json_out_bool(out, "dns_enabled", spec->dns);
    if (spec->dns_server_count > 0)
        network_json_put_addrs(out, "network_dns_servers", spec->dns_servers,
                               spec->dns_server_count);
    json_out_bool(out, "masquerade", spec->masquerade);
    put_labels(out, spec->labels);
    network_options_put(json_out_object(out, "options"), spec);
    json_out_string(json_out_object(out, "ipam_options"), "driver",
                    "host-local");
}
