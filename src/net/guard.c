/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/guard.h"

#include "net/checksum.h"
#include "net/reasm.h"
#include "net/refuse.h"
#include "net/replies.h"

#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

struct guard {
    const struct plan *plan;
    const struct policy *policy;
    const struct segments *segments; /* NULL: none */
    struct flow_table *flows;
    struct stats *stats;
    struct guard_sink sink;
    struct reasm *reasm;
    struct replies *replies;
    bool strict_order;
    int64_t echo_paid_ns; /* until when echo requests have had their share */
};

#define NS_PER_ECHO (1000000000LL / GUARD_ECHO_PER_S)

struct guard *guard_new(const struct plan *plan, const struct policy *policy,
                        struct flow_table *flows, struct stats *stats,
                        const struct guard_sink *sink, bool strict_order)
{
    struct guard *guard = g_new0(struct guard, 1);

    guard->plan = plan;
    guard->policy = policy;
    guard->flows = flows;
    guard->stats = stats;
    guard->sink = *sink;
    guard->reasm = reasm_new(stats);
    guard->replies = replies_new();
    guard->strict_order = strict_order;
    return guard;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL)
        return;
    reasm_free(guard->reasm);
    replies_free(guard->replies);
    g_free(guard);
}

void guard_set_segments(struct guard *guard, const struct segments *segments)
{
    guard->segments = segments;
}

static void refuse(struct guard *guard, const struct frame *f,
                   enum refuse_reason reason)
{
    uint8_t answer[REFUSE_MAX];
    size_t len = refuse_build(f, guard->plan, reason, answer);

    if (len == 0) {
        guard->stats->drop_policy++;
        return;
    }
    guard->stats->refused++;
    guard->sink.answer(guard->sink.self, answer, len);
}

/*
 * Urgent data is taken inline: the flag and the pointer go, the bytes stay.
 * Nobody inside can tell, and no stack behind us has to get it right.
 */
static void clear_urgent(struct guard *guard, struct frame *f)
{
    uint8_t *tcp = f->data + f->l4;
    uint8_t old[2], new[2];

    if ((f->tcp_flags & FRAME_URG) == 0 && frame_get16(tcp + 18) == 0)
        return;
    memcpy(old, tcp + 12, 2);
    memcpy(new, old, 2);
    new[1] &= (uint8_t)~FRAME_URG;
    memcpy(tcp + 12, new, 2);
    checksum_replace16(tcp + 16, old, new);
    memcpy(old, tcp + 18, 2);
    memset(new, 0, 2);
    memset(tcp + 18, 0, 2);
    checksum_replace16(tcp + 16, old, new);
    f->tcp_flags &= (uint8_t)~FRAME_URG;
    guard->stats->urgent_cleared++;
}

static bool flags_are_sane(uint8_t flags)
{
    bool syn = (flags & FRAME_SYN) != 0;
    bool ends = (flags & (FRAME_FIN | FRAME_RST)) != 0;

    if (syn && ends)
        return false;
    return (flags & (FRAME_SYN | FRAME_RST | FRAME_ACK)) != 0;
}

static void pass_tcp(struct guard *guard, struct frame *f)
{
    if (!flags_are_sane(f->tcp_flags)) {
        guard->stats->drop_flags++;
        return;
    }
    clear_urgent(guard, f);
    guard->sink.pass(guard->sink.self, f);
}

bool guard_admits_order(struct guard *guard, const struct frame *f)
{
    if (!guard->strict_order)
        return true;
    switch (flow_check_order(guard->flows, f)) {
    case FLOW_ORDER_GOOD:
        return true;
    case FLOW_ORDER_STRANGER:
        refuse(guard, f, REFUSE_RESET);
        return false;
    case FLOW_ORDER_BAD:
    default:
        guard->stats->drop_out_of_order++;
        return false;
    }
}

static bool echo_is_due(struct guard *guard, int64_t now_ns)
{
    int64_t earliest = now_ns - GUARD_ECHO_BURST * NS_PER_ECHO;

    guard->echo_paid_ns = MAX(guard->echo_paid_ns, earliest);
    if (guard->echo_paid_ns + NS_PER_ECHO > now_ns)
        return false;
    guard->echo_paid_ns += NS_PER_ECHO;
    return true;
}

static bool is_icmp(const struct frame *f)
{
    return f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6;
}

