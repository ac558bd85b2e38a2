/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pollset.h"

#include "base/log.h"

#include <glib.h>
#include <string.h>
#include <sys/epoll.h>

/*
 * Thousands of idle descriptors are listed each turn, nearly always as they
 * were the turn before.  What a turn touches of each is one small slot of an
 * array, and the slots are met in a row, up or down, as long as the list does
 * not change.
 */
struct slot {
    int fd;            /* -1: free */
    uint8_t want, got; /* EPOLL* events, all below 256 */
    uint8_t round;     /* of the list that named it: this one or the last */
};

/* What the loop needs of a listed descriptor, in a place that never moves. */
struct entry {
    struct loop_watch watch;
    struct pollset *set;
    guint slot;
};

struct pollset {
    struct loop *loop;
    void (*ready)(void *self);
    void *self;
    uint8_t round;
    guint last, step; /* the slot used last, and how far it is to the next */
    size_t count;     /* descriptors that this list has named so far */
    size_t used;      /* slots that are not free */
    GArray *slots;    /* of struct slot */
    GArray *free;     /* of guint: slots to use again */
    GArray *changed;  /* of guint: slots whose interest is new */
    GPtrArray *by_fd; /* of struct entry or NULL, indexed by descriptor */
};

struct pollset *pollset_new(struct loop *loop, void (*ready)(void *self),
                            void *self)
{
    struct pollset *set = g_new0(struct pollset, 1);

    set->loop = loop;
    set->ready = ready;
    set->self = self;
    set->slots = g_array_new(FALSE, FALSE, sizeof(struct slot));
    set->free = g_array_new(FALSE, FALSE, sizeof(guint));
    set->changed = g_array_new(FALSE, FALSE, sizeof(guint));
    set->by_fd = g_ptr_array_new();
    return set;
}

void pollset_free(struct pollset *set)
{
    if (set == NULL)
        return;
    for (guint i = 0; i < set->by_fd->len; i++) {
        struct entry *entry = g_ptr_array_index(set->by_fd, i);

        if (entry != NULL)
            loop_unwatch(set->loop, &entry->watch);
        g_free(entry);
    }
    g_ptr_array_free(set->by_fd, TRUE);
    g_array_free(set->slots, TRUE);
    g_array_free(set->free, TRUE);
    g_array_free(set->changed, TRUE);
    g_free(set);
}

static struct slot *slot_at(const struct pollset *set, guint index)
{
    return &g_array_index(set->slots, struct slot, index);
}

static void entry_ready(void *self, uint32_t events)
{
    struct entry *entry = self;
    struct pollset *set = entry->set;
    struct slot *slot = slot_at(set, entry->slot);
    uint32_t asked = events & slot->want;

    if (asked != 0) {
        slot->got |= (uint8_t)asked;
        set->ready(set->self);
        return;
    }
    /* An error that nobody asked for would spin the loop. */
    loop_unwatch(set->loop, &entry->watch);
}

static struct entry *entry_of(const struct pollset *set, int fd)
{
    return fd < 0 || (guint)fd >= set->by_fd->len
               ? NULL
               : g_ptr_array_index(set->by_fd, fd);
}

static guint take_slot(struct pollset *set, int fd)
{
    const struct slot fresh = { .fd = fd, .round = (uint8_t)(set->round - 1) };
    guint index = set->slots->len;

    set->used++;
    if (set->free->len == 0) {
        g_array_append_val(set->slots, fresh);
        return index;
    }
    index = g_array_index(set->free, guint, set->free->len - 1);
    g_array_set_size(set->free, set->free->len - 1);
    *slot_at(set, index) = fresh;
    return index;
}

static struct entry *enlist(struct pollset *set, int fd)
{
    struct entry *entry = g_new0(struct entry, 1);

    entry->set = set;
    entry->slot = take_slot(set, fd);
    entry->watch.ready = entry_ready;
    entry->watch.self = entry;
    if ((guint)fd >= set->by_fd->len)
        g_ptr_array_set_size(set->by_fd, fd + 16);
    g_ptr_array_index(set->by_fd, fd) = entry;
    return entry;
}

static guint slot_of(struct pollset *set, int fd)
{
    const struct entry *entry = entry_of(set, fd);

    return (entry != NULL ? entry : enlist(set, fd))->slot;
}

void pollset_begin(struct pollset *set)
{
    set->round++;
    set->last = 0;
    set->step = 0;
    set->count = 0;
}

static bool is_slot_of(const struct pollset *set, guint index, int fd)
{
    return index < set->slots->len && slot_at(set, index)->fd == fd;
}

int pollset_want(struct pollset *set, int fd, uint32_t events)
{
    guint index = set->last + set->step;
    struct slot *slot;

    if (fd < 0)
        return -1;
    if (!is_slot_of(set, index, fd)) {
        index = slot_of(set, fd);
        set->step = index < set->last ? -1u : 1;
    }
    set->last = index;
    slot = slot_at(set, index);
    set->count += slot->round != set->round;
    slot->round = set->round;
    slot->got = 0;
    if (slot->want != events) {
        slot->want = (uint8_t)events;
        g_array_append_val(set->changed, index);
    }
    return (int)index;
}

static void drop_slot(struct pollset *set, guint index)
{
    struct slot *slot = slot_at(set, index);
    struct entry *entry = g_ptr_array_index(set->by_fd, slot->fd);

    loop_unwatch(set->loop, &entry->watch);
    g_ptr_array_index(set->by_fd, slot->fd) = NULL;
    g_free(entry);
    slot->fd = -1;
    slot->want = 0;
    slot->got = 0;
    set->used--;
    g_array_append_val(set->free, index);
}

static void drop_unlisted(struct pollset *set)
{
    for (guint i = 0; i < set->slots->len && set->used > set->count; i++)
        if (slot_at(set, i)->fd >= 0 && slot_at(set, i)->round != set->round)
            drop_slot(set, i);
}

static void watch_slot(struct pollset *set, struct slot *slot)
{
    struct entry *entry = g_ptr_array_index(set->by_fd, slot->fd);
    int rc;

    rc = loop_watch(set->loop, &entry->watch, slot->fd, slot->want);
    if (rc == 0)
        return;
    LOG_LIMITED("cannot watch descriptor %d: %s", slot->fd, g_strerror(-rc));
    /* The next list that names it is news. */
    slot->want = 0;
}

void pollset_commit(struct pollset *set)
{
    drop_unlisted(set);
    for (guint i = 0; i < set->changed->len; i++) {
        guint index = g_array_index(set->changed, guint, i);

        if (slot_at(set, index)->fd >= 0)
            watch_slot(set, slot_at(set, index));
    }
    g_array_set_size(set->changed, 0);
}

uint32_t pollset_revents(const struct pollset *set, int index)
{
    if (index < 0 || (guint)index >= set->slots->len)
        return 0;
    return slot_at(set, (guint)index)->got;
}

uint32_t pollset_wanted(const struct pollset *set, int fd)
{
    const struct entry *entry = entry_of(set, fd);

    return entry == NULL ? 0 : slot_at(set, entry->slot)->want;
}

size_t pollset_count(const struct pollset *set)
{
    return set->used;
}

void pollset_invalidate(struct pollset *set, int fd)
{
    struct entry *entry = entry_of(set, fd);

    if (entry == NULL)
        return;
    /* An event that is on its way is nobody's: the number may be another's by
       the time it comes. */
    loop_forget(set->loop, &entry->watch);
    /* No interest in a number of old is worth comparing with. */
    slot_at(set, entry->slot)->want = 0;
    slot_at(set, entry->slot)->got = 0;
}
