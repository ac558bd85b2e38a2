/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rules.h"

#include "base/sanitized.h"

#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
/* The bits of socket(2)'s type that are not SOCK_NONBLOCK or SOCK_CLOEXEC. */
#define TYPE_MASK 0xf
/* Read-only opens have none of these (O_TMPFILE needs write access). */
#define OPEN_CHANGES (O_ACCMODE | O_CREAT | O_TRUNC)

/*
 * Conditions.  The kernel takes int arguments from the low half of a register
 * and ignores the rest, so that half alone is compared.
 */
#define IS(arg, value)                                         \
    {                                                          \
        arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)(value) \
    }
#define LACKS(arg, bits)                             \
    {                                                \
        arg, SCMP_CMP_MASKED_EQ, (uint32_t)(bits), 0 \
    }
#define MASKED(arg, mask, value)             \
    {                                        \
        arg, SCMP_CMP_MASKED_EQ, mask, value \
    }
#define AT_MOST(arg, value)        \
    {                              \
        arg, SCMP_CMP_LE, value, 0 \
    }
#define IS_NULL(arg)           \
    {                          \
        arg, SCMP_CMP_EQ, 0, 0 \
    }

#define CALL(who, call)                \
    {                                  \
#call, SCMP_SYS(call), who, 0, \
        {                              \
            {                          \
                0                      \
            }                          \
        }                              \
    }
#define IF1(who, call, a)              \
    {                                  \
#call, SCMP_SYS(call), who, 1, \
        {                              \
            a                          \
        }                              \
    }
#define IF2(who, call, a, b)           \
    {                                  \
#call, SCMP_SYS(call), who, 2, \
        {                              \
            a, b                       \
        }                              \
    }
#define IF3(who, call, a, b, c)        \
    {                                  \
#call, SCMP_SYS(call), who, 3, \
        {                              \
            a, b, c                    \
        }                              \
    }

#define INET_SOCKET(who, family, type, protocol) \
    IF3(who, socket, IS(0, family), MASKED(1, TYPE_MASK, type), IS(2, protocol))
#define SOCKET_OPTION(who, level, name) \
    IF2(who, setsockopt, IS(1, level), IS(2, name))
