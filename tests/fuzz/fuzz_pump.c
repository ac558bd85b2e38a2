/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../unit/engine_rig.h"
#include "net/checksum.h"
#include "take.h"

#include <net/ethernet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A hostile guest against the whole data plane with the real stack, in a
 * network namespace of its own, where nothing leads anywhere but to a listener
 * on the loopback.  Each input gets a new stack, an open connection with this
 * listener, and frames: a byte that says what kind, and then
 *   raw bytes, with their length in two bytes before,
 *   a segment of the connection: flags, window, offsets of both sequences from
 *   where they should be, and a length,
 *   a datagram: where to, which port, and a length,
 *   an action of the listener's side.
 * All that comes back is checked by the rig: it parses, its checksums are
 * right.
 */
#define FRAMES_PER_INPUT 64

struct host {
    bool refused; /* no namespace can be had */
    int listener;
    uint16_t port;
};

/* The namespace stays for all inputs of the process. */
static const struct host *host_get(void)
{
    static struct host host;
    static bool entered;

    if (!entered) {
        entered = true;
        host.refused = !engine_rig_enter();
        if (!host.refused)
            host.listener =
                engine_rig_host_socket("127.0.0.1", SOCK_STREAM, &host.port);
    }
    return &host;
}

/* GLib traps where it finds fault, which libFuzzer does not know. */
static void trapped(int number)
{
    (void)number;
    abort();
}

/* Before libFuzzer has threads, with which no namespace can be had. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    (void)signal(SIGTRAP, trapped);
    (void)host_get();
    return 0;
}

static void send_raw(struct engine_rig *rig, struct take *in, bool fix)
{
    size_t len;
    const uint8_t *bytes = take_bytes(in, take_number(in, 2), &len);
    g_autofree uint8_t *frame = g_memdup2(bytes, len);
    struct frame f;

    if (len == 0)
        return;
    if (fix && frame_parse(frame, len, &f) == FRAME_GOOD && f.proto != 0) {
        if (f.ethertype == ETHERTYPE_IP)
            checksum_set_ipv4(frame + FRAME_ETH_LEN);
        if (f.l4 != 0 && f.proto == IPPROTO_TCP)
            checksum_set_l4(&f, 16);
        if (f.l4 != 0 && (f.proto == IPPROTO_UDP || f.proto == IPPROTO_ICMPV6))
            checksum_set_l4(&f, f.proto == IPPROTO_UDP ? 6 : 2);
    }
    engine_rig_send(rig, frame, len);
}

static void send_segment(struct engine_rig *rig, struct engine_tcp *tcp,
                         struct take *in)
{
    struct frames_spec spec = tcp->spec;

    spec.flags = (uint8_t)take_number(in, 1);
    spec.window = (uint16_t)(take_number(in, 1) << 8);
    spec.urgent = spec.window;
    spec.seq = tcp->seq + take_offset(in);
    spec.ack = tcp->ack + take_offset(in);
    spec.payload_len = take_number(in, 1) * 16u;
    spec.bad_checksum = (spec.flags & 0x40) != 0;
    engine_rig_send_spec(rig, &spec);
    if ((spec.flags & 0x80) != 0)
        tcp->seq = spec.seq + (uint32_t)spec.payload_len;
}

static void send_datagram(struct engine_rig *rig, struct take *in)
{
    static const char *const dsts[] = { "10.0.2.2",  "10.0.2.3", "127.0.0.1",
                                        "192.0.2.1", "fd00::2",  "fd00::3",
                                        "::1",       "ff02::1:2" };
    static const uint16_t ports[] = { 53, 67, 69, 547, 5353, 9, 1, 65535 };
    uint8_t where = (uint8_t)take_number(in, 1);
    struct frames_spec spec = { .proto = IPPROTO_UDP,
                                .dst = dsts[where & 7],
                                .sport = (uint16_t)(1000 + (where >> 6)),
                                .dport = ports[where >> 3 & 7] };

    spec.payload_len = take_number(in, 1) * 16u;
    engine_rig_send_spec(rig, &spec);
}

static void act_as_host(struct take *in, int fd)
{
    static const uint8_t zeros[4096];

    switch (take_number(in, 1) % 4) {
    case 0:
        (void)!write(fd, zeros, take_number(in, 1) * 16u);
        break;
    case 1:
        (void)shutdown(fd, SHUT_WR);
        break;
    case 2:
        (void)shutdown(fd, SHUT_RD);
        break;
    default:
        (void)shutdown(fd, SHUT_RDWR);
        break;
    }
}

/* Connections that the input opened besides; they would fill the queue. */
static void close_others(int listener)
{
    int fd;

    while ((fd = accept(listener, NULL, NULL)) >= 0)
        (void)close(fd);
}

static void do_one(struct engine_rig *rig, struct engine_tcp *tcp,
                   struct take *in, int fd)
{
    uint8_t kind = (uint8_t)take_number(in, 1);

    switch (kind % 5) {
    case 0:
    case 1:
        send_raw(rig, in, kind % 5 == 0);
        break;
    case 2:
        send_segment(rig, tcp, in);
        break;
    case 3:
        send_datagram(rig, in);
        break;
    default:
        act_as_host(in, fd);
        break;
    }
    if ((kind & 0x80) != 0)
        engine_rig_settle(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct host *host = host_get();
    struct take in = { data, size };
    struct engine_rig *rig;
    struct engine_tcp tcp;
    int fd;

    if (host->refused)
        return 0;
    rig = engine_rig_new();
    tcp = engine_tcp_open(rig, "10.0.2.2", host->port, take_number(&in, 4));
    fd = engine_rig_accept(rig, host->listener);
    for (int i = 0; i < FRAMES_PER_INPUT && in.left > 0; i++)
        do_one(rig, &tcp, &in, fd);
    engine_rig_settle(rig);
    (void)close(fd);
    engine_rig_free(rig);
    close_others(host->listener);
    return 0;
}
