/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/takeover.h"

#include "base/error.h"
#include "base/log.h"
#include "kern/rtnl.h"
#include "kern/rtnl_saved.h"
#include "kern/tap.h"

#include <string.h>

struct takeover {
    struct rtnl *guest;
    struct rtnl_saved *saved;
    int tap_fd;
    char name[IFNAMSIZ];
};

struct takeover *takeover_begin(struct rtnl *guest, const char *name,
                                GError **err)
{
    owned(takeover) takeover = g_new0(struct takeover, 1);

    takeover->guest = guest;
    /* Without a header, which would be there for the next holder as well. */
    takeover->tap_fd = tap_open(name, 0, takeover->name, err);
    if (takeover->tap_fd < 0)
        return NULL;
    takeover->saved =
        rtnl_saved_take(guest, rtnl_link_index(guest, takeover->name), err);
    if (takeover->saved == NULL)
        return NULL;
    return g_steal_pointer(&takeover);
}

void takeover_free(struct takeover *takeover)
{
    if (takeover == NULL)
        return;
    own_close(&takeover->tap_fd);
    rtnl_saved_free(takeover->saved);
    g_free(takeover);
}

const uint8_t *takeover_mac(const struct takeover *takeover)
{
    return rtnl_saved_mac(takeover->saved);
}

uint32_t takeover_mtu(const struct takeover *takeover)
{
    return rtnl_saved_mtu(takeover->saved);
}

static int rename_and_apply(struct takeover *takeover, unsigned index,
                            GError **err)
{
    const struct rtnl_link_change change = { .rename = takeover->name };

    if (rtnl_link_set(takeover->guest, index, &change, err) != 0)
        return -1;
    return rtnl_saved_apply(takeover->saved, takeover->guest, index, err);
}

/* The newcomer's name must be free again; it is about to go anyway. */
static void bring_back(struct takeover *takeover, unsigned index)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];

    (void)rtnl_link_delete(takeover->guest, index, NULL);
    takeover->tap_fd = tap_open(takeover->name, 0, name, &err);
    if (takeover->tap_fd >= 0 &&
        tap_set_persistent(takeover->tap_fd, true, &err) == 0)
        (void)rtnl_saved_apply(takeover->saved, takeover->guest,
                               rtnl_link_index(takeover->guest, name), &err);
    if (err != NULL)
        log_warn("the tap %s could not be restored: %s", takeover->name,
                 err->message);
}

int takeover_replace(struct takeover *takeover, unsigned index, GError **err)
{
    if (tap_set_persistent(takeover->tap_fd, false, err) != 0)
        return -1;
    own_close(&takeover->tap_fd);
    if (rename_and_apply(takeover, index, err) == 0)
        return 0;
    bring_back(takeover, index);
    return -1;
}
