/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/slirp_internal.h"

#include <string.h>

static const enum budget_kind budget_kinds[] = {
    [SLIRP_SOCKET_STREAM] = BUDGET_STACK_STREAM,
    [SLIRP_SOCKET_DATAGRAM] = BUDGET_STACK_DATAGRAM,
};

/* Listeners come from outside of what the guest may use up. */
static bool is_counted(enum slirp_socket_kind kind)
{
    return kind == SLIRP_SOCKET_STREAM || kind == SLIRP_SOCKET_DATAGRAM;
}

enum slirp_socket_kind slirp_socket_kind(const struct slirp_engine *engine,
                                         int fd)
{
    if (fd < 0 || (guint)fd >= engine->kinds->len)
        return SLIRP_SOCKET_FREE;
    return engine->kinds->data[fd];
}

void slirp_socket_opened(struct slirp_engine *engine, int fd,
                         enum slirp_socket_kind kind)
{
    guint len = engine->kinds->len;

    /* Not every closing is announced. */
    slirp_socket_closed(engine, fd);
    if ((guint)fd >= len) {
        g_byte_array_set_size(engine->kinds, (guint)fd + 64);
        memset(engine->kinds->data + len, SLIRP_SOCKET_FREE,
               engine->kinds->len - len);
    }
    engine->kinds->data[fd] = (guint8)kind;
    engine->open++;
    if (is_counted(kind))
        engine->budget->used[budget_kinds[kind]]++;
}

void slirp_socket_closed(struct slirp_engine *engine, int fd)
{
    enum slirp_socket_kind kind = slirp_socket_kind(engine, fd);

    if (kind == SLIRP_SOCKET_FREE)
        return;
    engine->kinds->data[fd] = SLIRP_SOCKET_FREE;
    engine->open--;
    if (is_counted(kind))
        engine->budget->used[budget_kinds[kind]]--;
}
