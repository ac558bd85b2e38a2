/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "net/fwd_internal.h"

#include <string.h>

#define PORT_MAX 65535u
/* How often a free row of ports is looked for where the kernel picks. */
#define PICKS_MAX 32

/* --- what a request stands for --- */

static unsigned families_of(const struct fwd_request *request)
{
    return request->both_families ? 2 : 1;
}

/* The rule of one family (0 or 1), `step` ports further. */
static struct fwd_rule rule_of(const struct fwd_request *request,
                               unsigned family, unsigned step)
{
    struct fwd_rule rule = request->rule;

    if (family == 1) {
        rule.host.addr = ip_addr_v6(&in6addr_any);
        rule.guest.addr = request->guest6;
    }
    if (rule.host.port != 0)
        rule.host.port = (uint16_t)(rule.host.port + step);
    rule.guest.port = (uint16_t)(rule.guest.port + step);
    return rule;
}

static const char *describe(const struct fwd_rule *rule,
                            char text[IP_ENDPOINT_TEXT_MAX])
{
    return rule->host_path != NULL ? rule->host_path
                                   : ip_endpoint_format(&rule->host, text);
}

static int check_request(const struct fwd_table *table,
                         const struct fwd_request *request, GError **err)
{
    const struct fwd_rule *rule = &request->rule;

    if (rule->host_path != NULL &&
        (request->range > 1 || rule->proto != IPPROTO_TCP))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "a UNIX socket leads to one TCP port");
    if (rule->host.port + request->range - 1 > PORT_MAX ||
        rule->guest.port + request->range - 1 > PORT_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "%u ports in a row go beyond %u", request->range,
                         PORT_MAX);
    if (rule->host_path != NULL &&
        g_hash_table_contains(table->by_path, rule->host_path))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "bind %s: another forward has it", rule->host_path);
    if (rule->host_path != NULL && rule->host_socket == NULL &&
        table->paths_hidden != NULL)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "listen on %s: %s; send a descriptor", rule->host_path,
                         table->paths_hidden);
    return 0;
}

/* --- choosing a driver --- */

static bool carries(const struct fwd_driver *driver,
                    const struct fwd_request *request)
{
    for (unsigned family = 0; family < families_of(request); family++) {
        struct fwd_rule rule = rule_of(request, family, 0);

        if (!driver->can_carry(driver->self, &rule))
            return false;
    }
    return true;
}

static void set_nothing_carries(const struct fwd_request *request,
                                const char *what, GError **err)
{
    char host[IP_ENDPOINT_TEXT_MAX], guest[IP_ENDPOINT_TEXT_MAX];

    error_set(err, SLIPGATE_ERROR_UNAVAILABLE, "%s carry %s%s to %s%s", what,
              describe(&request->rule, host),
              request->both_families ? " and [::]" : "",
              ip_endpoint_format(&request->rule.guest, guest),
              request->rule.source == FWD_SOURCE_GATEWAY
                  ? " with the gateway as its source"
                  : "");
}

static const struct fwd_driver *pick_driver(const struct fwd_table *table,
                                            const struct fwd_request *request,
                                            GError **err)
{
    g_autofree char *what = NULL;
    bool known = false;

    for (size_t i = 0; table->drivers[i] != NULL; i++) {
        const struct fwd_driver *driver = table->drivers[i];

        if (request->driver != NULL &&
            strcmp(request->driver, driver->name) != 0)
            continue;
        known = true;
        if (carries(driver, request))
            return driver;
    }
    if (request->driver == NULL) {
        set_nothing_carries(request, "nothing here can", err);
    } else if (known) {
        what = g_strdup_printf("the driver \"%s\" cannot", request->driver);
        set_nothing_carries(request, what, err);
    } else {
        error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                  "the driver \"%s\" does not run here", request->driver);
    }
    return NULL;
}

/* --- starting --- */

static int start_leg(struct fwd_table *table, struct forward *forward,
                     struct fwd_rule *rule, GError **err)
{
    const struct fwd_driver *driver = forward->driver;
    struct fwd_leg *leg = &forward->legs[forward->leg_count];
    char text[IP_ENDPOINT_TEXT_MAX];

