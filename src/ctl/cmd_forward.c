/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/portmap.h"
#include "ctl/bound_socket.h"
#include "ctl/commands.h"
#include "ctl/exits.h"
#include "ctl/print.h"
#include "ctl/run_verb.h"

#include <string.h>
#include <unistd.h>

static void put_host(struct json_out *args, const struct portmap *map)
{
    char text[IP_ADDR_TEXT_MAX];

    json_out_string(args, "proto", map->proto == IPPROTO_UDP ? "udp" : "tcp");
    json_out_string(args, "host_addr",
                    map->both_families ? "*"
                                       : ip_addr_format(&map->host, text));
    json_out_uint(args, "host_port", map->host_port);
}

/* PATH:GUESTPORT */
static int put_path(struct json_out *args, const char *text, char **path,
                    GError **err)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *rest = NULL;
    struct portmap map;

    rest = g_strdup_printf("0%s", colon != NULL ? colon : "");
    if (colon == NULL || portmap_parse(rest, &map, NULL) != 0 ||
        map.range != 1 || map.proto != IPPROTO_TCP)
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "\"%s\" is not of the form PATH:GUESTPORT", text);
    *path = g_strndup(text, (gsize)(colon - text));
    json_out_string(args, "proto", "tcp");
    json_out_string(args, "host_path", *path);
    json_out_uint(args, "guest_port", map.guest_port);
    return 0;
}

/* `path` gets the path, if it is one, for the caller to free. */
static int put_forward(struct json_out *args, const char *text, char **path,
                       GError **err)
{
    struct portmap map;

    if (text[0] == '/')
        return put_path(args, text, path, err);
    if (portmap_parse(text, &map, err) != 0)
        return -1;
    put_host(args, &map);
    json_out_uint(args, "guest_port", map.guest_port);
    if (map.range > 1)
        json_out_uint(args, "range", map.range);
    return 0;
}

/* "127.0.0.1:8080 -> 80", by what was asked and what was answered. */
static void tell_added(const struct json_obj *ret)
{
    g_autofree char *id = print_member(ret, "id");
    g_autofree char *driver = print_member(ret, "driver");

    if (json_has(ret, "host_port")) {
        g_autofree char *port = print_member(ret, "host_port");

        printf("forward %s: port %s, by %s\n", id, port, driver);
    } else {
        printf("forward %s, by %s\n", id, driver);
    }
}

/*
 * A path is better made by the gate, which removes it in the end.  A confined
 * one sees no paths: then it gets the socket, and `forward remove PATH` is who
 * removes the file.
 */
static struct json_value *add(struct ctl_call *call, const char *path,
                              const struct json_out *args, struct json_obj *ret,
                              GError **err)
{
    g_autoptr(GError) why = NULL;
    struct json_value *answer =
        talk_call(call->talk, "add_hostfwd", args, -1, ret, &why);
    owned_fd fd = -1;

    if (answer == NULL && path != NULL && ctl_exit_of(why) == CTL_UNAVAILABLE) {
        fd = bound_socket_make(path, err);
        if (fd < 0)
            return NULL;
        answer = talk_call(call->talk, "add_hostfwd", args, fd, ret, err);
        if (answer == NULL)
            (void)unlink(path);
        return answer;
    }
    if (answer == NULL)
        g_propagate_error(err, g_steal_pointer(&why));
    return answer;
}

int ctl_forward_add(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();
    owned(json_value) answer = NULL;
    g_autofree char *path = NULL;
    struct json_obj ret;

    if (put_forward(args, call->args[0], &path, err) != 0)
        return -1;
    json_out_string(args, "guest_addr", call->options[CTL_OPTION_GUEST]);
    json_out_string(args, "network", call->options[CTL_OPTION_NETWORK]);
    json_out_string(args, "container", call->options[CTL_OPTION_CONTAINER]);
    json_out_string(args, "source", call->options[CTL_OPTION_SOURCE]);
    json_out_string(args, "driver", call->options[CTL_OPTION_DRIVER]);
    answer = add(call, path, args, &ret, err);
    if (answer == NULL)
        return -1;
    if (call->json)
        run_verb_print_json(ret.value);
    else
        tell_added(&ret);
    return 0;
}

/* --- list --- */

static char *host_text(const struct json_obj *entry)
{
    return json_has(entry, "host_path")
               ? print_member(entry, "host_path")
               : print_endpoint(entry, "host_addr", "host_port");
}

static void put_entry(struct table *table, const struct json_obj *entry)
{
    table_add(table, print_member(entry, "id"));
    table_add(table, print_member(entry, "proto"));
    table_add(table, host_text(entry));
    table_add(table, print_endpoint(entry, "guest_addr", "guest_port"));
    table_add(table, print_member(entry, "range"));
    table_add(table, print_member(entry, "source"));
    table_add(table, print_member(entry, "driver"));
    table_add(table, print_member(entry, "connections"));
}

int ctl_forward_list(struct ctl_call *call, GError **err)
{
    static const char *const heads[] = { "ID",      "<PROTO",      "<HOST",
                                         "<GUEST",  "PORTS",       "<SOURCE",
                                         "<DRIVER", "CONNECTIONS", NULL };
    struct json_obj ret, entry;
    struct json_list entries;
    struct table *table;
    owned(json_value) answer =
        talk_call(call->talk, "list_hostfwd", NULL, -1, &ret, err);

    if (answer == NULL || json_get_list(&ret, "entries", &entries, err) != 0)
        return -1;
    table = table_new(heads);
    for (size_t i = 0; i < json_list_len(&entries); i++) {
        if (!json_as_object(json_list_at(&entries, i), "entry", &entry))
            continue;
        if (call->json)
            run_verb_print_json(entry.value);
        else
            put_entry(table, &entry);
    }
    table_print_free(table, stdout);
    return 0;
}

/* --- remove --- */

/* [ADDR:]PORT/PROTO: the form of a forward, without the guest's half. */
static int put_key(struct json_out *args, const char *text, GError **err)
{
    const char *slash = strrchr(text, '/');
    g_autofree char *whole = NULL;
    struct portmap map;

    if (slash != NULL)
        whole = g_strdup_printf("%.*s:1%s", (int)(slash - text), text, slash);
    if (whole == NULL || portmap_parse(whole, &map, NULL) != 0)
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "\"%s\" is neither an id nor of the form "
                        "[ADDR:]PORT/PROTO or PATH",
                        text);
    put_host(args, &map);
    return 0;
}

static int put_which(struct json_out *args, const char *text, GError **err)
{
    if (text[0] == '/') {
        json_out_string(args, "proto", "tcp");
        json_out_string(args, "host_path", text);
        return 0;
    }
    if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0') {
        json_out_uint(args, "id", g_ascii_strtoull(text, NULL, 10));
        return 0;
    }
    return put_key(args, text, err);
}

int ctl_forward_remove(struct ctl_call *call, GError **err)
{
    owned(json_out) args = json_out_new();

    if (put_which(args, call->args[0], err) != 0)
        return -1;
    if (call->options[CTL_OPTION_CLOSE] != NULL)
        json_out_bool(args, "close", true);
    if (run_verb_members(call, "remove_hostfwd", args, err) != 0)
        return -1;
    if (call->args[0][0] == '/')
        bound_socket_remove(call->args[0]);
    return 0;
}
