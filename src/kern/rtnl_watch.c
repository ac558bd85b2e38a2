/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rtnl_watch.h"

#include "base/error.h"
#include "base/own.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* One link message with all its attributes stays well below this. */
#define NEWS_MAX 16384

struct question {
    const char *name;
    bool deleted;
};

int rtnl_watch_open(GError **err)
{
    struct sockaddr_nl at = { .nl_family = AF_NETLINK,
                              .nl_groups = RTMGRP_LINK };
    owned_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         NETLINK_ROUTE);

    if (fd < 0)
        return error_set_errno(err, "open an rtnetlink socket");
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
        return error_set_errno(err, "listen for news of interfaces");
    return own_release_fd(&fd);
}

static int take_attribute(const struct nlattr *attr, void *data)
{
    struct question *question = data;

    if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
        mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
        strcmp(mnl_attr_get_str(attr), question->name) == 0)
        question->deleted = true;
    return MNL_CB_OK;
}

static int take_message(const struct nlmsghdr *head, void *data)
{
    const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(head);

    /* Leaving a bridge is told in the same words, by another family. */
    if (head->nlmsg_type != RTM_DELLINK ||
        head->nlmsg_len < mnl_nlmsg_size(sizeof(*ifi)) ||
        ifi->ifi_family != AF_UNSPEC)
        return MNL_CB_OK;
    return mnl_attr_parse(head, sizeof(*ifi), take_attribute, data);
}

bool rtnl_watch_deleted(int fd, const char *name)
{
    _Alignas(struct nlmsghdr) char space[NEWS_MAX];
    struct question question = { .name = name };
    ssize_t n;

    for (;;) {
        n = recv(fd, space, sizeof(space), 0);
        if (n < 0 && (errno == EINTR || errno == ENOBUFS))
            continue;
        if (n <= 0)
            return question.deleted;
        (void)mnl_cb_run(space, (size_t)n, 0, 0, take_message, &question);
    }
}

struct listener {
    void (*deleted)(void *self, unsigned index);
    void *self;
};

static int tell_deleted(const struct nlmsghdr *head, void *data)
{
    const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(head);
    const struct listener *listener = data;

    if (head->nlmsg_type == RTM_DELLINK &&
        head->nlmsg_len >= mnl_nlmsg_size(sizeof(*ifi)) &&
        ifi->ifi_family == AF_UNSPEC)
        listener->deleted(listener->self, (unsigned)ifi->ifi_index);
    return MNL_CB_OK;
}

bool rtnl_watch_each_deleted(int fd,
                             void (*deleted)(void *self, unsigned index),
                             void *self)
{
    _Alignas(struct nlmsghdr) char space[NEWS_MAX];
    struct listener listener = { deleted, self };
    bool whole = true;
    ssize_t n;

    for (;;) {
        n = recv(fd, space, sizeof(space), 0);
        if (n < 0 && errno == ENOBUFS)
            whole = false;
        if (n < 0 && (errno == EINTR || errno == ENOBUFS))
            continue;
        if (n <= 0)
            return whole;
        (void)mnl_cb_run(space, (size_t)n, 0, 0, tell_deleted, &listener);
    }
}
