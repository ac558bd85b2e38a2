/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl.h"

#include "base/error.h"
#include "kern/rtnl_request.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* One RTM_NEWLINK answer with all its attributes stays well below this. */
#define RTNL_ANSWER_MAX 8192
#define RTNL_REASON_MAX 160
/* The kernel fills one buffer after the other, of this size at most. */
#define RTNL_DUMP_MAX 32768

#define PID_SHIFT 12

struct rtnl {
    struct mnl_socket *socket;
    unsigned port;
    unsigned seq;
};

/* What the kernel answered to one request. */
struct answer {
    int error; /* 0 or a positive errno */
    unsigned link_index;
    char reason[RTNL_REASON_MAX]; /* its own words; "" where it has none */
};

static void ask_for_reasons(struct mnl_socket *socket)
{
    int on = 1;

    /* Kernels before 4.12 have no extended acknowledgement: errno only. */
    (void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
    /* Without this the answer repeats the request in front of the reason. */
    (void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
}

static struct rtnl *wrap(struct mnl_socket *socket)
{
    struct rtnl *rtnl = g_new0(struct rtnl, 1);

    rtnl->socket = socket;
    rtnl->port = mnl_socket_get_portid(socket);
    /* An answer to who had the socket before is none to us. */
    rtnl->seq = (unsigned)getpid() << PID_SHIFT;
    return rtnl;
}

struct rtnl *rtnl_open(GError **err)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

    if (socket == NULL) {
        error_set_errno(err, "open an rtnetlink socket");
        return NULL;
    }
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        error_set_errno(err, "bind an rtnetlink socket");
        (void)mnl_socket_close(socket);
        return NULL;
    }
    ask_for_reasons(socket);
    return wrap(socket);
}

struct rtnl *rtnl_adopt(int fd, GError **err)
{
    struct mnl_socket *socket = mnl_socket_fdopen(fd);

    if (socket == NULL) {
        error_set_errno(err, "use an rtnetlink socket");
        return NULL;
    }
    return wrap(socket);
}

void rtnl_close(struct rtnl *rtnl)
{
    if (rtnl == NULL)
        return;
    (void)mnl_socket_close(rtnl->socket);
    g_free(rtnl);
}

int rtnl_release(struct rtnl *rtnl)
{
    int fd = fcntl(mnl_socket_get_fd(rtnl->socket), F_DUPFD_CLOEXEC, 0);

    rtnl_close(rtnl);
    return fd;
}

/* --- building --- */

void *rtnl_request_init(struct rtnl_request *req, uint16_t type, uint16_t flags,
                        size_t size)
{
    memset(req->space, 0, sizeof(req->space));
    (void)mnl_nlmsg_put_header(req->space);
    req->head.nlmsg_type = type;
    req->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    return mnl_nlmsg_put_extra_header(&req->head, size);
}

void rtnl_put_addr(struct rtnl_request *req, uint16_t type,
                   const struct ip_addr *addr)
{
    if (addr->family == AF_INET)
        mnl_attr_put(&req->head, type, sizeof(addr->v4), &addr->v4);
    else if (addr->family == AF_INET6)
        mnl_attr_put(&req->head, type, sizeof(addr->v6), &addr->v6);
}

int rtnl_put_name(struct rtnl_request *req, uint16_t type, const char *name,
                  GError **err)
{
    size_t len = strnlen(name, IFNAMSIZ);

    if (len == 0 || len >= IFNAMSIZ)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "interface name \"%.*s\": must have 1 to %d bytes",
                         IFNAMSIZ, name, IFNAMSIZ - 1);
    mnl_attr_put_strz(&req->head, type, name);
    return 0;
}

/* --- carrying out --- */

static int take_reason(const struct nlattr *attr, void *data)
{
    struct answer *answer = data;

    if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
        mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
        g_strlcpy(answer->reason, mnl_attr_get_str(attr),
                  sizeof(answer->reason));
    return MNL_CB_OK;
}

static int take_ack(const struct nlmsghdr *head, void *data)
{
    const struct nlmsgerr *ack = mnl_nlmsg_get_payload(head);
    struct answer *answer = data;
    size_t skip = sizeof(*ack);

    if (head->nlmsg_len < mnl_nlmsg_size(sizeof(*ack)))
        return MNL_CB_ERROR;
    answer->error = -ack->error;
    /* Where capping is not known, the request stands before the reason. */
    if (!(head->nlmsg_flags & NLM_F_CAPPED))
        skip += NLMSG_ALIGN(mnl_nlmsg_get_payload_len(&ack->msg));
    if (head->nlmsg_flags & NLM_F_ACK_TLVS)
        (void)mnl_attr_parse(head, (unsigned)skip, take_reason, answer);
    return MNL_CB_STOP;
}