    fwd_make_key(rule->proto, &rule->host, &leg->key);
    /* The kernel would let two datagram sockets share it. */
    if (rule->host_path == NULL && rule->host.port != 0 &&
        g_hash_table_contains(table->by_key, leg))
        return error_set(err, SLIPGATE_ERROR_CONFLICT,
                         "bind %s: another forward has it",
                         describe(rule, text));
    leg->handle = driver->start(driver->self, rule, err);
    if (leg->handle == NULL)
        return -1;
    fwd_make_key(rule->proto, &rule->host, &leg->key);
    leg->forward = forward;
    forward->leg_count++;
    if (rule->host_path == NULL)
        g_hash_table_add(table->by_key, leg);
    return 0;
}

/* All legs, or none and an error. */
static int start_legs(struct fwd_table *table, struct forward *forward,
                      GError **err)
{
    struct fwd_request *request = &forward->entry.request;

    for (unsigned step = 0; step < request->range; step++) {
        for (unsigned family = 0; family < families_of(request); family++) {
            struct fwd_rule rule = rule_of(request, family, step);

            if (start_leg(table, forward, &rule, err) != 0) {
                fwd_stop_legs(table, forward);
                return -1;
            }
            if (request->rule.host.port == 0)
                request->rule.host.port = rule.host.port;
        }
        if (request->rule.host.port + request->range - 1 > PORT_MAX) {
            fwd_stop_legs(table, forward);
            return error_set(err, SLIPGATE_ERROR_CONFLICT,
                             "no %u free ports in a row", request->range);
        }
    }
    return 0;
}

/*
 * Where the kernel picks, only the first port is known to be free; another
 * first port may have better company.
 */
static int start_picked(struct fwd_table *table, struct forward *forward,
                        GError **err)
{
    g_autoptr(GError) why = NULL;

    for (int i = 0; i < PICKS_MAX; i++) {
        g_clear_error(&why);
        forward->entry.request.rule.host.port = 0;
        if (start_legs(table, forward, &why) == 0)
            return 0;
        if (!g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT))
            break;
    }
    g_propagate_error(err, g_steal_pointer(&why));
    return -1;
}

static struct forward *make_forward(const struct fwd_request *request,
                                    const struct fwd_driver *driver)
{
    size_t legs = (size_t)request->range * families_of(request);
    struct forward *forward =
        g_malloc0(sizeof(*forward) + legs * sizeof(forward->legs[0]));

    forward->driver = driver;
    forward->host_path = g_strdup(request->rule.host_path);
    forward->entry.request = *request;
    forward->entry.request.rule.host_path = forward->host_path;
    forward->network = g_strdup(request->network);
    forward->container = g_strdup(request->container);
    forward->entry.request.network = forward->network;
    forward->entry.request.container = forward->container;
    forward->entry.request.driver = driver->name;
    return forward;
}

const struct fwd_entry *fwd_add(struct fwd_table *table,
                                const struct fwd_request *request, GError **err)
{
    struct fwd_request whole = *request;
    const struct fwd_driver *driver;
    struct forward *forward;
    bool picks =
        request->rule.host.port == 0 && request->rule.host_path == NULL;

    whole.range = MAX(request->range, 1);
    if (check_request(table, &whole, err) != 0)
        return NULL;
    driver = pick_driver(table, &whole, err);
    if (driver == NULL)
        return NULL;
    forward = make_forward(&whole, driver);
    if ((picks ? start_picked : start_legs)(table, forward, err) != 0) {
        fwd_free_forward(forward);
        return NULL;
    }
    forward->entry.request.rule.host_socket = NULL;
    forward->entry.id = ++table->last_id;
    g_ptr_array_add(table->forwards, forward);
    if (forward->host_path != NULL)
        g_hash_table_insert(table->by_path, forward->host_path, forward);
    if (table->observer.added != NULL)
        table->observer.added(table->observer.self, &forward->entry);
    return &forward->entry;
}
