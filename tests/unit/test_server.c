/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/server.h"

#include "server_child.h"

#define ECHO    "{\"execute\":\"echo\",\"arguments\":{\"text\":\"x\"}}"
#define ECHOED  "{\"return\":{\"text\":\"x\"}}"
#define ERROR   "{\"error\":{\"code\":\"bad-request\",\"desc\":\"bad request: "
#define NO_JSON ERROR "cannot parse JSON: "

static void set_up(struct server_child *child, gconstpointer setup)
{
    child_start(child, setup);
}

static void tear_down(struct server_child *child, gconstpointer data)
{
    (void)data;
    child_stop(child);
}

/* --- as slirp4netns's clients do it --- */

static void answers_without_newline_and_closes(struct server_child *child,
                                               gconstpointer data)
{
    int fd = client_connect(child);

    (void)data;
    client_send(fd, ECHO); /* no half-close */
    client_expect_end_take(fd, ECHOED);
}

static void tolerates_what_follows_the_object(struct server_child *child,
                                              gconstpointer data)
{
    static const char *const tails[] = { "\n", "\r\n\n", "x", "}{", ECHO };
    int fd = client_connect(child);

    (void)data;
    client_send_bytes(fd, ECHO, sizeof(ECHO)); /* its NUL, too */
    client_expect_end_take(fd, ECHOED);
    for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
        fd = client_connect(child);
        client_send(fd, ECHO);
        client_barrier(child); /* answered, but still listening to us */
        client_send(fd, tails[i]);
        client_expect_end_take(fd, ECHOED);
    }
}

static void answers_after_a_half_close(struct server_child *child,
                                       gconstpointer data)
{
    int fd = client_connect(child);

    (void)data;
    client_send(fd, ECHO "\n");
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    client_expect_end_take(fd, ECHOED);
}

static void takes_a_request_in_pieces(struct server_child *child,
                                      gconstpointer data)
{
    static const char spaced[] = "\n {\n \"execute\" : \"echo\",\n"
                                 " \"arguments\" : {\"text\":\"x\"} }\n";
    int fd = client_connect(child);

    (void)data;
    client_send(fd, "{\"execute\":\"ec");
    client_barrier(child);
    client_send(fd, "ho\",\"arguments\":{\"text\":\"x\"}");
    client_barrier(child);
    client_send(fd, "}");
    client_expect_end_take(fd, ECHOED);

    fd = client_connect(child);
    for (size_t i = 0; i < sizeof(spaced) - 2; i++)
        client_send_bytes(fd, spaced + i, 1);
    client_expect_end_take(fd, ECHOED);
}

static void garbage_is_answered_at_once(struct server_child *child,
                                        gconstpointer data)
{
    static const struct {
        const char *text, *answer;
    } rows[] = {
        { "badjson", NO_JSON },
        { "\n}", NO_JSON },
        { "{\"a\":]", NO_JSON },
        { "{}", ERROR "no execute found" },
        { "[1]\n", ERROR "json_object() failed" },
        { "\"execute\"", ERROR "json_object() failed" },
        { "{\"execute\":\"frob\"}", ERROR "unknown execute" },
        { "{\"a\":[[[[[[[[[[[[[[[[", NO_JSON "nested" },
    };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int fd = client_connect(child);

        client_send(fd, rows[i].text);
        client_expect_start_take(fd, rows[i].answer);
    }
}

static void an_end_without_a_request_is_answered(struct server_child *child,
                                                 gconstpointer data)
{
    static const char *const texts[] = { "", "\n", "{", "{\"execute\":\"ec" };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        int fd = client_connect(child);

        client_send(fd, texts[i]);
        g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
        client_expect_start_take(fd, NO_JSON);
    }
}

static void a_request_counts_though_nobody_waits(struct server_child *child,
                                                 gconstpointer data)
{
    int fd = client_connect(child);

    (void)data;
    client_send(fd, ECHO);
    (void)close(fd);
    client_barrier(child);
    g_assert_cmpuint(client_look(child, "echoes"), ==, 1);
}

/* --- sizes --- */

/* A request of exactly `size` bytes. */
static char *request_of(size_t size)
{
    static const char head[] = "{\"execute\":\"echo\",\"x\":\"";
    g_autofree char *fill = g_strnfill(size - (sizeof(head) - 1) - 2, 'y');

    return g_strconcat(head, fill, "\"}", NULL);
}

