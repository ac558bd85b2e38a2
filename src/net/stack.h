/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "net/frame.h"
#include "net/slirp_engine.h"

/*
 * The stack of the slow path: several engines that share the connections, as
 * each goes through all of its own in every turn.  What is no TCP is the first
 * one's.  Which lane (engine) has a connection is the flow table's knowledge.
 * Gate process only.
 */
struct stack;

/* A power of two. */
#define STACK_LANES_MAX 32u

/*
 * As slirp_engine_new(), for each of `lanes` engines.  Of several, each has one
 * family's connections, see flow_key_lane().
 */
struct stack *stack_new(struct loop *loop,
                        const struct slirp_engine_config *config,
                        unsigned lanes, const struct slirp_engine_sink *sink,
                        struct stats *stats, GError **err);
void stack_free(struct stack *stack);

/* Takes one checked TCP frame of the guest. */
void stack_input_tcp(struct stack *stack, unsigned lane, const uint8_t *data,
                     size_t len);
/* As slirp_engine_is_behind(), in one lane. */
bool stack_is_behind(struct stack *stack, unsigned lane, int fd);
/* Takes any other; what tells of addresses on the link reaches all lanes. */
void stack_input(struct stack *stack, const struct frame *f);

/* Takes a frame in the guest's name that some lane or other waits for. */
void stack_input_all(struct stack *stack, const uint8_t *data, size_t len);

/* During a call of the sink: the lane that the frame comes from. */
unsigned stack_lane(const struct stack *stack);
/* As slirp_engine_new_socket(), of the lane that worked last. */
int stack_new_socket(struct stack *stack);
/* Sockets of all lanes. */
size_t stack_sockets(const struct stack *stack);

/* Forwards by the stack itself (driver "slirp"), spread over the lanes. */
struct fwd_driver stack_fwd_driver(struct stack *stack);
