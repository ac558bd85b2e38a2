/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* FNV-1a of `len` bytes.  Not keyed: a table whose keys a stranger chooses has
   to be a small one.  Pure. */
static inline uint32_t hash_bytes(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}
