/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/intercept.h"

#include "agent/ops.h"
#include "base/error.h"
#include "base/log.h"
#include "net/checksum.h"
#include "net/dial.h"
#include "net/dns_guest.h"
#include "net/intercept_internal.h"
#include "net/outward.h"
#include "net/relay_option.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define UNHEARD_NS 1000000000LL

/* --- answers to the guest --- */

static void entry_inject(struct held_syn *entry)
{
    static const uint8_t tap_mac[6] = AGENT_RELAY_TAP_MAC;
    struct intercept *in = entry->intercept;
    uint8_t copy[HELD_SYN_MAX];

    memcpy(copy, entry->syn, entry->syn_len);
    memcpy(copy, tap_mac, sizeof(tap_mac));
    in->config.inject(in->config.self, copy, entry->syn_len);
}

static void entry_refuse(struct held_syn *entry, int error)
{
    struct intercept *in = entry->intercept;
    uint8_t answer[REFUSE_MAX];
    enum refuse_reason reason;
    struct frame syn;
    size_t len = 0;

    if (outward_refusal(error, &reason) &&
        frame_parse(entry->syn, entry->syn_len, &syn) == FRAME_GOOD)
        len = refuse_build(&syn, in->config.plan, reason, answer);
    if (len > 0) {
        in->stats->syns_refused++;
        in->config.inject(in->config.self, answer, len);
    } else {
        /* Timed out, or out of memory: the guest tries again by itself. */
        in->stats->syns_dropped++;
    }
    held_free(entry);
}

static void report_unheard(struct intercept *in)
{
    int64_t now_ns = loop_now_ns(in->loop);

    if (now_ns - in->unheard_ns < UNHEARD_NS)
        return;
    in->unheard_ns = now_ns;
    in->config.unheard(in->config.self);
}

/* --- connecting on the host --- */

static void entry_connected(struct held_syn *entry, int rc)
{
    struct intercept *in = entry->intercept;
    bool v6 = entry->ends.peer.addr.family == AF_INET6;

    loop_unwatch(entry->intercept->loop, &entry->watch);
    if (rc != 0) {
        entry_refuse(entry, -rc);
        return;
    }
    held_enter_state(entry, HELD_INJECTED);
    entry_inject(entry);
    /* On one machine the guest has answered by the time the SYN is written. */
    acceptor_poll(&in->acceptors[v6]);
}

static void host_ready(void *self, uint32_t events)
{
    struct held_syn *entry = self;
    int rc = dial_result(entry->host_fd);

    (void)events;
    if (rc != -EINPROGRESS)
        entry_connected(entry, rc);
}

static void entry_connect(struct held_syn *entry,
                          const struct ip_endpoint *host)
{
    struct intercept *in = entry->intercept;
    int rc =
        outward_connect(host,
                        host->addr.family == AF_INET6 ? &in->config.outbound6
                                                      : &in->config.outbound,
                        &entry->host_fd);

    if (rc == -EINPROGRESS)
        rc = loop_watch(in->loop, &entry->watch, entry->host_fd, EPOLLOUT);
    else if (rc == 0)
        rc = 1;
    if (rc == 0)
        return;
    if (rc == -EMFILE || rc == -ENFILE)
        LOG_LIMITED("no descriptors left to connect for the guest");
    entry_connected(entry, rc > 0 ? 0 : rc);
}

/* --- the guest's SYN --- */

/* Data that came with it (RFC 7413) is left out: the guest sends it again. */
static void keep_syn(struct held_syn *entry, const struct frame *f)
{
    struct frame syn;
    uint8_t *ip = entry->syn + FRAME_ETH_LEN;
    size_t ip_len = f->payload - FRAME_ETH_LEN;

    entry->syn_len = (uint8_t)f->payload;
    memcpy(entry->syn, f->data, f->payload);
    if (f->len == f->payload)
        return;
    if (f->src.addr.family == AF_INET6) {
        frame_put16(ip + 4, (uint16_t)(ip_len - FRAME_IPV6_LEN));
    } else {
        frame_put16(ip + 2, (uint16_t)ip_len);
        checksum_set_ipv4(ip);
    }
    if (frame_parse(entry->syn, entry->syn_len, &syn) == FRAME_GOOD)
        checksum_set_l4(&syn, 16);
}

/* `host` NULL: it is for names. */
static void start_entry(struct intercept *in, const struct frame *f,
                        const struct held_ends *ends,
                        const struct ip_endpoint *host)
{
    struct held_syn *entry;

    entry = held_add(in, ends);
    entry->seq = f->tcp_seq;
    entry->watch = (struct loop_watch){ .ready = host_ready, .self = entry };
    keep_syn(entry, f);
    in->stats->syns_held++;
    if (host != NULL) {
        entry_connect(entry, host);
    } else {
        entry->names = true;
        entry_connected(entry, 0);
    }
}

