/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/dns_message.h"
#include "net/frame.h"

#include <string.h>

/* Writes a question, with an OPT that takes 4096 bytes if `edns`; returns its
   length. */
static inline size_t dns_build_query(uint8_t *out, uint16_t id,
                                     const char *name, uint16_t type, bool edns)
{
    size_t at = DNS_HEADER_LEN;

    memset(out, 0, DNS_HEADER_LEN);
    dns_set_id(out, id);
    out[2] = 1; /* recursion is desired */
    out[5] = 1;
    out[11] = edns;
    while (*name != '\0') {
        size_t label = strcspn(name, ".");

        out[at++] = (uint8_t)label;
        memcpy(out + at, name, label);
        at += label;
        name += label + (name[label] == '.');
    }
    out[at++] = 0;
    frame_put16(out + at, type);
    frame_put16(out + at + 2, 1);
    at += 4;
    if (edns) {
        memset(out + at, 0, 11);
        frame_put16(out + at + 1, DNS_TYPE_OPT);
        frame_put16(out + at + 3, 4096);
        at += 11;
    }
    return at;
}
