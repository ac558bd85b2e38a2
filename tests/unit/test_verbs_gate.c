/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_gate.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct fake_gate gate;
    struct verbs *verbs;
    struct subscriber subscriber;
    GString *told; /* lines that the subscriber took */
    size_t room;   /* how many more it takes */
};

static bool take_line(void *self, const char *line)
{
    struct fixture *f = self;

    if (f->room == 0)
        return false;
    f->room--;
    g_string_append(f->told, line);
    return true;
}

static void set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    fake_gate_init(&f->gate);
    f->verbs = verbs_new();
    fake_gate_add_verbs(&f->gate, f->verbs);
    f->told = g_string_new(NULL);
    f->room = SIZE_MAX;
    f->subscriber = (struct subscriber){ .offer = take_line, .self = f };
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    events_unsubscribe(&f->subscriber);
    verbs_free(f->verbs);
    fake_gate_fini(&f->gate);
    g_string_free(f->told, TRUE);
}

static char *run_with(struct fixture *f, const char *text, int *fds,
                      size_t fd_count)
{
    struct verb_request request = { .text = text,
                                    .len = strlen(text),
                                    .fds = fds,
                                    .fd_count = fd_count,
                                    .subscriber = &f->subscriber };
    bool keep_open;

    return verbs_run(f->verbs, &request, &keep_open);
}

static void check(struct fixture *f, const char *text, const char *answer)
{
    g_autofree char *got = run_with(f, text, NULL, 0);

    g_assert_cmpstr(got, ==, answer);
}

/* --- policy --- */

#define OPEN                                             \
    "\"allow_host_loopback\":true,\"enable_ipv6\":true," \
    "\"enable_dns\":true,\"outbound\":\"allow\""
#define GET_POLICY       "{\"execute\":\"get_policy\"}"
#define SET_POLICY(args) "{\"execute\":\"set_policy\",\"arguments\":{" args "}}"

static void any_subset_of_switches_is_set(struct fixture *f, gconstpointer data)
{
    (void)data;
    check(f, GET_POLICY, "{\"return\":{" OPEN "}}");
    check(f, SET_POLICY(""), "{\"return\":{" OPEN ",\"ended\":0}}");
    g_assert_cmpuint(f->gate.changed, ==, 0);
    check(f, SET_POLICY("\"enable_dns\":false"),
          "{\"return\":{\"allow_host_loopback\":true,\"enable_ipv6\":true,"
          "\"enable_dns\":false,\"outbound\":\"allow\",\"ended\":0}}");
    g_assert_cmpuint(f->gate.changed, ==, 1);
    g_assert_cmpuint(f->gate.narrowed, ==, 1);
    check(f, SET_POLICY("\"enable_dns\":true"),
          "{\"return\":{" OPEN ",\"ended\":0}}");
    g_assert_cmpuint(f->gate.narrowed, ==, 1);
}

static void a_bad_switch_changes_none(struct fixture *f, gconstpointer data)
{
    static const struct {
        const char *request, *why;
    } bad[] = {
        { SET_POLICY("\"outbound\":\"deny\",\"enable_ipv6\":1"),
          "enable_ipv6: must be true or false" },
        { SET_POLICY("\"enable_dns\":false,\"outbound\":\"ask\""),
          "outbound: must be \\\"allow\\\" or \\\"deny\\\"" },
        { SET_POLICY("\"enable_dns\":false,\"outbound\":true"),
          "outbound: must be a string" },
        { SET_POLICY("\"enable_dns\":false,\"ipv6\":true"),
          "ipv6: unknown argument" },
    };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *want = g_strdup_printf(
            "{\"error\":{\"code\":\"bad-request\",\"desc\":\"bad request: "
            "set_policy: bad arguments.%s\"}}",
            bad[i].why);

        check(f, bad[i].request, want);
        check(f, GET_POLICY, "{\"return\":{" OPEN "}}");
    }
    g_assert_cmpuint(f->gate.changed, ==, 0);
}

