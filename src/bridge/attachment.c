/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/attachment.h"

#include "base/error.h"

#include <string.h>

void attachment_init(struct net_attachment *attachment)
{
    *attachment = (struct net_attachment){ .default_route = true };
}

void attachment_clear(struct net_attachment *attachment)
{
    g_strfreev(attachment->aliases);
    g_free(attachment->netns_path);
    attachment->aliases = NULL;
    attachment->netns_path = NULL;
}

void attachment_copy(struct net_attachment *to,
                     const struct net_attachment *from)
{
    *to = *from;
    to->aliases = g_strdupv(from->aliases);
    to->netns_path = g_strdup(from->netns_path);
}

static int check_name(const char *what, const char *name, GError **err)
{
    if (label_is_host(name))
        return 0;
    return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                     "the %s \"%s\" is no name that can be served: labels of 1 "
                     "to %d letters, digits, '-' and '_', joined by dots",
                     what, name, LABEL_NAME_MAX);
}

static int check_names(const struct net_attachment *attachment, GError **err)
{
    size_t count = 0;

    if (attachment->name[0] != '\0' &&
        check_name("container name", attachment->name, err) != 0)
        return -1;
    for (char **alias = attachment->aliases; alias != NULL && *alias != NULL;
         alias++, count++)
        if (check_name("alias", *alias, err) != 0)
            return -1;
    if (count > ATTACHMENT_ALIASES_MAX)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "a container has at most %d aliases in a network",
                         ATTACHMENT_ALIASES_MAX);
    return 0;
}

/* A MAC address that a single machine can have. */
static bool is_single(const uint8_t mac[6])
{
    static const uint8_t none[6];

    return (mac[0] & 1) == 0 && memcmp(mac, none, sizeof(none)) != 0;
}

int attachment_check(const struct net_attachment *attachment, GError **err)
{
    if (!label_is_name(attachment->container, LABEL_KEY_MAX))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" is no name for a container: 1 to %d letters, "
                         "digits, '_', '.' and '-', the first a letter or a "
                         "digit",
                         attachment->container, LABEL_KEY_MAX);
    if (attachment->interface[0] != '\0' &&
        !label_is_interface(attachment->interface))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "\"%s\" is no name for an interface",
                         attachment->interface);
    if (attachment->has_mac && !is_single(attachment->mac))
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "the MAC address is not one that a single machine "
                         "has");
    return check_names(attachment, err);
}

const struct ip_addr *attachment_addr(const struct net_attachment *attachment,
                                      sa_family_t family)
{
    for (size_t i = 0; i < attachment->addr_count; i++)
        if (attachment->addrs[i].family == family)
            return &attachment->addrs[i];
    return NULL;
}
