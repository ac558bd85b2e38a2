/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "net/neighbours.h"
#include "net/replies.h"

#include <glib.h>
#include <string.h>

/* What is remembered of others has a fixed size, whatever they send. */

#define FLOOD 60000u

/* The `i`th of many addresses in the guest's network. */
static const char *address(unsigned i, char text[32])
{
    (void)g_snprintf(text, 32, "10.%u.%u.%u", 1 + i / 62500, i / 250 % 250,
                     1 + i % 250);
    return text;
}

static void a_flood_of_askers_costs_no_memory(void)
{
    struct replies *replies = replies_new();
    static uint8_t out[FRAMES_MAX];
    char text[32];
    unsigned known = 0;

    for (unsigned i = 0; i < FLOOD; i++) {
        struct frames_spec asks = { .src = address(i, text),
                                    .dst = "10.0.2.100",
                                    .proto = IPPROTO_UDP,
                                    .sport = 53,
                                    .dport = 4000 };
        struct frame f = frames_parsed(&asks, out);

        replies_note(replies, &f, 1);
    }
    for (unsigned i = 0; i < FLOOD; i++) {
        struct frames_spec reply = { .src = "10.0.2.100",
                                     .dst = address(i, text),
                                     .proto = IPPROTO_UDP,
                                     .sport = 4000,
                                     .dport = 53 };
        struct frame f = frames_parsed(&reply, out);

        known += replies_expects(replies, &f, 2);
        /* The last who asked is known in any case. */
        g_assert_true(i != FLOOD - 1 || replies_expects(replies, &f, 2));
    }
    g_assert_cmpuint(known, >, 1000);
    g_assert_cmpuint(known, <=, 4096);
    replies_free(replies);
}

static bool knows(const struct neighbours *neighbours, const char *addr)
{
    struct frame_path path = { .dst.addr = frames_addr(addr) };

    return neighbours_fill(neighbours, &path);
}

static void a_flood_of_senders_costs_no_memory(void)
{
    struct plan plan;
    struct neighbours *neighbours;
    static uint8_t out[FRAMES_MAX];
    char text[32];
    unsigned known = 0;

    g_assert_cmpint(plan_init(&plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    neighbours = neighbours_new(&plan);
    for (unsigned i = 0; i < FLOOD; i++) {
        struct frame f = frames_parsed(
            &(struct frames_spec){ .src = address(i, text) }, out);

        neighbours_learn(neighbours, &f);
        g_assert_true(knows(neighbours, text));
    }
    for (unsigned i = 0; i < FLOOD; i++)
        known += knows(neighbours, address(i, text));
    g_assert_cmpuint(known, >, 100);
    g_assert_cmpuint(known, <=, 256);
    neighbours_free(neighbours);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replies/a flood of askers costs no memory",
                    a_flood_of_askers_costs_no_memory);
    g_test_add_func("/replies/a flood of senders costs no memory",
                    a_flood_of_senders_costs_no_memory);
    return g_test_run();
}
