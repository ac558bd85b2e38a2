/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_shutdown.h"

struct verbs_shutdown {
    void (*stop)(void *self);
    void *self;
};

static int shut_down(void *data, struct verb_call *call, GError **err)
{
    const struct verbs_shutdown *self = data;

    (void)call;
    (void)err;
    self->stop(self->self);
    return 0;
}

static const struct verb rows[] = {
    { "shutdown", VERB_CHANGES, NULL, shut_down },
};

void verbs_shutdown_add(struct verbs *verbs, void (*stop)(void *self),
                        void *self)
{
    struct verbs_shutdown *shutdown = g_new(struct verbs_shutdown, 1);

    *shutdown = (struct verbs_shutdown){ stop, self };
    verbs_add(verbs, rows, G_N_ELEMENTS(rows), shutdown, g_free);
}
