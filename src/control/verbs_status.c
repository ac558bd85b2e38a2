/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_status.h"

#include "control/values.h"
#include "control/verbs_capture.h"

struct verbs_status {
    void (*fill)(void *self, struct status *status);
    void *self;
};

static void put_prefix(struct json_out *out, const struct ip_addr *network,
                       unsigned len)
{
    char addr[IP_ADDR_TEXT_MAX];
    g_autofree char *text =
        g_strdup_printf("%s/%u", ip_addr_format(network, addr), len);

    json_out_string(out, "network", text);
}

static void put_addresses(struct json_out *out, const struct status *status)
{
    const struct plan *plan = &status->plan;
    struct json_out *v4 = json_out_object(out, "ipv4");
    struct json_out *v6;

    put_prefix(v4, &plan->network, plan->prefix_len);
    values_put_addr(v4, "guest", &plan->guest);
    values_put_addr(v4, "gateway", &plan->gateway);
    values_put_addr(v4, "dns", &plan->dns);
    if (!status->ipv6)
        return;
    v6 = json_out_object(out, "ipv6");
    put_prefix(v6, &plan->network6, plan->prefix_len6);
    values_put_addr(v6, "guest", &plan->guest6);
    values_put_addr(v6, "gateway", &plan->gateway6);
    values_put_addr(v6, "dns", &plan->dns6);
    values_put_addr(v6, "router", &plan->router6);
}

static void put_use(struct json_out *out, const char *key,
                    const struct status_use *use)
{
    struct json_out *child = json_out_object(out, key);

    if (use->max != 0)
        json_out_uint(child, "max", use->max);
    json_out_uint(child, "used", use->used);
}

static void put_confinement(struct json_out *out, const char *key,
                            const struct status_confinement *confinement)
{
    struct json_out *child;

    if (confinement->sandbox == NULL)
        return;
    child = json_out_object(out, key);
    json_out_string(child, "sandbox", confinement->sandbox);
    json_out_string(child, "landlock", confinement->landlock);
    json_out_string(child, "seccomp", confinement->seccomp);
    json_out_string(child, "capabilities", confinement->capabilities);
}

static void put_process(struct json_out *out, const struct status *status)
{
    json_out_string(out, "version", status->version);
    json_out_uint(out, "pid", (uint64_t)status->pid);
    if (status->agent_pid != 0)
        json_out_uint(out, "agent_pid", (uint64_t)status->agent_pid);
    json_out_string(out, "target", status->target);
    json_out_uint(out, "uptime_s", status->uptime_s);
    json_out_string(out, "sandbox", status->gate.sandbox);
    json_out_string(out, "seccomp", status->gate.seccomp);
}

static int get_status(void *data, struct verb_call *call, GError **err)
{
    const struct verbs_status *self = data;
    struct status status = { 0 };
    struct json_out *child;

    (void)err;
    self->fill(self->self, &status);
    put_process(call->ret, &status);
    child = json_out_object(call->ret, "confinement");
    put_confinement(child, "gate", &status.gate);
    put_confinement(child, "agent", &status.agent);
    json_out_string(call->ret, "tap", status.tap);
    json_out_uint(call->ret, "mtu", status.mtu);
    put_addresses(json_out_object(call->ret, "addresses"), &status);
    child = json_out_object(call->ret, "outbound_tcp");
    json_out_string(child, "carrier", status.tcp_carrier);
    json_out_string(child, "reason", status.tcp_reason);
    child = json_out_object(call->ret, "networks");
    json_out_bool(child, "available", status.networks_missing == NULL);
    json_out_string(child, "reason", status.networks_missing);
    json_out_string(child, "netns", status.networks_netns);
    child = json_out_object(call->ret, "capture");
    json_out_bool(child, "running", status.capture.running);
    verbs_capture_put(child, &status.capture);
    child = json_out_object(call->ret, "limits");
    put_use(child, "clients", &status.clients);
    put_use(child, "forwards", &status.forwards);
    put_use(child, "descriptors", &status.descriptors);
    return 0;
}

static const struct verb rows[] = {
    { "get_status", VERB_READ, NULL, get_status },
};

void verbs_status_add(struct verbs *verbs,
                      void (*fill)(void *self, struct status *status),
                      void *self)
{
    struct verbs_status *status = g_new(struct verbs_status, 1);

    *status = (struct verbs_status){ fill, self };
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), status, g_free);
}
