/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/verbs.h"

#include <string.h>
#include <unistd.h>

/* A family of one's own: what the registry promises to any of them. */
struct probe {
    int calls;
    int kept_fd;
    bool freed;
};

static int probe_echo(void *self, struct verb_call *call, GError **err)
{
    struct probe *probe = self;
    const char *text = "";

    probe->calls++;
    if (json_get_string(&call->args, "text", &text, err) != 0)
        return -1;
    json_out_string(call->ret, "text", text);
    return 0;
}

static int probe_fail(void *self, struct verb_call *call, GError **err)
{
    (void)self;
    json_out_bool(call->ret, "half", true);
    return error_set(err, SLIPGATE_ERROR_CONFLICT, "no room");
}

static int probe_keep(void *self, struct verb_call *call, GError **err)
{
    struct probe *probe = self;

    (void)err;
    g_assert_cmpuint(call->fd_count, ==, 2);
    probe->kept_fd = call->fds[1];
    call->fds[1] = -1;
    return 0;
}

static const char *const echo_args[] = { "text", NULL };

static const struct verb rows[] = {
    { "echo", VERB_READ, echo_args, probe_echo },
    { "fail", VERB_CHANGES, NULL, probe_fail },
    { "keep", VERB_CHANGES, NULL, probe_keep },
    { "old", VERB_COMPATIBLE, NULL, probe_fail },
    { "twice", VERB_MEMBERS_ON_TOP, echo_args, probe_echo },
};

static void probe_free(void *self)
{
    ((struct probe *)self)->freed = true;
}

static char *run_fds(const char *text, int *fds, size_t fd_count,
                     bool *keep_open)
{
    struct probe probe = { 0 };
    owned(verbs) verbs = verbs_new();
    struct verb_request request = {
        .text = text, .len = strlen(text), .fds = fds, .fd_count = fd_count
    };

    verbs_add(verbs, rows, G_N_ELEMENTS(rows), &probe, probe_free);
    return verbs_run(verbs, &request, keep_open);
}

static void check(const char *request, const char *answer)
{
    bool keep_open = false;
    g_autofree char *text = run_fds(request, NULL, 0, &keep_open);

    g_assert_cmpstr(text, ==, answer);
    g_assert_true(keep_open == g_str_has_suffix(answer, "\n"));
}

#define BAD(desc)                                                              \
    "{\"error\":{\"code\":\"bad-request\",\"desc\":\"bad request: " desc "\"}" \
    "}"

static void broken_requests_get_the_old_texts(void)
{
    bool keep_open;
    g_autofree char *text = run_fds("{\"execute\":", NULL, 0, &keep_open);

    g_assert_true(
        g_str_has_prefix(text, "{\"error\":{\"code\":\"bad-request\","
                               "\"desc\":\"bad request: cannot parse JSON: "));
    check("[1]", BAD("json_object() failed: not an object"));
    check("{}", BAD("no execute found"));
    check("{\"execute\":5}", BAD("no execute found"));
    check("{\"execute\":null,\"arguments\":{}}", BAD("no execute found"));
    check("{\"execute\":\"frob\"}", BAD("unknown execute: \\\"frob\\\""));
}

static void success_carries_what_the_handler_wrote(void)
{
    check("{\"execute\":\"echo\",\"arguments\":{\"text\":\"hi\"},\"extra\":1}",
          "{\"return\":{\"text\":\"hi\"}}");
    check("{\"execute\":\"twice\",\"arguments\":{\"text\":\"hi\"}}",
          "{\"return\":{\"text\":\"hi\"},\"text\":\"hi\"}");
}

static void failure_carries_code_and_text_and_nothing_else(void)
{
    check("{\"execute\":\"fail\"}",
          "{\"error\":{\"code\":\"conflict\",\"desc\":\"fail: no room\"}}");
    check("{\"execute\":\"old\",\"arguments\":{\"any\":1}}",
          "{\"error\":{\"code\":\"conflict\","
          "\"desc\":\"bad request: old: no room\"}}");
    check("{\"execute\":\"echo\"}", BAD("echo: bad arguments.text: missing"));
}

static void unknown_arguments_are_refused(void)
{
    check("{\"execute\":\"echo\",\"arguments\":{\"text\":\"x\",\"txt\":1}}",
          BAD("echo: bad arguments.txt: unknown argument"));
    check("{\"execute\":\"fail\",\"arguments\":{\"a\":null}}",
          BAD("fail: bad arguments.a: unknown argument"));
    check("{\"execute\":\"echo\",\"arguments\":[]}",
          BAD("echo: bad arguments: must be an object"));
}

static void an_id_comes_back_as_it_was(void)
{
    static const char *const ids[] = { "1",     "\"a\\nb\"",  "null", "[1,{}]",
                                       "false", "{\"k\":[]}", "-7" };

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *request =
            g_strdup_printf("{\"id\":%s,\"execute\":\"fail\"}", ids[i]);
        g_autofree char *answer = g_strdup_printf(
            "{\"error\":{\"code\":\"conflict\",\"desc\":\"fail: no room\"},"
            "\"id\":%s}\n",
            ids[i]);

        check(request, answer);
    }
    check("{\"id\":3}",
          "{\"error\":{\"code\":\"bad-request\","
          "\"desc\":\"bad request: no execute found\"},\"id\":3}\n");
}

static void a_handler_may_keep_a_descriptor(void)
{
    int fds[2] = { 100, 101 };
    bool keep_open;
    g_autofree char *text =
        run_fds("{\"execute\":\"keep\"}", fds, 2, &keep_open);

    g_assert_cmpstr(text, ==, "{\"return\":{}}");
    g_assert_cmpint(fds[0], ==, 100);
    g_assert_cmpint(fds[1], ==, -1);
}

static void families_free_their_handles(void)
{
    struct probe probe = { 0 };
    struct verbs *verbs = verbs_new();

    verbs_add(verbs, rows, 1, &probe, probe_free);
    verbs_add(verbs, rows + 1, 1, NULL, NULL);
    g_assert_false(probe.freed);
    verbs_free(verbs);
    g_assert_true(probe.freed);
}

static void odd_names_do_no_harm(void)
{
    g_autofree char *name = g_strnfill(60000, 'x');
    g_autofree char *request =
        g_strdup_printf("{\"execute\":\"\xc3\xa4%s\"}", name);
    bool keep_open;
    g_autofree char *text = run_fds(request, NULL, 0, &keep_open);

    g_assert_cmpuint(strlen(text), <, 200);
    g_assert_true(g_utf8_validate(text, -1, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verbs/broken requests get the old texts",
                    broken_requests_get_the_old_texts);
    g_test_add_func("/verbs/success carries what the handler wrote",
                    success_carries_what_the_handler_wrote);
    g_test_add_func("/verbs/failure carries code and text and nothing else",
                    failure_carries_code_and_text_and_nothing_else);
    g_test_add_func("/verbs/unknown arguments are refused",
                    unknown_arguments_are_refused);
    g_test_add_func("/verbs/an id comes back as it was",
                    an_id_comes_back_as_it_was);
    g_test_add_func("/verbs/a handler may keep a descriptor",
                    a_handler_may_keep_a_descriptor);
    g_test_add_func("/verbs/families free their handles",
                    families_free_their_handles);
    g_test_add_func("/verbs/odd names do no harm", odd_names_do_no_harm);
    return g_test_run();
}
