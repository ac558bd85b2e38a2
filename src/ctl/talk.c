/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/talk.h"

#include "ctl/exits.h"

#include <dirent.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#define ANSWER_S 10
#define PIECE    65536u

struct talk {
    int fd;
    GString *input;
    uint64_t last_id;
};

/* --- finding the socket --- */

static bool is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Appends to `found` what is a socket in `dir`. */
static void look_in(const char *dir, GPtrArray *found)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;

    while (handle != NULL && (entry = readdir(handle)) != NULL) {
        char *path = g_build_filename(dir, entry->d_name, NULL);

        if (is_socket(path))
            g_ptr_array_add(found, path);
        else
            g_free(path);
    }
    if (handle != NULL)
        (void)closedir(handle);
}

static char *only_one(const char *dir, GError **err)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

    look_in(dir, found);
    if (found->len == 1)
        return g_strdup(g_ptr_array_index(found, 0));
    ctl_fail(err, CTL_NO_GATE,
             found->len == 0
                 ? "no socket in %s: name one by --socket or $SLIPGATE_SOCKET"
                 : "several sockets in %s: choose one by --socket or "
                   "$SLIPGATE_SOCKET",
             dir);
    return NULL;
}

char *talk_find_socket(const char *named, GError **err)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *dir = NULL;

    if (named == NULL)
        named = g_getenv("SLIPGATE_SOCKET");
    if (named != NULL && *named != '\0')
        return g_strdup(named);
    if (runtime == NULL || *runtime == '\0') {
        ctl_fail(err, CTL_NO_GATE,
                 "no socket: name one by --socket or $SLIPGATE_SOCKET");
        return NULL;
    }
    dir = g_build_filename(runtime, "slipgate", NULL);
    return only_one(dir, err);
}

/* --- the connection --- */

struct talk *talk_open(const char *path, GError **err)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct talk *talk;

    if (g_strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
        sizeof(un.sun_path)) {
        ctl_fail(err, CTL_BAD_REQUEST, "%s: the path is too long", path);
        return NULL;
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
        ctl_fail(err, CTL_NO_GATE, "no slipgate answers at %s: %s", path,
                 g_strerror(errno));
        return NULL;
    }
    talk = g_new0(struct talk, 1);
    talk->fd = own_release_fd(&fd);
    talk->input = g_string_new(NULL);
    return talk;
}

void talk_close(struct talk *talk)
{
    if (talk == NULL)
        return;
    own_close(&talk->fd);
    g_string_free(talk->input, TRUE);
    g_free(talk);
}

static int lost(GError **err, const char *why)
{
    return ctl_fail(err, CTL_NO_GATE, "the connection broke: %s", why);
}

/* The descriptor goes with the first byte. */
static ssize_t send_piece(int socket, const char *data, size_t len, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    struct iovec iov = { (char *)(uintptr_t)data, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    struct cmsghdr *cmsg;

    if (fd >= 0) {
        msg.msg_control = &control;
        msg.msg_controllen = sizeof(control);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
    }
    return sendmsg(socket, &msg, MSG_NOSIGNAL);
}

static int send_all(struct talk *talk, const char *text, int fd, GError **err)
{
    size_t len = strlen(text), sent = 0;

    while (sent < len) {
        ssize_t n =
            send_piece(talk->fd, text + sent, len - sent, sent == 0 ? fd : -1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lost(err, g_strerror(errno));
        sent += (size_t)n;
    }
    return 0;
}

/* 1, 0 at the end, -1 and an error. */
static int read_more(struct talk *talk, GError **err)
{
    g_autofree char *piece = g_malloc(PIECE);
    ssize_t n;

    do
        n = recv(talk->fd, piece, PIECE, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return lost(err, errno == EAGAIN ? "no answer" : g_strerror(errno));
    g_string_append_len(talk->input, piece, n);
    return n > 0;
}

static struct json_value *take_line(struct talk *talk, size_t len, GError **err)
{
    struct json_value *value = json_parse(talk->input->str, len, err);

    g_string_erase(talk->input, 0, (gssize)MIN(len + 1, talk->input->len));
    return value;
}

/* A refusal before the first request comes without newline. */
struct json_value *talk_next(struct talk *talk, GError **err)
{
    for (;;) {
        const char *end = strchr(talk->input->str, '\n');
        int rc;

        if (end != NULL)
            return take_line(talk, (size_t)(end - talk->input->str), err);
        rc = read_more(talk, err);
        if (rc == 0 && talk->input->len > 0)
            return take_line(talk, talk->input->len, err);
        if (rc <= 0)
            return NULL;
    }
}

/* --- requests --- */

static char *make_request(struct talk *talk, const char *verb,
                          const struct json_out *args)
{
    owned(json_out) request = json_out_new();
    g_autofree char *text = NULL;

    json_out_string(request, "execute", verb);
    if (args != NULL)
        json_out_merge(json_out_object(request, "arguments"), args);
    json_out_uint(request, "id", ++talk->last_id);
    text = json_out_text(request);
    return g_strconcat(text, "\n", NULL);
}

static struct json_value *wait_for_answer(struct talk *talk, GError **err)
{
    const struct timeval patience = { .tv_sec = ANSWER_S }, forever = { 0 };
    struct json_obj top;
    struct json_value *answer;

    (void)setsockopt(talk->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                     sizeof(patience));
    while ((answer = talk_next(talk, err)) != NULL &&
           json_as_object(answer, "answer", &top) && json_has(&top, "event"))
        json_value_free(answer);
    (void)setsockopt(talk->fd, SOL_SOCKET, SO_RCVTIMEO, &forever,
                     sizeof(forever));
    if (answer == NULL && (err == NULL || *err == NULL))
        lost(err, "no answer");
    return answer;
}

/* What old clients look for in front of the reason tells a person nothing. */
static const char *reason_of(const char *desc, const char *verb)
{
    g_autofree char *name = g_strdup_printf("%s: ", verb);
    g_autofree char *old = g_strdup_printf("slirp_%s failed: ", verb);
    const char *const prefixes[] = { "bad request: ", name, old };

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(desc, prefixes[i]))
            desc += strlen(prefixes[i]);
    return desc;
}

static int tell_error(const struct json_obj *error, const char *verb,
                      GError **err)
{
    const char *code = "system", *desc = "it did not say why";

    (void)json_find_string(error, "code", &code, NULL);
    (void)json_find_string(error, "desc", &desc, NULL);
    return ctl_fail(err, ctl_exit_named(code), "%s", reason_of(desc, verb));
}

struct json_value *talk_call(struct talk *talk, const char *verb,
                             const struct json_out *args, int fd,
                             struct json_obj *ret, GError **err)
{
    g_autofree char *text = make_request(talk, verb, args);
    owned(json_value) answer = NULL;
    struct json_obj top, error;

    if (send_all(talk, text, fd, err) != 0)
        return NULL;
    answer = wait_for_answer(talk, err);
    if (answer == NULL)
        return NULL;
    if (!json_as_object(answer, "answer", &top) ||
        (!json_has(&top, "return") && !json_has(&top, "error"))) {
        lost(err, "the answer makes no sense");
        return NULL;
    }
    if (json_get_object(&top, "error", &error, NULL) == 0) {
        tell_error(&error, verb, err);
        return NULL;
    }
    if (json_get_object(&top, "return", ret, err) != 0)
        return NULL;
    return g_steal_pointer(&answer);
}
