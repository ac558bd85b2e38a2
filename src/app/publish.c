/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/publish.h"

#include "base/portmap.h"
#include "net/fwd_guest.h"

static int publish(const char *text, struct fwd_table *forwards,
                   const struct plan *plan, const struct policy *policy,
                   GError **err)
{
    const struct ip_addr own = { .family = AF_UNSPEC };
    struct fwd_request request = { .rule.source = FWD_SOURCE_KEEP };
    struct portmap map;

    if (portmap_parse(text, &map, err) != 0)
        return -1;
    request.rule.proto = map.proto;
    request.rule.host =
        (struct ip_endpoint){ .addr = map.host, .port = map.host_port };
    request.rule.guest.port = map.guest_port;
    request.both_families = map.both_families;
    request.range = map.range;
    if (fwd_set_guest(&request, &own, plan, policy, err) != 0)
        return -1;
    return fwd_add(forwards, &request, err) == NULL ? -1 : 0;
}

int publish_all(const struct option_list *list, struct fwd_table *forwards,
                const struct plan *plan, const struct policy *policy,
                GError **err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (publish(list->items[i], forwards, plan, policy, err) != 0) {
            g_prefix_error(err, "--publish %s: ", list->items[i]);
            return -1;
        }
    }
    return 0;
}
