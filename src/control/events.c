/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/events.h"

#include <glib.h>

struct events {
    GPtrArray *subscribers;
    unsigned kinds; /* that anyone wants */
};

static const char *const names[EVENT_KIND_COUNT] = {
    [EVENT_CONNECTION] = "connection", [EVENT_FORWARD] = "forward",
    [EVENT_NETWORK] = "network",       [EVENT_POLICY] = "policy",
    [EVENT_STATUS] = "status",
};

const char *event_name(enum event_kind kind)
{
    return names[kind];
}

struct events *events_new(void)
{
    struct events *events = g_new0(struct events, 1);

    events->subscribers = g_ptr_array_new();
    return events;
}

void events_free(struct events *events)
{
    if (events == NULL)
        return;
    while (events->subscribers->len > 0)
        events_unsubscribe(g_ptr_array_index(events->subscribers, 0));
    g_ptr_array_free(events->subscribers, TRUE);
    g_free(events);
}

static void sum_up(struct events *events)
{
    events->kinds = 0;
    for (guint i = 0; i < events->subscribers->len; i++) {
        const struct subscriber *s = g_ptr_array_index(events->subscribers, i);

        events->kinds |= s->kinds;
    }
}

void events_subscribe(struct events *events, struct subscriber *subscriber,
                      unsigned kinds)
{
    if (subscriber->events == NULL) {
        g_ptr_array_add(events->subscribers, subscriber);
        subscriber->events = events;
    }
    subscriber->kinds = kinds;
    sum_up(events);
}

void events_unsubscribe(struct subscriber *subscriber)
{
    struct events *events = subscriber->events;

    if (events == NULL)
        return;
    g_ptr_array_remove_fast(events->subscribers, subscriber);
    subscriber->events = NULL;
    subscriber->kinds = 0;
    sum_up(events);
}

bool events_wanted(const struct events *events, enum event_kind kind)
{
    return events != NULL && (events->kinds & 1u << kind) != 0;
}

/* By hand: the library would write a time of day with 17 digits. */
static char *make_line(const char *name, const struct json_out *data)
{
    g_autofree char *text = json_out_text(data);
    int64_t ms = g_get_real_time() / 1000;

    return g_strdup_printf("{\"event\":\"%s\",\"time\":%" G_GINT64_FORMAT
                           ".%03d,\"data\":%s}\n",
                           name, ms / 1000, (int)(ms % 1000), text);
}

static bool tell_lost(struct subscriber *subscriber)
{
    owned(json_out) data = json_out_new();
    g_autofree char *line = NULL;

    json_out_uint(data, "count", subscriber->lost);
    line = make_line("lost", data);
    if (!subscriber->offer(subscriber->self, line))
        return false;
    subscriber->lost = 0;
    return true;
}

static void offer(struct subscriber *subscriber, const char *line)
{
    if ((subscriber->lost > 0 && !tell_lost(subscriber)) ||
        !subscriber->offer(subscriber->self, line))
        subscriber->lost++;
}

void events_publish(struct events *events, enum event_kind kind,
                    const struct json_out *data)
{
    g_autofree char *line = make_line(names[kind], data);

    for (guint i = 0; i < events->subscribers->len; i++) {
        struct subscriber *s = g_ptr_array_index(events->subscribers, i);

        if ((s->kinds & 1u << kind) != 0)
            offer(s, line);
    }
}
