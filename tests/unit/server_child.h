/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/server.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/*
 * A server in a child process, so that the tests can be plain blocking clients
 * of it.  Its verbs: "echo" {text}, "blob" {size}, "look" (what the server did
 * so far), "poke" (writes a byte to each descriptor that came along).
 */
struct server_child {
    char *dir, *path;
    pid_t pid;
    int life; /* closing it ends the child */
};

struct child_state {
    struct loop *loop;
    struct server *server;
    uint64_t turns, echoes;
};

static int child_echo(void *self, struct verb_call *call, GError **err)
{
    struct child_state *state = self;
    const char *text = "";

    if (json_find_string(&call->args, "text", &text, err) != 0)
        return -1;
    state->echoes++;
    json_out_string(call->ret, "text", text);
    return 0;
}

static int child_blob(void *self, struct verb_call *call, GError **err)
{
    uint64_t size = 0;
    g_autofree char *blob = NULL;

    (void)self;
    if (json_get_uint(&call->args, "size", 0, 1 << 24, &size, err) != 0)
        return -1;
    blob = g_strnfill(size, 'b');
    json_out_string(call->ret, "blob", blob);
    return 0;
}

static int child_look(void *self, struct verb_call *call, GError **err)
{
    struct child_state *state = self;

    (void)err;
    json_out_uint(call->ret, "turns", state->turns);
    json_out_uint(call->ret, "echoes", state->echoes);
    json_out_uint(call->ret, "clients", server_client_count(state->server));
    return 0;
}

static int child_poke(void *self, struct verb_call *call, GError **err)
{
    (void)self;
    (void)err;
    for (size_t i = 0; i < call->fd_count; i++)
        g_assert_cmpint(write(call->fds[i], "!", 1), ==, 1);
    json_out_uint(call->ret, "count", call->fd_count);
    return 0;
}

static const char *const child_echo_args[] = { "text", NULL };
static const char *const child_blob_args[] = { "size", NULL };
static const struct verb child_verbs[] = {
    { "echo", VERB_CHANGES, child_echo_args, child_echo },
    { "blob", VERB_READ, child_blob_args, child_blob },
    { "look", VERB_READ, NULL, child_look },
    { "poke", VERB_CHANGES, NULL, child_poke },
};

static void child_end(void *self, uint32_t events)
{
    struct child_state *state = self;

    (void)events;
    loop_stop(state->loop, 0);
}

static void child_turn(void *self)
{
    struct child_state *state = self;

    state->turns++;
}

/* Only so many descriptors more than are open now. */
static void child_limit_fds(unsigned more)
{
    int next = dup(STDERR_FILENO);
    struct rlimit limit;

    (void)close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = (rlim_t)next + more;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
}

/* What the child is to be; all zero: as any server. */
struct child_setup {
    struct server_limits limits; /* clients_max 0: the default ones */
    unsigned fds;                /* descriptors to spare; 0: no limit */
    bool own_userns;             /* one that maps root alone */
};

static void child_enter_userns(void)
{
    g_assert_cmpint(unshare(CLONE_NEWUSER), ==, 0);
    g_assert_true(g_file_set_contents_full("/proc/self/uid_map", "0 0 1", -1,
                                           G_FILE_SET_CONTENTS_NONE, 0600,
                                           NULL));
}

static int child_main(const char *path, const struct child_setup *setup,
                      int life, int ready)
{
    const struct server_limits *limits =
        setup->limits.clients_max > 0 ? &setup->limits : NULL;
    struct child_state state = { .loop = loop_new(NULL) };
    struct loop_watch end = { .ready = child_end, .self = &state };
    owned(verbs) verbs = verbs_new();
    g_autoptr(GError) err = NULL;

    if (setup->own_userns)
        child_enter_userns();
    verbs_add(verbs, child_verbs, G_N_ELEMENTS(child_verbs), &state, NULL);
    state.server = server_new(state.loop, verbs, path, limits, &err);
    g_assert_no_error(err);
    loop_add_hook(state.loop, &(struct loop_hook){ child_turn, &state });
    g_assert_cmpint(loop_watch(state.loop, &end, life, EPOLLIN), ==, 0);
    g_assert_cmpint(write(ready, "1", 1), ==, 1);
    (void)close(ready);
    if (setup->fds > 0)
        child_limit_fds(setup->fds);
    (void)loop_run(state.loop);
    server_free(state.server);
    loop_free(state.loop);
    return 0;
}

