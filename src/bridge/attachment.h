/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "bridge/spec.h"

#include <sys/types.h>

/*
 * One container's place in one network, as values: asked for with what matters
 * to the asker, and filled in when it is made.  Pure.
 */
#define ATTACHMENT_ADDRS_MAX   SPEC_SUBNETS_MAX
#define ATTACHMENT_ALIASES_MAX 32

struct net_attachment {
    char container[LABEL_KEY_MAX + 1]; /* the engine's key */
    char name[LABEL_HOST_MAX + 1];     /* served by DNS; "": the key, if it
                                          can be */
    char interface[IFNAMSIZ];          /* in the container; "": ethN */
    bool has_mac;
    uint8_t mac[6];
    /* At least one of each subnet, in the subnets' order when made. */
    struct ip_addr addrs[ATTACHMENT_ADDRS_MAX];
    size_t addr_count;
    bool default_route;
    unsigned metric; /* 0: the network's */
    char **aliases;  /* NULL-terminated, other names; NULL: none */
    /* How the namespace was named, for the next run; neither: by descriptor. */
    pid_t pid;
    char *netns_path;
    uint64_t netns_ino; /* of its file, to know it again; 0: not known */
};

/* The defaults: a default route, and nothing else said. */
void attachment_init(struct net_attachment *attachment);
void attachment_clear(struct net_attachment *attachment);
/* `to` need not be initialised. */
void attachment_copy(struct net_attachment *to,
                     const struct net_attachment *from);

/*
 * What can be seen without the network: 0, or -1 with
 * SLIPGATE_ERROR_BAD_REQUEST.
 */
int attachment_check(const struct net_attachment *attachment, GError **err);

/* The first address of a family, or NULL. */
const struct ip_addr *attachment_addr(const struct net_attachment *attachment,
                                      sa_family_t family);
