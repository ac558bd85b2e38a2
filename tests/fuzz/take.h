/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Takes a fuzzer's input piece by piece; what is not there reads as zeros. */
struct take {
    const uint8_t *data;
    size_t left;
};

/* The next bytes, as many as there are of `len`; stores how many. */
static inline const uint8_t *take_bytes(struct take *in, size_t len,
                                        size_t *taken)
{
    const uint8_t *data = in->data;

    *taken = MIN(len, in->left);
    in->left -= *taken;
    in->data = *taken > 0 ? data + *taken : data;
    return data;
}

static inline uint32_t take_number(struct take *in, size_t bytes)
{
    size_t taken;
    const uint8_t *data = take_bytes(in, bytes, &taken);
    uint32_t value = 0;

    for (size_t i = 0; i < taken; i++)
        value = value << 8 | data[i];
    return value;
}

/* A small number that may be negative, to be added to a sequence. */
static inline uint32_t take_offset(struct take *in)
{
    return take_number(in, 1) - 0x80u;
}