/* Nothing can be had for it: said at once, as libslirp's table would be. */
static void refuse_for_want(struct intercept *in, const struct frame *f)
{
    uint8_t answer[REFUSE_MAX];
    size_t len = refuse_build(f, in->config.plan, REFUSE_RESET, answer);

    LOG_LIMITED("no descriptors left to connect for the guest");
    if (len == 0) {
        in->stats->syns_dropped++;
        return;
    }
    in->stats->syns_refused++;
    in->config.inject(in->config.self, answer, len);
}

/* True: the SYN is a copy of one that is known. */
static bool is_copy(struct held_syn *entry, const struct frame *f)
{
    if (entry->seq != f->tcp_seq) {
        /* The guest has given the old one up, and its port is used again. */
        held_free(entry);
        return false;
    }
    if (entry->state == HELD_INJECTED) {
        entry_inject(entry);
        report_unheard(entry->intercept);
    }
    return true;
}

static bool map_outward(const struct intercept *in, const struct frame *f,
                        struct ip_endpoint *host)
{
    const struct plan *plan = in->config.plan;

    return segments_find_published(in->config.segments, f, &plan->guest,
                                   host) ||
           outward_map(plan, &f->dst, host);
}

bool intercept_take(struct intercept *in, const struct frame *f)
{
    bool v6 = f->src.addr.family == AF_INET6;
    bool names = in->config.names != NULL &&
                 dns_guest_is_resolver(in->config.plan, &f->dst);
    struct ip_endpoint host;
    struct held_syn *entry;
    struct held_ends ends;

    if ((f->tcp_flags & (FRAME_SYN | FRAME_ACK)) != FRAME_SYN ||
        in->acceptors[v6].fd < 0 || f->payload > HELD_SYN_MAX ||
        (!names && !map_outward(in, f, &host)))
        return false;
    held_ends_make(&ends, &f->src, &f->dst);
    entry = g_hash_table_lookup(in->entries, &ends);
    if (entry != NULL && is_copy(entry, f))
        return true;
    if (budget_has_room(in->config.budget, BUDGET_RELAY))
        start_entry(in, f, &ends, names ? NULL : &host);
    else
        refuse_for_want(in, f);
    return true;
}

/* --- accepting in the relay namespace --- */

static void join(struct held_syn *entry, int guest_fd)
{
    struct intercept *in = entry->intercept;
    const struct relay_flow flow = { .guest = entry->ends.guest,
                                     .peer = entry->ends.peer };
    int host_fd = entry->host_fd;

    entry->host_fd = -1;
    held_count_descriptors(in, -1);
    held_enter_state(entry, HELD_JOINED);
    if (entry->names)
        in->config.names(in->config.self, guest_fd, &flow.guest);
    else if (relay_start(in->relays, &flow, host_fd, guest_fd) != 0)
        LOG_LIMITED("cannot watch a connection of the guest");
}

static bool accepted_ends(int fd, const struct sockaddr_storage *from,
                          struct held_ends *ends)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    struct ip_endpoint guest, peer;

    if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
        !ip_endpoint_from_sockaddr(&ss, &peer) ||
        !ip_endpoint_from_sockaddr(from, &guest))
        return false;
    held_ends_make(ends, &guest, &peer);
    return true;
}

static void accepted(void *self, int fd, const struct sockaddr_storage *from)
{
    struct intercept *in = self;
    struct held_syn *entry = NULL;
    struct held_ends ends;

    if (accepted_ends(fd, from, &ends))
        entry = g_hash_table_lookup(in->entries, &ends);
    /* Whoever comes without having been held gets nothing. */
    if (entry == NULL || entry->state != HELD_INJECTED)
        relay_reset_socket(fd);
    else
        join(entry, fd);
}

/* --- life --- */

static int start_acceptor(struct intercept *in, size_t i, int fd)
{
    struct acceptor *acceptor = &in->acceptors[i];

    acceptor->fd = -1;
    acceptor->accepted = accepted;
    acceptor->self = in;
    if (fd < 0)
        return 0;
    relay_prepare_socket(fd);
    return acceptor_start(acceptor, in->loop, fd);
}

struct intercept *intercept_new(struct loop *loop, struct relay_table *relays,
                                const struct intercept_config *config,
                                struct stats *stats, GError **err)
{
    struct intercept *in = g_new0(struct intercept, 1);
    int rc, rc6;

    in->loop = loop;
    in->relays = relays;
    in->config = *config;
    in->stats = stats;
    in->unheard_ns = loop_now_ns(loop) - UNHEARD_NS;
    held_init(in);
    rc = start_acceptor(in, 0, config->listener_fd);
    rc6 = start_acceptor(in, 1, config->listener6_fd);
    if (rc == 0)
        rc = rc6;
    if (rc == 0)
        return in;
    errno = -rc;
    error_set_errno(err, "watch the relay namespace's listener");
    intercept_free(in);
    return NULL;
}

void intercept_free(struct intercept *in)
{
    if (in == NULL)
        return;
    held_clear(in);
    for (size_t i = 0; i < G_N_ELEMENTS(in->acceptors); i++)
        acceptor_stop(&in->acceptors[i]);
    g_free(in);
}
