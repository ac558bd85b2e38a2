/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp.h"

#include "base/own.h"
#include "kern/jail_caps.h"

#include "jail_child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/if_tun.h>

/* As sys/syscall.h of systems before Linux 5.6 has not. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

#define NOWHERE (-1L) /* a descriptor that is none: nothing can happen */

enum outcome { REFUSED, DEADLY, GRANTED };

/*
 * A system call whose arguments do no harm if it is let through: it ends in
 * EBADF, EFAULT or the like, which is how GRANTED is told from REFUSED.
 */
struct attempt {
    const char *name;
    long number;
    long args[5];
};

static void enter(enum jail_seccomp_profile profile, unsigned flags)
{
    GError *err = NULL;
    int rc = jail_no_new_privs(&err);

    g_assert_cmpint(rc, ==, 0);
    rc = jail_seccomp_load(profile, flags, 0, &err);
    g_assert_no_error(err);
    g_assert_cmpint(rc, ==, 0);
}

static long make(const struct attempt *a)
{
    return syscall(a->number, a->args[0], a->args[1], a->args[2], a->args[3],
                   a->args[4]);
}

struct trial {
    enum jail_seccomp_profile profile;
    unsigned flags;
    const struct attempt *attempt;
    enum outcome expected;
};

/* The child's exit status tells what happened to it. */
static void run_trial(void *data)
{
    const struct trial *trial = data;
    long rc;

    enter(trial->profile, trial->flags);
    errno = 0;
    rc = make(trial->attempt);
    _exit(rc == -1 && errno == EPERM ? REFUSED : GRANTED);
}

static void check(const struct trial *trial)
{
    static const char *const words[] = { "refused", "deadly", "granted" };
    int status = jail_child_status(run_trial, (void *)(uintptr_t)trial);
    enum outcome seen = GRANTED;

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        seen = DEADLY;
    else if (WIFEXITED(status))
        seen = (enum outcome)WEXITSTATUS(status);
    if (seen != trial->expected)
        g_error("%s: %s instead of %s (status %d)", trial->attempt->name,
                words[seen], words[trial->expected], status);
}

static void check_all(enum jail_seccomp_profile profile, unsigned flags,
                      const struct attempt *rows, size_t count,
                      enum outcome expected)
{
    for (size_t i = 0; i < count; i++)
        check(&(struct trial){ profile, flags, &rows[i], expected });
}

