/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum netns_type { NETNS_TYPE_PID, NETNS_TYPE_PATH, NETNS_TYPE_TAPFD };
enum target_type { TARGET_TYPE_NETNS, TARGET_TYPE_BESS };
/* What carries TCP: the best there is, the relay or nothing, libslirp. */
enum tcp_mode { TCP_MODE_AUTO, TCP_MODE_RELAY, TCP_MODE_SLIRP };

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
    const char *api_socket; /* NULL: none; fits a sockaddr_un */
    const char *cidr;       /* not checked here: see plan_init() */
    bool disable_host_loopback;
    enum netns_type netns_type;
    const char *userns_path; /* NULL: none given */
    bool enable_sandbox, disable_sandbox;
    bool enable_seccomp, disable_seccomp;
    /* Not checked here: see outbound_resolve(). */
    const char *outbound_addr, *outbound_addr6;
    bool disable_dns;
    const char *macaddress; /* NULL: none given, else `mac` is set */
    uint8_t mac[6];
    enum tcp_mode tcp;

    enum target_type target_type;
    pid_t target_pid;        /* NETNS_TYPE_PID, else 0 */
    const char *target_path; /* NETNS_TYPE_PATH or TARGET_TYPE_BESS */
    int target_fd;           /* NETNS_TYPE_TAPFD, else -1 */
    char tap_name[IFNAMSIZ]; /* may be "" or "tap%d": the kernel names it */
};

/* --- the table: parser, usage, man page and completion all read it --- */

enum option_kind {
    OPTION_SWITCH, /* bool */
    OPTION_NUMBER, /* unsigned or non-negative int, min to max */
    OPTION_TEXT,   /* const char *, anything */
    OPTION_PATH,   /* const char *, a file that exists */
    OPTION_CHOICE, /* an enum, by its word */
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_KIND_COUNT
};

enum option_flags {
    OPTION_HIDDEN = 1 << 0,       /* not in usage, man page, completion */
    OPTION_EXPERIMENTAL = 1 << 1, /* a warning on stdout when used */
    OPTION_NOT_WITH_BESS = 1 << 2,
    OPTION_OURS = 1 << 3, /* slirp4netns has no such option */
};

/* The words of an OPTION_CHOICE in the order of its enum. */
struct option_words {
    const char *words[4]; /* NULL-terminated */
    int otherwise;        /* value for any other word; -1: refuse it */
};

struct option_spec {
    const char *name; /* without dashes */
    char short_name;  /* 0: none */
    enum option_kind kind;
    size_t offset; /* in struct options */
    unsigned min, max;
    const struct option_words *words;
    const char *metavar;
    const char *help;    /* one line, for usage and completion */
    const char *manual;  /* roff text, for the man page */
    const char *refusal; /* error text for a bad value */
    const char *instead; /* deprecated: the option to use */
    unsigned flags;      /* enum option_flags */
};

extern const struct option_spec option_specs[];
extern const size_t option_spec_count;

/* True if the option is followed by a value. */
bool option_takes_value(const struct option_spec *spec);

/* --- the parser --- */

enum options_outcome {
    OPTIONS_RUN,       /* `options` is whole and checked */
    OPTIONS_HELP,      /* usage to stdout, exit 0 */
    OPTIONS_VERSION,   /* version to stdout, exit 0 */
    OPTIONS_BAD_USAGE, /* `err`, if set, to stderr, usage to stdout, exit 1 */
    OPTIONS_REFUSED,   /* `err` to stderr, exit 1 */
};

/*
 * Fills `options` from the command line as getopt_long(3) reads it; `argv` is
 * permuted.  Warnings go to `notices`, flushed, complaints of getopt to
 * stderr.  `err` may stay unset with OPTIONS_BAD_USAGE: nothing to add.
 * Looks at the file system for --userns-path and PATH, changes nothing.
 */
enum options_outcome options_parse(struct options *options, int argc,
                                   char **argv, FILE *notices, GError **err);

/* `program` is argv[0] as it came. */
void options_usage(FILE *out, const char *program);

/*
 * Tells the user what an outcome other than OPTIONS_RUN and OPTIONS_VERSION
 * has to tell, on the streams named above; returns the exit status.
 */
int options_report(enum options_outcome outcome, const char *program,
                   const GError *err);
