/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/stack.h"

#include "net/flow_key.h"

#include <net/ethernet.h>

#define ARP_OPERATION 6u
#define ARP_REPLY     2
/* ICMPv6 (RFC 4861): of routers and neighbours. */
#define NDP_FIRST               133
#define NDP_ROUTER              134
#define NDP_NEIGHBOUR_ADVERTISE 136

struct lane {
    struct stack *stack;
    unsigned index;
    struct slirp_engine *engine;
    struct fwd_driver forwards;
};

struct stack {
    struct slirp_engine_sink sink;
    unsigned count, working;
    struct lane lanes[STACK_LANES_MAX];
};

/* Does the frame speak for the gateway?  All lanes could; one is enough. */
static bool is_gateway_speaking(const uint8_t *data, size_t len)
{
    size_t l4 = FRAME_ETH_LEN + FRAME_IPV6_LEN;
    uint8_t type;

    if (len < FRAME_ETH_LEN + ARP_OPERATION + 2)
        return false;
    if (frame_get16(data + 12) == ETHERTYPE_ARP)
        return frame_get16(data + FRAME_ETH_LEN + ARP_OPERATION) == ARP_REPLY;
    if (frame_get16(data + 12) != ETHERTYPE_IPV6 || len <= l4 ||
        data[FRAME_ETH_LEN + 6] != IPPROTO_ICMPV6)
        return false;
    type = data[l4];
    return type == NDP_ROUTER || type == NDP_NEIGHBOUR_ADVERTISE;
}

static void lane_to_guest(void *self, const uint8_t *data, size_t len)
{
    struct lane *lane = self;
    struct stack *stack = lane->stack;

    if (lane->index > 0 && is_gateway_speaking(data, len))
        return;
    stack->working = lane->index;
    stack->sink.to_guest(stack->sink.self, data, len);
}

static void prepare(void *self)
{
    struct stack *stack = self;

    for (unsigned i = 0; i < stack->count; i++)
        slirp_engine_run(stack->lanes[i].engine);
}

/* An IPv6 packet of the same payload, for the lanes that have only those: the
   odd ones, see flow_key_lane(). */
static unsigned segment_of(const struct slirp_engine_config *config,
                           unsigned lane)
{
    if (config->cut && lane % 2 != 0)
        return config->segment + FRAME_IPV6_LEN - FRAME_IPV4_LEN;
    return config->segment;
}

struct stack *stack_new(struct loop *loop,
                        const struct slirp_engine_config *config,
                        unsigned lanes, const struct slirp_engine_sink *sink,
                        struct stats *stats, GError **err)
{
    struct stack *stack = g_new0(struct stack, 1);
    struct slirp_engine_config each = *config;
    struct loop_hook hook = { prepare, stack };

    g_assert(lanes > 0 && lanes <= STACK_LANES_MAX);
    stack->sink = *sink;
    for (unsigned i = 0; i < lanes; i++) {
        struct lane *lane = &stack->lanes[i];
        const struct slirp_engine_sink to_guest = { lane_to_guest, lane };

        lane->stack = stack;
        lane->index = i;
        each.secondary = i > 0;
        each.segment = segment_of(config, i);
        lane->engine = slirp_engine_new(loop, &each, &to_guest, stats, err);
        if (lane->engine == NULL) {
            stack_free(stack);
            return NULL;
        }
        lane->forwards = slirp_engine_fwd_driver(lane->engine);
        stack->count++;
    }
    loop_add_hook(loop, &hook);
    return stack;
}

void stack_free(struct stack *stack)
{
    if (stack == NULL)
        return;
    for (unsigned i = 0; i < stack->count; i++)
        slirp_engine_free(stack->lanes[i].engine);
    g_free(stack);
}

void stack_input_tcp(struct stack *stack, unsigned lane, const uint8_t *data,
                     size_t len)
{
    stack->working = lane;
    slirp_engine_input(stack->lanes[lane].engine, data, len);
}

bool stack_is_behind(struct stack *stack, unsigned lane, int fd)
{
    return slirp_engine_is_behind(stack->lanes[lane].engine, fd);
}

/* Each lane has to know for itself who is where on the link. */
static bool tells_an_address(const struct frame *f)
{
    if (f->ethertype == ETHERTYPE_ARP)
        return true;
    return f->proto == IPPROTO_ICMPV6 && f->l4 != 0 &&
           f->data[f->l4] >= NDP_FIRST &&
           f->data[f->l4] <= NDP_NEIGHBOUR_ADVERTISE;
}

void stack_input_all(struct stack *stack, const uint8_t *data, size_t len)
{
    for (unsigned i = 0; i < stack->count; i++)
        stack_input_tcp(stack, i, data, len);
}

void stack_input(struct stack *stack, const struct frame *f)
{
    if (tells_an_address(f))
        stack_input_all(stack, f->data, f->len);
    else
        stack_input_tcp(stack, 0, f->data, f->len);
}

unsigned stack_lane(const struct stack *stack)
{
    return stack->working;
}

int stack_new_socket(struct stack *stack)
{
    return slirp_engine_new_socket(stack->lanes[stack->working].engine);
}

size_t stack_sockets(const struct stack *stack)
{
    size_t sockets = 0;

    for (unsigned i = 0; i < stack->count; i++)
        sockets += slirp_engine_sockets(stack->lanes[i].engine);
    return sockets;
}

/* --- forwards --- */

struct stack_forward {
    const struct fwd_driver *driver; /* of the lane */
    void *handle;
};

static bool can_carry(void *self, const struct fwd_rule *rule)
{
    const struct stack *stack = self;
    const struct fwd_driver *driver = &stack->lanes[0].forwards;

    return driver->can_carry(driver->self, rule);
}

static void *start(void *self, struct fwd_rule *rule, GError **err)
{
    struct stack *stack = self;
    /* Datagrams of the guest reach the first lane only. */
    unsigned lane = rule->proto == IPPROTO_TCP
                        ? flow_key_lane(rule->guest.port,
                                        rule->guest.addr.family, stack->count)
                        : 0;
    const struct fwd_driver *driver = &stack->lanes[lane].forwards;
    void *handle = driver->start(driver->self, rule, err);
    struct stack_forward *forward;

    if (handle == NULL)
        return NULL;
    forward = g_new(struct stack_forward, 1);
    *forward = (struct stack_forward){ driver, handle };
    return forward;
}

static void stop(void *self, void *handle)
{
    struct stack_forward *forward = handle;

    (void)self;
    forward->driver->stop(forward->driver->self, forward->handle);
    g_free(forward);
}

static size_t connections(void *self, const void *handle)
{
    const struct stack_forward *forward = handle;

    (void)self;
    return forward->driver->connections(forward->driver->self, forward->handle);
}

static size_t close_all(void *self, void *handle)
{
    struct stack_forward *forward = handle;

    (void)self;
    return forward->driver->close(forward->driver->self, forward->handle);
}

struct fwd_driver stack_fwd_driver(struct stack *stack)
{
    return (struct fwd_driver){
        .name = "slirp",
        .self = stack,
        .can_carry = can_carry,
        .start = start,
        .stop = stop,
        .connections = connections,
        .close = close_all,
    };
}