/* clang-format off */
static const struct attempt never[] = {
    { "socket AF_UNIX", SYS_socket, { AF_UNIX, SOCK_STREAM } },
    { "socket AF_PACKET", SYS_socket, { AF_PACKET, SOCK_DGRAM } },
    { "socket AF_VSOCK", SYS_socket, { 40, SOCK_STREAM } },
    { "raw socket", SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP } },
    { "raw socket 6", SYS_socket, { AF_INET6, SOCK_RAW, IPPROTO_UDP } },
    { "multipath socket", SYS_socket, { AF_INET, SOCK_STREAM, 262 } },
    { "audit netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 9 } },
    { "executable memory", SYS_mmap,
      { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, NOWHERE } },
    { "making memory executable", SYS_mprotect, { 0, 0, PROT_EXEC } },
    { "typing into a terminal", SYS_ioctl, { NOWHERE, TIOCSTI } },
    { "typing, by a request with high bits", SYS_ioctl,
      { NOWHERE, (long)(0x100000000 + TIOCSTI) } },
    { "an unknown ioctl", SYS_ioctl, { NOWHERE, 0x12345 } },
    { "attaching a filter", SYS_setsockopt, { NOWHERE, SOL_SOCKET, 26 } },
    { "TCP_ULP", SYS_setsockopt, { NOWHERE, IPPROTO_TCP, 31 } },
    { "replacing iptables", SYS_setsockopt, { NOWHERE, IPPROTO_IP, 64 } },
    { "IPV6_ADDRFORM", SYS_setsockopt, { NOWHERE, IPPROTO_IPV6, 1 } },
    { "packet option", SYS_setsockopt, { NOWHERE, 263, 1 } },
    { "signals by descriptor", SYS_fcntl, { NOWHERE, F_SETOWN, 1 } },
    { "locks", SYS_fcntl, { NOWHERE, F_SETLK, 0 } },
    { "raising limits", SYS_prlimit64, { 0, RLIMIT_NOFILE, 1 } },
    { "others' limits", SYS_prlimit64, { 1, RLIMIT_NOFILE, 0 } },
    { "setuid", SYS_setuid, { -1 } },
    { "capset", SYS_capset, { 0, 0 } },
    { "mkdirat", SYS_mkdirat, { NOWHERE, 0, 0 } },
    { "mknodat", SYS_mknodat, { NOWHERE, 0, 0 } },
    { "linkat", SYS_linkat, { NOWHERE, 0, NOWHERE, 0 } },
    { "symlinkat", SYS_symlinkat, { 0, NOWHERE, 0 } },
    { "renameat2", SYS_renameat2, { NOWHERE, 0, NOWHERE, 0 } },
    { "fchmod", SYS_fchmod, { NOWHERE, 0 } },
    { "fchdir", SYS_fchdir, { NOWHERE } },
    { "memfd_create", SYS_memfd_create, { 0, ~0L } },
    { "sethostname", SYS_sethostname, { 0, -1 } },
    { "setpriority", SYS_setpriority, { 0, 0, 0 } },
    { "personality", SYS_personality, { 0xffffffff } },
    { "seccomp", SYS_seccomp, { 0xffff } },
    { "a number beyond all", 100000, { 0 } },
    { "openat2", SYS_openat2, { NOWHERE, 1, 0, 0 } },
    { "clone3", SYS_clone3, { 0, 0 } },
#if !SANITIZED
    { "creating open", SYS_openat,
      { AT_FDCWD, 1, O_WRONLY | O_CREAT, 0600 } },
    { "truncating open", SYS_openat, { AT_FDCWD, 1, O_TRUNC } },
    { "open below a directory", SYS_openat, { NOWHERE, 1, O_RDONLY } },
    { "signals to init", SYS_kill, { 1, 0 } },
    { "signals to all", SYS_kill, { -1, 0 } },
    { "thread signals", SYS_tgkill, { 1, 1, 0 } },
    { "getdents64", SYS_getdents64, { NOWHERE, 0, 0 } },
#endif
};

/* The porter does, for whoever enters a container. */
static const struct attempt never_but_by_porter[] = {
    { "socketpair AF_UNIX", SYS_socketpair, { AF_UNIX, SOCK_DGRAM } },
#if !SANITIZED
    { "clone", SYS_clone, { SIGCHLD } },
#endif
};

static const struct attempt never_of_gate[] = {
    { "nftables", SYS_socket, { AF_NETLINK, SOCK_RAW, 12 } },
    { "TUNSETIFF", SYS_ioctl, { NOWHERE, (long)TUNSETIFF } },
    { "SO_MARK", SYS_setsockopt, { NOWHERE, SOL_SOCKET, SO_MARK } },
#if !SANITIZED
    { "writing open", SYS_openat, { AT_FDCWD, 1, O_WRONLY } },
    { "read-write open", SYS_openat, { AT_FDCWD, 1, O_RDWR } },
#endif
};

static const struct attempt never_of_agent[] = {
    { "connect", SYS_connect, { NOWHERE } },
    { "accept4", SYS_accept4, { NOWHERE } },
    { "splice", SYS_splice, { NOWHERE, 0, NOWHERE, 0, 0 } },
    { "unlinkat", SYS_unlinkat, { NOWHERE, 0, 0 } },
    { "ping socket", SYS_socket, { AF_INET, SOCK_DGRAM, IPPROTO_ICMP } },
    { "setns mnt", SYS_setns, { NOWHERE, CLONE_NEWNS } },
    { "setns user", SYS_setns, { NOWHERE, CLONE_NEWUSER } },
    { "setns any", SYS_setns, { NOWHERE, 0 } },
    { "unshare user", SYS_unshare, { CLONE_NEWUSER } },
    { "unshare net and user", SYS_unshare, { CLONE_NEWNET | CLONE_NEWUSER } },
};

