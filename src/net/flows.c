/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/flows.h"

#include <glib.h>

/* A heap of the smallest ids so far, the largest of them on top. */
struct page {
    uint64_t after;
    struct flow_info *out;
    size_t room, count;
    bool more;
};

static void swap(struct page *page, size_t a, size_t b)
{
    struct flow_info kept = page->out[a];

    page->out[a] = page->out[b];
    page->out[b] = kept;
}

static void sift_up(struct page *page, size_t at)
{
    while (at > 0 && page->out[(at - 1) / 2].id < page->out[at].id) {
        swap(page, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sift_down(struct page *page)
{
    size_t at = 0, child;

    while ((child = 2 * at + 1) < page->count) {
        if (child + 1 < page->count &&
            page->out[child + 1].id > page->out[child].id)
            child++;
        if (page->out[child].id <= page->out[at].id)
            return;
        swap(page, at, child);
        at = child;
    }
}

static void consider(void *self, const struct flow_info *flow)
{
    struct page *page = self;

    if (flow->id <= page->after)
        return;
    if (page->count < page->room) {
        page->out[page->count] = *flow;
        sift_up(page, page->count++);
        return;
    }
    page->more = true;
    if (page->room == 0 || flow->id > page->out[0].id)
        return;
    page->out[0] = *flow;
    sift_down(page);
}

/*
 * The largest of the heap goes to its end, again and again.  qsort(3) may ask
 * how much memory the machine has, a system call that we do not make.
 */
static void put_in_order(struct page *page)
{
    size_t all = page->count;

    while (page->count > 1) {
        swap(page, 0, --page->count);
        sift_down(page);
    }
    page->count = all;
}

size_t flows_page(const struct flows *flows, uint64_t after,
                  struct flow_info *out, size_t room, bool *more)
{
    struct page page = { .after = after, .out = out, .room = room };

    flows->each(flows->self, consider, &page);
    put_in_order(&page);
    *more = page.more;
    return page.count;
}