/* `setup` NULL: all zero. */
static void child_start(struct server_child *child,
                        const struct child_setup *setup)
{
    static const struct child_setup plain;
    int life[2], ready[2];
    char byte;

    child->dir = g_dir_make_tmp("slipgate-XXXXXX", NULL);
    child->path = g_build_filename(child->dir, "sock", NULL);
    g_assert_cmpint(pipe2(life, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
    (void)fflush(NULL);
    child->pid = fork();
    g_assert_cmpint(child->pid, >=, 0);
    if (child->pid == 0) {
        (void)close(life[1]);
        (void)close(ready[0]);
        exit(child_main(child->path, setup != NULL ? setup : &plain, life[0],
                        ready[1]));
    }
    (void)close(life[0]);
    (void)close(ready[1]);
    child->life = life[1];
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    (void)close(ready[0]);
}

static void child_stop(struct server_child *child)
{
    int status;

    (void)close(child->life);
    g_assert_cmpint(waitpid(child->pid, &status, 0), ==, child->pid);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    g_assert_false(g_file_test(child->path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(child->dir), ==, 0);
    g_free(child->path);
    g_free(child->dir);
}

/* --- a client of it; every wait ends after ten seconds --- */

static int client_connect(const struct server_child *child)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    struct timeval deadline = { .tv_sec = 10 };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    (void)g_strlcpy(addr.sun_path, child->path, sizeof(addr.sun_path));
    g_assert_cmpint(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)),
        ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    return fd;
}

static void client_send_bytes(int fd, const char *data, size_t len)
{
    g_assert_cmpint(send(fd, data, len, MSG_NOSIGNAL), ==, (ssize_t)len);
}

static void client_send(int fd, const char *text)
{
    client_send_bytes(fd, text, strlen(text));
}

/* Everything until the server closes; closes `fd`. */
static char *client_read_all_take(int fd)
{
    GString *text = g_string_new(NULL);
    char piece[4096];
    ssize_t n;

    while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
        g_string_append_len(text, piece, n);
    if (n < 0)
        g_error("after \"%.200s\": %s", text->str, g_strerror(errno));
    (void)close(fd);
    return g_string_free(text, FALSE);
}

/* One line, newline included, and not a byte more. */
static char *client_read_line(int fd)
{
    GString *text = g_string_new(NULL);
    char byte;

    do {
        g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 1);
        g_string_append_c(text, byte);
    } while (byte != '\n');
    return g_string_free(text, FALSE);
}

static void client_expect_end_take(int fd, const char *want)
{
    g_autofree char *text = client_read_all_take(fd);

    g_assert_cmpstr(text, ==, want);
}

static void client_expect_start_take(int fd, const char *want)
{
    g_autofree char *text = client_read_all_take(fd);

    if (!g_str_has_prefix(text, want))
        g_error("\"%s\" does not begin with \"%s\"", text, want);
}

static void client_expect_line(int fd, const char *want)
{
    g_autofree char *text = client_read_line(fd);

    g_assert_cmpstr(text, ==, want);
}

/* One of the numbers of "look". */
static guint64 client_look(const struct server_child *child, const char *key)
{
    int fd = client_connect(child);
    g_autofree char *text = NULL;
    g_autofree char *name = g_strdup_printf("\"%s\":", key);
    const char *at;

    client_send(fd, "{\"execute\":\"look\"}");
    text = client_read_all_take(fd);
    at = strstr(text, name);
    g_assert_nonnull(at);
    return g_ascii_strtoull(at + strlen(name), NULL, 10);
}

/* When it returns, the server has dealt with all that was sent before. */
static void client_barrier(const struct server_child *child)
{
    (void)client_look(child, "turns");
    (void)client_look(child, "turns");
}