static const struct attempt never_of_porter[] = {
    { "connect", SYS_connect, { NOWHERE } },
    { "accept4", SYS_accept4, { NOWHERE } },
    { "unlinkat", SYS_unlinkat, { NOWHERE, 0, 0 } },
    { "ping socket", SYS_socket, { AF_INET, SOCK_DGRAM, IPPROTO_ICMP } },
    { "nftables", SYS_socket, { AF_NETLINK, SOCK_RAW, 12 } },
    { "TUNSETIFF", SYS_ioctl, { NOWHERE, (long)TUNSETIFF } },
    { "SO_MARK", SYS_setsockopt, { NOWHERE, SOL_SOCKET, SO_MARK } },
    { "setns mnt", SYS_setns, { NOWHERE, CLONE_NEWNS } },
    { "setns pid", SYS_setns, { NOWHERE, CLONE_NEWPID } },
    { "setns any", SYS_setns, { NOWHERE, 0 } },
    { "unshare", SYS_unshare, { CLONE_NEWNET } },
#if !SANITIZED
    { "a thread", SYS_clone, { CLONE_VM | CLONE_SIGHAND | CLONE_THREAD } },
    { "a child without a signal", SYS_clone, { 0 } },
    { "a child of the gate", SYS_clone, { CLONE_PARENT | SIGCHLD } },
    { "a child in a user namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
    { "a child that is traced", SYS_clone, { CLONE_PTRACE | SIGCHLD } },
    { "writing open", SYS_openat, { AT_FDCWD, 1, O_WRONLY } },
    { "read-write open", SYS_openat, { AT_FDCWD, 1, O_RDWR } },
#endif
};

static const struct attempt never_of_copier[] = {
    { "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
    { "connect", SYS_connect, { NOWHERE } },
    { "recvmsg", SYS_recvmsg, { NOWHERE } },
    { "ioctl", SYS_ioctl, { NOWHERE, FIONREAD } },
    { "executable memory", SYS_mmap,
      { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, NOWHERE } },
    { "making memory executable", SYS_mprotect, { 0, 0, PROT_EXEC } },
    { "mkdirat", SYS_mkdirat, { NOWHERE, 0, 0 } },
    { "linkat", SYS_linkat, { NOWHERE, 0, NOWHERE, 0 } },
    { "fchmod", SYS_fchmod, { NOWHERE, 0 } },
    { "setuid", SYS_setuid, { -1 } },
#if !SANITIZED
    { "clone", SYS_clone, { SIGCHLD } },
    { "signals to init", SYS_kill, { 1, 0 } },
#endif
};

static const struct attempt never_of_finder[] = {
    { "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
    { "rtnetlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
    { "connect", SYS_connect, { NOWHERE } },
    { "unlinkat", SYS_unlinkat, { NOWHERE, 0, 0 } },
#if !SANITIZED
    { "a file to write", SYS_openat, { AT_FDCWD, 1, O_WRONLY } },
    { "a new file", SYS_openat, { AT_FDCWD, 1, O_CREAT } },
    { "below a directory", SYS_openat, { NOWHERE, 1, O_RDONLY } },
    { "clone", SYS_clone, { SIGCHLD } },
    { "signals to init", SYS_kill, { 1, SIGKILL } },
#endif
};

static const struct attempt never_of_bearer[] = {
#if !SANITIZED
    { "any file", SYS_openat, { AT_FDCWD, 1, O_RDONLY } },
    { "signals to init", SYS_kill, { 1, SIGKILL } },
#endif
    { "capset", SYS_capset, { 0 } },
    { "another filter", SYS_seccomp, { -1 } },
};

static const struct attempt deadly[] = {
    { "execve", SYS_execve, { 1, 0, 0 } },
    { "execveat", SYS_execveat, { NOWHERE, 1, 0, 0, 0 } },
    { "bpf", SYS_bpf, { -1 } },
    { "perf_event_open", SYS_perf_event_open, { 0 } },
    { "pidfd_send_signal", SYS_pidfd_send_signal, { NOWHERE } },
    { "process_vm_writev", SYS_process_vm_writev, { -1 } },
#if !SANITIZED
    { "process_vm_readv", SYS_process_vm_readv, { -1 } },
    { "ptrace", SYS_ptrace, { -1, -1 } },
#endif
    { "init_module", SYS_init_module, { 0 } },
    { "finit_module", SYS_finit_module, { NOWHERE } },
    { "delete_module", SYS_delete_module, { 1 } },
    { "io_uring_setup", SYS_io_uring_setup, { 0 } },
    { "kexec_load", SYS_kexec_load, { 0, -1, 0, -1 } },
    { "reboot", SYS_reboot, { 0 } },
    { "userfaultfd", SYS_userfaultfd, { -1 } },
    { "add_key", SYS_add_key, { 1 } },
    { "keyctl", SYS_keyctl, { -1 } },
    { "chroot", SYS_chroot, { 1 } },
    { "mount", SYS_mount, { 1, 1, 1, 0, 0 } },
    { "umount2", SYS_umount2, { 1, 0 } },
    { "pivot_root", SYS_pivot_root, { 1, 1 } },
    { "open_tree", SYS_open_tree, { NOWHERE, 1, 0 } },
    { "move_mount", SYS_move_mount, { NOWHERE, 1, NOWHERE, 1, 0 } },
    { "fsopen", SYS_fsopen, { 1, 0 } },
    { "fsmount", SYS_fsmount, { NOWHERE, 0, 0 } },
    { "fsconfig", SYS_fsconfig, { NOWHERE, 0, 0, 0, 0 } },
    { "fspick", SYS_fspick, { NOWHERE, 1, 0 } },
    { "name_to_handle_at", SYS_name_to_handle_at, { NOWHERE, 1, 0 } },
    { "open_by_handle_at", SYS_open_by_handle_at, { NOWHERE, 1, 0 } },
};

static const struct attempt deadly_but_to_porter[] = {
    { "pidfd_open", SYS_pidfd_open, { -1 } },
#if !SANITIZED
    { "prctl", SYS_prctl, { -1 } },
#endif
};

static const struct attempt deadly_when_settled[] = {
    { "setns", SYS_setns, { NOWHERE, CLONE_NEWNET } },
    { "unshare", SYS_unshare, { CLONE_NEWNET } },
};

static const struct attempt of_both[] = {
    { "read", SYS_read, { NOWHERE } },
    { "write", SYS_write, { NOWHERE } },
    { "recvmsg", SYS_recvmsg, { NOWHERE } },
    { "sendmsg", SYS_sendmsg, { NOWHERE } },
    { "fstat", SYS_fstat, { NOWHERE } },
    { "futex", SYS_futex, { 1, 0 } },
    { "getrandom", SYS_getrandom, { 1, 1, ~0L } },
    { "clock_gettime", SYS_clock_gettime, { 0xffff } },
    { "SO_REUSEADDR", SYS_setsockopt, { NOWHERE, SOL_SOCKET, SO_REUSEADDR } },
    { "TCP_NODELAY", SYS_setsockopt, { NOWHERE, IPPROTO_TCP, TCP_NODELAY } },
    { "IPV6_V6ONLY", SYS_setsockopt, { NOWHERE, IPPROTO_IPV6, IPV6_V6ONLY } },
    { "O_NONBLOCK", SYS_fcntl, { NOWHERE, F_SETFL, O_NONBLOCK } },
    { "FIONREAD", SYS_ioctl, { NOWHERE, FIONREAD } },
    { "TUNGETIFF", SYS_ioctl, { NOWHERE, (long)TUNGETIFF } },
    { "TUNGETIFF, sign-extended", SYS_ioctl,
      { NOWHERE, (long)(int32_t)TUNGETIFF } },
};

static const struct attempt of_gate[] = {
    { "accept4", SYS_accept4, { NOWHERE } },
    { "connect", SYS_connect, { NOWHERE } },
    { "splice", SYS_splice, { NOWHERE, 0, NOWHERE, 0, 0 } },
    { "tee", SYS_tee, { NOWHERE, NOWHERE } },
    { "epoll_ctl", SYS_epoll_ctl, { NOWHERE } },
    { "timerfd_settime", SYS_timerfd_settime, { NOWHERE } },
    { "unlinkat", SYS_unlinkat, { NOWHERE, 1, 0 } },
    { "open for reading", SYS_openat, { AT_FDCWD, 1, O_RDONLY | O_CLOEXEC } },
    { "open, zero-extended", SYS_openat, { (uint32_t)AT_FDCWD, 1, O_RDONLY } },
    { "F_SETPIPE_SZ", SYS_fcntl, { NOWHERE, F_SETPIPE_SZ, 4096 } },
};

static const struct attempt of_agent[] = {
    { "TUNSETIFF", SYS_ioctl, { NOWHERE, (long)TUNSETIFF } },
    { "nftables", SYS_socket, { AF_NETLINK, SOCK_RAW, 12 } },
    { "open the tun device", SYS_openat, { AT_FDCWD, 1, O_RDWR } },
    { "SO_MARK", SYS_setsockopt, { NOWHERE, SOL_SOCKET, SO_MARK } },
    { "NETLINK_EXT_ACK", SYS_setsockopt, { NOWHERE, 270, 11 } },
};

static const struct attempt of_finder[] = {
    { "pidfd_open", SYS_pidfd_open, { -1 } },
    { "open for reading", SYS_openat, { AT_FDCWD, 1, O_RDONLY | O_CLOEXEC } },
};

static const struct attempt of_bearer[] = {
    { "setns net", SYS_setns, { NOWHERE, CLONE_NEWNET } },
    { "setns user", SYS_setns, { NOWHERE, CLONE_NEWUSER } },
    { "socketpair", SYS_socketpair, { -1 } },
    { "fork", SYS_clone, { SIGCHLD } },
};

static const struct attempt of_making_agent[] = {
    { "setns", SYS_setns, { NOWHERE, CLONE_NEWNET } },
};
/* clang-format on */

#define CHECK(profile, flags, table, expected) \
    check_all(profile, flags, table, G_N_ELEMENTS(table), expected)

static void unlisted_calls_of_the_gate_are_refused(void)
{
    CHECK(JAIL_SECCOMP_GATE, 0, never, REFUSED);
    CHECK(JAIL_SECCOMP_GATE, 0, never_but_by_porter, REFUSED);
    CHECK(JAIL_SECCOMP_GATE, 0, never_of_gate, REFUSED);
}

static void unlisted_calls_of_the_agent_are_refused(void)
{
    CHECK(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, never, REFUSED);
    CHECK(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, never_but_by_porter,
          REFUSED);
    CHECK(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, never_of_agent, REFUSED);
}

static void unlisted_calls_of_the_porter_are_refused(void)
{
    CHECK(JAIL_SECCOMP_PORTER, 0, never_of_porter, REFUSED);
    CHECK(JAIL_SECCOMP_BEARER, 0, never, REFUSED);
    CHECK(JAIL_SECCOMP_BEARER, 0, never_of_porter, REFUSED);
    CHECK(JAIL_SECCOMP_BEARER, 0, never_of_bearer, REFUSED);
    CHECK(JAIL_SECCOMP_FINDER, 0, never, REFUSED);
    CHECK(JAIL_SECCOMP_FINDER, 0, never_of_finder, REFUSED);
}

static void unlisted_calls_of_the_copier_are_refused(void)
{
    CHECK(JAIL_SECCOMP_COPIER, 0, never_of_copier, REFUSED);
}

static void unlisted_calls_of_the_keeper_are_refused(void)
{
    CHECK(JAIL_SECCOMP_KEEPER, 0, never_of_copier, REFUSED);
}

static void dangerous_calls_kill(void)
{
    CHECK(JAIL_SECCOMP_PORTER, 0, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_BEARER, 0, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_BEARER, 0, deadly_but_to_porter, DEADLY);
    CHECK(JAIL_SECCOMP_FINDER, 0, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_FINDER, 0, deadly_when_settled, DEADLY);
    CHECK(JAIL_SECCOMP_COPIER, 0, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_COPIER, 0, deadly_but_to_porter, DEADLY);
    CHECK(JAIL_SECCOMP_KEEPER, 0, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_KEEPER, 0, deadly_but_to_porter, DEADLY);
    CHECK(JAIL_SECCOMP_KEEPER, 0, deadly_when_settled, DEADLY);
    CHECK(JAIL_SECCOMP_COPIER, 0, deadly_when_settled, DEADLY);
    CHECK(JAIL_SECCOMP_GATE, 0, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_GATE, 0, deadly_but_to_porter, DEADLY);
    CHECK(JAIL_SECCOMP_GATE, 0, deadly_when_settled, DEADLY);
    CHECK(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, deadly, DEADLY);
    CHECK(JAIL_SECCOMP_AGENT, 0, deadly_but_to_porter, DEADLY);
    CHECK(JAIL_SECCOMP_AGENT, 0, deadly_when_settled, DEADLY);
}

static void needed_calls_pass(void)
{
    CHECK(JAIL_SECCOMP_GATE, 0, of_both, GRANTED);
    CHECK(JAIL_SECCOMP_GATE, 0, of_gate, GRANTED);
    CHECK(JAIL_SECCOMP_AGENT, 0, of_both, GRANTED);
    CHECK(JAIL_SECCOMP_AGENT, 0, of_agent, GRANTED);
    CHECK(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES, of_making_agent,
          GRANTED);
    CHECK(JAIL_SECCOMP_PORTER, 0, of_both, GRANTED);
    CHECK(JAIL_SECCOMP_PORTER, 0, of_bearer, GRANTED);
    CHECK(JAIL_SECCOMP_PORTER, 0, of_finder, GRANTED);
    CHECK(JAIL_SECCOMP_BEARER, 0, of_both, GRANTED);
    CHECK(JAIL_SECCOMP_BEARER, 0, of_bearer, GRANTED);
    CHECK(JAIL_SECCOMP_FINDER, 0, of_finder, GRANTED);
}

/* --- a gate's life in small --- */

static int listener_on_loopback(struct sockaddr_in *at)
{
    socklen_t len = sizeof(*at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    *at = (struct sockaddr_in){ .sin_family = AF_INET };
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(fd, (struct sockaddr *)at, len), ==, 0);
    g_assert_cmpint(listen(fd, 16), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)at, &len), ==, 0);
    return fd;
}

static void carry_a_byte(void)
{
    struct sockaddr_in at;
    owned_fd listener = listener_on_loopback(&at);
    owned_fd client = socket(AF_INET, SOCK_STREAM, 0), server = -1;
    int pipe_fds[2];
    char byte = 'x';

    g_assert_cmpint(connect(client, (struct sockaddr *)&at, sizeof(at)), ==, 0);
    server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(server, >=, 0);
    g_assert_cmpint(pipe2(pipe_fds, O_CLOEXEC), ==, 0);
    g_assert_cmpint(send(client, &byte, 1, MSG_NOSIGNAL), ==, 1);
    g_assert_cmpint(splice(server, NULL, pipe_fds[1], NULL, 1, 0), ==, 1);
    byte = 0;
    g_assert_cmpint(read(pipe_fds[0], &byte, 1), ==, 1);
    g_assert_cmpint(byte, ==, 'x');
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
}

static void read_a_file(void)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "Seccomp:\t2"));
}

