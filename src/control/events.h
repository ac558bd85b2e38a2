/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/json.h"

/*
 * Events for the clients that asked for them: lines of the form
 *     {"event": NAME, "time": SECONDS, "data": {...}}
 * Who cannot take an event loses it, and is told how many with the next that
 * it takes, by an event "lost".  Gate process only.
 */
struct events;

enum event_kind {
    EVENT_CONNECTION,
    EVENT_FORWARD,
    EVENT_NETWORK,
    EVENT_POLICY,
    EVENT_STATUS,
    EVENT_KIND_COUNT
};

/* One who may subscribe; embedded in its owner, zeroed but for these two. */
struct subscriber {
    /* A line with its newline; false: no room for it. */
    bool (*offer)(void *self, const char *line);
    void *self;
    /* The hub's: */
    struct events *events; /* NULL: not subscribed */
    unsigned kinds;        /* 1 << enum event_kind */
    uint64_t lost;
};

/* Without subscribers. */
struct events *events_new(void);
/* Its subscribers are let go. */
void events_free(struct events *events);

/* From now on it gets these kinds (may be none), and no others. */
void events_subscribe(struct events *events, struct subscriber *subscriber,
                      unsigned kinds);
/* Harmless for one who has not subscribed. */
void events_unsubscribe(struct subscriber *subscriber);

/* True if anyone wants them: otherwise nothing need be built. */
bool events_wanted(const struct events *events, enum event_kind kind);
/* Offers it to whoever wants the kind; `data` stays the caller's. */
void events_publish(struct events *events, enum event_kind kind,
                    const struct json_out *data);

/* How the protocol calls a kind. */
const char *event_name(enum event_kind kind);
