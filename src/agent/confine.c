/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/confine.h"

#include "base/error.h"
#include "base/log.h"
#include "kern/jail_caps.h"
#include "kern/jail_landlock.h"
#include "kern/jail_mount.h"
#include "kern/jail_seccomp.h"

#include <unistd.h>

/*
 * Theory.  Whoever owns the gate can ask the agent for its operations, and
 * those hold by themselves.  This is for the case that it gets further: an
 * agent that was taken over is a process of the guest, with the guest's
 * capabilities, and must not be a door to the host.
 *
 *   empty_root -> few_caps -> no_growth -> landlock -> few_calls
 *
 * empty_root comes before the guest's namespaces are joined, if that can be:
 * our user may have no number inside, and could make no file there then.  A
 * plain user needs the guest's capabilities for it.
 *
 * It stands in the guest's user namespace, so nothing of the host obeys its
 * capabilities, and it is not dumpable, so nobody inside can trace it
 * (agent/inside.c).  What is left are the host's files, which the first stage
 * takes away.
 */

/* What the operations need, and no more: namespaces are made and entered by
   CAP_SYS_ADMIN, and bridges answer names at port 53 also where the setting
   that allows it to all cannot be written. */
#define AGENT_CAPS                                       \
    (JAIL_CAP(CAP_NET_ADMIN) | JAIL_CAP(CAP_SYS_ADMIN) | \
     JAIL_CAP(CAP_NET_BIND_SERVICE))

/* Settings there are those of the network namespace that the opener is in. */
#define TUN_DEVICE  "/dev/net/tun"
#define NET_SYSCTLS "/proc/sys/net"

static void set_text(char text[AGENT_REASON_MAX], const char *value)
{
    (void)g_strlcpy(text, value, AGENT_REASON_MAX);
}

/* Takes `why`, which tells what the machine refuses; 0 if that may be. */
static int fall_back(enum want want, const char *stage,
                     char text[AGENT_REASON_MAX], GError *why, GError **err)
{
    if (want == WANT_DEMAND) {
        g_propagate_prefixed_error(err, why, "%s of the agent: ", stage);
        return -1;
    }
    log_warn("the agent goes on without %s: %s", stage, why->message);
    (void)g_snprintf(text, AGENT_REASON_MAX, "fallback: %s", why->message);
    g_error_free(why);
    return 0;
}

/*
 * Should: open taps, set what only /proc/sys has.  Must not: see or reach any
 * other file, be it of the host or of the guest.
 */
static int empty_root(const struct agent_confinement *wants,
                      struct agent_confined *out, GError **err)
{
    static const struct jail_mount_item items[] = {
        { .path = TUN_DEVICE, .is_device = true, .optional = true },
        { .path = NET_SYSCTLS, .writable = true },
    };
    enum jail_mount_space space;
    GError *why = NULL;

    if (wants->sandbox == WANT_OFF || out->sandbox[0] != '\0')
        return 0;
    if (jail_mount_unshare(-1, &space, &why) < 0 ||
        jail_mount_root(items, G_N_ELEMENTS(items), NULL, &why) < 0)
        return fall_back(wants->sandbox, "the sandbox", out->sandbox, why, err);
    set_text(out->sandbox, "on");
    return 0;
}

/* Should: see above.  Must not: do anything else that takes a privilege. */
static int few_caps(const struct agent_confinement *wants,
                    struct agent_confined *out, GError **err)
{
    (void)wants;
    (void)out;
    return jail_caps_keep(AGENT_CAPS, err);
}

static int no_growth(const struct agent_confinement *wants,
                     struct agent_confined *out, GError **err)
{
    (void)wants;
    (void)out;
    return jail_no_new_privs(err);
}

/* A second wall, which holds where the first one could not be built. */
static int landlock(const struct agent_confinement *wants,
                    struct agent_confined *out, GError **err)
{
    static const char *const writable[] = { TUN_DEVICE, NET_SYSCTLS };
    const struct jail_landlock_rules rules = {
        .writable = writable,
        .writable_count = G_N_ELEMENTS(writable),
        .removable_dir_fd = -1,
    };
    g_autoptr(GError) why = NULL;
    int rc;

    (void)err;
    if (wants->sandbox == WANT_OFF)
        return 0;
    rc = jail_landlock_restrict(&rules, &why);
    if (rc < 0)
        (void)g_snprintf(out->landlock, AGENT_REASON_MAX, "fallback: %s",
                         why->message);
    else
        set_text(out->landlock,
                 rc > 0 ? "on" : "fallback: the kernel has none");
    return 0;
}

/*
 * Should: netlink, taps, sockets of both namespaces, answers to the gate.  Must
 * not: connect, make UNIX or raw sockets, start programs, and so on; see
 * kern/jail_seccomp_agent.c.
 */
static int few_calls(const struct agent_confinement *wants,
                     struct agent_confined *out, GError **err)
{
    GError *why = NULL;

    if (wants->seccomp == WANT_OFF)
        return 0;
    if (jail_seccomp_load(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, 0,
                          &why) < 0)
        return fall_back(wants->seccomp, "seccomp", out->seccomp, why, err);
    set_text(out->seccomp, "on");
    return 0;
}

static int (*const stages[])(const struct agent_confinement *wants,
                             struct agent_confined *out, GError **err) = {
    empty_root, few_caps, no_growth, landlock, few_calls,
};

int confine_begin(const struct agent_confinement *wants,
                  struct agent_confined *out, GError **err)
{
    struct jail_caps held;

    /* Else the directory we were started in would stay a way out. */
    if (chdir("/") != 0)
        return error_set_errno(err, "change to the root directory");
    if (jail_caps_read(&held, err) < 0)
        return -1;
    if ((held.effective & JAIL_CAP(CAP_SYS_ADMIN)) == 0)
        return 0;
    return empty_root(wants, out, err);
}

static void set_if_empty(char text[AGENT_REASON_MAX])
{
    if (text[0] == '\0')
        set_text(text, "off");
}

int confine_finish(const struct agent_confinement *wants,
                   struct agent_confined *out, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(stages); i++)
        if (stages[i](wants, out, err) < 0)
            return -1;
    set_if_empty(out->sandbox);
    set_if_empty(out->landlock);
    set_if_empty(out->seccomp);
    return 0;
}