static void use_memory(void)
{
    for (size_t size = 16; size <= 64 * 1024 * 1024; size *= 4) {
        char *p = g_malloc(size);

        p[size - 1] = 1;
        p = g_realloc(p, size * 2);
        g_assert_cmpint(p[size - 1], ==, 1);
        g_free(p);
    }
}

static void live_as_gate(void *unused)
{
    struct ifaddrs *interfaces;
    struct epoll_event event = { .events = EPOLLIN };
    owned_fd epoll_fd = -1;

    (void)unused;
    enter(JAIL_SECCOMP_GATE, 0);
    carry_a_byte();
    read_a_file();
    use_memory();
    g_assert_cmpint(getifaddrs(&interfaces), ==, 0);
    freeifaddrs(interfaces);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    g_assert_cmpint(epoll_wait(epoll_fd, &event, 1, 0), ==, 0);
}

static void the_gate_can_do_its_work(void)
{
    jail_child_succeeds(live_as_gate, NULL);
}

static void abort_inside(void *unused)
{
    (void)unused;
    enter(JAIL_SECCOMP_GATE, 0);
    abort();
}

static void abort_still_ends_by_its_signal(void)
{
    jail_child_dies_by(SIGABRT, abort_inside, NULL);
}

static void kill_child(void *unused)
{
    pid_t child = fork();
    int status;

    (void)unused;
    if (child == 0) {
        (void)pause();
        _exit(0);
    }
    g_assert_cmpint(jail_no_new_privs(NULL), ==, 0);
    g_assert_cmpint(jail_seccomp_load(JAIL_SECCOMP_GATE, 0, child, NULL), ==,
                    0);
    if (!SANITIZED) {
        g_assert_cmpint(kill(child, SIGSTOP), ==, -1);
        g_assert_cmpint(kill(getppid(), 0), ==, -1);
    }
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
}

