/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/netns.h"

#include "base/error.h"
#include "base/own.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct kind {
    int type;
    const char *name;
};

static const struct kind net_kind = { CLONE_NEWNET, "network namespace" };
static const struct kind user_kind = { CLONE_NEWUSER, "user namespace" };

static int open_kind(const char *path, const struct kind *kind, GError **err)
{
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return error_set(err, SLIPGATE_ERROR_NOT_FOUND, "open %s %s: %s",
                         kind->name, path, g_strerror(errno));
    if (fd < 0)
        return error_set_errno(err, "open %s %s", kind->name, path);
    /*
     * NS_GET_NSTYPE came with Linux 4.11.  ENOTTY is what anything else says,
     * and so does a regular file left behind by a namespace that is gone.
     */
    if (ioctl(fd, NS_GET_NSTYPE) != kind->type)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST, "%s is not a %s",
                         path, kind->name);
    return own_release_fd(&fd);
}

int netns_open(const char *path, GError **err)
{
    return open_kind(path, &net_kind, err);
}

int userns_open(const char *path, GError **err)
{
    return open_kind(path, &user_kind, err);
}

int netns_open_own(GError **err)
{
    owned_fd any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int fd = any < 0 ? -1 : ioctl(any, SIOCGSKNS);

    return fd >= 0 ? fd : error_set_errno(err, "open our network namespace");
}

static bool is_own(const char *path, int fd)
{
    struct stat own, other;

    return stat(path, &own) == 0 && fstat(fd, &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

bool userns_is_own(int userns_fd)
{
    return is_own("/proc/self/ns/user", userns_fd);
}

bool netns_is_own(int netns_fd)
{
    return is_own("/proc/self/ns/net", netns_fd);
}

bool netns_obeys_us(void)
{
    owned_fd own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    /* EPERM: it belongs to one outside of ours. */
    owned_fd owner = own < 0 ? -1 : ioctl(own, NS_GET_USERNS);

    return owner >= 0 && userns_is_own(owner);
}

int netns_enter(int userns_fd, int netns_fd, GError **err)
{
    if (userns_fd >= 0 && !userns_is_own(userns_fd) &&
        setns(userns_fd, CLONE_NEWUSER) != 0)
        return error_set_errno(err, "join the target's user namespace");
    if (setns(netns_fd, CLONE_NEWNET) != 0)
        return error_set_errno(err, "join the target's network namespace");
    return 0;
}
