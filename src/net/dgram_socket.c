/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/own.h"
#include "net/dgram_internal.h"

#include <errno.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Room for a burst of a thousand datagrams, as far as rmem_max allows. */
#define SOCKET_BUFFER (4 * 1024 * 1024)

#ifndef UDP_GRO
#define UDP_GRO 104 /* Linux 5.0 */
#endif

static void set_option(int fd, int level, int name, int value)
{
    /* Each makes a good socket better; none is needed. */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void socket_ready(void *self, uint32_t events)
{
    struct dgram_socket *socket = self;

    if ((events & EPOLLERR) != 0)
        dgram_errors(socket);
    if ((events & EPOLLIN) != 0)
        dgram_receive(socket);
}

static enum budget_kind budget_kind(const struct dgram_socket *socket)
{
    return socket->proto == IPPROTO_UDP ? BUDGET_UDP : BUDGET_ECHO;
}

int dgram_socket_start(struct dgram_socket *socket)
{
    struct dgram *dgram = socket->dgram;
    int fd = socket->watch.fd, rc;

    set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
    if (socket->family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    else
        set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
    if (socket->proto == IPPROTO_UDP)
        set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
    socket->watch.ready = socket_ready;
    socket->watch.self = socket;
    dgram->config.budget->used[budget_kind(socket)]++;
    rc = loop_watch(dgram->loop, &socket->watch, fd, EPOLLIN);
    if (rc < 0)
        dgram_socket_close(socket);
    return rc;
}

void dgram_socket_close(struct dgram_socket *socket)
{
    struct dgram *dgram = socket->dgram;

    if (!socket->forward)
        g_hash_table_remove(dgram->sockets, socket);
    loop_unwatch(dgram->loop, &socket->watch);
    (void)close(socket->watch.fd);
    dgram->config.budget->used[budget_kind(socket)]--;
    g_free(socket);
}

void dgram_socket_set_hops(struct dgram_socket *socket, uint8_t hops)
{
    bool v6 = socket->family == AF_INET6;

    if (socket->hops == hops)
        return;
    dgram_flush(socket->dgram);
    set_option(socket->watch.fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
               v6 ? IPV6_UNICAST_HOPS : IP_TTL, hops);
    socket->hops = hops;
}

/* The descriptor, or -1 and errno. */
static int open_socket(const struct dgram *dgram, int proto, sa_family_t family,
                       bool local)
{
    const struct outbound *outbound =
        family == AF_INET6 ? &dgram->config.outbound6 : &dgram->config.outbound;
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);
    int rc;

    if (fd < 0 || local)
        return fd;
    rc = outbound_apply(outbound, fd, family);
    if (rc == 0)
        return fd;
    own_close(&fd);
    errno = -rc;
    return -1;
}

struct dgram_socket *dgram_socket_for(struct dgram *dgram, int proto,
                                      const struct ip_endpoint *guest,
                                      bool local, const struct ip_addr *alias)
{
    /* What leads to the host's loopback is no door for the outside. */
    const struct ip_endpoint side = { .addr = *alias, .port = local };
    const struct flow_key key = flow_key_make(proto, guest, &side);
    struct dgram_socket *made = g_hash_table_lookup(dgram->sockets, &key);
    enum budget_kind kind = proto == IPPROTO_UDP ? BUDGET_UDP : BUDGET_ECHO;
    int fd, rc;

    if (made != NULL)
        return made;
    errno = ENFILE;
    if (!budget_has_room(dgram->config.budget, kind))
        return NULL;
    fd = open_socket(dgram, proto, guest->addr.family, local);
    if (fd < 0)
        return NULL;
    made = g_new0(struct dgram_socket, 1);
    made->key = key;
    made->dgram = dgram;
    made->watch.fd = fd;
    made->proto = proto;
    made->family = guest->addr.family;
    made->guest = *guest;
    made->alias = *alias;
    g_hash_table_add(dgram->sockets, made);
    rc = dgram_socket_start(made);
    if (rc == 0)
        return made;
    errno = -rc;
    return NULL;
}
