/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/sandbox.h"

#include "base/own.h"
#include "kern/jail_caps.h"
#include "kern/jail_landlock.h"

#include "jail_child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Everything below happens in worlds of the tests' own; see jail_child.h. */

static const struct sandbox_request all_demanded = {
    .sandbox = WANT_DEMAND,
    .seccomp = WANT_DEMAND,
    .guest_userns_fd = -1,
    .control_dir_fd = -1,
};

static void outside(void)
{
    jail_child_own_world();
    jail_child_tmpfs("/etc");
    jail_child_tmpfs("/run");
    g_assert_cmpint(mkdir("/run/dns", 0755), ==, 0);
    g_assert_cmpint(mkdir("/run/control", 0755), ==, 0);
    jail_child_write("/run/dns/resolv.conf", "first");
    jail_child_write("/run/control/socket", "");
    jail_child_write("/run/control/secret", "");
    g_assert_cmpint(symlink("/run/dns/resolv.conf", "/etc/resolv.conf"), ==, 0);
}

static void give_up_powers(void)
{
    g_assert_cmpint(jail_caps_keep(0, NULL), ==, 0);
}

static struct sandbox_state enter(const struct sandbox_request *request)
{
    struct sandbox_state state;
    GError *err = NULL;
    int rc = sandbox_enter(request, &state, &err);

    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
    return state;
}

static void assert_readable(const char *path, bool readable)
{
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd >= 0, ==, readable);
}

/* --- what the gate is left with --- */

static void enter_all(void *privileged)
{
    const char *landlock =
        jail_landlock_abi() > 0 ? "on" : "fallback: the kernel has none";
    struct sandbox_state state;

    outside();
    if (!*(const bool *)privileged)
        give_up_powers();
    state = enter(&all_demanded);
    g_assert_cmpstr(state.sandbox, ==, "on");
    g_assert_cmpstr(state.seccomp, ==, "on");
    g_assert_cmpstr(state.landlock, ==, landlock);
    g_assert_cmpint(state.space, ==,
                    *(const bool *)privileged ? JAIL_MOUNT_SAME
                                              : JAIL_MOUNT_OWN);
    g_assert_cmphex(state.caps, ==, JAIL_CAP(CAP_NET_BIND_SERVICE));
    assert_readable("/etc/resolv.conf", true);
    assert_readable("/run/control/socket", false);
    assert_readable("/proc/self/status", false);
    g_assert_cmpint(socket(AF_UNIX, SOCK_STREAM, 0), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    sandbox_state_clear(&state);
}

static void everything_is_in_force_when_demanded(void)
{
    bool privileged = false;

    jail_child_succeeds(enter_all, &privileged);
    privileged = true;
    jail_child_succeeds(enter_all, &privileged);
}

static void enter_with_control_dir(void *privileged)
{
    struct sandbox_request request = all_demanded;
    struct stat st;
    int fd;

    outside();
    if (!*(const bool *)privileged)
        give_up_powers();
    fd = open("/run/control", O_PATH | O_DIRECTORY | O_CLOEXEC);
    request.control_dir_fd = fd;
    request.seccomp = WANT_OFF;
    (void)enter(&request);
    /* Without seccomp, so that the other walls are seen to hold by themselves.
     */
    g_assert_cmpint(openat(fd, "secret", O_RDONLY), ==, -1);
    g_assert_cmpint(fstatat(fd, "../dns/resolv.conf", &st, 0), ==, -1);
    g_assert_cmpint(openat(fd, "new", O_WRONLY | O_CREAT, 0600), ==, -1);
    g_assert_cmpint(unlinkat(fd, "socket", 0), ==, 0);
}

static void only_the_control_socket_can_be_removed(void)
{
    bool privileged = false;

    if (jail_landlock_abi() == 0) {
        g_test_skip("this kernel has no landlock");
        return;
    }
    jail_child_succeeds(enter_with_control_dir, &privileged);
    privileged = true;
    jail_child_succeeds(enter_with_control_dir, &privileged);
}

static void enter_without_flags(void *unused)
{
    static const struct sandbox_request none = { .guest_userns_fd = -1,
                                                 .control_dir_fd = -1 };
    struct sandbox_state state;
    struct jail_caps held;
    struct rlimit limit;

    (void)unused;
    outside();
    state = enter(&none);
    g_assert_cmpstr(state.sandbox, ==, "off");
    g_assert_cmpstr(state.landlock, ==, "off");
    g_assert_cmpstr(state.seccomp, ==, "off");
    g_assert_cmpint(jail_caps_read(&held, NULL), ==, 0);
    /* The network is the host's: in this user namespace none is of use. */
    g_assert_cmphex(held.effective | held.permitted | held.bounding, ==, 0);
    g_assert_true(held.no_new_privs);
    g_assert_cmpint(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), ==, SANITIZED);
    g_assert_cmpint(getrlimit(RLIMIT_CORE, &limit), ==, 0);
    g_assert_cmpuint(limit.rlim_cur + limit.rlim_max, ==, 0);
    assert_readable("/run/control/socket", true);
    sandbox_state_clear(&state);
}

