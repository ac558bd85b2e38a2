/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/tap.h"

#include "base/error.h"
#include "base/own.h"
#include "own_namespace.h"

#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void opens_a_new_tap(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    owned_fd fd = tap_open("tap0", 0, name, &err);

    g_assert_no_error(err);
    g_assert_cmpstr(name, ==, "tap0");
    g_assert_cmpuint(if_nametoindex("tap0"), !=, 0);
    g_assert_false(tap_has_vnet_hdr(fd));
    g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    g_assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    own_close(&fd);
    g_assert_cmpuint(if_nametoindex("tap0"), ==, 0);
}

static void offers_the_offload_header(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    owned_fd fd = tap_open("tap0", TAP_VNET_HDR, name, &err);
    int size = 0;

    g_assert_no_error(err);
    if (!tap_has_vnet_hdr(fd)) {
        g_test_skip("this kernel's tap has no IFF_VNET_HDR");
        return;
    }
    g_assert_cmpint(ioctl(fd, TUNGETVNETHDRSZ, &size), ==, 0);
    g_assert_cmpint(size, ==, 10);
}

static void knows_what_cannot_be_known(void)
{
    g_autoptr(GError) err = NULL;
    owned_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
    owned_fd tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    bool has = true;

    g_assert_cmpint(tap_learn_vnet_hdr(null, &has, &err), ==, 0);
    g_assert_false(has);
    /* It has no device yet. */
    g_assert_cmpint(tap_learn_vnet_hdr(tun, &has, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "header"));
}

static bool sends_big_segments(const char *name)
{
    struct ethtool_value value = { .cmd = ETHTOOL_GTSO };
    struct ifreq ifr = { .ifr_data = (char *)&value };
    owned_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
    g_assert_cmpint(ioctl(fd, SIOCETHTOOL, &ifr), ==, 0);
    return value.data != 0;
}

static void a_plain_open_clears_old_offloads(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    owned_fd first = tap_open("tap3", TAP_VNET_HDR, name, &err);
    owned_fd second = -1;

    g_assert_no_error(err);
    if (!sends_big_segments("tap3")) {
        g_test_skip("this kernel's tap has no segmentation offload");
        return;
    }
    g_assert_cmpint(ioctl(first, TUNSETPERSIST, 1UL), ==, 0);
    own_close(&first);
    second = tap_open("tap3", 0, name, &err);
    g_assert_no_error(err);
    g_assert_false(tap_has_vnet_hdr(second));
    g_assert_false(sends_big_segments("tap3"));
    g_assert_cmpint(ioctl(second, TUNSETPERSIST, 0UL), ==, 0);
}