static void what_is_forbidden_ends(struct fixture *f, gconstpointer data)
{
    (void)data;
    /* Of the five to the host's loopback, two are inbound. */
    check(f, SET_POLICY("\"allow_host_loopback\":false"),
          "{\"return\":{\"allow_host_loopback\":false,\"enable_ipv6\":true,"
          "\"enable_dns\":true,\"outbound\":\"allow\",\"ended\":3}}");
    /* All of IPv6, in both directions: 15, of which one has ended. */
    check(f, SET_POLICY("\"enable_ipv6\":false"),
          "{\"return\":{\"allow_host_loopback\":false,\"enable_ipv6\":false,"
          "\"enable_dns\":true,\"outbound\":\"allow\",\"ended\":14}}");
    g_assert_cmpuint(f->gate.ipv6_calls, ==, 1);
    g_assert_false(f->gate.policy.enable_ipv6);
    check(f, SET_POLICY("\"outbound\":\"deny\""),
          "{\"return\":{\"allow_host_loopback\":false,\"enable_ipv6\":false,"
          "\"enable_dns\":true,\"outbound\":\"deny\",\"ended\":8}}");
    for (size_t i = 0; i < FAKE_FLOWS; i++)
        g_assert_true(f->gate.ended[i] ||
                      (f->gate.info[i].inbound && i % 2 == 0));
}

/* The ports that others publish, at its gateway and at the guest's address, a
   container may ask whatever the switches say. */
static void a_published_port_is_not_forbidden(struct fixture *f,
                                              gconstpointer data)
{
    enum { AT_GATEWAY = 8, AT_GUEST = 14, OUTSIDE = 20 };
    struct flow_info *flow = f->gate.info;
    struct segment segment = { .count = 1 };
    owned(segments) segments = segments_new();

    (void)data;
    g_assert_true(ip_prefix_parse("10.89.0.0/24", &segment.nets[0], NULL));
    g_assert_true(ip_addr_parse("10.89.0.1", &segment.gateways[0]));
    g_assert_cmpuint(segments_add(segments, &segment, NULL), >, 0);
    f->gate.switches.segments = segments;
    for (size_t i = AT_GATEWAY; i <= OUTSIDE; i += AT_GUEST - AT_GATEWAY)
        g_assert_true(ip_addr_parse("10.89.0.7", &flow[i].guest.addr));
    flow[AT_GATEWAY].peer.addr = segment.gateways[0];
    flow[AT_GUEST].peer.addr = f->gate.plan.guest;
    check(f, SET_POLICY("\"enable_dns\":false"),
          "{\"return\":{\"allow_host_loopback\":true,\"enable_ipv6\":true,"
          "\"enable_dns\":false,\"outbound\":\"allow\",\"ended\":0}}");
    check(f, SET_POLICY("\"outbound\":\"deny\""),
          "{\"return\":{\"allow_host_loopback\":true,\"enable_ipv6\":true,"
          "\"enable_dns\":false,\"outbound\":\"deny\",\"ended\":15}}");
    g_assert_false(f->gate.ended[AT_GATEWAY] || f->gate.ended[AT_GUEST]);
    g_assert_true(f->gate.ended[OUTSIDE]);
}

static void ipv6_that_fails_changes_nothing(struct fixture *f,
                                            gconstpointer data)
{
    (void)data;
    f->gate.policy.enable_ipv6 = false;
    f->gate.refuse_ipv6 = true;
    check(f, SET_POLICY("\"enable_ipv6\":true,\"outbound\":\"deny\""),
          "{\"error\":{\"code\":\"system\",\"desc\":\"set_policy: IPv6 of "
          "tap0: refused\"}}");
    g_assert_false(f->gate.policy.enable_ipv6);
    g_assert_true(f->gate.policy.outbound);
    g_assert_cmpuint(f->gate.narrowed + f->gate.changed, ==, 0);
}

