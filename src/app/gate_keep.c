/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate_keep.h"

#include "app/gate_state.h"
#include "control/network_state.h"

static int restore(struct gate *gate, const char *path, GError **err)
{
    const struct hostfwd_context context = { &gate->plan, &gate->policy,
                                             gate->networks,
                                             gate->options->no_guest };
    g_autoptr(GError) why = NULL;
    g_autofree char *text = file_keeper_read(path, &why);

    if (text != NULL)
        (void)network_state_restore(text, gate->networks, gate->forwards,
                                    &context, &why);
    if (why == NULL)
        return 0;
    g_propagate_prefixed_error(err, g_steal_pointer(&why),
                               "--state %s: ", path);
    return -1;
}

int gate_keep_start(struct gate *gate, GError **err)
{
    const char *path = gate->options->state;
    size_t published = fwd_count(gate->forwards);

    if (path == NULL)
        return 0;
    if (published > 0)
        gate->last_published = fwd_at(gate->forwards, published - 1)->id;
    if (restore(gate, path, err) != 0)
        return -1;
    gate->keeper = file_keeper_start(gate->loop, path, err);
    if (gate->keeper == NULL) {
        g_prefix_error(err, "--state %s: ", path);
        return -1;
    }
    gate_keep_changed(gate);
    return 0;
}

void gate_keep_changed(struct gate *gate)
{
    g_autofree char *text = NULL;

    if (gate->keeper == NULL)
        return;
    text = network_state_text(gate->networks, gate->forwards,
                              gate->last_published);
    file_keeper_put(gate->keeper, text);
}

void gate_keep_stop(struct gate *gate)
{
    file_keeper_stop(g_steal_pointer(&gate->keeper));
}