static void the_gate_can_end_its_agent_and_nobody_else(void)
{
    jail_child_succeeds(kill_child, NULL);
}

/* --- what is told --- */

struct refusals {
    int stderr_fd;
    unsigned count;
};

static void be_refused(void *data)
{
    const struct refusals *refusals = data;

    g_assert_cmpint(dup2(refusals->stderr_fd, STDERR_FILENO), >=, 0);
    enter(JAIL_SECCOMP_GATE, 0);
    for (unsigned i = 0; i < refusals->count; i++) {
        errno = 0;
        g_assert_cmpint(socket(AF_PACKET, SOCK_DGRAM, 8), ==, -1);
        g_assert_cmpint(errno, ==, EPERM);
    }
}

static void be_signalled(void *data)
{
    const struct refusals *refusals = data;

    g_assert_cmpint(dup2(refusals->stderr_fd, STDERR_FILENO), >=, 0);
    enter(JAIL_SECCOMP_GATE, 0);
    g_assert_cmpint(kill(getpid(), SIGSYS), ==, 0);
    g_assert_cmpint(getppid(), >, 0);
}

/* What a child that runs `body` says on its stderr. */
static char *told_by(jail_child_fn body, unsigned count)
{
    char *text = g_malloc0(65536);
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
    jail_child_succeeds(body, &(struct refusals){ ends[1], count });
    (void)close(ends[1]);
    g_assert_cmpint(read(ends[0], text, 65535), >=, 0);
    (void)close(ends[0]);
    return text;
}

