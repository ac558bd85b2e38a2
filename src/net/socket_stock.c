/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/socket_stock.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BATCH AGENT_RELAY_SOCKETS_MAX

struct shelf {
    int fds[BATCH];
    size_t count;
};

struct socket_stock {
    struct agent *agent;
    /* IPv4, IPv6; of the relay namespace, of the guest. */
    struct shelf shelves[4];
};

struct socket_stock *socket_stock_new(struct agent *agent)
{
    struct socket_stock *stock = g_new0(struct socket_stock, 1);

    stock->agent = agent;
    return stock;
}

void socket_stock_free(struct socket_stock *stock)
{
    if (stock == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(stock->shelves); i++)
        while (stock->shelves[i].count > 0)
            (void)close(stock->shelves[i].fds[--stock->shelves[i].count]);
    g_free(stock);
}

/*
 * Descriptors that find no room here are lost in the kernel, and an answer
 * without its descriptors is none: the agent would have to be given up.  So
 * the room is tried out first.
 */
static bool have_room(void)
{
    int fds[BATCH];
    size_t count = 0;

    while (count < BATCH &&
           (fds[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
        count++;
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
    return count == BATCH;
}

static int refill(struct socket_stock *stock, struct shelf *shelf,
                  sa_family_t family, bool of_guest)
{
    g_autoptr(GError) err = NULL;

    if (!have_room())
        return -EMFILE;
    if (agent_relay_sockets(stock->agent, family, of_guest, shelf->fds, BATCH,
                            &err) != 0) {
        LOG_LIMITED("sockets towards the guest: %s", err->message);
        return -EAGAIN;
    }
    shelf->count = BATCH;
    return 0;
}

int socket_stock_take(struct socket_stock *stock, sa_family_t family,
                      bool of_guest)
{
    struct shelf *shelf = &stock->shelves[2 * of_guest + (family == AF_INET6)];
    int rc = shelf->count > 0 ? 0 : refill(stock, shelf, family, of_guest);

    return rc == 0 ? shelf->fds[--shelf->count] : rc;
}
