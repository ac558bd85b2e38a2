/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/addr.h"

#include <glib.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Inside of kern/rtnl only: building a request and carrying it out.
 *
 *     struct rtnl_request req;
 *     struct ifinfomsg *ifi = rtnl_request_init(&req, RTM_NEWLINK, 0,
 *                                               sizeof(*ifi));
 *     mnl_attr_put_u32(&req.head, IFLA_MTU, 1500);
 *     return rtnl_perform(rtnl, &req, err, "set the MTU of %s", name);
 */
struct rtnl;

#define RTNL_REQUEST_MAX 1024

struct rtnl_request {
    union {
        struct nlmsghdr head;
        char space[RTNL_REQUEST_MAX];
    };
};

/*
 * Starts a request of `type` with NLM_F_REQUEST, NLM_F_ACK and `flags`; returns
 * the zeroed family header of `size` bytes behind it.
 */
void *rtnl_request_init(struct rtnl_request *req, uint16_t type, uint16_t flags,
                        size_t size);
/* The same for a request about the interface `index`. */
struct ifinfomsg *rtnl_link_request(struct rtnl_request *req, uint16_t type,
                                    unsigned index);
/* Appends an address as attribute `type`. */
void rtnl_put_addr(struct rtnl_request *req, uint16_t type,
                   const struct ip_addr *addr);
/* Appends an interface name; -1 and an error if it is none (1 to 15 bytes). */
int rtnl_put_name(struct rtnl_request *req, uint16_t type, const char *name,
                  GError **err);

/*
 * Sends the request and waits for the kernel's acknowledgement.  The text says
 * what was tried; the kernel's own words, if any, and errno are appended.
 */
int rtnl_perform(struct rtnl *rtnl, struct rtnl_request *req, GError **err,
                 const char *fmt, ...) G_GNUC_PRINTF(4, 5);

/*
 * Sends the request, made with NLM_F_DUMP, and hands each message of the answer
 * to `take` (a libmnl callback: MNL_CB_OK to go on).  0, or -1 and an error.
 */
int rtnl_dump(struct rtnl *rtnl, struct rtnl_request *req, mnl_cb_t take,
              void *data, GError **err);