static void a_refused_call_is_told(void)
{
    g_autofree char *text = told_by(be_refused, 1);
    g_autofree char *wanted = NULL;

    if (text[0] == '\0') {
        g_test_skip("not on this architecture");
        return;
    }
    wanted = g_strdup_printf("WARNING: refused system call %d (socket):"
                             " 0x11 0x2 0x8\n",
                             SYS_socket);
    g_assert_cmpstr(text, ==, wanted);
}

static void only_the_first_few_are_told(void)
{
    g_autofree char *text = told_by(be_refused, 1000);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    g_assert_cmpuint(g_strv_length(lines), <=, 21);
}

static void a_signal_from_outside_is_no_refusal(void)
{
    g_autofree char *text = told_by(be_signalled, 0);

    g_assert_cmpstr(text, ==, "");
}

#if defined(__x86_64__)
static long call_getpid_of_i386(void)
{
    long rc;

    __asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L) : "memory");
    return rc;
}

static void use_i386_entry(void *confined)
{
    if (*(const bool *)confined)
        enter(JAIL_SECCOMP_GATE, 0);
    g_assert_cmpint(call_getpid_of_i386(), >, 0);
}

static void use_x32_entry(void *unused)
{
    (void)unused;
    enter(JAIL_SECCOMP_GATE, 0);
    (void)syscall(0x40000000 | SYS_getpid);
}