static bool is_echo(const struct frame *f)
{
    return is_icmp(f) &&
           f->data[f->l4] ==
               (f->proto == IPPROTO_ICMP ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
}

/* Who is where on the link, which no policy has to do with. */
static bool is_discovery(const struct frame *f)
{
    uint8_t type = f->data[f->l4];

    return f->proto == IPPROTO_ICMPV6 &&
           (type == ND_ROUTER_SOLICIT || type == ND_NEIGHBOR_SOLICIT ||
            type == ND_NEIGHBOR_ADVERT);
}

static bool opens(const struct frame *f)
{
    return (f->tcp_flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;
}

/*
 * Is this the guest's turn to ask?  A connection is judged when it is opened,
 * and not again while it lasts; answers to datagrams from outside are no
 * requests.
 */
static bool is_judged(const struct guard *guard, const struct frame *f,
                      int64_t now_ns)
{
    if (f->proto == IPPROTO_TCP)
        return opens(f) || !flow_goes_on(guard->flows, f);
    if (f->proto == IPPROTO_UDP)
        return !replies_expects(guard->replies, f, now_ns) &&
               (guard->sink.expects == NULL ||
                !guard->sink.expects(guard->sink.self, f));
    return !is_discovery(f);
}

/* What nothing behind us has a use for; the counter it belongs to, or NULL. */
static uint64_t *find_useless(struct guard *guard, const struct frame *f)
{
    /* Without a transport header here: one that is not carried. */
    if (f->l4 == 0)
        return &guard->stats->drop_protocol;
    if (!policy_accepts_source(guard->plan, f) ||
        !segments_accept_source(guard->segments, f))
        return &guard->stats->drop_source;
    if (is_icmp(f) && !is_echo(f) && !is_discovery(f))
        return &guard->stats->drop_icmp;
    return NULL;
}

/*
 * Guest and segments reach each other by published ports only.  Those that may
 * talk to each other do so without us.
 */
static enum policy_verdict judge_request(const struct guard *guard,
                                         const struct frame *f)
{
    const struct segment *from = segments_sender(guard->segments, f);
    struct ip_endpoint host;

    if (from != NULL &&
        segments_find_published(guard->segments, f, &guard->plan->guest, &host))
        return POLICY_ALLOW;
    if ((from != NULL && from->internal) ||
        segments_of(guard->segments, &f->dst.addr) != NULL)
        return POLICY_UNREACHABLE;
    return policy_outbound(guard->policy, guard->plan, f->proto, &f->dst);
}

static enum policy_verdict judge(const struct guard *guard,
                                 const struct frame *f, int64_t now_ns)
{
    enum policy_verdict verdict;

    if (!guard->policy->enable_ipv6 && f->src.addr.family == AF_INET6)
        return POLICY_DROP;
    if (!is_judged(guard, f, now_ns))
        return POLICY_ALLOW;
    verdict = judge_request(guard, f);
    /* Only who asks is told. */
    if (verdict == POLICY_UNREACHABLE && f->proto == IPPROTO_TCP && !opens(f))
        return POLICY_DROP;
    return verdict;
}

static void pass_ip(struct guard *guard, struct frame *f, int64_t now_ns)
{
    uint64_t *drop = find_useless(guard, f);

    if (drop != NULL) {
        ++*drop;
        return;
    }
    if (f->proto == IPPROTO_TCP)
        flow_look_up(guard->flows, f);
    switch (judge(guard, f, now_ns)) {
    case POLICY_ALLOW:
        break;
    case POLICY_UNREACHABLE:
        refuse(guard, f, REFUSE_POLICY);
        return;
    case POLICY_DROP:
    default:
        guard->stats->drop_policy++;
        return;
    }
    if (f->proto == IPPROTO_TCP)
        pass_tcp(guard, f);
    else if (is_echo(f) && !echo_is_due(guard, now_ns))
        guard->stats->drop_echo_rate++;
    else
        guard->sink.pass(guard->sink.self, f);
}

static void take_fragment(struct guard *guard, const struct frame *f,
                          int64_t now_ns)
{
    size_t len;
    uint8_t *whole = reasm_put(guard->reasm, f, now_ns, &len);
    struct frame packet;

    if (whole == NULL)
        return;
    if (frame_parse(whole, len, &packet) != FRAME_GOOD)
        guard->stats->drop_malformed++;
    else
        pass_ip(guard, &packet, now_ns);
}

void guard_input(struct guard *guard, uint8_t *data, size_t len, int64_t now_ns)
{
    struct frame f;
    enum frame_defect defect = frame_parse(data, len, &f);

    guard->stats->frames_from_guest++;
    guard->stats->bytes_from_guest += len;
    if (defect == FRAME_BAD_ETHERTYPE)
        guard->stats->drop_ethertype++;
    else if (defect != FRAME_GOOD)
        guard->stats->drop_malformed++;
    else if (f.ethertype == ETHERTYPE_ARP)
        guard->sink.pass(guard->sink.self, &f);
    else if (f.options)
        guard->stats->drop_options++;
    else if (f.fragment)
        take_fragment(guard, &f, now_ns);
    else
        pass_ip(guard, &f, now_ns);
}

void guard_forget_replies(struct guard *guard)
{
    replies_clear(guard->replies);
}

void guard_note_to_guest(struct guard *guard, const struct frame *f,
                         int64_t now_ns)
{
    if (f->proto == IPPROTO_UDP && f->l4 != 0)
        replies_note(guard->replies, f, now_ns);
}