#define IOCTL(who, request) IF1(who, ioctl, IS(1, request))
#define FCNTL(who, command) \
    IF1(who, fcntl, IS(1, command)), IF1(who, fcntl64, IS(1, command))

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_allowed[] = {
    /* --- memory: never executable --- */
    CALL(FOR_BOTH, brk),
    CALL(FOR_BOTH, madvise),
    IF1(FOR_BOTH, mmap, LACKS(2, PROT_EXEC)),
    IF1(FOR_BOTH, mmap2, LACKS(2, PROT_EXEC)),
    IF1(FOR_BOTH, mprotect, LACKS(2, PROT_EXEC)),
    CALL(FOR_BOTH, mremap),
    CALL(FOR_BOTH, munmap),

    /* --- descriptors that are there already --- */
    CALL(FOR_BOTH, close),
    CALL(FOR_BOTH, dup),
    FCNTL(FOR_BOTH, F_DUPFD),
    FCNTL(FOR_BOTH, F_DUPFD_CLOEXEC),
    FCNTL(FOR_BOTH, F_GETFD),
    FCNTL(FOR_BOTH, F_SETFD),
    FCNTL(FOR_BOTH, F_GETFL),
    FCNTL(FOR_BOTH, F_SETFL),
    FCNTL(FOR_GATE, F_GETPIPE_SZ),
    FCNTL(FOR_GATE, F_SETPIPE_SZ),
    CALL(FOR_BOTH, fstat),
    CALL(FOR_BOTH, fstat64),
    CALL(FOR_BOTH, _llseek),
    CALL(FOR_BOTH, lseek),
    CALL(FOR_BOTH, read),
    CALL(FOR_BOTH, readv),
    CALL(FOR_BOTH, write),
    CALL(FOR_BOTH, writev),
    CALL(FOR_GATE, pread64),
    CALL(FOR_GATE, pipe2),
    CALL(FOR_GATE, splice),
    CALL(FOR_GATE, tee),

    /*
     * --- files ---
     * The gate opens resolv.conf again and again, and never writes a file.  A
     * directory that is open may lie outside its root: nothing may be opened
     * from there, and only the control socket be removed.
     */
    IF1(FOR_GATE, open, LACKS(1, OPEN_CHANGES)),
    IF2(FOR_GATE, openat, IS(0, AT_FDCWD), LACKS(2, OPEN_CHANGES)),
    CALL(FOR_GATE, stat),
    CALL(FOR_GATE, stat64),
    CALL(FOR_GATE, lstat),
    CALL(FOR_GATE, lstat64),
    CALL(FOR_BOTH, newfstatat),
    CALL(FOR_BOTH, fstatat64),
    CALL(FOR_BOTH, statx),
    CALL(FOR_GATE, unlinkat),
    /* The agent opens the tun device and, later, settings below /proc/sys. */
    IF1(FOR_AGENT, open, LACKS(1, O_CREAT | O_TRUNC)),
    IF2(FOR_AGENT, openat, IS(0, AT_FDCWD), LACKS(2, O_CREAT | O_TRUNC)),

    /* --- waiting, clocks, chance --- */
    CALL(FOR_BOTH, clock_getres),
    CALL(FOR_BOTH, clock_gettime),
    CALL(FOR_BOTH, clock_gettime64),
    CALL(FOR_BOTH, gettimeofday),
    CALL(FOR_BOTH, time),
    CALL(FOR_BOTH, clock_nanosleep),
    CALL(FOR_BOTH, clock_nanosleep_time64),
    CALL(FOR_BOTH, nanosleep),
    CALL(FOR_GATE, epoll_create1),
    CALL(FOR_GATE, epoll_ctl),
    CALL(FOR_GATE, epoll_pwait),
#ifdef __SNR_epoll_pwait2
    CALL(FOR_GATE, epoll_pwait2),
#endif
    CALL(FOR_GATE, epoll_wait),
    CALL(FOR_GATE, eventfd2),
    CALL(FOR_GATE, signalfd4),
    CALL(FOR_GATE, timerfd_create),
    CALL(FOR_GATE, timerfd_gettime),
    CALL(FOR_GATE, timerfd_gettime64),
    CALL(FOR_GATE, timerfd_settime),
    CALL(FOR_GATE, timerfd_settime64),
    CALL(FOR_BOTH, poll),
    CALL(FOR_BOTH, ppoll),
    CALL(FOR_BOTH, ppoll_time64),
    CALL(FOR_BOTH, futex),
    CALL(FOR_BOTH, futex_time64),
    CALL(FOR_BOTH, getrandom),
    CALL(FOR_BOTH, sched_yield),

    /*
     * --- new sockets ---
     * No AF_UNIX: sockets with abstract names lie in the network namespace,
     * which the gate shares with its host, and many of them trust who connects.
     * Listeners made before go on accepting.
     */
    INET_SOCKET(FOR_BOTH, AF_INET, SOCK_STREAM, 0),
    INET_SOCKET(FOR_BOTH, AF_INET, SOCK_STREAM, IPPROTO_TCP),
    INET_SOCKET(FOR_BOTH, AF_INET, SOCK_DGRAM, 0),
    INET_SOCKET(FOR_BOTH, AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    INET_SOCKET(FOR_GATE, AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
    INET_SOCKET(FOR_BOTH, AF_INET6, SOCK_STREAM, 0),
    INET_SOCKET(FOR_BOTH, AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    INET_SOCKET(FOR_BOTH, AF_INET6, SOCK_DGRAM, 0),
    INET_SOCKET(FOR_BOTH, AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    INET_SOCKET(FOR_GATE, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
    /* getifaddrs(3) of the gate; everything the agent does. */
    IF2(FOR_BOTH, socket, IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE)),
    IF2(FOR_AGENT, socket, IS(0, AF_NETLINK), IS(2, NETLINK_NETFILTER)),

    /* --- what is done with sockets --- */
    CALL(FOR_GATE, accept),
    CALL(FOR_GATE, accept4),
    CALL(FOR_BOTH, bind),
    CALL(FOR_GATE, connect),
    CALL(FOR_BOTH, getpeername),
    CALL(FOR_BOTH, getsockname),
    CALL(FOR_BOTH, getsockopt),
    CALL(FOR_BOTH, listen),
    CALL(FOR_BOTH, recvfrom),
    CALL(FOR_BOTH, recvmsg),
    CALL(FOR_GATE, recvmmsg),
    CALL(FOR_GATE, recvmmsg_time64),
    CALL(FOR_BOTH, recv),
    CALL(FOR_BOTH, send),
    CALL(FOR_GATE, sendmmsg),
    CALL(FOR_BOTH, sendmsg),
    CALL(FOR_BOTH, sendto),
    CALL(FOR_BOTH, shutdown),

    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_BINDTODEVICE),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_BROADCAST),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_KEEPALIVE),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_LINGER),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_OOBINLINE),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_RCVBUF),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_RCVLOWAT),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_RCVTIMEO),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_REUSEADDR),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_REUSEPORT),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_SNDBUF),
    SOCKET_OPTION(FOR_BOTH, SOL_SOCKET, SO_SNDTIMEO),
    SOCKET_OPTION(FOR_AGENT, SOL_SOCKET, SO_MARK),
    SOCKET_OPTION(FOR_AGENT, SOL_SOCKET, SO_RCVBUFFORCE),
    SOCKET_OPTION(FOR_AGENT, SOL_SOCKET, SO_SNDBUFFORCE),
    /* TCP_NODELAY to TCP_CONGESTION: no TCP_ULP, no TCP_REPAIR. */
    IF2(FOR_BOTH, setsockopt, IS(1, IPPROTO_TCP), AT_MOST(2, TCP_CONGESTION)),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_TCP, TCP_USER_TIMEOUT),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_TCP, TCP_NOTSENT_LOWAT),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_UDP, UDP_GRO),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_UDP, UDP_SEGMENT),
    /* IP_TOS to IP_BIND_ADDRESS_NO_PORT: no multicast, no tables. */
    IF2(FOR_BOTH, setsockopt, IS(1, IPPROTO_IP),
        AT_MOST(2, IP_BIND_ADDRESS_NO_PORT)),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_FREEBIND),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_MTU_DISCOVER),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_RECVERR),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_RECVPKTINFO),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_TCLASS),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_TRANSPARENT),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_UNICAST_HOPS),
    SOCKET_OPTION(FOR_BOTH, IPPROTO_IPV6, IPV6_V6ONLY),
    IF2(FOR_AGENT, setsockopt, IS(1, SOL_NETLINK), AT_MOST(2, 12)),

    /* --- devices --- */
    IOCTL(FOR_BOTH, FIONBIO),
    IOCTL(FOR_BOTH, FIONREAD),
    IOCTL(FOR_GATE, SIOCOUTQ),
    IOCTL(FOR_BOTH, SIOCGIFADDR),
    IOCTL(FOR_BOTH, SIOCGIFFLAGS),
    IOCTL(FOR_AGENT, SIOCGIFHWADDR),
    IOCTL(FOR_BOTH, SIOCGIFINDEX),
    IOCTL(FOR_BOTH, SIOCGIFMTU),
    IOCTL(FOR_BOTH, SIOCGIFNAME),
    IOCTL(FOR_BOTH, TUNGETIFF),
    IOCTL(FOR_AGENT, NS_GET_NSTYPE),
    IOCTL(FOR_AGENT, SIOCSIFTXQLEN),
    IOCTL(FOR_AGENT, TUNGETFEATURES),
    IOCTL(FOR_AGENT, TUNSETIFF),
    IOCTL(FOR_AGENT, TUNSETOFFLOAD),
    IOCTL(FOR_AGENT, TUNSETPERSIST),
    IOCTL(FOR_AGENT, TUNSETVNETHDRSZ),
    /* isatty(3): how stdio begins. */
    IOCTL(FOR_BOTH, TCGETS),
    IOCTL(FOR_BOTH, TIOCGWINSZ),

    /* --- the process itself --- */
    CALL(FOR_BOTH, exit),
    CALL(FOR_BOTH, exit_group),
    CALL(FOR_BOTH, restart_syscall),
    CALL(FOR_BOTH, rt_sigaction),
    CALL(FOR_BOTH, rt_sigprocmask),
    CALL(FOR_BOTH, rt_sigreturn),
    CALL(FOR_BOTH, sigreturn),
    CALL(FOR_BOTH, getegid),
    CALL(FOR_BOTH, geteuid),
    CALL(FOR_BOTH, getgid),
    CALL(FOR_BOTH, getpid),
    CALL(FOR_BOTH, getppid),
    CALL(FOR_BOTH, gettid),
    CALL(FOR_BOTH, getuid),
    CALL(FOR_GATE, getrusage),
    CALL(FOR_BOTH, getrlimit),
    CALL(FOR_BOTH, ugetrlimit),
    /* Reading only, and of ourselves. */
    IF2(FOR_BOTH, prlimit64, IS(0, 0), IS_NULL(2)),
    /* The gate reaps the agent. */
    CALL(FOR_GATE, wait4),
    CALL(FOR_GATE, waitid),

    /* --- the agent's rooms --- */
    IF1(FOR_AGENT_MAKING, setns, IS(1, CLONE_NEWNET)),
    IF1(FOR_AGENT_MAKING, unshare, IS(0, CLONE_NEWNET)),

