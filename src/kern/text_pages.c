/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/text_pages.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whole pages only: what shares one with something else stays. */
static void release(uintptr_t from, uintptr_t to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    from = (from + page - 1) & ~(page - 1);
    to &= ~(page - 1);
    if (from < to)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

static int release_object(struct dl_phdr_info *object, size_t size, void *self)
{
    (void)size;
    (void)self;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + segment->p_vaddr;

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
            release(from, from + segment->p_memsz);
    }
    return 0;
}

void text_pages_release(void)
{
    (void)dl_iterate_phdr(release_object, NULL);
}
