/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds where the next top-level JSON object ends in a stream that arrives in
 * pieces, looking at each byte once, so that a request is parsed once however
 * it was cut.  Pure.  It checks no more than it needs to find the end or to
 * know that there cannot be one; the parser judges the rest.
 */
#define SCAN_DEPTH_MAX 16

/* All zero: ready for a new object. */
struct scan {
    unsigned depth;   /* open brackets; 0: no object begun */
    uint32_t squares; /* one bit per level, 1: opened by '[' */
    bool in_string, escaped;
};

enum scan_status {
    SCAN_MORE,       /* not at the end yet */
    SCAN_END,        /* whole, or broken so that no byte could mend it */
    SCAN_NOT_OBJECT, /* the next byte begins no object */
    SCAN_TOO_DEEP    /* more than SCAN_DEPTH_MAX brackets open */
};

/*
 * Looks at `len` bytes of `data`.  The bytes from `*begin` up to `*end` belong
 * to the object; those before it are blanks or NULs between objects (some
 * clients send the NUL of their string along).  Nothing after `*end` was
 * looked at.  After anything but SCAN_MORE the scanner is ready for a new
 * object; after SCAN_NOT_OBJECT both are the place of the offending byte.
 */
enum scan_status scan_feed(struct scan *scan, const char *data, size_t len,
                           size_t *begin, size_t *end);

/* True inside an object: some of its bytes came, the end did not. */
static inline bool scan_in_object(const struct scan *scan)
{
    return scan->depth > 0;
}