static void the_size_limit_is_exact(struct server_child *child,
                                    gconstpointer data)
{
    g_autofree char *largest = request_of(64 * 1024);
    g_autofree char *larger = request_of(64 * 1024 + 1);
    int fd = client_connect(child);

    (void)data;
    client_send(fd, largest);
    client_expect_end_take(fd, "{\"return\":{\"text\":\"\"}}");
    fd = client_connect(child);
    client_send(fd, larger);
    client_expect_start_take(fd, ERROR "too large message");
}

static void endless_zeros_are_too_large(struct server_child *child,
                                        gconstpointer data)
{
    static const char zeros[4096];
    int fd = client_connect(child);

    (void)data;
    for (int i = 0; i < 17; i++)
        client_send_bytes(fd, zeros, sizeof(zeros));
    client_expect_start_take(fd, ERROR "too large message");
}

static void a_large_answer_arrives_whole(struct server_child *child,
                                         gconstpointer data)
{
    int fd = client_connect(child);
    g_autofree char *text = NULL;

    (void)data;
    client_send(fd, "{\"execute\":\"blob\",\"arguments\":{\"size\":1000000}}");
    text = client_read_all_take(fd);
    g_assert_cmpuint(strlen(text), ==,
                     1000000 + strlen("{\"return\":{\"blob\":\"\"}}"));
}

/* --- connections that stay --- */

static void requests_with_ids_are_pipelined(struct server_child *child,
                                            gconstpointer data)
{
    static const char nul_ended[] = "{\"id\":null,\"execute\":\"frob\"}";
    g_autoptr(GString) all = g_string_new(NULL);
    int fd = client_connect(child);

    (void)data;
    for (int i = 0; i < 500; i++)
        g_string_append_printf(all, "{\"id\":%d,\"execute\":\"echo\"}%s", i,
                               i % 2 ? "\n" : "");
    client_send_bytes(fd, all->str, all->len);
    for (int i = 0; i < 500; i++) {
        g_autofree char *want =
            g_strdup_printf("{\"return\":{\"text\":\"\"},\"id\":%d}\n", i);

        client_expect_line(fd, want);
    }
    client_send_bytes(fd, nul_ended, sizeof(nul_ended));
    client_expect_line(fd, ERROR "unknown execute: \\\"frob\\\"\"},"
                                 "\"id\":null}\n");
    /* The last one without an id ends it, and what follows is not run. */
    client_send(fd, ECHO "{\"id\":1,\"execute\":\"echo\"}");
    client_expect_end_take(fd, ECHOED);
    g_assert_cmpuint(client_look(child, "echoes"), ==, 501);
}

static void pipelined_answers_survive_a_half_close(struct server_child *child,
                                                   gconstpointer data)
{
    int fd = client_connect(child);

    (void)data;
    client_send(fd, "{\"id\":1,\"execute\":\"echo\"}\n"
                    "{\"id\":2,\"execute\":\"echo\"}\n");
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    client_expect_end_take(fd, "{\"return\":{\"text\":\"\"},\"id\":1}\n"
                               "{\"return\":{\"text\":\"\"},\"id\":2}\n");
}

static const struct child_setup impatient = {
    .limits = { .clients_max = 64,
                .client = { .request_bytes = 64 * 1024,
                            .queue_bytes = 256 * 1024,
                            .event_bytes = 64 * 1024,
                            .stall_ms = 250,
                            .linger_ms = 10 * 1000 } }
};

static void who_stalls_is_dropped_who_idles_is_not(struct server_child *child,
                                                   gconstpointer data)
{
    int idle = client_connect(child), silent, half, later;

    (void)data;
    client_send(idle, "{\"id\":1,\"execute\":\"echo\"}\n");
    client_expect_line(idle, "{\"return\":{\"text\":\"\"},\"id\":1}\n");
    silent = client_connect(child);
    half = client_connect(child);
    client_send(half, "{\"execute\":");
    client_expect_start_take(silent, NO_JSON "no whole request in time");
    client_expect_start_take(half, NO_JSON "no whole request in time");

    /* Longer idle than they were, it is served, and judged anew. */
    client_send(idle, "{\"id\":2,\"execute\":\"echo\"}{\"id\":");
    client_expect_line(idle, "{\"return\":{\"text\":\"\"},\"id\":2}\n");
    client_expect_start_take(idle, NO_JSON "no whole request in time");

    /* An answer that nobody fetches does not wait for ever, either. */
    later = client_connect(child);
    client_send(later, "{\"execute\":\"blob\",\"arguments\":"
                       "{\"size\":4000000}}");
    silent = client_connect(child);
    client_expect_start_take(silent, NO_JSON);
    silent = client_connect(child);
    client_expect_start_take(silent, NO_JSON);
    g_assert_cmpuint(client_look(child, "clients"), ==, 1);
    (void)close(later);
}