static void foreign_entries_kill(void)
{
    bool confined = false;

    jail_child_dies_by(SIGSYS, use_x32_entry, NULL);
    if (jail_child_status(use_i386_entry, &confined) != 0) {
        g_test_skip("this kernel has no 32-bit entry");
        return;
    }
    confined = true;
    jail_child_dies_by(SIGSYS, use_i386_entry, &confined);
}
#endif

/* --- what it costs --- */

static long anonymous_kib(void)
{
    g_autofree char *text = NULL;
    const char *at;

    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    at = strstr(text, "RssAnon:");
    g_assert_nonnull(at);
    return strtol(at + strlen("RssAnon:"), NULL, 10);
}

static void grow_little(void *unused)
{
    long before, after;

    (void)unused;
    before = anonymous_kib();
    enter(JAIL_SECCOMP_GATE, 0);
    after = anonymous_kib();
    g_test_message("filter: %ld KiB more", after - before);
    g_assert_cmpint(after - before, <, 256);
}

static void building_it_leaves_little_memory_behind(void)
{
    if (SANITIZED)
        g_test_skip("the sanitizer keeps freed memory");
    else
        jail_child_succeeds(grow_little, NULL);
}

static void the_lists_can_be_told(void)
{
    g_autofree char *gate = jail_seccomp_fatal_calls(JAIL_SECCOMP_GATE, 0);
    g_autofree char *agent =
        jail_seccomp_fatal_calls(JAIL_SECCOMP_AGENT, JAIL_SECCOMP_NAMESPACES);
    unsigned major, minor, micro;

    g_assert_true(g_str_has_prefix(gate, "execve execveat "));
    g_assert_nonnull(strstr(gate, " setns"));
    g_assert_null(strstr(agent, " setns"));
    g_assert_cmpuint(jail_seccomp_allowed_calls(JAIL_SECCOMP_GATE, 0), >, 40);
    g_assert_cmpuint(jail_seccomp_allowed_calls(JAIL_SECCOMP_AGENT, 0), <,
                     jail_seccomp_allowed_calls(JAIL_SECCOMP_GATE, 0));
    jail_seccomp_version(&major, &minor, &micro);
    g_assert_cmpuint(major, >=, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jail_seccomp/unlisted calls of the gate are refused",
                    unlisted_calls_of_the_gate_are_refused);
    g_test_add_func("/jail_seccomp/unlisted calls of the agent are refused",
                    unlisted_calls_of_the_agent_are_refused);
    g_test_add_func("/jail_seccomp/unlisted calls of the copier are refused",
                    unlisted_calls_of_the_copier_are_refused);
    g_test_add_func("/jail_seccomp/unlisted calls of the keeper are refused",
                    unlisted_calls_of_the_keeper_are_refused);
    g_test_add_func("/jail_seccomp/unlisted calls of the porter are refused",
                    unlisted_calls_of_the_porter_are_refused);
    g_test_add_func("/jail_seccomp/dangerous calls kill", dangerous_calls_kill);
    g_test_add_func("/jail_seccomp/needed calls pass", needed_calls_pass);
    g_test_add_func("/jail_seccomp/the gate can do its work",
                    the_gate_can_do_its_work);
    g_test_add_func("/jail_seccomp/abort still ends by its signal",
                    abort_still_ends_by_its_signal);
    g_test_add_func("/jail_seccomp/the gate can end its agent and nobody else",
                    the_gate_can_end_its_agent_and_nobody_else);
    g_test_add_func("/jail_seccomp/a refused call is told",
                    a_refused_call_is_told);
    g_test_add_func("/jail_seccomp/only the first few are told",
                    only_the_first_few_are_told);
    g_test_add_func("/jail_seccomp/a signal from outside is no refusal",
                    a_signal_from_outside_is_no_refusal);
#if defined(__x86_64__)
    g_test_add_func("/jail_seccomp/foreign entries kill", foreign_entries_kill);
#endif
    g_test_add_func("/jail_seccomp/building it leaves little memory behind",
                    building_it_leaves_little_memory_behind);
    g_test_add_func("/jail_seccomp/the lists can be told",
                    the_lists_can_be_told);
    return g_test_run();
}
