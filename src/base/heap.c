/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include <malloc.h>

/* Large is what has no less than this; a buffer of the stack has more. */
#define LARGE (100 * 1024)
/* The heap must not grow by more at a time: what there is room for would be put
   there after all. */
#define GROWTH (32 * 1024)
/* Of what is freed at the heap's end, so much is kept: the buffers of some
   connections that come and go together. */
#define KEPT (4 * 1024 * 1024)

static void set_large(int size)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, size);
    (void)mallopt(M_TRIM_THRESHOLD, size);
    (void)mallopt(M_TOP_PAD, GROWTH);
#else
    (void)size;
#endif
}

void heap_return_large_blocks(void)
{
    set_large(LARGE);
}

void heap_keep_large_blocks(void)
{
    set_large(KEPT);
}

void heap_trim(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
