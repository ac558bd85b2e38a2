/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"
#include "net/plan.h"

/*
 * The two messages of router discovery (RFC 4861 4.1, 4.2) that the stack does
 * not send when they are needed.  Pure.
 */
#define ROUTER_FRAME_MAX 128u

/* "Who is a router?" in the name of a guest without an address. */
size_t router_solicitation(uint8_t out[ROUTER_FRAME_MAX]);
/*
 * "I am none any more, and that network is gone", from the plan's router, whose
 * MAC address is `mac`: the guest drops the route and avoids the address that
 * it made for itself.
 */
size_t router_farewell(const struct plan *plan, const uint8_t mac[6],
                       uint8_t out[ROUTER_FRAME_MAX]);
