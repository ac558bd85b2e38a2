/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/network_state.h"

#include "../unit/fake_bridge.h"
#include "../unit/fake_forwards.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What a state file says, made over drivers without a kernel.  What it has made
 * makes the same again: nothing is lost or changed on the way.
 */
struct world {
    struct fake_bridge bridge;
    struct plan plan;
    struct policy policy;
    struct networks *networks;
    struct fwd_table *forwards;
};

static void world_init(struct world *w)
{
    const struct networks_config config = { .driver = &w->bridge.driver };

    fake_bridge_init(&w->bridge);
    g_assert_cmpint(plan_init(&w->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    w->policy = (struct policy){ .enable_ipv6 = true };
    w->networks = networks_new(&config);
    w->forwards = fwd_table_new(fake_drivers);
}

static void world_fini(struct world *w)
{
    fwd_table_free(w->forwards);
    networks_free(w->networks);
    g_assert_cmpint(fake_forwards_running, ==, 0);
    g_assert_cmpint(w->bridge.networks + w->bridge.ports, ==, 0);
}

/* The text of what `text` makes; NULL: it is refused, with a reason. */
static char *make(const char *text)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *made = NULL;
    struct world w;
    struct hostfwd_context context;

    world_init(&w);
    context = (struct hostfwd_context){ &w.plan, &w.policy, w.networks, false };
    if (network_state_restore(text, w.networks, w.forwards, &context, &err) ==
        0)
        made = network_state_text(w.networks, w.forwards, 0);
    else
        g_assert_cmpstr(err->message, !=, "");
    world_fini(&w);
    return g_steal_pointer(&made);
}

/* Each thing that is left out is a line of the log. */
static void silence(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null >= 0) {
        (void)dup2(null, STDERR_FILENO);
        (void)close(null);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup(size > 0 ? (const char *)data : "", size);
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    g_autofree char *made = NULL, *again = NULL;

    silence();
    made = make(text);
    again = made != NULL ? make(made) : NULL;
    if (saved >= 0) {
        (void)dup2(saved, STDERR_FILENO);
        (void)close(saved);
    }
    g_assert_cmpstr(made, ==, again);
    return 0;
}
