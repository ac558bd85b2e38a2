/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"
#include "ctl/print.h"
#include "ctl/run_verb.h"

#include <string.h>

/* The text `key` of each object of the array `list`, joined. */
static char *join(const struct json_obj *obj, const char *list, const char *key)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct json_list items;
    struct json_obj item;
    const char *one = "";

    if (json_get_list(obj, list, &items, NULL) != 0)
        return g_strdup("-");
    for (size_t i = 0; i < json_list_len(&items); i++) {
        if (!json_as_object(json_list_at(&items, i), list, &item) ||
            json_get_string(&item, key, &one, NULL) != 0)
            continue;
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", one);
    }
    return g_strdup(text->str);
}

/* What is out of the ordinary, in a word each. */
static char *notes(const struct json_obj *network)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct json_obj options = { NULL, "options" };
    const char *isolate = "strict";
    bool internal = false, dns = true, masquerade = true;

    (void)json_find_bool(network, "internal", &internal, NULL);
    (void)json_find_bool(network, "dns_enabled", &dns, NULL);
    (void)json_find_bool(network, "masquerade", &masquerade, NULL);
    (void)json_get_object(network, "options", &options, NULL);
    (void)json_find_string(&options, "isolate", &isolate, NULL);
    g_string_append(text, internal ? " internal" : "");
    g_string_append(text, dns ? "" : " no-dns");
    g_string_append(text, masquerade ? "" : " no-masquerade");
    if (strcmp(isolate, "strict") != 0)
        g_string_append_printf(text, " isolate=%s", isolate);
    return g_strdup(text->len > 0 ? text->str + 1 : "-");
}

static void put_network(struct table *table, const struct json_obj *network)
{
    table_add(table, print_member(network, "name"));
    table_add(table, print_member(network, "network_interface"));
    table_add(table, join(network, "subnets", "subnet"));
    table_add(table, print_member(network, "containers"));
    table_add(table, notes(network));
}

int ctl_network_list(struct ctl_call *call, GError **err)
{
    static const char *const heads[] = { "<NAME",      "<BRIDGE", "<SUBNETS",
                                         "CONTAINERS", "<NOTES",  NULL };
    struct json_obj ret, network;
    struct json_list networks;
    struct table *table;
    owned(json_value) answer =
        talk_call(call->talk, "network_list", NULL, -1, &ret, err);

    if (answer == NULL || json_get_list(&ret, "networks", &networks, err) != 0)
        return -1;
    table = table_new(heads);
    for (size_t i = 0; i < json_list_len(&networks); i++) {
        if (!json_as_object(json_list_at(&networks, i), "network", &network))
            continue;
        if (call->json)
            run_verb_print_json(network.value);
        else
            put_network(table, &network);
    }
    table_print_free(table, stdout);
    return 0;
}

/* --- one of them --- */

/* The texts of an array, joined. */
static char *join_texts(const struct json_obj *obj, const char *key)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct json_list items;

    if (!json_has(obj, key) || json_get_list(obj, key, &items, NULL) != 0)
        return g_strdup("-");
    for (size_t i = 0; i < json_list_len(&items); i++) {
        const char *one = json_as_string(json_list_at(&items, i));

        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               one != NULL ? one : "-");
    }
    return g_strdup(text->str);
}

static void put_container(void *self, const char *key,
                          const struct json_value *value)
{
    struct table *table = self;
    struct json_obj container;

    if (!json_as_object(value, key, &container))
        return;
    table_add(table, g_strdup(key));
    table_add(table, print_member(&container, "interface_name"));
    table_add(table, join_texts(&container, "static_ips"));
    table_add(table, print_member(&container, "static_mac"));
    table_add(table, join_texts(&container, "aliases"));
}

static void tell(const struct json_obj *network,
                 const struct json_obj *containers)
{
    static const char *const heads[] = { "<CONTAINER", "<INTERFACE",
                                         "<ADDRESSES", "<MAC",
                                         "<ALIASES",   NULL };
    struct table *table = table_new(heads);

    print_members(stdout, network);
    json_each(containers, put_container, table);
    table_print_free(table, stdout);
}

int ctl_network_inspect(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();
    owned(json_value) answer = NULL;
    struct json_obj ret, network, containers;

    json_out_string(args, "name", call->args[0]);
    answer = talk_call(call->talk, "network_inspect", args, -1, &ret, err);
    if (answer == NULL ||
        json_get_object(&ret, "network", &network, err) != 0 ||
        json_get_object(&ret, "containers", &containers, err) != 0)
        return -1;
    if (call->json)
        run_verb_print_json(ret.value);
    else
        tell(&network, &containers);
    return 0;
}
