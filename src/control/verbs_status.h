/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/verbs.h"
#include "net/capture.h"
#include "net/plan.h"

#include <sys/types.h>

/*
 * get_status: what runs, for whom, and how.  Strings are borrowed and must live
 * until the answer is written; NULL, 0 and AF_UNSPEC leave a member out where
 * a comment says so.
 */
struct status_use {
    uint64_t max; /* 0: no limit, left out */
    uint64_t used;
};

/* Each "on", "off" or "fallback: REASON". */
struct status_confinement {
    const char *sandbox;
    const char *landlock;
    const char *seccomp;
    const char *capabilities; /* their names, or "none"; NULL: left out */
};

struct status {
    const char *version;
    pid_t pid;
    pid_t agent_pid;    /* 0: no agent, left out */
    const char *target; /* as a person would name it: "pid 42" */
    uint64_t uptime_s;
    const char *tap; /* NULL: no tap (BESS), left out */
    unsigned mtu;
    struct plan plan;
    bool ipv6; /* the plan's IPv6 half holds */
    struct status_confinement gate;
    struct status_confinement agent; /* all NULL: no agent, left out */
    const char *tcp_carrier;         /* "relay" or "slirp" */
    const char *tcp_reason;          /* why that one; NULL: left out */
    const char *networks_missing;    /* why there are none; NULL: there are */
    const char *networks_netns;      /* NULL: left out */
    struct capture_state capture;
    struct status_use clients, forwards, descriptors;
};

/* `fill` gets a zeroed `status` to fill, anew for each request. */
void verbs_status_add(struct verbs *verbs,
                      void (*fill)(void *self, struct status *status),
                      void *self);
