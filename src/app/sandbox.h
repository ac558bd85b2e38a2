/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/want.h"
#include "kern/jail_mount.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The gate's confinement: which stages there are and in which order, told in
 * sandbox.c.  Gate process, once, after everything that needs the host's files
 * or privileges (agent, tap, control socket, libslirp) and right before it
 * tells its starter that it is ready.  The agent confines itself, in
 * agent/confine.c.
 */
struct sandbox_request {
    enum want sandbox;     /* an empty root, landlock */
    enum want seccomp;     /* an allow list of system calls */
    bool seccomp_announce; /* print the line that slirp4netns prints */
    pid_t agent_pid;       /* may be killed at the end; 0: none */
    int guest_userns_fd;   /* -1: not known */
    /* Directory where a file is to be removed at the end; -1: none.  It is
       replaced in place by a handle that leads nowhere else. */
    int control_dir_fd;
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
};

struct resolv_copy;

/* What has come of it, for get_status.  To be cleared by the caller, at the
   end: then resolv.conf is followed no more. */
struct sandbox_state {
    char *sandbox;               /* "on", "off" or "fallback: REASON" */
    char *landlock;              /* likewise */
    char *seccomp;               /* likewise */
    enum jail_mount_space space; /* if `sandbox` is "on" */
    uint64_t caps;               /* still held (kern/jail_caps.h) */
    char *caps_text;             /* the same in words */
    struct resolv_copy *copy;    /* if `sandbox` is "on" */
};

/*
 * Enters the stages that `request` asks for and those that always hold.  0, or
 * -1 and an error; then the process is half confined and should end.  `out` is
 * to be cleared in both cases.  Single-threaded.
 */
int sandbox_enter(const struct sandbox_request *request,
                  struct sandbox_state *out, GError **err);
void sandbox_state_clear(struct sandbox_state *state);
