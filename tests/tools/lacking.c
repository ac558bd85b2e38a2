/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * To be preloaded: plays a kernel that was built without some parts. $LACKING
 * has the names of kinds of interfaces (veth) and of nftables expressions
 * (tproxy, socket, fwd). Where a netlink request asks for one, the kernel is
 * asked for a kind that it has never heard of instead; so what comes back is
 * its own answer to that.
 */
#define REQUEST_MAX    65536
#define ATTR_NAME      1 /* IFLA_INFO_KIND and NFTA_EXPR_NAME */
#define ATTR_HEAD      4
#define NAME_MAX_CHARS 32

typedef ssize_t send_fn(int fd, const void *data, size_t len, int flags,
                        const struct sockaddr *to, socklen_t to_len);

static int is_netlink(int fd)
{
    int domain = 0;
    socklen_t len = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
           domain == AF_NETLINK;
}

/* Spoils each attribute that is this name, as it is on the wire. */
static void spoil(char *data, size_t len, const char *name, size_t name_len)
{
    uint16_t head[2] = { (uint16_t)(ATTR_HEAD + name_len + 1), ATTR_NAME };
    char wanted[ATTR_HEAD + NAME_MAX_CHARS + 1] = { 0 };
    size_t wanted_len = ATTR_HEAD + name_len + 1;
    char *at = data;

    memcpy(wanted, head, sizeof(head));
    memcpy(wanted + ATTR_HEAD, name, name_len);
    while ((at = memmem(at, len - (size_t)(at - data), wanted, wanted_len)) !=
           NULL)
        at[ATTR_HEAD] = '?';
}

static void spoil_all(char *data, size_t len, const char *names)
{
    while (*names != '\0') {
        size_t n = strcspn(names, ",");

        if (n > 0 && n <= NAME_MAX_CHARS)
            spoil(data, len, names, n);
        names += n + (names[n] != '\0');
    }
}

ssize_t sendto(int fd, const void *data, size_t len, int flags,
               const struct sockaddr *to, socklen_t to_len)
{
    send_fn *real = (send_fn *)dlsym(RTLD_NEXT, "sendto");
    static char copy[REQUEST_MAX];
    const char *names = getenv("LACKING");

    if (names == NULL || len > sizeof(copy) || !is_netlink(fd))
        return real(fd, data, len, flags, to, to_len);
    memcpy(copy, data, len);
    spoil_all(copy, len, names);
    return real(fd, copy, len, flags, to, to_len);
}
