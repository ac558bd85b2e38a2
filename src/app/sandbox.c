/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/sandbox.h"

#include "app/resolv_copy.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"
#include "base/sanitized.h"
#include "kern/jail_caps.h"
#include "kern/jail_landlock.h"
#include "kern/jail_seccomp.h"
#include "kern/netns.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/*
 * Theory.  The guest is not trusted and is often root in its namespaces; the
 * gate parses all it sends.  If a frame ever takes the gate over, what the gate
 * holds is what the guest gets.  Each stage below takes something away, and
 * stands where it stands because a later one would make it impossible:
 *
 *   no_cores -> empty_root -> few_caps -> no_growth -> landlock -> unseen
 *            -> few_calls
 *
 * "Should" is what must go on working after the stage, "must not" what it ends.
 * no_cores, few_caps, no_growth and unseen always hold.
 *
 * What is demanded.  By default each stage is tried.  slirp4netns ends if any
 * part of --enable-sandbox fails; engines give that flag and users expect what
 * it says.  So then without the empty root, and without the filter for
 * --enable-seccomp, the helper does not start.  Landlock is a second wall that
 * no flag has ever promised: if the kernel lacks or refuses it, that shows in
 * get_status and nothing else.  The control socket's directory is pinned where
 * the kernel can (Linux 5.2).
 */

struct entering {
    const struct sandbox_request *request;
    struct sandbox_state *state;
    const char *resolv_conf;
    bool shares_userns; /* with the guest, or perhaps */
    bool network_obeys; /* capabilities count in our network namespace */
};

static void set_text(char **where, const char *text)
{
    g_free(*where);
    *where = g_strdup(text);
}

static void set_fallback(char **where, const char *reason)
{
    g_free(*where);
    *where = g_strconcat("fallback: ", reason, NULL);
}

/* Takes `why`, which tells what the machine refuses; 0 if that may be. */
static int fall_back(enum want want, const char *stage, char **where,
                     GError *why, GError **err)
{
    if (want == WANT_DEMAND) {
        g_propagate_prefixed_error(err, why, "%s: ", stage);
        return -1;
    }
    log_warn("going on without %s: %s", stage, why->message);
    set_fallback(where, why->message);
    g_error_free(why);
    return 0;
}

#if SANITIZED
/* The search for leaks at exit wants /proc, and fails the process without. */
static bool has_no_proc;

int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return has_no_proc;
}
#endif

static void lost_proc(void)
{
#if SANITIZED
    has_no_proc = true;
#endif
}

/*
 * no_cores: before anything, while /proc is there.
 * Should: nothing to keep.  Must not: leave the guest's traffic, which is most
 * of our memory, in a core file.  A core handler behind a pipe ignores the
 * limit, so the pages themselves are taken out as well.
 */
static int no_cores(struct entering *e, GError **err)
{
    static const struct rlimit none = { 0, 0 };
    owned_fd filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

    (void)e;
    if (filter >= 0)
        (void)fd_write_all(filter, "0", 1);
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return error_set_errno(err, "forbid core files");
    return 0;
}

static int start_copy(struct entering *e, GError **why)
{
    e->state->copy = resolv_copy_start(e->resolv_conf, why);
    return e->state->copy == NULL ? -1 : 0;
}

/* In a mount namespace of its own; `etc_fd` leads to the new /etc. */
static int change_root(struct entering *e, int *etc_fd, GError **why)
{
    int dir_fd = e->request->control_dir_fd;
    g_autofree char *dir = dir_fd >= 0 ? jail_mount_dir_path(dir_fd) : NULL;

    if (jail_mount_unshare(e->request->guest_userns_fd, &e->state->space, why) <
        0)
        return -1;
    if (dir != NULL)
        (void)jail_mount_pin_dir(dir_fd, dir);
    return jail_mount_root(NULL, 0, etc_fd, why);
}

/*
 * empty_root: before few_caps, as it takes CAP_SYS_ADMIN, be it in a user
 * namespace of our own.
 * Should: see a copy of resolv.conf, also when it is replaced; stay in the
 * host's network namespace; remove the control socket at the end.  Must not:
 * see any file of the host, reach a UNIX socket with a name, change anything in
 * the mount namespace we came from, or be in the guest's user namespace, where
 * its root would rule over us.  (That last one is given up where nothing else
 * is possible.)
 */
static int empty_root(struct entering *e, GError **err)
{
    owned_fd etc_fd = -1;
    GError *why = NULL;

    if (e->request->sandbox == WANT_OFF)
        return 0;
    /* The copier stays behind, so it comes first. */
    if (start_copy(e, &why) < 0 || change_root(e, &etc_fd, &why) < 0) {
        resolv_copy_free(g_steal_pointer(&e->state->copy));
        return fall_back(e->request->sandbox, "the sandbox", &e->state->sandbox,
                         why, err);
    }
    if (e->state->space != JAIL_MOUNT_SAME)
        e->shares_userns = e->state->space == JAIL_MOUNT_JOINED;
    set_text(&e->state->sandbox, "on");
    lost_proc();
    return resolv_copy_into(e->state->copy, etc_fd, err);
}

/*
 * few_caps: after empty_root, before no_growth.
 * Should: bind ports below 1024 if whoever started us could.  Must not: do
 * anything else that takes a privilege.
 */
