/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/network_state.h"

#include "base/error.h"
#include "base/log.h"
#include "control/network_json.h"
#include "control/values.h"

#include <string.h>

#define STATE_VERSION 1 /* of the form; another one is not understood */

/* --- writing --- */

static void put_container(struct json_out *out,
                          const struct net_attachment *attachment)
{
    attachment_json_put(out, attachment);
    if (attachment->pid != 0)
        json_out_uint(out, "pid", (uint64_t)attachment->pid);
    json_out_string(out, "netns", attachment->netns_path);
    json_out_uint(out, "netns_inode", attachment->netns_ino);
}

static void put_network(struct json_out *out, const struct network *network)
{
    struct json_out *containers;

    network_json_put(out, network_spec(network));
    containers = json_out_array(out, "containers");
    for (size_t i = 0; i < network_attachment_count(network); i++)
        put_container(json_out_append_object(containers),
                      network_attachment_at(network, i));
}

static void put_host(struct json_out *out, const struct fwd_request *request)
{
    if (request->rule.host_path != NULL) {
        json_out_string(out, "host_path", request->rule.host_path);
        return;
    }
    hostfwd_put_host(out, request);
}

/* As add_hostfwd reads it.  Where the families part, it is the guest itself. */
static void put_forward(struct json_out *out, const struct fwd_request *request)
{
    const struct fwd_rule *rule = &request->rule;

    json_out_string(out, "proto", word_of(words_proto, rule->proto));
    put_host(out, request);
    json_out_string(out, "network", request->network);
    json_out_string(out, "container", request->container);
    if (request->container == NULL &&
        (!request->both_families ||
         ip_addr_equal(&rule->guest.addr, &request->guest6)))
        values_put_addr(out, "guest_addr", &rule->guest.addr);
    json_out_uint(out, "guest_port", rule->guest.port);
    json_out_uint(out, "range", request->range);
    json_out_string(out, "source", word_of(words_source, (int)rule->source));
}

char *network_state_text(const struct networks *networks,
                         const struct fwd_table *forwards, uint64_t after)
{
    owned(json_out) out = json_out_new();
    struct json_out *list;
    g_autofree char *text = NULL;

    json_out_uint(out, "slipgate_state", STATE_VERSION);
    list = json_out_array(out, "networks");
    for (size_t i = 0; i < networks_count(networks); i++)
        put_network(json_out_append_object(list), networks_at(networks, i));
    list = json_out_array(out, "forwards");
    for (size_t i = 0; i < fwd_count(forwards); i++) {
        const struct fwd_entry *entry = fwd_at(forwards, i);

        if (entry->id > after)
            put_forward(json_out_append_object(list), &entry->request);
    }
    text = json_out_text(out);
    return g_strconcat(text, "\n", NULL);
}

/* --- reading: all of it, before anything is made --- */

struct saved_network {
    struct spec spec;
    GPtrArray *containers; /* of struct net_attachment */
};

static void free_container(void *data)
{
    attachment_clear(data);
    g_free(data);
}

static void free_network(void *data)
{
    struct saved_network *saved = data;

    spec_clear(&saved->spec);
    g_ptr_array_free(saved->containers, TRUE);
    g_free(saved);
}

/* As for network_attach: where the namespace was. */
static int read_place(const struct json_obj *obj,
                      struct net_attachment *container, GError **err)
{
    uint64_t pid = 0, inode = 0;
    const char *path = NULL;

    if (json_find_uint(obj, "pid", 0, INT32_MAX, &pid, err) != 0 ||
        json_find_uint(obj, "netns_inode", 0, JSON_UINT_MAX, &inode, err) !=
            0 ||
        json_find_string(obj, "netns", &path, err) != 0)
        return -1;
    container->pid = (pid_t)pid;
    container->netns_ino = inode;
    container->netns_path = g_strdup(path);
    return 0;
}

static int read_container(const struct json_obj *obj,
                          struct saved_network *saved, GError **err)
{
    struct net_attachment *container = g_new0(struct net_attachment, 1);