#if SANITIZED
    /* --- the sanitizers: their reports, and their search for leaks at exit. */
    CALL(FOR_BOTH, clone),
    CALL(FOR_BOTH, getcwd),
    CALL(FOR_BOTH, getdents),
    CALL(FOR_BOTH, getdents64),
    CALL(FOR_BOTH, kill),
    CALL(FOR_BOTH, open),
    CALL(FOR_BOTH, openat),
    CALL(FOR_BOTH, pipe),
    CALL(FOR_BOTH, pipe2),
    CALL(FOR_BOTH, prctl),
    CALL(FOR_BOTH, process_vm_readv),
    CALL(FOR_BOTH, ptrace),
    CALL(FOR_BOTH, readlink),
    CALL(FOR_BOTH, readlinkat),
    CALL(FOR_BOTH, sched_getaffinity),
    CALL(FOR_BOTH, setrlimit),
    CALL(FOR_BOTH, sigaltstack),
    CALL(FOR_BOTH, tgkill),
    CALL(FOR_BOTH, wait4),
#endif
    { .name = NULL },
};

/* abort(3) and raise(3). */
const struct jail_seccomp_rule jail_seccomp_on_self[] = {
    CALL(FOR_BOTH, kill),
    CALL(FOR_BOTH, tgkill),
    { .name = NULL },
};