static void some_stages_need_no_flag(void)
{
    jail_child_succeeds(enter_without_flags, NULL);
}

static void hold_nothing(void *unused)
{
    struct sandbox_request request = all_demanded;
    struct sandbox_state state;

    (void)unused;
    outside();
    give_up_powers();
    request.sandbox = WANT_TRY;
    state = enter(&request);
    g_assert_cmpstr(state.sandbox, ==, "on");
    g_assert_cmphex(state.caps, ==, 0);
    g_assert_cmpstr(state.caps_text, ==, "none");
    sandbox_state_clear(&state);
}

static void a_plain_users_gate_holds_no_capability(void)
{
    jail_child_succeeds(hold_nothing, NULL);
}

static void bind_low_port(void *want)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(7) };
    struct sandbox_request request = all_demanded;
    owned_fd fd = -1;

    jail_child_own_world();
    g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
    request.sandbox = *(const enum want *)want;
    (void)enter(&request);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
}

static void whoever_could_bind_low_ports_still_can(void)
{
    enum want wants[] = { WANT_OFF, WANT_TRY, WANT_DEMAND };

    for (size_t i = 0; i < G_N_ELEMENTS(wants); i++)
        jail_child_succeeds(bind_low_port, &wants[i]);
}

static void keep_network(void *unused)
{
    struct stat before, after;
    owned_fd fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    (void)unused;
    outside();
    g_assert_cmpint(fstat(fd, &before), ==, 0);
    give_up_powers();
    {
        struct sandbox_request request = all_demanded;
        owned_fd dir = open("/proc/self/ns", O_PATH | O_DIRECTORY);

        request.seccomp = WANT_OFF;
        (void)enter(&request);
        g_assert_cmpint(fstatat(dir, "net", &after, 0), ==, 0);
    }
    g_assert_cmpuint(before.st_ino, ==, after.st_ino);
}

static void the_network_namespace_stays(void)
{
    jail_child_succeeds(keep_network, NULL);
}

/* --- what the machine refuses --- */

static void forbid_new_userns(void)
{
    jail_child_write("/proc/sys/user/max_user_namespaces", "0");
    give_up_powers();
}

static void demand_the_impossible(void *unused)
{
    struct sandbox_state state;
    g_autoptr(GError) err = NULL;

    (void)unused;
    outside();
    forbid_new_userns();
    g_assert_cmpint(sandbox_enter(&all_demanded, &state, &err), ==, -1);
    g_assert_cmpstr(err->message, ==,
                    "the sandbox: make a user and mount namespace: "
                    "No space left on device");
    sandbox_state_clear(&state);
}

static void a_demanded_stage_that_is_refused_is_an_error(void)
{
    jail_child_succeeds(demand_the_impossible, NULL);
}

static void try_the_impossible(void *unused)
{
    struct sandbox_request request = all_demanded;
    struct sandbox_state state;

    (void)unused;
    outside();
    forbid_new_userns();
    request.sandbox = WANT_TRY;
    state = enter(&request);
    g_assert_true(g_str_has_prefix(
        state.sandbox, "fallback: make a user and mount namespace: "));
    g_assert_cmpstr(state.seccomp, ==, "on");
    /* Landlock is what is left, and it still shows resolv.conf. */
    assert_readable("/etc/resolv.conf", true);
    assert_readable("/run/control/secret", strcmp(state.landlock, "on") != 0);
    sandbox_state_clear(&state);
}

static void a_tried_stage_that_is_refused_is_told(void)
{
    jail_child_succeeds(try_the_impossible, NULL);
}

/* --- the guest's root --- */

struct siege {
    int pair[2]; /* gate, guest */
    bool sandbox;
    bool forbid_own_userns;
};

