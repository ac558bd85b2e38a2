/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/pollset.h"

#include "base/log.h"

#include <glib.h>
#include <string.h>
#include <sys/epoll.h>

struct entry {
    struct loop_watch watch;
    struct pollset *set;
    uint32_t want, got;
    unsigned round; /* of the last list that named it */
    bool stale;     /* the loop's knowledge is void */
};

struct pollset {
    struct loop *loop;
    void (*ready)(void *self);
    void *self;
    unsigned round;
    GPtrArray *by_fd;     /* of struct entry or NULL, indexed by descriptor */
    GArray *now, *before; /* of int: the descriptors listed */
};

struct pollset *pollset_new(struct loop *loop, void (*ready)(void *self),
                            void *self)
{
    struct pollset *set = g_new0(struct pollset, 1);

    set->loop = loop;
    set->ready = ready;
    set->self = self;
    set->by_fd = g_ptr_array_new();
    set->now = g_array_new(FALSE, FALSE, sizeof(int));
    set->before = g_array_new(FALSE, FALSE, sizeof(int));
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
    g_array_free(set->now, TRUE);
    g_array_free(set->before, TRUE);
    g_free(set);
}

static void entry_ready(void *self, uint32_t events)
{
    struct entry *entry = self;
    uint32_t asked = events & entry->want;

    entry->got |= asked;
    if (asked != 0)
        entry->set->ready(entry->set->self);
    else /* an error that nobody asked for would spin the loop */
        loop_unwatch(entry->set->loop, &entry->watch);
}

static struct entry *entry_for(struct pollset *set, int fd)
{
    struct entry *entry;

    if ((guint)fd >= set->by_fd->len)
        g_ptr_array_set_size(set->by_fd, fd + 16);
    entry = g_ptr_array_index(set->by_fd, fd);
    if (entry == NULL) {
        entry = g_new0(struct entry, 1);
        entry->set = set;
        entry->watch.ready = entry_ready;
        entry->watch.self = entry;
        g_ptr_array_index(set->by_fd, fd) = entry;
    }
    return entry;
}

void pollset_begin(struct pollset *set)
{
    GArray *spare = set->before;

    set->before = set->now;
    set->now = spare;
    g_array_set_size(set->now, 0);
    set->round++;
}

int pollset_want(struct pollset *set, int fd, uint32_t events)
{
    struct entry *entry;

    if (fd < 0)
        return -1;
    entry = entry_for(set, fd);
    entry->want = events;
    entry->got = 0;
    entry->round = set->round;
    g_array_append_val(set->now, fd);
    return (int)set->now->len - 1;
}

static void drop_unlisted(struct pollset *set)
{
    for (guint i = 0; i < set->before->len; i++) {
        int fd = g_array_index(set->before, int, i);
        struct entry *entry = g_ptr_array_index(set->by_fd, fd);

        if (entry->round == set->round)
            continue;
        entry->want = 0;
        entry->got = 0;
        if (entry->stale)
            loop_forget(set->loop, &entry->watch);
        else
            loop_unwatch(set->loop, &entry->watch);
        entry->stale = false;
    }
}

void pollset_commit(struct pollset *set)
{
    drop_unlisted(set);
    for (guint i = 0; i < set->now->len; i++) {
        int fd = g_array_index(set->now, int, i);
        struct entry *entry = g_ptr_array_index(set->by_fd, fd);
        int rc;

        if (entry->stale)
            loop_forget(set->loop, &entry->watch);
        entry->stale = false;
        rc = loop_watch(set->loop, &entry->watch, fd, entry->want);
        if (rc < 0)
            LOG_LIMITED("cannot watch descriptor %d: %s", fd, g_strerror(-rc));
    }
}

uint32_t pollset_revents(const struct pollset *set, int index)
{
    const struct entry *entry;

    if (index < 0 || (guint)index >= set->now->len)
        return 0;
    entry = g_ptr_array_index(set->by_fd, g_array_index(set->now, int, index));
    return entry->got;
}

size_t pollset_count(const struct pollset *set)
{
    return set->now->len;
}

void pollset_invalidate(struct pollset *set, int fd)
{
    struct entry *entry;

    if (fd < 0 || (guint)fd >= set->by_fd->len)
        return;
    entry = g_ptr_array_index(set->by_fd, fd);
    if (entry != NULL)
        entry->stale = true;
}