static int take_link(const struct nlmsghdr *head, void *data)
{
    const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(head);
    struct answer *answer = data;

    if (head->nlmsg_type == RTM_NEWLINK &&
        head->nlmsg_len >= mnl_nlmsg_size(sizeof(*ifi)))
        answer->link_index = (unsigned)ifi->ifi_index;
    return MNL_CB_OK;
}

/* What is left of an exchange that failed half-way is no answer to this one. */
static bool is_answer(const struct rtnl *rtnl, const void *space, ssize_t n)
{
    const struct nlmsghdr *head = space;

    return (size_t)n >= sizeof(*head) && head->nlmsg_seq == rtnl->seq;
}

/* Half a message would never be answered. */
static int send_all(const struct rtnl *rtnl, const struct nlmsghdr *head)
{
    ssize_t n = mnl_socket_sendto(rtnl->socket, head, head->nlmsg_len);

    if (n < 0)
        return -errno;
    return (size_t)n == head->nlmsg_len ? 0 : -EIO;
}

/* 0 and an answer, or -errno when there is none. */
static int exchange(struct rtnl *rtnl, struct nlmsghdr *head,
                    struct answer *answer)
{
    mnl_cb_t control[NLMSG_MIN_TYPE] = {
        [NLMSG_ERROR] = take_ack,
    };
    _Alignas(struct nlmsghdr) char space[RTNL_ANSWER_MAX];
    int rc;

    *answer = (struct answer){ .error = 0 };
    head->nlmsg_seq = ++rtnl->seq;
    rc = send_all(rtnl, head);
    if (rc != 0)
        return rc;
    rc = MNL_CB_OK;
    while (rc == MNL_CB_OK) {
        ssize_t n = mnl_socket_recvfrom(rtnl->socket, space, sizeof(space));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!is_answer(rtnl, space, n))
            continue;
        rc = mnl_cb_run2(space, (size_t)n, rtnl->seq, rtnl->port, take_link,
                         answer, control, NLMSG_MIN_TYPE);
    }
    return rc == MNL_CB_STOP ? 0 : -EPROTO;
}

int rtnl_perform(struct rtnl *rtnl, struct rtnl_request *req, GError **err,
                 const char *fmt, ...)
{
    g_autofree char *what = NULL;
    struct answer answer;
    int rc = exchange(rtnl, &req->head, &answer);
    va_list ap;

    if (rc == 0 && answer.error == 0)
        return 0;
    va_start(ap, fmt);
    what = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    errno = rc != 0 ? -rc : answer.error;
    if (answer.reason[0] != '\0')
        return error_set_errno(err, "%s: %s", what, answer.reason);
    return error_set_errno(err, "%s", what);
}

int rtnl_dump(struct rtnl *rtnl, struct rtnl_request *req, mnl_cb_t take,
              void *data, GError **err)
{
    _Alignas(struct nlmsghdr) char space[RTNL_DUMP_MAX];
    int rc;

    req->head.nlmsg_seq = ++rtnl->seq;
    rc = send_all(rtnl, &req->head);
    if (rc != 0) {
        errno = -rc;
        return error_set_errno(err, "ask by rtnetlink");
    }
    rc = MNL_CB_OK;
    while (rc == MNL_CB_OK) {
        ssize_t n = mnl_socket_recvfrom(rtnl->socket, space, sizeof(space));

        if (n < 0 ? errno == EINTR : !is_answer(rtnl, space, n))
            continue;
        if (n >= 0)
            n = rc =
                mnl_cb_run(space, (size_t)n, rtnl->seq, rtnl->port, take, data);
        if (n < 0)
            return error_set_errno(err, "list by rtnetlink");
    }
    return 0;
}

int rtnl_link_find(struct rtnl *rtnl, const char *name, unsigned *index,
                   GError **err)
{
    struct rtnl_request req;
    struct answer answer;
    struct ifinfomsg *ifi =
        rtnl_request_init(&req, RTM_GETLINK, 0, sizeof(*ifi));
    int rc;

    *index = 0;
    ifi->ifi_family = AF_UNSPEC;
    mnl_attr_put_u32(&req.head, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    if (rtnl_put_name(&req, IFLA_IFNAME, name, err) != 0)
        return -1;
    rc = exchange(rtnl, &req.head, &answer);
    if (rc == 0 && answer.error == 0)
        *index = answer.link_index;
    if (rc == 0 && (answer.error == 0 || answer.error == ENODEV))
        return 0;
    errno = rc != 0 ? -rc : answer.error;
    return error_set_errno(err, "look for the interface %s", name);
}

unsigned rtnl_link_index(struct rtnl *rtnl, const char *name)
{
    unsigned index;

    return rtnl_link_find(rtnl, name, &index, NULL) == 0 ? index : 0;
}
