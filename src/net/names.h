/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/prefix.h"

/*
 * The names that containers of one network have for each other.  Names are
 * compared without regard to case (RFC 4343) and kept as they were given.
 * Several owners may share a name, and an owner may have several names and
 * addresses.  Pure; gate process only.
 */
struct names;

/* The domain of all of them, as podman's containers expect it: what is asked
   below it and not known does not exist. */
#define NAMES_DOMAIN "dns.podman"
/* For one network: beyond it, names are refused. */
#define NAMES_MAX 8192u
/* Addresses that one answer has. */
#define NAMES_ANSWER_MAX 32u

struct names *names_new(void);
void names_free(struct names *names);

/* Labels of letters, digits, '-' and '_', of 1 to 63 bytes, with dots between,
   200 bytes at most. */
bool names_is_valid(const char *name);

/*
 * Gives `owner` (a container's id) the name `name` for the address `addr`; call
 * it for each of its names and addresses.  0, also when it has it already;
 * -EINVAL: no name or no address; -ENOSPC: there are too many.
 */
int names_add(struct names *names, const char *owner, const char *name,
              const struct ip_addr *addr);
/* All that `owner` has. */
void names_remove(struct names *names, const char *owner);
/* Names with one address each, as NAMES_MAX counts them. */
size_t names_count(const struct names *names);

/* Of each: what is beyond is left out. */
#define NAMES_SUBNETS_MAX 8u
/*
 * An address of the network's gateway: what host.containers.internal and
 * host.docker.internal answer.
 */
void names_add_gateway(struct names *names, const struct ip_addr *gateway);
/* Addresses of this subnet have names of ours or none. */
void names_add_subnet(struct names *names, const struct ip_prefix *subnet);

enum names_result {
    NAMES_FOUND,   /* the name exists, with or without such addresses */
    NAMES_NONE,    /* it is ours to know, and does not exist */
    NAMES_FOREIGN, /* somebody else's */
};

/*
 * Addresses for a name, with or without NAMES_DOMAIN behind it; `family`
 * AF_UNSPEC: of both.  With `host_allowed`, the host's names lead to the
 * gateways; else, or where there is none, they do not exist.  Names that
 * several have begin with another one each time.  `out` has NAMES_ANSWER_MAX
 * entries.
 */
enum names_result names_find(struct names *names, const char *name,
                             sa_family_t family, bool host_allowed,
                             struct ip_addr *out, size_t *count);
/*
 * Names for an address, in the order in which they were given.  `out` has
 * NAMES_ANSWER_MAX entries, which belong to the table.
 */
enum names_result names_find_addr(const struct names *names,
                                  const struct ip_addr *addr, const char **out,
                                  size_t *count);
