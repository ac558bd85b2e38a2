/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/askers.h"

#include <glib.h>

static struct ip_addr addr(const char *text)
{
    struct ip_addr out;

    g_assert_true(ip_addr_parse(text, &out));
    return out;
}

static void containers_ask_all_their_networks(void)
{
    struct names *a = names_new(), *b = names_new(), *c = names_new();
    struct ip_addr in_a[] = { addr("10.89.0.2"), addr("fd01::2") };
    struct ip_addr in_b = addr("10.89.1.2"), in_c = addr("10.89.2.2");
    struct ip_addr other = addr("10.89.0.3");
    struct askers *askers = askers_new();

    askers_join(askers, "one", a, in_a, G_N_ELEMENTS(in_a));
    g_assert_null(askers_also(askers, a, &in_a[0], 0));
    askers_join(askers, "one", b, &in_b, 1);
    askers_join(askers, "two", a, &other, 1);
    askers_join(askers, "one", c, &in_c, 1);
    g_assert_true(askers_also(askers, a, &in_a[0], 0) == b);
    g_assert_true(askers_also(askers, a, &in_a[1], 1) == c);
    g_assert_null(askers_also(askers, a, &in_a[0], 2));
    g_assert_true(askers_also(askers, c, &in_c, 0) == a);
    g_assert_null(askers_also(askers, a, &other, 0));

    askers_leave(askers, "one", b);
    askers_leave(askers, "one", b);
    g_assert_true(askers_also(askers, a, &in_a[0], 0) == c);
    g_assert_null(askers_also(askers, b, &in_b, 0));
    askers_leave(askers, "one", a);
    askers_leave(askers, "one", c);
    g_assert_null(askers_also(askers, a, &in_a[0], 0));
    askers_free(askers);
    names_free(a);
    names_free(b);
    names_free(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/askers/containers_ask_all_their_networks",
                    containers_ask_all_their_networks);
    return g_test_run();
}
