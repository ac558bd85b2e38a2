/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_network.h"

#include "control/network_json.h"

#include <string.h>

#define PID_MAX_LIMIT (1u << 22) /* proc(5) */

static void put_network(struct json_out *out, const struct network *network)
{
    network_json_put(json_out_object(out, "network"), network_spec(network));
}

/* --- networks --- */

static int create(void *self, struct verb_call *call, GError **err)
{
    const struct network *network = NULL;
    const char *name;
    struct spec asked;

    if (json_get_string(&call->args, "name", &name, err) != 0)
        return -1;
    spec_init(&asked);
    if (network_json_decode(&call->args, &asked, err) == 0)
        network = networks_create(self, &asked, err);
    spec_clear(&asked);
    if (network == NULL)
        return -1;
    put_network(call->ret, network);
    return 0;
}

static int list(void *self, struct verb_call *call, GError **err)
{
    struct json_out *all = json_out_array(call->ret, "networks");

    (void)err;
    for (size_t i = 0; i < networks_count(self); i++) {
        const struct network *network = networks_at(self, i);
        struct json_out *out = json_out_append_object(all);

        network_json_put(out, network_spec(network));
        json_out_uint(out, "containers", network_attachment_count(network));
    }
    return 0;
}

static const struct network *find(const struct networks *networks,
                                  const struct json_obj *args, const char *key,
                                  GError **err)
{
    const char *name;

    if (json_get_string(args, key, &name, err) != 0)
        return NULL;
    return networks_find(networks, name, err);
}

static void put_container(struct json_out *containers,
                          const struct network *network,
                          const struct net_attachment *attachment)
{
    struct json_out *out = json_out_object(containers, attachment->container);

    attachment_json_put(out, attachment);
    attachment_json_put_status(out, network_spec(network), attachment);
}

static int inspect(void *self, struct verb_call *call, GError **err)
{
    const struct network *network = find(self, &call->args, "name", err);
    struct json_out *containers;

    if (network == NULL)
        return -1;
    put_network(call->ret, network);
    containers = json_out_object(call->ret, "containers");
    for (size_t i = 0; i < network_attachment_count(network); i++)
        put_container(containers, network, network_attachment_at(network, i));
    return 0;
}

static int decode_update(const struct json_obj *args,
                         const struct network *network, struct spec *wanted,
                         GError **err)
{
    if (network_json_decode(args, wanted, err) != 0)
        return -1;
    /* It may have been named by its id. */
    (void)g_strlcpy(wanted->name, network_spec(network)->name,
                    sizeof(wanted->name));
    return 0;
}

static int update(void *self, struct verb_call *call, GError **err)
{
    const struct network *network = find(self, &call->args, "name", err);
    struct spec wanted;
    int rc = -1;

    if (network == NULL)
        return -1;
    spec_copy(&wanted, network_spec(network));
    if (decode_update(&call->args, network, &wanted, err) == 0)
        rc = networks_update(self, wanted.name, &wanted, err);
    spec_clear(&wanted);
    if (rc == 0)
        put_network(call->ret, network);
    return rc;
}

static int remove_network(void *self, struct verb_call *call, GError **err)
{
    const char *name;
    bool force = false;

    if (json_get_string(&call->args, "name", &name, err) != 0 ||
        json_find_bool(&call->args, "force", &force, err) != 0)
        return -1;
    return networks_remove(self, name, force, err);
}

/* --- containers --- */

static int decode_path(const struct json_obj *args,
                       struct attach_target *target, GError **err)
{
    if (json_find_string(args, "netns", &target->path, err) != 0)
        return -1;
    if (target->path != NULL && target->path[0] != '/')
        return json_bad(args, "netns", err, "must begin with \"/\"");
    return 0;
}

static int decode_target(const struct verb_call *call,
                         struct attach_target *target, GError **err)
{
    const struct json_obj *args = &call->args;
    uint64_t pid = 0;

    if (json_find_uint(args, "pid", 1, PID_MAX_LIMIT, &pid, err) != 0 ||
        decode_path(args, target, err) != 0)
        return -1;
    target->pid = (pid_t)pid;
    if (call->fd_count > 0)
        target->netns_fd = call->fds[0];
    if (target->pid != 0 && target->path != NULL)
        return json_bad(args, "netns", err, "stands instead of pid");
    if (target->pid != 0 || target->path != NULL || target->netns_fd >= 0)
        return 0;
    return json_bad(args, "pid", err,
                    "a pid, a path netns, or a descriptor is needed");
}

static int attach(void *self, struct verb_call *call, GError **err)
{
    struct attach_target target = { .netns_fd = -1 };
    const struct net_attachment *made = NULL;
    const char *name, *container;
    struct net_attachment asked;

    if (json_get_string(&call->args, "network", &name, err) != 0 ||
        json_get_string(&call->args, "container", &container, err) != 0 ||
        decode_target(call, &target, err) != 0)
        return -1;
    attachment_init(&asked);
    if (attachment_json_decode(&call->args, &asked, err) == 0)
        made = networks_attach(self, name, &asked, &target, err);
    attachment_clear(&asked);
    if (made == NULL)
        return -1;
    attachment_json_put_status(
        call->ret, network_spec(networks_find(self, name, NULL)), made);
    return 0;
}

static int detach(void *self, struct verb_call *call, GError **err)
{
    const char *name, *container;

    if (json_get_string(&call->args, "network", &name, err) != 0 ||
        json_get_string(&call->args, "container", &container, err) != 0)
        return -1;
    return networks_detach(self, name, container, err);
}

/* --- events --- */

void verbs_network_put_event(struct json_out *out, enum networks_change change,
                             const struct network *network,
                             const struct net_attachment *attachment)
{
    static const char *const words[] = {
        [NETWORKS_CREATED] = "created",   [NETWORKS_UPDATED] = "updated",
        [NETWORKS_REMOVED] = "removed",   [NETWORKS_ATTACHED] = "attached",
        [NETWORKS_DETACHED] = "detached", [NETWORKS_GONE] = "gone",
    };

    json_out_string(out, "change", words[change]);
    if (attachment == NULL) {
        network_json_put(out, network_spec(network));
        return;
    }
    json_out_string(out, "network", network_spec(network)->name);
    attachment_json_put(out, attachment);
}

static const char *const name_args[] = { "name", NULL };
static const char *const update_args[] = { "name",    "network_dns_servers",
                                           "labels",  "masquerade",
                                           "options", NULL };
static const char *const remove_args[] = { "name", "force", NULL };
static const char *const attach_args[] = {
    "network",        "pid",        "netns",      "container", "container_name",
    "interface_name", "static_ips", "static_mac", "aliases",   "default_route",
    "metric",         NULL
};
static const char *const detach_args[] = { "network", "container", NULL };

static const struct verb rows[] = {
    /* clang-format off */
    { "network_create",  VERB_CHANGES, network_json_members, create },
    { "network_list",    VERB_READ,    NULL,                 list },
    { "network_inspect", VERB_READ,    name_args,            inspect },
    { "network_update",  VERB_CHANGES, update_args,          update },
    { "network_remove",  VERB_CHANGES, remove_args,          remove_network },
    { "network_attach",  VERB_CHANGES, attach_args,          attach },
    { "network_detach",  VERB_CHANGES, detach_args,          detach },
    /* clang-format on */
};

void verbs_network_add(struct verbs *verbs, struct networks *networks)
{
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), networks, NULL);
}
