/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/run_resolv.h"

#include <glib.h>

#define HEAD "# made by slipgate for this namespace\n"

static void check(const char *cidr, const char *host, const char *want)
{
    g_autofree char *text = NULL;
    struct plan plan;

    g_assert_cmpint(plan_init(&plan, cidr, NULL), ==, 0);
    text = run_resolv_conf(&plan, host);
    g_assert_cmpstr(text, ==, want);
}

static void the_resolver_is_ours(void)
{
    check("10.0.2.0/24", "nameserver 192.0.2.1\nnameserver ::1\n",
          HEAD "nameserver 10.0.2.3\n");
    check("10.9.0.0/16", NULL, HEAD "nameserver 10.9.0.3\n");
}

static void what_is_no_address_stays(void)
{
    check("10.0.2.0/24",
          "# comment\nsearch a.test b.test\nnameserver 192.0.2.1\n"
          "options\tndots:2\ndomain c.test\nsortlist 192.0.2.0",
          HEAD "nameserver 10.0.2.3\nsearch a.test b.test\n"
               "options\tndots:2\ndomain c.test\n");
    check("10.0.2.0/24", "searching x\nsearch", HEAD "nameserver 10.0.2.3\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/run_resolv/the resolver is ours", the_resolver_is_ours);
    g_test_add_func("/run_resolv/what is no address stays",
                    what_is_no_address_stays);
    return g_test_run();
}
