/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/budget.h"

#include <glib.h>
#include <limits.h>

static unsigned fill(struct budget *budget, enum budget_kind kind)
{
    unsigned taken = 0;

    for (; budget_has_room(budget, kind); taken++)
        budget->used[kind]++;
    return taken;
}

static void a_reserve_is_kept_whatever_comes(void)
{
    static const unsigned long limits[] = { 64, 256, 1024, 20000 };

    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        struct budget budget;
        unsigned long taken = 0;

        budget_init(&budget, limits[i]);
        for (int kind = 0; kind < BUDGET_KIND_COUNT; kind++)
            taken += fill(&budget, kind);
        g_assert_cmpuint(taken, <=, limits[i] - BUDGET_RESERVE_MIN);
        g_assert_cmpuint(taken, >, 0);
    }
}

static void no_kind_takes_all(void)
{
    for (int greedy = 0; greedy < BUDGET_KIND_COUNT; greedy++) {
        struct budget budget;

        budget_init(&budget, 1024);
        (void)fill(&budget, greedy);
        for (int other = 0; other < BUDGET_KIND_COUNT; other++)
            g_assert_cmpint(budget_has_room(&budget, other), ==,
                            other != greedy);
    }
}

/* Two descriptors for each. */
static void nine_thousand_relays_fit_in_twenty_thousand_descriptors(void)
{
    struct budget budget;

    budget_init(&budget, 20000);
    g_assert_cmpuint(fill(&budget, BUDGET_RELAY), >=, 2 * 9000);
    g_assert_true(budget_has_room(&budget, BUDGET_UDP));
}

static void what_is_given_back_can_be_taken_again(void)
{
    struct budget budget;

    budget_init(&budget, 1024);
    (void)fill(&budget, BUDGET_UDP);
    g_assert_false(budget_has_room(&budget, BUDGET_UDP));
    budget.used[BUDGET_UDP]--;
    g_assert_true(budget_has_room(&budget, BUDGET_UDP));
}

static void odd_limits_do_no_harm(void)
{
    struct budget budget;

    budget_init(&budget, 3);
    for (int kind = 0; kind < BUDGET_KIND_COUNT; kind++)
        g_assert_false(budget_has_room(&budget, kind));
    budget_init(&budget, ULONG_MAX);
    g_assert_cmpuint(budget.flows_max, >, 100000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/budget/a reserve is kept whatever comes",
                    a_reserve_is_kept_whatever_comes);
    g_test_add_func("/budget/no kind takes all", no_kind_takes_all);
    g_test_add_func(
        "/budget/nine thousand relays fit in twenty thousand descriptors",
        nine_thousand_relays_fit_in_twenty_thousand_descriptors);
    g_test_add_func("/budget/what is given back can be taken again",
                    what_is_given_back_can_be_taken_again);
    g_test_add_func("/budget/odd limits do no harm", odd_limits_do_no_harm);
    return g_test_run();
}
