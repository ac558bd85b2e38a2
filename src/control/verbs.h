/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/error.h"
#include "control/events.h"
#include "control/json.h"

/*
 * The registry of verbs and the envelope around them: finds the verb of a
 * request, checks its arguments' names, runs it, and writes the answer.  Gate
 * process only; knows nothing of sockets.
 *
 * A family of verbs is one file verbs_X.c with a table of rows and one function
 * that registers it together with the handle of the module it speaks for.
 */
struct verbs;

/* What a handler gets, and where it puts its result. */
struct verb_call {
    struct json_obj args; /* an empty object when there were none */
    struct json_out *ret; /* becomes "return"; dropped on failure */
    /*
     * Descriptors that came with the request.  A handler that keeps one puts
     * -1 in its place; the rest are closed after the call.
     */
    int *fds;
    size_t fd_count;
    /* Where events can go; NULL: the connection does not stay open. */
    struct subscriber *subscriber;
};

enum verb_flags {
    /* Answers only; changes nothing. */
    VERB_READ = 0,
    VERB_CHANGES = 1 << 0,
    /*
     * A verb of slirp4netns: arguments it does not know are ignored, and every
     * failure begins with "bad request: NAME: ", whatever its code.
     */
    VERB_COMPATIBLE = 1 << 1,
    /* The members of "return" are repeated at the top of the answer. */
    VERB_MEMBERS_ON_TOP = 1 << 2
};

struct verb {
    const char *name;
    unsigned flags; /* enum verb_flags */
    /* Names of its arguments, NULL-terminated; NULL: it takes none. */
    const char *const *args;
    /* 0, or -1 with an error, and nothing changed then.  Must not block. */
    int (*run)(void *self, struct verb_call *call, GError **err);
};

/* Without verbs; verbs_add() has them. */
struct verbs *verbs_new(void);
/* Frees the handles that were given with a function for it. */
void verbs_free(struct verbs *verbs);
OWN_DEFINE(verbs)

/*
 * Registers a family.  `rows` are kept by reference, their names must be new;
 * `self` is passed to each handler; `self_free` may be NULL.
 */
void verbs_add(struct verbs *verbs, const struct verb *rows, size_t count,
               void *self, void (*self_free)(void *self));

struct verb_request {
    const char *text; /* one JSON object */
    size_t len;
    int *fds;
    size_t fd_count;
    struct subscriber *subscriber; /* for requests with an id; may be NULL */
};

/*
 * Runs one request and returns its answer, which the caller frees.  With an
 * "id" in the request, the answer carries it, ends with a newline, and
 * `*keep_open` is true: the connection goes on.  Descriptors stay the caller's
 * where the slot is not -1 afterwards.
 */
char *verbs_run(struct verbs *verbs, const struct verb_request *request,
                bool *keep_open);

/* Calls `visit` for each verb, in no order. */
void verbs_each(const struct verbs *verbs,
                void (*visit)(void *self, const struct verb *verb), void *self);

/* An error answer without a request to answer to; the caller frees it. */
char *verbs_error_text(enum slipgate_error code, const char *desc);