/* --- connections --- */

static void pages_are_in_order_and_whole(struct fixture *f, gconstpointer data)
{
    uint64_t after = 0;
    size_t seen = 0;
    bool more = true;

    (void)data;
    while (more) {
        struct flow_info page[7];
        size_t count = flows_page(&f->gate.flows, after, page, 7, &more);

        for (size_t i = 0; i < count; i++)
            g_assert_cmpuint(page[i].id, ==, ++seen);
        after = seen;
        g_assert_true(more == (seen < FAKE_FLOWS));
    }
    g_assert_cmpuint(seen, ==, FAKE_FLOWS);
    g_assert_cmpuint(flows_page(&f->gate.flows, FAKE_FLOWS, NULL, 0, &more), ==,
                     0);
    g_assert_false(more);
}

static void a_flow_is_told_with_both_ends(struct fixture *f, gconstpointer data)
{
    (void)data;
    check(f,
          "{\"execute\":\"list_connections\",\"arguments\":{\"limit\":1,"
          "\"after\":5}}",
          "{\"return\":{\"entries\":[{\"id\":6,\"proto\":\"tcp\","
          "\"direction\":\"out\",\"guest_addr\":\"fd00::100\","
          "\"guest_port\":4000,\"peer_addr\":\"2001:db8::1\","
          "\"peer_port\":80,\"bytes_from_guest\":50,\"bytes_to_guest\":100,"
          "\"age_s\":60,\"carrier\":\"slirp\"}],\"more\":true}}");
    check(f,
          "{\"execute\":\"list_connections\",\"arguments\":{\"limit\":1001}}",
          "{\"error\":{\"code\":\"bad-request\",\"desc\":\"bad request: "
          "list_connections: bad arguments.limit: must be an integer from 1 "
          "to 1000\"}}");
}

/* --- statistics, and the end --- */

static void every_counter_is_told(struct fixture *f, gconstpointer data)
{
    g_autofree char *text = NULL;

    (void)data;
    f->gate.stats.frames_merged = 77;
    text = run_with(f, "{\"execute\":\"get_stats\"}", NULL, 0);
    g_assert_nonnull(strstr(text, "\"frames_merged\":77"));
#define CHECK(name, meaning) g_assert_nonnull(strstr(text, "\"" #name "\":"));
    STATS_COUNTERS(CHECK)
#undef CHECK
}

static void shutdown_answers_and_stops(struct fixture *f, gconstpointer data)
{
    (void)data;
    check(f, "{\"execute\":\"shutdown\"}", "{\"return\":{}}");
    g_assert_cmpuint(f->gate.shut_down, ==, 1);
}

/* --- events --- */

static void publish(struct fixture *f, enum event_kind kind, uint64_t number)
{
    owned(json_out) data = json_out_new();

    json_out_uint(data, "n", number);
    if (events_wanted(f->gate.events, kind))
        events_publish(f->gate.events, kind, data);
}

/* The lines that were taken, without their times. */
static void told(struct fixture *f, const char *want)
{
    g_autoptr(GRegex) time =
        g_regex_new(",\"time\":[0-9]+\\.[0-9]{3},", 0, 0, NULL);
    g_autofree char *text =
        g_regex_replace_literal(time, f->told->str, -1, 0, ",", 0, NULL);

    g_assert_cmpstr(text, ==, want);
    g_string_truncate(f->told, 0);
}

static void events_go_to_who_asked_for_them(struct fixture *f,
                                            gconstpointer data)
{
    (void)data;
    publish(f, EVENT_POLICY, 1);
    check(f,
          "{\"execute\":\"subscribe\",\"arguments\":{\"events\":[\"policy\","
          "\"status\",\"policy\"]},\"id\":1}",
          "{\"return\":{\"events\":[\"policy\",\"status\"]},\"id\":1}\n");
    publish(f, EVENT_POLICY, 2);
    publish(f, EVENT_FORWARD, 3);
    publish(f, EVENT_STATUS, 4);
    told(f, "{\"event\":\"policy\",\"data\":{\"n\":2}}\n"
            "{\"event\":\"status\",\"data\":{\"n\":4}}\n");
    check(f,
          "{\"execute\":\"subscribe\",\"arguments\":{\"events\":[]},\"id\":2}",
          "{\"return\":{\"events\":[]},\"id\":2}\n");
    publish(f, EVENT_POLICY, 5);
    told(f, "");
}

