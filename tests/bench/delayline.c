/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link with a delay, for kernels without netem: two taps, one in this network
 * namespace and one in another, and every frame that enters one leaves the
 * other some time later.  Frames keep their virtio header, so that segments
 * stay as large as the kernel makes them and the line costs little.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    DELAYLINE_FRAMES = 16384, /* waiting in one direction, at most */
    DELAYLINE_BYTES = 64 << 20,
    DELAYLINE_FRAME_MAX = 10 + 18 + 65536, /* virtio header, Ethernet, IP */
    DELAYLINE_BATCH = 64,
};

struct frame {
    int64_t due;
    size_t len;
    char *data;
};

struct direction {
    int from, into;
    size_t first, count, bytes;
    size_t dropped;
    struct frame ring[DELAYLINE_FRAMES];
};

static int open_tap(const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        load_die("/dev/net/tun");
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        load_die(name);
    if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) < 0)
        load_die("TUNSETOFFLOAD");
    return fd;
}

static void enter(const char *netns)
{
    int fd = open(netns, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        load_die(netns);
    close(fd);
}

static void take(struct direction *dir, int64_t delay)
{
    static char buf[DELAYLINE_FRAME_MAX];

    for (int i = 0; i < DELAYLINE_BATCH; i++) {
        ssize_t got = read(dir->from, buf, sizeof(buf));
        struct frame *slot;

        if (got <= 0)
            return;
        if (dir->count == DELAYLINE_FRAMES || dir->bytes > DELAYLINE_BYTES) {
            dir->dropped++;
            continue;
        }
        slot = &dir->ring[(dir->first + dir->count) % DELAYLINE_FRAMES];
        slot->due = load_now() + delay;
        slot->len = (size_t)got;
        slot->data = malloc(slot->len);
        if (!slot->data)
            load_die("malloc");
        memcpy(slot->data, buf, slot->len);
        dir->count++;
        dir->bytes += slot->len;
    }
}

static void give(struct direction *dir, int64_t now)
{
    while (dir->count > 0 && dir->ring[dir->first].due <= now) {
        struct frame *slot = &dir->ring[dir->first];

        if (write(dir->into, slot->data, slot->len) < 0)
            dir->dropped++;
        free(slot->data);
        dir->first = (dir->first + 1) % DELAYLINE_FRAMES;
        dir->count--;
        dir->bytes -= slot->len;
    }
}

/* Nanoseconds until the next frame is due; -1 where none waits. */
static int64_t next_due(const struct direction *dirs, int64_t now)
{
    int64_t soonest = -1;

    for (int i = 0; i < 2; i++) {
        int64_t wait;

        if (dirs[i].count == 0)
            continue;
        wait = dirs[i].ring[dirs[i].first].due - now;
        wait = wait > 0 ? wait : 0;
        soonest = soonest < 0 || wait < soonest ? wait : soonest;
    }
    return soonest;
}

static void carry(struct direction *dirs, int64_t delay)
{
    struct pollfd fds[2] = { { .fd = dirs[0].from, .events = POLLIN },
                             { .fd = dirs[1].from, .events = POLLIN } };

    for (;;) {
        int64_t wait = next_due(dirs, load_now());
        struct timespec span = { .tv_nsec = wait };

        if (ppoll(fds, 2, wait < 0 ? NULL : &span, NULL) < 0 && errno != EINTR)
            load_die("ppoll");
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents & (POLLERR | POLLHUP))
                exit(EXIT_SUCCESS); /* a namespace is gone */
            take(&dirs[i], delay);
            give(&dirs[i], load_now());
        }
    }
}

int main(int argc, char **argv)
{
    static struct direction dirs[2];
    int64_t delay;
    int here, there;

    if (argc != 5) {
        fputs("usage: delayline TAP OTHER_TAP OTHER_NETNS MICROSECONDS\n",
              stderr);
        return EXIT_FAILURE;
    }
    delay = load_number(argv[4], 999999) * 1000;
    prctl(PR_SET_TIMERSLACK, 1);
    here = open_tap(argv[1]);
    enter(argv[3]);
    there = open_tap(argv[2]);
    dirs[0] = (struct direction){ .from = here, .into = there };
    dirs[1] = (struct direction){ .from = there, .into = here };
    load_ready();
    carry(dirs, delay);
    return EXIT_SUCCESS;
}