/* Ends an agent that does not answer. */
const struct jail_seccomp_rule jail_seccomp_on_child[] = {
    IF1(FOR_GATE, kill, IS(1, SIGKILL)),
    { .name = NULL },
};

/*
 * Whoever makes one of these is not our code: new programs, other processes'
 * memory, the kernel itself, mounts, and ways around files' names.
 */
const struct jail_seccomp_rule jail_seccomp_fatal[] = {
    CALL(FOR_BOTH, execve),
    CALL(FOR_BOTH, execveat),

    CALL(FOR_BOTH, lookup_dcookie),
    CALL(FOR_BOTH, perf_event_open),
    CALL(FOR_BOTH, pidfd_open),
    CALL(FOR_BOTH, pidfd_send_signal),
#ifdef __SNR_pidfd_getfd
    CALL(FOR_BOTH, pidfd_getfd),
#endif
#if !SANITIZED
    CALL(FOR_BOTH, prctl),
    CALL(FOR_BOTH, process_vm_readv),
    CALL(FOR_BOTH, ptrace),
#endif
    CALL(FOR_BOTH, process_vm_writev),

    CALL(FOR_BOTH, bpf),
    CALL(FOR_BOTH, delete_module),
    CALL(FOR_BOTH, finit_module),
    CALL(FOR_BOTH, init_module),
    CALL(FOR_BOTH, io_uring_enter),
    CALL(FOR_BOTH, io_uring_register),
    CALL(FOR_BOTH, io_uring_setup),
    CALL(FOR_BOTH, kexec_file_load),
    CALL(FOR_BOTH, kexec_load),
    CALL(FOR_BOTH, reboot),
    CALL(FOR_BOTH, userfaultfd),

    CALL(FOR_BOTH, add_key),
    CALL(FOR_BOTH, keyctl),
    CALL(FOR_BOTH, request_key),

    CALL(FOR_BOTH, chroot),
    CALL(FOR_BOTH, fsconfig),
    CALL(FOR_BOTH, fsmount),
    CALL(FOR_BOTH, fsopen),
    CALL(FOR_BOTH, fspick),
    CALL(FOR_BOTH, mount),
#ifdef __SNR_mount_setattr
    CALL(FOR_BOTH, mount_setattr),
#endif
    CALL(FOR_BOTH, move_mount),
    CALL(FOR_BOTH, name_to_handle_at),
    CALL(FOR_BOTH, open_by_handle_at),
    CALL(FOR_BOTH, open_tree),
    CALL(FOR_BOTH, pivot_root),
    CALL(FOR_BOTH, umount),
    CALL(FOR_BOTH, umount2),

    CALL(FOR_SETTLED, setns),
    CALL(FOR_SETTLED, unshare),
    { .name = NULL },
};
/* clang-format on */
