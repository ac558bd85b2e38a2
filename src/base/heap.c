/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include <malloc.h>

/* Large is what has no less than this; a buffer of the stack has more. */
#define LARGE (100 * 1024)
/* The heap must not grow by more at a time: what there is room for would be put
   there after all. */
#define GROWTH (32 * 1024)
/* The most that is kept on the heap: more than a buffer of the stack, and what
   32-bit systems allow as well. */
#define KEPT (256 * 1024)
/* And what is kept of its free end between two trims: the buffers of some
   connections that come and go together. */
#define END_KEPT (4 * 1024 * 1024)

static void set(int largest_on_heap, int end_kept)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, largest_on_heap);
    (void)mallopt(M_TRIM_THRESHOLD, end_kept);
    (void)mallopt(M_TOP_PAD, GROWTH);
#else
    (void)largest_on_heap;
    (void)end_kept;
#endif
}

void heap_return_large_blocks(void)
{
    set(LARGE, LARGE);
}

void heap_keep_large_blocks(void)
{
    set(KEPT, END_KEPT);
}

void heap_trim(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
