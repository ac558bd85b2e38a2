/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs_status.h"

#include <string.h>

static void fill_much(void *self, struct status *status)
{
    g_assert_cmpuint(status->mtu, ==, 0);
    g_assert_cmpint(plan_init(&status->plan, "10.0.2.0/24", NULL), ==, 0);
    status->version = "1.2.3";
    status->pid = 10;
    status->agent_pid = 11;
    status->target = self;
    status->uptime_s = 3;
    status->tap = "tap0";
    status->mtu = 1500;
    status->ipv6 = true;
    status->gate =
        (struct status_confinement){ "on", "off", "fallback: no such thing",
                                     "none" };
    status->agent = (struct status_confinement){ "off", "on", "on", NULL };
    status->tcp_carrier = "slirp";
    status->tcp_reason = "no nftables";
    status->capture = (struct capture_state){
        .running = true, .frames = 7, .bytes = 8, .lost = 9
    };
    status->networks_missing = "no relay";
    status->networks_netns = "/proc/12/ns/net";
    status->clients = (struct status_use){ 64, 1 };
    status->forwards = (struct status_use){ 0, 2 };
    status->descriptors = (struct status_use){ 1024, 20 };
}

static void fill_little(void *self, struct status *status)
{
    (void)self;
    g_assert_cmpint(plan_init(&status->plan, "10.0.2.0/24", NULL), ==, 0);
    status->version = "1.2.3";
    status->target = "/run/bess.sock";
    status->gate = (struct status_confinement){ "off", "off", "off", NULL };
    status->tcp_carrier = "slirp";
}

static char *run(void (*fill)(void *, struct status *), char *target,
                 const char *request)
{
    owned(verbs) verbs = verbs_new();
    bool keep_open;

    verbs_status_add(verbs, fill, target);
    return verbs_run(
        verbs,
        &(struct verb_request){ .text = request, .len = strlen(request) },
        &keep_open);
}

static void tells_all_it_knows(void)
{
    char target[] = "pid 42";
    g_autofree char *text =
        run(fill_much, target, "{\"execute\":\"get_status\"}");

    g_assert_cmpstr(
        text, ==,
        "{\"return\":{\"version\":\"1.2.3\",\"pid\":10,\"agent_pid\":11,"
        "\"target\":\"pid 42\",\"uptime_s\":3,\"sandbox\":\"on\","
        "\"seccomp\":\"fallback: no such thing\","
        "\"confinement\":{\"gate\":{\"sandbox\":\"on\","
        "\"landlock\":\"off\",\"seccomp\":\"fallback: no such thing\","
        "\"capabilities\":\"none\"},\"agent\":{\"sandbox\":\"off\","
        "\"landlock\":\"on\",\"seccomp\":\"on\"}},\"tap\":\"tap0\","
        "\"mtu\":1500,\"addresses\":{\"ipv4\":{\"network\":\"10.0.2.0/24\","
        "\"guest\":\"10.0.2.100\",\"gateway\":\"10.0.2.2\","
        "\"dns\":\"10.0.2.3\"},\"ipv6\":{\"network\":\"fd00::/64\","
        "\"guest\":\"fd00::100\",\"gateway\":\"fd00::2\",\"dns\":\"fd00::3\","
        "\"router\":\"fe80::2\"}},\"outbound_tcp\":{\"carrier\":\"slirp\","
        "\"reason\":\"no nftables\"},"
        "\"networks\":{\"available\":false,\"reason\":\"no relay\","
        "\"netns\":\"/proc/12/ns/net\"},\"capture\":{\"running\":true,"
        "\"frames\":7,\"bytes\":8,\"lost\":9},\"limits\":{\"clients\":{\"max\":"
        "64,"
        "\"used\":1},\"forwards\":{\"used\":2},\"descriptors\":{"
        "\"max\":1024,\"used\":20}}}}");
}

static void leaves_out_what_there_is_not(void)
{
    g_autofree char *text =
        run(fill_little, NULL, "{\"execute\":\"get_status\"}");

    g_assert_null(strstr(text, "agent"));
    g_assert_null(strstr(text, "ipv6"));
    g_assert_null(strstr(text, "\"tap\""));
    g_assert_null(strstr(text, "reason"));
    g_assert_null(strstr(text, "null"));
}

static void takes_no_arguments(void)
{
    g_autofree char *text =
        run(fill_little, NULL,
            "{\"execute\":\"get_status\",\"arguments\":{\"x\":1}}");

    g_assert_cmpstr(text, ==,
                    "{\"error\":{\"code\":\"bad-request\",\"desc\":\"bad "
                    "request: get_status: bad arguments.x: unknown "
                    "argument\"}}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verbs_status/tells all it knows", tells_all_it_knows);
    g_test_add_func("/verbs_status/leaves out what there is not",
                    leaves_out_what_there_is_not);
    g_test_add_func("/verbs_status/takes no arguments", takes_no_arguments);
    return g_test_run();
}