static void the_lost_are_counted_and_told(struct fixture *f, gconstpointer data)
{
    (void)data;
    events_subscribe(f->gate.events, &f->subscriber, ~0u);
    f->room = 1;
    for (uint64_t i = 0; i < 5; i++)
        publish(f, EVENT_STATUS, i);
    f->room = 1; /* for the news of it only */
    publish(f, EVENT_STATUS, 5);
    f->room = 2;
    publish(f, EVENT_STATUS, 6);
    told(f, "{\"event\":\"status\",\"data\":{\"n\":0}}\n"
            "{\"event\":\"lost\",\"data\":{\"count\":4}}\n"
            "{\"event\":\"lost\",\"data\":{\"count\":1}}\n"
            "{\"event\":\"status\",\"data\":{\"n\":6}}\n");
}

static void without_an_id_there_are_no_events(struct fixture *f,
                                              gconstpointer data)
{
    (void)data;
    check(f, "{\"execute\":\"subscribe\",\"arguments\":{\"events\":[]}}",
          "{\"error\":{\"code\":\"bad-request\",\"desc\":\"bad request: "
          "subscribe: events need a request with \\\"id\\\"\"}}");
    g_assert_null(f->subscriber.events);
}

/* --- captures --- */

static int temporary(void)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("slipgate-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(unlink(name), ==, 0);
    return fd;
}

static void a_capture_takes_the_descriptor(struct fixture *f,
                                           gconstpointer data)
{
    int fds[] = { temporary() };
    int mine = dup(fds[0]);
    uint8_t frame[60] = { 1, 2, 3 }, file[24 + 16 + 60 + 1];
    g_autofree char *answer =
        run_with(f, "{\"execute\":\"start_capture\"}", fds, G_N_ELEMENTS(fds));

    (void)data;
    g_assert_cmpstr(answer, ==, "{\"return\":{}}");
    g_assert_cmpint(fds[0], ==, -1);
    capture_frame(f->gate.capture, frame, sizeof(frame));
    check(f, "{\"execute\":\"stop_capture\"}",
          "{\"return\":{\"frames\":1,\"bytes\":60,\"lost\":0}}");
    capture_frame(f->gate.capture, frame, sizeof(frame));
    g_assert_cmpint(pread(mine, file, sizeof(file), 0), ==, 24 + 16 + 60);
    g_assert_cmpint(memcmp(file + 40, frame, sizeof(frame)), ==, 0);
    check(f, "{\"execute\":\"stop_capture\"}",
          "{\"error\":{\"code\":\"conflict\",\"desc\":\"stop_capture: no "
          "capture is running\"}}");
    (void)close(mine);
}

