/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/error.h"
#include "bridge/networks.h"

#include <string.h>

/*
 * A driver of bridge networks without a kernel: bridges called "broken0" and
 * containers whose interface is "broken0" cannot be made.  It counts what there
 * is, and keeps what it was told last.
 */
struct fake_bridge {
    struct network_driver driver;
    int networks, ports, gone, updates;
    uintptr_t last_handle;
    char last_addr[IP_ADDR_TEXT_MAX];
};

static int fake_refuse(const char *name, GError **err)
{
    if (strcmp(name, "broken0") != 0)
        return 0;
    return error_set(err, SLIPGATE_ERROR_SYSTEM, "make %s: Broken pipe", name);
}

static void *fake_create(void *data, const struct spec *spec, GError **err)
{
    struct fake_bridge *self = data;

    if (fake_refuse(spec->interface, err) != 0)
        return NULL;
    self->networks++;
    return (void *)++self->last_handle;
}

static void fake_remove(void *data, void *network)
{
    g_assert_nonnull(network);
    ((struct fake_bridge *)data)->networks--;
}

static int fake_update(void *data, void *network, const struct spec *spec,
                       GError **err)
{
    g_assert_nonnull(network);
    ((struct fake_bridge *)data)->updates++;
    if (spec->dns_server_count < SPEC_DNS_MAX)
        return 0;
    return error_set(err, SLIPGATE_ERROR_SYSTEM, "update: Broken pipe");
}

static void *fake_attach(void *data, void *network,
                         struct net_attachment *attachment,
                         const struct attach_target *target, GError **err)
{
    struct fake_bridge *self = data;

    g_assert_nonnull(network);
    g_assert_cmpuint(attachment->addr_count, >, 0);
    if (target->path != NULL && strcmp(target->path, "/dead") == 0) {
        error_set(err, SLIPGATE_ERROR_NOT_FOUND, "no namespace is there");
        return NULL;
    }
    if (fake_refuse(attachment->interface, err) != 0)
        return NULL;
    (void)ip_addr_format(&attachment->addrs[0], self->last_addr);
    attachment->netns_ino = 4026530000 + (uint64_t)target->pid;
    self->ports++;
    return (void *)++self->last_handle;
}

static void fake_detach(void *data, void *network,
                        const struct net_attachment *attachment, void *port,
                        bool gone)
{
    struct fake_bridge *self = data;

    g_assert_cmpuint(attachment->addr_count, >, 0);
    g_assert_nonnull(network);
    g_assert_nonnull(port);
    self->ports--;
    self->gone += gone;
}

static void fake_bridge_init(struct fake_bridge *self)
{
    *self =
        (struct fake_bridge){ .driver = { fake_create, fake_remove, fake_update,
                                          fake_attach, fake_detach, self } };
}