static void who_never_reads_is_dropped(struct server_child *child,
                                       gconstpointer data)
{
    static const char request[] =
        "{\"id\":1,\"execute\":\"blob\",\"arguments\":{\"size\":10000}}\n";
    int fd = client_connect(child);
    int sent = 0;

    (void)data;
    while (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
        g_assert_cmpint(sent++, <, 10000);
    g_assert_true(errno == EPIPE || errno == ECONNRESET);
    /* More than the queue's limit was owed, and no one else noticed. */
    g_assert_cmpint(sent, >, 25);
    g_assert_cmpuint(client_look(child, "clients"), ==, 1);
    (void)close(fd);
}

/* --- numbers of clients --- */

static void one_client_too_many_is_told_so(struct server_child *child,
                                           gconstpointer data)
{
    int fds[64], fd;
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = client_connect(child);
        client_send(fds[i], "{\"id\":1,\"execute\":\"echo\"}\n");
        client_expect_line(fds[i], "{\"return\":{\"text\":\"\"},\"id\":1}\n");
    }
    fd = client_connect(child);
    client_send(fd, ECHO);
    client_expect_start_take(fd, "{\"error\":{\"code\":\"unavailable\"");
    (void)close(fds[0]);
    for (;;) {
        g_autofree char *text = NULL;

        fd = client_connect(child);
        client_send(fd, ECHO);
        text = client_read_all_take(fd);
        if (strcmp(text, ECHOED) == 0)
            break;
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
    }
    for (size_t i = 1; i < G_N_ELEMENTS(fds); i++)
        (void)close(fds[i]);
}

static const struct child_setup lingering = {
    .limits = { .clients_max = 4,
                .client = { .request_bytes = 64 * 1024,
                            .queue_bytes = 256 * 1024,
                            .event_bytes = 64 * 1024,
                            .stall_ms = 60 * 1000,
                            .linger_ms = 60 * 1000 } }
};

static void those_seen_off_make_room(struct server_child *child,
                                     gconstpointer data)
{
    int fds[20];

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        char text[sizeof(ECHOED)] = "";

        fds[i] = client_connect(child);
        client_send(fds[i], ECHO);
        g_assert_cmpint(recv(fds[i], text, sizeof(text), MSG_WAITALL), ==,
                        (ssize_t)strlen(ECHOED));
        g_assert_cmpstr(text, ==, ECHOED);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        (void)close(fds[i]);
}

static void no_descriptors_left_is_no_spin(void)
{
    struct server_child child;
    int first, second;

    child_start(&child, &(struct child_setup){ .fds = 1 });
    first = client_connect(&child);
    client_send(first, "{\"id\":1,\"execute\":\"echo\"}\n");
    client_expect_line(first, "{\"return\":{\"text\":\"\"},\"id\":1}\n");
    second = client_connect(&child);
    client_send(second, ECHO);
    /* Not accepted: the one descriptor is taken. */
    g_assert_cmpint(
        poll(&(struct pollfd){ .fd = second, .events = POLLIN }, 1, 500), ==,
        0);
    (void)close(first);
    client_expect_end_take(second, ECHOED);
    g_assert_cmpuint(client_look(&child, "turns"), <, 100);
    child_stop(&child);
}

/* --- who may come, and what they may bring --- */

static int in_uid(uid_t uid, const struct server_child *child)
{
    int status;
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        g_autofree char *text = NULL;
        int fd;

        if (setresuid(uid, uid, uid) != 0)
            _exit(77);
        fd = client_connect(child);
        (void)send(fd, ECHO, strlen(ECHO), MSG_NOSIGNAL);
        text = client_read_all_take(fd);
        _exit(strcmp(text, ECHOED) == 0                                   ? 0
              : g_str_has_prefix(text, "{\"error\":{\"code\":\"denied\"") ? 1
                                                                          : 2);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void another_user_is_refused(struct server_child *child,
                                    gconstpointer data)
{
    (void)data;
    if (geteuid() != 0) {
        g_test_skip("needs root to be someone else");
        return;
    }
    /* The mode alone would keep them out: this tests what stands behind it. */
    g_assert_cmpint(chmod(child->dir, 0755), ==, 0);
    g_assert_cmpint(chmod(child->path, 0666), ==, 0);
    g_assert_cmpint(in_uid(65534, child), ==, 1);
    g_assert_cmpint(in_uid(0, child), ==, 0);
    g_assert_cmpuint(client_look(child, "echoes"), ==, 1);
}

static const struct child_setup in_userns = { .own_userns = true };

/* As a helper in an engine's namespace sees root of the host. */
static void who_has_no_number_here_is_let_in(struct server_child *child,
                                             gconstpointer data)
{
    (void)data;
    g_assert_cmpint(chmod(child->dir, 0755), ==, 0);
    g_assert_cmpint(chmod(child->path, 0666), ==, 0);
    g_assert_cmpint(in_uid(65533, child), ==, 0);
}

static void send_with_fds(int to, const char *text, const int *fds,
                          size_t count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 8)];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec iov = { (char *)(uintptr_t)text, strlen(text) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = CMSG_SPACE(sizeof(int) * count) };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * count);
    g_assert_cmpint(sendmsg(to, &msg, MSG_NOSIGNAL), ==, (ssize_t)strlen(text));
}