static void meet(int fd)
{
    char byte = 0;
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    g_assert_cmpint(write(fd, &byte, 1), ==, 1);
    g_assert_cmpint(poll(&wait, 1, 10000), ==, 1);
    g_assert_cmpint(read(fd, &byte, 1), ==, 1);
}

static void assert_out_of_reach(pid_t pid, const char *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, file);

    g_assert_cmpint(open(path, O_RDONLY | O_CLOEXEC), ==, -1);
    g_assert_true(errno == EACCES || errno == EPERM);
}

/* The gate's process is our parent. */
static void attack(struct siege *siege)
{
    pid_t gate = getppid();

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    jail_child_own_world();
    meet(siege->pair[1]);
    meet(siege->pair[1]);
    assert_out_of_reach(gate, "mem");
    assert_out_of_reach(gate, "root/");
    assert_out_of_reach(gate, "ns/mnt");
    g_assert_cmpint(syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, gate, 0, 0), ==,
                    -1);
    g_assert_cmpint(errno, ==, EPERM);
    _exit(0);
}

static int open_userns_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/user", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void hold_out(void *data)
{
    struct siege *siege = data;
    struct sandbox_request request = all_demanded;
    int status;
    pid_t guest;

    outside();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, siege->pair), ==, 0);
    guest = fork();
    if (guest == 0)
        attack(siege);
    meet(siege->pair[0]);
    request.guest_userns_fd = open_userns_of(guest);
    request.sandbox = siege->sandbox ? WANT_DEMAND : WANT_OFF;
    request.seccomp = WANT_OFF;
    if (siege->forbid_own_userns)
        forbid_new_userns();
    else
        give_up_powers();
    (void)enter(&request);
    meet(siege->pair[0]);
    g_assert_cmpint(waitpid(guest, &status, 0), ==, guest);
    g_assert_cmpint(status, ==, 0);
}

static void the_guests_root_cannot_reach_in(void)
{
    struct siege sieges[] = {
        { .sandbox = true },
        { .sandbox = false },
#if !SANITIZED
        { .sandbox = true, .forbid_own_userns = true },
#endif
    };

    for (size_t i = 0; i < G_N_ELEMENTS(sieges); i++)
        jail_child_succeeds(hold_out, &sieges[i]);
}

/* --- who may look --- */

static void stay_visible(void *unused)
{
    struct siege siege = { .sandbox = true };
    g_autofree char *path = NULL;
    pid_t gate;

    (void)unused;
    outside();
    give_up_powers();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, siege.pair), ==, 0);
    gate = fork();
    if (gate == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)enter(&(struct sandbox_request){ .sandbox = WANT_DEMAND,
                                               .guest_userns_fd = -1,
                                               .control_dir_fd = -1 });
        meet(siege.pair[1]);
        meet(siege.pair[1]);
        _exit(0);
    }
    meet(siege.pair[0]);
    path = g_strdup_printf("/proc/%d/root/etc", (int)gate);
    g_assert_cmpint(access(path, F_OK), ==, 0);
    meet(siege.pair[0]);
    g_assert_cmpint(waitpid(gate, NULL, 0), ==, gate);
}

static void whoever_started_it_may_look(void)
{
    jail_child_succeeds(stay_visible, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/everything is in force when demanded",
                    everything_is_in_force_when_demanded);
    g_test_add_func("/sandbox/only the control socket can be removed",
                    only_the_control_socket_can_be_removed);
    g_test_add_func("/sandbox/some stages need no flag",
                    some_stages_need_no_flag);
    g_test_add_func("/sandbox/whoever could bind low ports still can",
                    whoever_could_bind_low_ports_still_can);
    g_test_add_func("/sandbox/a plain user's gate holds no capability",
                    a_plain_users_gate_holds_no_capability);
    g_test_add_func("/sandbox/the network namespace stays",
                    the_network_namespace_stays);
    g_test_add_func("/sandbox/a demanded stage that is refused is an error",
                    a_demanded_stage_that_is_refused_is_an_error);
    g_test_add_func("/sandbox/a tried stage that is refused is told",
                    a_tried_stage_that_is_refused_is_told);
    g_test_add_func("/sandbox/the guest's root cannot reach in",
                    the_guests_root_cannot_reach_in);
    g_test_add_func("/sandbox/whoever started it may look",
                    whoever_started_it_may_look);
    return g_test_run();
}
