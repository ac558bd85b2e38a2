/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"
#include "ctl/exits.h"
#include "ctl/pairs.h"
#include "ctl/run_verb.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* --- what a network is --- */

static int put_subnet(struct pairs *pairs, const char *member,
                      const char *value, GError **err)
{
    (void)err;
    pairs->last = json_out_append_object(pairs_array(pairs, member));
    json_out_string(pairs->last, "subnet", value);
    return 0;
}

static int need_subnet(const struct pairs *pairs, const char *key, GError **err)
{
    if (pairs->last != NULL)
        return 0;
    return ctl_fail(err, CTL_BAD_REQUEST, "%s= stands after its subnet=", key);
}

static int put_gateway(struct pairs *pairs, const char *member,
                       const char *value, GError **err)
{
    if (need_subnet(pairs, "gateway", err) != 0)
        return -1;
    json_out_string(pairs->last, member, value);
    return 0;
}

/* FIRST-LAST, of which either may be missing. */
static int put_range(struct pairs *pairs, const char *member, const char *value,
                     GError **err)
{
    const char *dash = strchr(value, '-');
    g_autofree char *first = NULL;
    struct json_out *range;

    if (need_subnet(pairs, "range", err) != 0)
        return -1;
    if (dash == NULL)
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "\"%s\" is not of the form FIRST-LAST", value);
    first = g_strndup(value, (gsize)(dash - value));
    range = json_out_object(pairs->last, member);
    json_out_string(range, "start_ip", first);
    json_out_string(range, "end_ip", dash + 1);
    return 0;
}

/* DESTINATION,GATEWAY[,METRIC] */
static int put_route(struct pairs *pairs, const char *member, const char *value,
                     GError **err)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", 0);
    guint count = g_strv_length(parts);
    struct json_out *route;
    guint64 metric = 0;

    if (count < 2 || count > 3 ||
        (count == 3 && !g_ascii_string_to_unsigned(parts[2], 10, 0, UINT32_MAX,
                                                   &metric, NULL)))
        return ctl_fail(
            err, CTL_BAD_REQUEST,
            "\"%s\" is not of the form DESTINATION,GATEWAY[,METRIC]", value);
    route = json_out_append_object(pairs_array(pairs, member));
    json_out_string(route, "destination", parts[0]);
    json_out_string(route, "gateway", parts[1]);
    if (count == 3)
        json_out_uint(route, "metric", metric);
    return 0;
}

static int put_label(struct pairs *pairs, const char *member, const char *value,
                     GError **err)
{
    const char *equals = strchr(value, '=');
    g_autofree char *key = NULL;

    (void)err;
    if (equals == NULL)
        equals = value + strlen(value);
    key = g_strndup(value, (gsize)(equals - value));
    json_out_string(pairs_object(pairs, member), key,
                    *equals == '=' ? equals + 1 : equals);
    return 0;
}

/* What begins with an empty value takes all away. */
static int put_server(struct pairs *pairs, const char *member,
                      const char *value, GError **err)
{
    if (*value != '\0')
        return pairs_item(pairs, member, value, err);
    (void)pairs_array(pairs, member);
    return 0;
}

static const struct pair_row network_rows[] = {
    { "subnet", put_subnet, "subnets" },
    { "gateway", put_gateway, "gateway" },
    { "range", put_range, "lease_range" },
    { "route", put_route, "routes" },
    { "ipv6", pairs_truth, "ipv6_enabled" },
    { "internal", pairs_truth, "internal" },
    { "dns", pairs_truth, "dns_enabled" },
    { "server", put_server, "network_dns_servers" },
    { "masquerade", pairs_truth, "masquerade" },
    { "interface", pairs_text, "network_interface" },
    { "id", pairs_text, "id" },
    { "label", put_label, "labels" },
    { NULL, pairs_option, NULL },
};

static int define(struct ctl_call *call, const char *verb, GError **err)
{
    owned(json_out) args = json_out_new();

    json_out_string(args, "name", call->args[0]);
    if (pairs_read(args, call->args + 1, network_rows, err) != 0)
        return -1;
    return run_verb_silent(call, verb, args, err);
}

int ctl_network_create(struct ctl_call *call, GError **err)
{
    return define(call, "network_create", err);
}

int ctl_network_update(struct ctl_call *call, GError **err)
{
    return define(call, "network_update", err);
}

int ctl_network_remove(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();

    json_out_string(args, "name", call->args[0]);
    if (call->options[CTL_OPTION_FORCE] != NULL)
        json_out_bool(args, "force", true);
    return run_verb_silent(call, "network_remove", args, err);
}

/* --- containers --- */

static const struct pair_row container_rows[] = {
    { "ip", pairs_item, "static_ips" },
    { "mac", pairs_text, "static_mac" },
    { "interface", pairs_text, "interface_name" },
    { "name", pairs_text, "container_name" },
    { "alias", pairs_item, "aliases" },
    { "default_route", pairs_truth, "default_route" },
    { "metric", pairs_number, "metric" },
    { NULL, NULL, NULL },
};

/*
 * Opens the namespace here, where it can be seen; its name goes along, for a
 * gate that looks for it again after a restart.
 */
static int open_namespace(struct json_out *args, const char *text, GError **err)
{
    bool is_pid = text[strspn(text, "0123456789")] == '\0';
    g_autofree char *path = is_pid ? g_strdup_printf("/proc/%s/ns/net", text)
                                   : g_canonicalize_filename(text, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return ctl_fail(err,
                        errno == ENOENT   ? CTL_NOT_FOUND
                        : errno == EACCES ? CTL_DENIED
                                          : CTL_FAILED,
                        "open %s: %s", path, g_strerror(errno));
    if (is_pid)
        json_out_uint(args, "pid", g_ascii_strtoull(text, NULL, 10));
    else
        json_out_string(args, "netns", path);
    return fd;
}

static void tell_subnets(const char *name, const struct json_obj *interface)
{
    struct json_list subnets;
    struct json_obj subnet;
    const char *ipnet = "";

    printf("%s", name);
    if (json_get_list(interface, "subnets", &subnets, NULL) != 0)
        return;
    for (size_t i = 0; i < json_list_len(&subnets); i++)
        if (json_as_object(json_list_at(&subnets, i), "subnet", &subnet) &&
            json_get_string(&subnet, "ipnet", &ipnet, NULL) == 0)
            printf(" %s", ipnet);
    printf("\n");
}

static void tell_interface(void *self, const char *key,
                           const struct json_value *value)
{
    struct json_obj interface;

    (void)self;
    if (json_as_object(value, key, &interface))
        tell_subnets(key, &interface);
}

int ctl_network_attach(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();
    owned(json_value) answer = NULL;
    struct json_obj ret, interfaces;
    owned_fd fd = -1;

    json_out_string(args, "network", call->args[0]);
    json_out_string(args, "container", call->args[1]);
    if (pairs_read(args, call->args + 3, container_rows, err) != 0)
        return -1;
    fd = open_namespace(args, call->args[2], err);
    if (fd < 0)
        return -1;
    answer = talk_call(call->talk, "network_attach", args, fd, &ret, err);
    if (answer == NULL ||
        json_get_object(&ret, "interfaces", &interfaces, err) != 0)
        return -1;
    if (call->json)
        run_verb_print_json(ret.value);
    else
        json_each(&interfaces, tell_interface, NULL);
    return 0;
}

int ctl_network_detach(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();

    json_out_string(args, "network", call->args[0]);
    json_out_string(args, "container", call->args[1]);
    return run_verb_silent(call, "network_detach", args, err);
}