static int few_caps(struct entering *e, GError **err)
{
    bool useful = e->network_obeys && (e->state->space == JAIL_MOUNT_SAME ||
                                       strcmp(e->state->sandbox, "on") != 0);
    /*
     * Callers of --enable-sandbox look for this capability, also where it is
     * worth nothing, as in a user namespace of our own.
     */
    bool expected = e->request->sandbox == WANT_DEMAND;
    uint64_t keep = useful || expected ? JAIL_CAP(CAP_NET_BIND_SERVICE) : 0;
    struct jail_caps held;

    if (jail_caps_keep(keep, err) < 0 || jail_caps_read(&held, err) < 0)
        return -1;
    e->state->caps = held.permitted;
    e->state->caps_text = jail_caps_names(held.permitted);
    return 0;
}

/*
 * no_growth: after few_caps, before landlock and few_calls, which want it.
 * Should: nothing to keep.  Must not: gain by executing a set-id program.
 */
static int no_growth(struct entering *e, GError **err)
{
    (void)e;
    return jail_no_new_privs(err);
}

/*
 * landlock: after empty_root, which it would forbid.
 * Should: read resolv.conf, remove the control socket.  Must not: open anything
 * else, even by way of a descriptor of a directory outside, or connect to an
 * abstract UNIX socket of the host.
 */
static int landlock(struct entering *e, GError **err)
{
    /* In the host's file system: also where its links lead, as they are now. */
    g_autofree char *real = realpath(e->resolv_conf, NULL);
    g_autofree char *real_dir = real != NULL ? g_path_get_dirname(real) : NULL;
    g_autofree char *dir = g_path_get_dirname(e->resolv_conf);
    const char *readable[] = { dir, real_dir };
    struct jail_landlock_rules rules = {
        .readable = readable,
        .readable_count = real_dir != NULL ? 2 : 1,
        .removable_dir_fd = e->request->control_dir_fd,
    };
    g_autoptr(GError) why = NULL;
    int rc;

    (void)err;
    if (e->request->sandbox == WANT_OFF)
        return 0;
    rc = jail_landlock_restrict(&rules, &why);
    if (rc < 0)
        set_fallback(&e->state->landlock, why->message);
    else
        set_text(&e->state->landlock,
                 rc > 0 ? "on" : "fallback: the kernel has none");
    if (rc > 0)
        lost_proc();
    return 0;
}

/*
 * unseen: after empty_root, since it closes /proc/self/uid_map.
 * Should: let the user who started us look (ps, debuggers, scripts that read
 * /proc/PID/root) where the kernel keeps the guest out by itself: a process in
 * a user namespace below ours or beside it cannot trace us.  Must not: be
 * traced by a guest in our own user namespace.
 */
static int unseen(struct entering *e, GError **err)
{
    /* The search for leaks traces its own process. */
    if (!e->shares_userns || SANITIZED)
        return 0;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_set_errno(err, "hide from tracers");
    return 0;
}

static void announce(void)
{
    g_autofree char *fatal = jail_seccomp_fatal_calls(JAIL_SECCOMP_GATE, 0);

    printf("seccomp: The following syscalls are blocked: %s"
           " (deadly), and all others but %u\n",
           fatal, jail_seccomp_allowed_calls(JAIL_SECCOMP_GATE, 0));
    (void)fflush(stdout);
}

/*
 * few_calls: last, since the filter refuses the calls of all other stages.
 * Should: carry traffic, serve the control socket, read resolv.conf, end.  Must
 * not: start a program or process, write or make a file, make raw, packet or
 * UNIX sockets, trace or signal others, have executable memory made, or reach
 * the kernel by calls that the work does not need.
 */
static int few_calls(struct entering *e, GError **err)
{
    const struct sandbox_request *request = e->request;
    GError *why = NULL;

    if (request->seccomp == WANT_OFF)
        return 0;
    if (request->seccomp_announce)
        announce();
    if (jail_seccomp_load(JAIL_SECCOMP_GATE, 0, request->agent_pid, &why) < 0)
        return fall_back(request->seccomp, "seccomp", &e->state->seccomp, why,
                         err);
    set_text(&e->state->seccomp, "on");
    return 0;
}

static int (*const stages[])(struct entering *e, GError **err) = {
    no_cores, empty_root, few_caps, no_growth, landlock, unseen, few_calls,
};

int sandbox_enter(const struct sandbox_request *request,
                  struct sandbox_state *out, GError **err)
{
    struct entering e = {
        .request = request,
        .state = out,
        .resolv_conf = request->resolv_conf != NULL ? request->resolv_conf
                                                    : "/etc/resolv.conf",
        .shares_userns = request->guest_userns_fd < 0 ||
                         userns_is_own(request->guest_userns_fd),
        .network_obeys = netns_obeys_us(),
    };

    *out = (struct sandbox_state){
        .sandbox = g_strdup("off"),
        .landlock = g_strdup("off"),
        .seccomp = g_strdup("off"),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(stages); i++)
        if (stages[i](&e, err) < 0)
            return -1;
    return 0;
}

void sandbox_state_clear(struct sandbox_state *state)
{
    g_clear_pointer(&state->sandbox, g_free);
    g_clear_pointer(&state->landlock, g_free);
    g_clear_pointer(&state->seccomp, g_free);
    g_clear_pointer(&state->caps_text, g_free);
    resolv_copy_free(g_steal_pointer(&state->copy));
}
