/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/porter_leaving.h"
#include "agent/porter_carry.h"
#include "base/error.h"
#include "kern/rtnl.h"
#include "own_namespace.h"

#include <linux/capability.h>
#include <sys/syscall.h>

/* What the kernel refuses to this process for a while, as it does without
   memory. */
static void set_power(bool on)
{
    struct __user_cap_header_struct head = { .version =
                                                 _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    g_assert_cmpint(syscall(SYS_capget, &head, data), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(data); i++)
        data[i].effective = on ? data[i].permitted : 0;
    g_assert_cmpint(syscall(SYS_capset, &head, data), ==, 0);
}

static struct porter_state *open_state(void)
{
    struct porter_state *state = g_new0(struct porter_state, 1);
    g_autoptr(GError) err = NULL;

    state->leaving = porter_leaving_new();
    state->relay = rtnl_open(&err);
    g_assert_no_error(err);
    return state;
}

static void close_state(struct porter_state *state)
{
    porter_leaving_free(state->leaving);
    rtnl_close(state->relay);
    g_free(state);
}

static void add_bridge(struct porter_state *state, const char *name)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    g_autoptr(GError) err = NULL;

    (void)rtnl_bridge_add(state->relay, name, mac, 1500, &err);
    g_assert_no_error(err);
}

static struct porter_reply work(struct porter_state *state, enum porter_op op,
                                const char *name)
{
    struct porter_request request = { .op = op };
    struct porter_call call = { .request = &request, .reply_fd = -1 };

    if (name != NULL)
        (void)g_strlcpy(request.unplug, name, sizeof(request.unplug));
    (void)porter_carry(state, &call);
    return call.reply;
}

/* --- tests --- */

static void what_is_unplugged_goes(void)
{
    struct porter_state *state = open_state();

    add_bridge(state, "bra");
    add_bridge(state, "brb");
    (void)work(state, PORTER_OP_UNPLUG, "bra");
    (void)work(state, PORTER_OP_UNPLUG, "was-never-there");
    g_assert_cmpuint(porter_carry_idle(state), ==, 0);
    g_assert_cmpuint(rtnl_link_index(state->relay, "bra"), ==, 0);
    g_assert_cmpuint(rtnl_link_index(state->relay, "brb"), !=, 0);
    close_state(state);
}

static void what_could_not_be_deleted_is_deleted_later(void)
{
    struct porter_state *state = open_state();
    struct porter_reply reply;

    add_bridge(state, "bra");
    set_power(false);
    (void)work(state, PORTER_OP_UNPLUG, "bra");
    g_assert_cmpuint(porter_carry_idle(state), ==, 1);
    reply = work(state, PORTER_OP_SYNC, NULL);
    g_assert_cmpint(reply.answer.code, !=, 0);
    g_assert_nonnull(strstr(reply.answer.reason, "bra"));
    g_assert_cmpuint(reply.leaving, ==, 1);
    g_assert_cmpuint(rtnl_link_index(state->relay, "bra"), !=, 0);
    set_power(true);
    reply = work(state, PORTER_OP_SYNC, NULL);
    g_assert_cmpint(reply.answer.code, ==, 0);
    g_assert_cmpuint(reply.leaving, ==, 0);
    g_assert_cmpuint(rtnl_link_index(state->relay, "bra"), ==, 0);
    close_state(state);
}

static void the_way_of_the_relay_is_not_deleted(void)
{
    struct porter_state *state = open_state();

    add_bridge(state, "tap1");
    (void)work(state, PORTER_OP_UNPLUG, "tap1");
    (void)work(state, PORTER_OP_UNPLUG, "lo");
    g_assert_cmpuint(porter_carry_idle(state), ==, 0);
    g_assert_cmpuint(rtnl_link_index(state->relay, "tap1"), !=, 0);
    close_state(state);
}

static void a_flood_of_names_is_bounded(void)
{
    struct porter_state *state = open_state();

    for (unsigned i = 0; i < 2 * PORTER_LEAVING_MAX; i++) {
        g_autofree char *name = g_strdup_printf("port%u", i);

        (void)work(state, PORTER_OP_UNPLUG, name);
        g_assert_cmpuint(porter_leaving_count(state->leaving), <=,
                         PORTER_LEAVING_MAX);
    }
    close_state(state);
}

/* Each test in namespaces of its own, so that none sees another's remains. */
static void isolated(gconstpointer test)
{
    void (*run)(void) = (void (*)(void))(uintptr_t)test;

    if (!own_namespace_enter())
        g_test_skip("no user namespace may be made here");
    else
        run();
}

static void add(const char *path, void (*test)(void))
{
    g_test_add_data_func(path, (gconstpointer)(uintptr_t)test, isolated);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/porter_carry/what is unplugged goes", what_is_unplugged_goes);
    add("/porter_carry/what could not be deleted is deleted later",
        what_could_not_be_deleted_is_deleted_later);
    add("/porter_carry/the way of the relay is not deleted",
        the_way_of_the_relay_is_not_deleted);
    add("/porter_carry/a flood of names is bounded",
        a_flood_of_names_is_bounded);
    return g_test_run();
}