static void a_capture_keeps_its_limits(struct fixture *f, gconstpointer data)
{
    int fds[] = { temporary() };
    int mine = dup(fds[0]);
    uint8_t frame[1000] = { 0 };
    struct stat st;
    g_autofree char *answer =
        run_with(f,
                 "{\"execute\":\"start_capture\",\"arguments\":{"
                 "\"max_bytes\":200,\"snap_bytes\":64}}",
                 fds, G_N_ELEMENTS(fds));

    (void)data;
    g_assert_cmpstr(answer, ==, "{\"return\":{}}");
    for (int i = 0; i < 5; i++)
        capture_frame(f->gate.capture, frame, sizeof(frame));
    g_assert_false(capture_is_running(f->gate.capture));
    check(f, "{\"execute\":\"stop_capture\"}",
          "{\"return\":{\"frames\":2,\"bytes\":2000,\"lost\":0,"
          "\"stopped\":\"the size limit is reached\"}}");
    g_assert_cmpint(fstat(mine, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 24 + 2 * (16 + 64));
    (void)close(mine);
}

/* A reader that does not read, and then is gone. */
static void a_slow_reader_loses_frames(struct fixture *f, gconstpointer data)
{
    int ends[2];
    uint8_t frame[60000] = { 0 };
    struct capture_state state;

    (void)data;
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(capture_start(f->gate.capture, ends[1], FRAME_MAX, 0, NULL),
                    ==, 0);
    for (int i = 0; i < 200; i++)
        capture_frame(f->gate.capture, frame, sizeof(frame));
    capture_get_state(f->gate.capture, &state);
    g_assert_true(state.running);
    g_assert_cmpuint(state.lost, >, 0);
    g_assert_cmpuint(state.frames + state.lost, ==, 200);
    (void)close(ends[0]);
    g_assert_cmpint(capture_stop(f->gate.capture, &state, NULL), ==, 0);
    g_assert_cmpstr(state.stopped, ==, g_strerror(EPIPE));
}

static void what_is_no_target_is_refused(struct fixture *f, gconstpointer data)
{
    int readable[] = { open("/dev/null", O_RDONLY | O_CLOEXEC) };
    int two[] = { open("/dev/null", O_WRONLY | O_CLOEXEC), -1 };
    g_autofree char *first = NULL, *second = NULL;

    (void)data;
    first = run_with(f, "{\"execute\":\"start_capture\"}", readable, 1);
    g_assert_nonnull(strstr(first, "not open for writing"));
    two[1] = dup(two[0]);
    second = run_with(f, "{\"execute\":\"start_capture\"}", two, 2);
    g_assert_nonnull(strstr(second, "one descriptor only"));
    (void)close(two[0]);
    (void)close(two[1]);
    capture_hide_paths(f->gate.capture, "no files here");
    check(f, "{\"execute\":\"start_capture\",\"arguments\":{\"path\":\"/x\"}}",
          "{\"error\":{\"code\":\"unavailable\",\"desc\":\"start_capture: "
          "open /x: no files here; send a descriptor\"}}");
    g_assert_false(capture_is_running(f->gate.capture));
}

#define ADD(name, function) \
    g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    ADD("/verbs_gate/any subset of switches is set",
        any_subset_of_switches_is_set);
    ADD("/verbs_gate/a bad switch changes none", a_bad_switch_changes_none);
    ADD("/verbs_gate/what is forbidden ends", what_is_forbidden_ends);
    ADD("/verbs_gate/a published port is not forbidden",
        a_published_port_is_not_forbidden);
    ADD("/verbs_gate/IPv6 that fails changes nothing",
        ipv6_that_fails_changes_nothing);
    ADD("/verbs_gate/pages are in order and whole",
        pages_are_in_order_and_whole);
    ADD("/verbs_gate/a flow is told with both ends",
        a_flow_is_told_with_both_ends);
    ADD("/verbs_gate/every counter is told", every_counter_is_told);
    ADD("/verbs_gate/shutdown answers and stops", shutdown_answers_and_stops);
    ADD("/verbs_gate/events go to who asked for them",
        events_go_to_who_asked_for_them);
    ADD("/verbs_gate/the lost are counted and told",
        the_lost_are_counted_and_told);
    ADD("/verbs_gate/without an id there are no events",
        without_an_id_there_are_no_events);
    ADD("/verbs_gate/a capture takes the descriptor",
        a_capture_takes_the_descriptor);
    ADD("/verbs_gate/a capture keeps its limits", a_capture_keeps_its_limits);
    ADD("/verbs_gate/a slow reader loses frames", a_slow_reader_loses_frames);
    ADD("/verbs_gate/what is no target is refused",
        what_is_no_target_is_refused);
    return g_test_run();
}