static void long_names_are_cut_and_patterns_resolved(void)
{
    static const struct {
        const char *asked, *got;
    } rows[] = {
        { "sixteen-letters-", "sixteen-letters" },
        { "a-name-of-20-letters", "a-name-of-20-le" },
        { "", "tap0" },
        { "net%d", "net0" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;
        char name[IFNAMSIZ] = "";
        owned_fd fd = tap_open(rows[i].asked, 0, name, &err);

        g_assert_no_error(err);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpstr(name, ==, rows[i].got);
        g_assert_cmpuint(if_nametoindex(rows[i].got), !=, 0);
    }
}

static void attaches_to_a_persistent_tap(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    owned_fd fd = tap_open("tap7", 0, name, &err);
    unsigned index = if_nametoindex("tap7");

    g_assert_no_error(err);
    g_assert_cmpint(ioctl(fd, TUNSETPERSIST, 1UL), ==, 0);
    own_close(&fd);
    g_assert_cmpuint(if_nametoindex("tap7"), ==, index);
    fd = tap_open("tap7", TAP_VNET_HDR, name, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(if_nametoindex("tap7"), ==, index);
    g_assert_cmpint(ioctl(fd, TUNSETPERSIST, 0UL), ==, 0);
}

/* The state letter of proc(5)'s stat: 'S' is an interruptible sleep. */
static char process_state(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return strrchr(text, ')')[2];
}

/* A child that says when it begins to open "tap0", and exits with the result.
 */
static pid_t start_opener(int held)
{
    int begin[2];
    char c;
    pid_t pid;

    g_assert_cmpint(pipe2(begin, O_CLOEXEC), ==, 0);
    pid = fork();
    if (pid == 0) {
        char name[IFNAMSIZ];

        (void)close(held);
        if (write(begin[1], "1", 1) != 1)
            _exit(2);
        _exit(tap_open("tap0", 0, name, NULL) >= 0 ? 0 : 1);
    }
    (void)close(begin[1]);
    g_assert_cmpint(read(begin[0], &c, 1), ==, 1);
    (void)close(begin[0]);
    return pid;
}

static void waits_for_the_last_holder(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ], state;
    owned_fd held = tap_open("tap0", 0, name, &err);
    int status = -1;
    pid_t pid;

    g_assert_no_error(err);
    pid = start_opener(held);
    /* Asleep: it was refused once and waits to try again. */
    while ((state = process_state(pid)) != 'S' && state != 'Z')
        g_usleep(500);
    g_assert_cmpint(state, ==, 'S');
    own_close(&held);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void gives_up_on_a_holder_that_stays(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];
    owned_fd held = tap_open("tap0", 0, name, &err);
    gint64 start_us = g_get_monotonic_time();

    g_assert_no_error(err);
    g_assert_cmpint(tap_open("tap0", 0, name, &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "open tap tap0 (another process holds it): Device or "
                    "resource busy");
    /* It did try again; how long is not for a test to say. */
    g_assert_cmpint(g_get_monotonic_time() - start_us, >, 900000);
    g_assert_true(fcntl(held, F_GETFD) >= 0);
}

static void explains_what_is_no_tap(void)
{
    g_autoptr(GError) err = NULL;
    char name[IFNAMSIZ];

    g_assert_cmpint(tap_open("lo", 0, name, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "is no (single-queue) tap"));
}

/* Where there is no /dev: a root directory with nothing in it. */
static void explains_what_a_missing_device_takes(void)
{
    g_autofree char *empty = g_dir_make_tmp("slipgate-tap-XXXXXX", NULL);
    int status = -1;
    pid_t pid;

    g_assert_nonnull(empty);
    pid = fork();
    if (pid == 0) {
        g_autoptr(GError) err = NULL;
        char name[IFNAMSIZ];

        if (chroot(empty) != 0)
            _exit(77);
        _exit(tap_open("tap0", 0, name, &err) == -1 &&
                      strstr(err->message, "open /dev/net/tun (load the kernel "
                                           "module \"tun\"") != NULL
                  ? 0
                  : 1);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    (void)rmdir(empty);
    g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!own_namespace_enter() || access("/dev/net/tun", R_OK | W_OK) != 0) {
        g_print("1..0 # SKIP no user namespaces or no /dev/net/tun here\n");
        return 0;
    }
    g_test_add_func("/tap/opens a new tap", opens_a_new_tap);
    g_test_add_func("/tap/offers the offload header",
                    offers_the_offload_header);
    g_test_add_func("/tap/a plain open clears old offloads",
                    a_plain_open_clears_old_offloads);
    g_test_add_func("/tap/long names are cut and patterns resolved",
                    long_names_are_cut_and_patterns_resolved);
    g_test_add_func("/tap/attaches to a persistent tap",
                    attaches_to_a_persistent_tap);
    g_test_add_func("/tap/waits for the last holder",
                    waits_for_the_last_holder);
    g_test_add_func("/tap/gives up on a holder that stays",
                    gives_up_on_a_holder_that_stays);
    g_test_add_func("/tap/knows what cannot be known",
                    knows_what_cannot_be_known);
    g_test_add_func("/tap/explains what is no tap", explains_what_is_no_tap);
    g_test_add_func("/tap/explains what a missing device takes",
                    explains_what_a_missing_device_takes);
    return g_test_run();
}