/* Bytes in the pipe until its last writer is gone; closes both ends. */
static size_t drain_take(int fds[2])
{
    char bytes[16];
    size_t total = 0;
    ssize_t n;

    (void)close(fds[1]);
    while ((n = read(fds[0], bytes, sizeof(bytes))) > 0)
        total += (size_t)n;
    (void)close(fds[0]);
    return total;
}

static void descriptors_reach_the_verb_and_are_closed(
    struct server_child *child, gconstpointer data)
{
    int pipe_fds[2], copies[5];
    int fd = client_connect(child);

    (void)data;
    g_assert_cmpint(pipe2(pipe_fds, O_CLOEXEC), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(copies); i++)
        copies[i] = pipe_fds[1];
    send_with_fds(fd, "{\"id\":1,\"execu", copies, 2);
    client_barrier(child);
    send_with_fds(fd, "te\":\"poke\"}", copies, 2);
    client_expect_line(fd, "{\"return\":{\"count\":4},\"id\":1}\n");
    /* Nobody asked for these; drain_take() ends only when they are closed. */
    send_with_fds(fd, "{\"id\":2,\"execute\":\"echo\"}", copies, 3);
    client_expect_line(fd, "{\"return\":{\"text\":\"\"},\"id\":2}\n");
    client_send(fd, "{\"id\":3,\"execute\":\"poke\"}");
    client_expect_line(fd, "{\"return\":{\"count\":0},\"id\":3}\n");
    send_with_fds(fd, "{\"id\":4,\"execute\":\"poke\"}", copies, 5);
    client_expect_start_take(fd, ERROR "too many file descriptors");
    g_assert_cmpuint(drain_take(pipe_fds), ==, 4);
}

#define ADD(name, setup, function) \
    g_test_add(name, struct server_child, setup, set_up, function, tear_down)

static void add_compatible(void)
{
    ADD("/server/answers without newline and closes", NULL,
        answers_without_newline_and_closes);
    ADD("/server/tolerates what follows the object", NULL,
        tolerates_what_follows_the_object);
    ADD("/server/answers after a half-close", NULL, answers_after_a_half_close);
    ADD("/server/takes a request in pieces", NULL, takes_a_request_in_pieces);
    ADD("/server/garbage is answered at once", NULL,
        garbage_is_answered_at_once);
    ADD("/server/an end without a request is answered", NULL,
        an_end_without_a_request_is_answered);
    ADD("/server/a request counts though nobody waits", NULL,
        a_request_counts_though_nobody_waits);
}

static void add_limits(void)
{
    ADD("/server/the size limit is exact", NULL, the_size_limit_is_exact);
    ADD("/server/endless zeros are too large", NULL,
        endless_zeros_are_too_large);
    ADD("/server/a large answer arrives whole", NULL,
        a_large_answer_arrives_whole);
    ADD("/server/requests with ids are pipelined", NULL,
        requests_with_ids_are_pipelined);
    ADD("/server/pipelined answers survive a half-close", NULL,
        pipelined_answers_survive_a_half_close);
    ADD("/server/who stalls is dropped, who idles is not", &impatient,
        who_stalls_is_dropped_who_idles_is_not);
    ADD("/server/who never reads is dropped", NULL, who_never_reads_is_dropped);
    ADD("/server/one client too many is told so", NULL,
        one_client_too_many_is_told_so);
    ADD("/server/those seen off make room", &lingering,
        those_seen_off_make_room);
    g_test_add_func("/server/no descriptors left is no spin",
                    no_descriptors_left_is_no_spin);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_compatible();
    add_limits();
    ADD("/server/another user is refused", NULL, another_user_is_refused);
    if (geteuid() == 0)
        ADD("/server/who has no number here is let in", &in_userns,
            who_has_no_number_here_is_let_in);
    ADD("/server/descriptors reach the verb and are closed", NULL,
        descriptors_reach_the_verb_and_are_closed);
    return g_test_run();
}
