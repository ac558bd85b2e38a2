/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/client_input.h"
#include "control/verbs_hostfwd.h"
#include "control/verbs_network.h"
#include "control/verbs_status.h"

#include "../unit/fake_bridge.h"
#include "../unit/fake_forwards.h"
#include "../unit/fake_gate.h"

#include <fcntl.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The control socket's way from bytes to answers, without the socket: the same
 * pieces, scanner, decoder and verbs, over a driver that binds nothing.
 * The first byte, modulo 64, says how long the pieces are.
 */
static void fill_status(void *self, struct status *status)
{
    (void)self;
    g_assert_cmpint(plan_init(&status->plan, PLAN_CIDR_DEFAULT, NULL), ==, 0);
    status->ipv6 = true;
    status->version = status->target = status->tap = "\xff";
    status->tcp_carrier = "";
    status->gate = (struct status_confinement){ "", "", "", "" };
}

/* An answer is one object, with a result or an error that says something. */
static void check_answer(const char *text, bool keep_open)
{
    owned(json_value) value = json_parse(text, strlen(text), NULL);
    struct json_obj answer = { NULL, "answer" }, part;
    const char *desc = NULL;
    bool failed;

    g_assert_true(json_as_object(value, "answer", &answer));
    g_assert_true(keep_open == (json_member(&answer, "id") != NULL));
    g_assert_true(keep_open == g_str_has_suffix(text, "\n"));
    g_assert_true(strchr(text, '\n') == NULL || keep_open);
    failed = json_member(&answer, "error") != NULL;
    g_assert_true(failed == (json_member(&answer, "return") == NULL));
    g_assert_cmpint(
        json_get_object(&answer, failed ? "error" : "return", &part, NULL), ==,
        0);
    if (failed) {
        g_assert_cmpint(json_get_string(&part, "desc", &desc, NULL), ==, 0);
        g_assert_cmpstr(desc, !=, "");
    }
}

static bool offer(void *self, const char *line)
{
    owned(json_value) event = json_parse(line, strlen(line), NULL);

    (void)self;
    g_assert_nonnull(event);
    return strlen(line) % 2 == 0;
}

/* Each request brings a descriptor that can be written to. */
static bool run(struct verbs *verbs, struct subscriber *subscriber,
                const struct client_input *input)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct verb_request request = { .text = input->request->str,
                                    .len = input->request->len,
                                    .fds = &fd,
                                    .fd_count = 1,
                                    .subscriber = subscriber };
    bool keep_open = false;
    g_autofree char *answer = verbs_run(verbs, &request, &keep_open);

    own_close(&fd);
    check_answer(answer, keep_open);
    return keep_open;
}

static void make_news(struct fake_gate *gate)
{
    owned(json_out) data = json_out_new();
    uint8_t frame[100] = { 0 };

    verbs_policy_put(data, &gate->policy);
    events_publish(gate->events, EVENT_POLICY, data);
    capture_frame(gate->capture, frame, sizeof(frame));
}

/* False when a server would have ended the connection. */
static bool feed(struct verbs *verbs, struct subscriber *subscriber,
                 struct client_input *input, const char *data, size_t len)
{
    bool going = true;

    while (len > 0 && going) {
        switch (client_input_feed(input, &data, &len, 4096)) {
        case CLIENT_INPUT_MORE:
            break;
        case CLIENT_INPUT_REQUEST:
            going = run(verbs, subscriber, input);
            client_input_reset(input);
            break;
        case CLIENT_INPUT_TOO_DEEP:
        case CLIENT_INPUT_TOO_LARGE:
            going = false;
            break;
        }
    }
    return going;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_gate gate;
    struct fake_bridge bridge;
    const struct networks_config config = { .driver = &bridge.driver };
    struct networks *networks = networks_new(&config);
    const struct hostfwd_context forwards = { &gate.plan, &gate.policy,
                                              networks, false };
    struct subscriber subscriber = { .offer = offer };
    struct fwd_table *table = fwd_table_new(fake_drivers);
    struct verbs *verbs = verbs_new();
    struct client_input input;
    size_t step = size > 0 ? data[0] % 64u + 1 : 1;

    fake_gate_init(&gate);
    fake_bridge_init(&bridge);
    capture_hide_paths(gate.capture, "fuzzing makes no files");
    fake_gate_add_verbs(&gate, verbs);
    verbs_hostfwd_add(verbs, table, &forwards);
    verbs_network_add(verbs, networks);
    verbs_status_add(verbs, fill_status, NULL);
    client_input_init(&input);
    for (size_t at = 1; at < size; at += step) {
        if (!feed(verbs, &subscriber, &input, (const char *)data + at,
                  MIN(step, size - at)))
            break;
        make_news(&gate);
    }
    client_input_fini(&input);
    events_unsubscribe(&subscriber);
    verbs_free(verbs);
    networks_free(networks);
    g_assert_cmpint(bridge.networks + bridge.ports, ==, 0);
    fake_gate_fini(&gate);
    fwd_table_free(table);
    g_assert_cmpint(fake_forwards_running, ==, 0);
    return 0;
}
