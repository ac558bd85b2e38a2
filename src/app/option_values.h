/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum netns_type { NETNS_TYPE_PID, NETNS_TYPE_PATH, NETNS_TYPE_TAPFD };
enum target_type { TARGET_TYPE_NETNS, TARGET_TYPE_BESS };
/* What carries TCP: the best there is, the relay or nothing, libslirp. */
enum tcp_mode { TCP_MODE_AUTO, TCP_MODE_RELAY, TCP_MODE_SLIRP };

/* The values of an option that may be given several times, in order. */
#define OPTION_LIST_MAX 256u
struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

/*
 * The command line as values.  Texts point into argv.  The words are those of
 * the command line, so some booleans are negative here and nowhere else.
 */
struct options {
    bool configure; /* always false with NETNS_TYPE_TAPFD */
    int exit_fd;    /* -1: none */
    int ready_fd;   /* -1: none */
    unsigned mtu;
    bool enable_ipv6;
    const char *state;      /* NULL: nothing is kept */
    const char *api_socket; /* NULL: none; fits a sockaddr_un */
    const char *cidr;       /* not checked here: see plan_init() */
    bool disable_host_loopback;
    bool deny_outbound;
    enum netns_type netns_type;
    const char *userns_path;              /* NULL: none given */
    bool enable_sandbox, disable_sandbox; /* never both */
    bool enable_seccomp, disable_seccomp; /* never both */
    /* Not checked here: see outbound_resolve(). */
    const char *outbound_addr, *outbound_addr6;
    bool disable_dns;
    const char *macaddress; /* NULL: none given, else `mac` is set */
    uint8_t mac[6];
    enum tcp_mode tcp;
    struct option_list publish; /* of the form of base/portmap.h */

    enum target_type target_type;
    pid_t target_pid;        /* NETNS_TYPE_PID, else 0 */
    const char *target_path; /* NETNS_TYPE_PATH or TARGET_TYPE_BESS */
    int target_fd;           /* NETNS_TYPE_TAPFD, else -1 */
    char tap_name[IFNAMSIZ]; /* may be "" or "tap%d": the kernel names it */

    const char *config; /* NULL: none given */
    bool show_config;
    bool api_socket_is_pattern; /* see options_expand() */

    /* `slipgate bridge`: networks only, in the namespace of `target_pid`. */
    bool no_guest;

    /* `slipgate run` only. */
    bool same_user;
};
