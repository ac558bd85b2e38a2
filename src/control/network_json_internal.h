/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by control/network_json.c and control/attachment_json.c only. */
#include "base/addr.h"
#include "control/json.h"

/* A text that fits into `to`; missing, it leaves it alone. */
int network_json_find_text(const struct json_obj *obj, const char *key,
                           char *to, size_t size, GError **err);
/* An array of addresses; missing, it leaves both alone. */
int network_json_find_addrs(const struct json_obj *obj, const char *key,
                            struct ip_addr *to, size_t max, size_t *count,
                            GError **err);
void network_json_put_addrs(struct json_out *out, const char *key,
                            const struct ip_addr *addrs, size_t count);