    attachment_init(container);
    g_ptr_array_add(saved->containers, container);
    if (attachment_json_decode(obj, container, err) != 0 ||
        read_place(obj, container, err) != 0)
        return -1;
    return attachment_check(container, err);
}

/* Calls `read` for each object of the array `key`. */
static int each(const struct json_obj *obj, const char *key,
                int (*read)(const struct json_obj *item, void *self,
                            GError **err),
                void *self, GError **err)
{
    struct json_list list;
    struct json_obj item;

    if (json_get_list(obj, key, &list, err) != 0)
        return -1;
    for (size_t i = 0; i < json_list_len(&list); i++) {
        int rc = 0;

        if (!json_as_object(json_list_at(&list, i), key, &item))
            rc = json_bad(obj, key, err, "must hold objects");
        if (rc != 0 || read(&item, self, err) != 0) {
            g_prefix_error(err, "%s[%zu]: ", key, i);
            return -1;
        }
    }
    return 0;
}

static int each_container(const struct json_obj *obj, void *self, GError **err)
{
    return read_container(obj, self, err);
}

static int read_network(const struct json_obj *obj, void *self, GError **err)
{
    GPtrArray *networks = self;
    struct saved_network *saved = g_new0(struct saved_network, 1);

    spec_init(&saved->spec);
    saved->containers = g_ptr_array_new_with_free_func(free_container);
    g_ptr_array_add(networks, saved);
    if (network_json_decode(obj, &saved->spec, err) != 0 ||
        spec_check(&saved->spec, err) != 0)
        return -1;
    return each(obj, "containers", each_container, saved, err);
}

/* --- making --- */

static void restore_container(struct networks *networks, const char *network,
                              const struct net_attachment *container)
{
    const struct attach_target target = { .netns_fd = -1,
                                          .pid = container->pid,
                                          .path = container->netns_path };
    g_autoptr(GError) why = NULL;

    if (target.pid == 0 && target.path == NULL)
        error_set(&why, SLIPGATE_ERROR_NOT_FOUND,
                  "its namespace came as a descriptor");
    else if (networks_attach(networks, network, container, &target, &why) !=
             NULL)
        return;
    log_warn("the container %s of the network %s is not restored: %s",
             container->container, network, why->message);
}

static int restore_networks(struct networks *networks, const GPtrArray *list,
                            GError **err)
{
    for (guint i = 0; i < list->len; i++) {
        const struct saved_network *saved = g_ptr_array_index(list, i);

        if (networks_create(networks, &saved->spec, err) == NULL)
            return -1;
        for (guint j = 0; j < saved->containers->len; j++)
            restore_container(networks, saved->spec.name,
                              g_ptr_array_index(saved->containers, j));
    }
    return 0;
}

struct restoring {
    struct fwd_table *forwards;
    const struct hostfwd_context *context;
};

static int restore_forward(const struct json_obj *obj, void *self, GError **err)
{
    const struct restoring *restoring = self;
    struct fwd_request request = { .rule.source = FWD_SOURCE_KEEP };
    g_autoptr(GError) why = NULL;

    if (hostfwd_decode(obj, restoring->context, &request, &why) == 0 &&
        fwd_add(restoring->forwards, &request, &why) != NULL)
        return 0;
    if (g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_BAD_REQUEST)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    log_warn("a forward is not restored: %s", why->message);
    return 0;
}

int network_state_restore(const char *text, struct networks *networks,
                          struct fwd_table *forwards,
                          const struct hostfwd_context *context, GError **err)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_network);
    owned(json_value) doc = json_parse(text, strlen(text), err);
    struct restoring restoring = { forwards, context };
    struct json_obj top;
    uint64_t version;

    if (doc == NULL)
        return -1;
    if (!json_as_object(doc, "state", &top))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "not an object");
    if (json_get_uint(&top, "slipgate_state", STATE_VERSION, STATE_VERSION,
                      &version, err) != 0 ||
        each(&top, "networks", read_network, list, err) != 0 ||
        restore_networks(networks, list, err) != 0)
        return -1;
    return each(&top, "forwards", restore_forward, &restoring, err);
}
