/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/checksum.h"
#include "net/frame_build.h"
#include "net/pump_internal.h"

#include <string.h>

/*
 * When the host has finished first, the guest's end is the end of all for the
 * stack: ten seconds later it closes the host's socket, and throws away what
 * that has not taken by then.  So the stack hears of that end when it has
 * passed on all before it.  Until then the guest gets no acknowledgement of its
 * end, and sends it again, which changes nothing.  Beyond this number of them
 * an end is passed on at once.
 */
#define HELD_ENDS_MAX 256u

struct held_end {
    struct ip_endpoint guest, host;
    unsigned lane;
    int fd;
    size_t len;
    uint8_t data[FRAME_SEGMENT_MAX];
};

/* The end that is held of the connection that the guest's frame belongs to. */
static GList *find(const struct pump *pump, const struct frame *f)
{
    for (GList *link = pump->held_ends.head; link != NULL; link = link->next) {
        const struct held_end *end = link->data;

        if (ip_endpoint_equal(&end->guest, &f->src) &&
            ip_endpoint_equal(&end->host, &f->dst))
            return link;
    }
    return NULL;
}

static void forget(struct pump *pump, GList *link)
{
    g_free(link->data);
    g_queue_delete_link(&pump->held_ends, link);
}

static bool is_behind(const struct pump *pump, const struct held_end *end)
{
    return stack_is_behind(pump->stack, end->lane, end->fd);
}

static struct held_end *end_of(struct pump *pump, const struct frame *f, int fd)
{
    struct held_end *end = g_new0(struct held_end, 1);
    struct frame_path path = { .src = f->src, .dst = f->dst };

    memcpy(path.dst_mac, f->data, sizeof(path.dst_mac));
    memcpy(path.src_mac, f->data + 6, sizeof(path.src_mac));
    end->guest = f->src;
    end->host = f->dst;
    end->lane = flow_lane(pump->flows, f);
    end->fd = fd;
    end->len = frame_put_segment(
        end->data, &path, f->tcp_seq + (uint32_t)frame_payload_len(f),
        f->tcp_ack, FRAME_FIN | FRAME_ACK, f->tcp_window);
    return end;
}

static void give_without_end(struct pump *pump, const struct frame *f)
{
    struct frame given = *f;
    uint8_t *word = f->data + f->l4 + 12;
    const uint8_t before[2] = { word[0], word[1] };

    word[1] &= (uint8_t)~FRAME_FIN;
    given.tcp_flags &= (uint8_t)~FRAME_FIN;
    checksum_replace16(f->data + f->l4 + 16, before, word);
    pump_give_tcp(pump, &given);
}

/* Did the stack take the data before it?  If not, the guest sends both again;
   if it did, no more can come, and the end stays in order. */
static bool is_in_order(struct pump *pump, struct held_end *end)
{
    struct frame f;

    return frame_parse(end->data, end->len, &f) == FRAME_GOOD &&
           guard_admits_order(pump->guard, &f);
}

/* The stack would linger for ten seconds with the socket; a reader that needs
   them shall have them. */
void pump_finish(struct pump *pump, const struct frame *f)
{
    int fd;

    if (!flow_is_over(pump->flows, f))
        return;
    /* It is there, so what was noted of it is good. */
    fd = flow_lingers(pump->flows, f);
    if (fd < 0 || !stack_is_behind(pump->stack, flow_lane(pump->flows, f), fd))
        flow_finish(pump->flows, f);
}

static void give_end(struct pump *pump, struct held_end *end)
{
    struct frame f, given;

    if (frame_parse(end->data, end->len, &f) != FRAME_GOOD)
        return;
    given = f;
    pump_give_tcp(pump, &given);
    pump_finish(pump, &f);
}

bool pump_holds_end(struct pump *pump, const struct frame *f)
{
    GList *link = find(pump, f);

    if (link == NULL)
        return false;
    /* Whoever is gone has said all; or the port is another's now. */
    if ((f->tcp_flags & FRAME_SYN) != 0)
        forget(pump, link);
    return (f->tcp_flags & FRAME_RST) != 0;
}

bool pump_keep_end(struct pump *pump, const struct frame *f)
{
    int fd = flow_finished_second(pump->flows, f);
    struct held_end *end;

    if (fd < 0 || pump->held_ends.length >= HELD_ENDS_MAX ||
        find(pump, f) != NULL)
        return false;
    /* The stack will throw it away; an end of our making, it would believe. */
    if (!checksum_is_right(f))
        return false;
    end = end_of(pump, f, fd);
    if (frame_payload_len(f) == 0 && !is_behind(pump, end)) {
        g_free(end);
        return false;
    }
    give_without_end(pump, f);
    if (!is_in_order(pump, end)) {
        g_free(end);
    } else if (is_behind(pump, end)) {
        g_queue_push_tail(&pump->held_ends, end);
    } else {
        give_end(pump, end);
        g_free(end);
    }
    return true;
}

void pump_look_at_ends(struct pump *pump)
{
    for (GList *link = pump->held_ends.head; link != NULL; link = link->next)
        if (!is_behind(pump, link->data))
            loop_timer_in_ms(pump->loop, &pump->end_timer, 0);
}

void pump_give_ends(void *self)
{
    struct pump *pump = self;
    GList *link = pump->held_ends.head, *next;

    for (; link != NULL; link = next) {
        next = link->next;
        if (is_behind(pump, link->data))
            continue;
        give_end(pump, link->data);
        forget(pump, link);
    }
}
