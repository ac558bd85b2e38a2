/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include <net/if.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* clang-format off */
const struct jail_seccomp_rule jail_seccomp_sockets[] = {
    /* --- more of memory: never executable --- */
    IF1(mprotect, LACKS(2, PROT_EXEC)),
    CALL(mremap),

    /* --- more of descriptors that are there already --- */
    CALL(dup),
    FCNTL(F_DUPFD),
    FCNTL(F_DUPFD_CLOEXEC),
    FCNTL(F_GETFD),
    FCNTL(F_SETFD),
    FCNTL(F_GETFL),
    FCNTL(F_SETFL),
    CALL(fstatat64),
    CALL(statx),
    CALL(_llseek),
    CALL(lseek),
    CALL(readv),
    CALL(writev),

    /* --- clocks --- */
    CALL(clock_getres),
    CALL(clock_gettime),
    CALL(clock_gettime64),
    CALL(gettimeofday),
    CALL(time),
    CALL(clock_nanosleep),
    CALL(clock_nanosleep_time64),
    CALL(nanosleep),
    CALL(futex_time64),
    CALL(sched_yield),

    /*
     * --- new sockets ---
     * No AF_UNIX: sockets with abstract names lie in the network namespace,
     * which the gate shares with its host, and many of them trust who connects.
     * Listeners made before go on accepting.
     */
    INET_SOCKET(AF_INET, SOCK_STREAM, 0),
    INET_SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
    INET_SOCKET(AF_INET, SOCK_DGRAM, 0),
    INET_SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    INET_SOCKET(AF_INET6, SOCK_STREAM, 0),
    INET_SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    INET_SOCKET(AF_INET6, SOCK_DGRAM, 0),
    INET_SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    /* getifaddrs(3) of the gate; nearly everything the agent does. */
    NETLINK_SOCKET(NETLINK_ROUTE),

    /* --- what is done with sockets --- */
    CALL(bind),
    CALL(getpeername),
    CALL(getsockname),
    CALL(getsockopt),
    CALL(listen),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(recv),
    CALL(send),
    CALL(sendmsg),
    CALL(sendto),
    CALL(shutdown),

    SOCKET_OPTION(SOL_SOCKET, SO_BINDTODEVICE),
    SOCKET_OPTION(SOL_SOCKET, SO_BROADCAST),
    SOCKET_OPTION(SOL_SOCKET, SO_KEEPALIVE),
    SOCKET_OPTION(SOL_SOCKET, SO_LINGER),
    SOCKET_OPTION(SOL_SOCKET, SO_OOBINLINE),
    SOCKET_OPTION(SOL_SOCKET, SO_RCVBUF),
    SOCKET_OPTION(SOL_SOCKET, SO_RCVLOWAT),
    SOCKET_OPTION(SOL_SOCKET, SO_RCVTIMEO),
    SOCKET_OPTION(SOL_SOCKET, SO_REUSEADDR),
    SOCKET_OPTION(SOL_SOCKET, SO_REUSEPORT),
    SOCKET_OPTION(SOL_SOCKET, SO_SNDBUF),
    SOCKET_OPTION(SOL_SOCKET, SO_SNDTIMEO),
    /* TCP_NODELAY to TCP_CONGESTION: no TCP_ULP, no TCP_REPAIR. */
    IF2(setsockopt, IS(1, IPPROTO_TCP), AT_MOST(2, TCP_CONGESTION)),
    SOCKET_OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
    SOCKET_OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
    SOCKET_OPTION(IPPROTO_UDP, UDP_GRO),
    SOCKET_OPTION(IPPROTO_UDP, UDP_SEGMENT),
    SOCKET_OPTION(IPPROTO_IP, IP_TOS),
    SOCKET_OPTION(IPPROTO_IP, IP_TTL),
    SOCKET_OPTION(IPPROTO_IP, IP_PKTINFO),
    SOCKET_OPTION(IPPROTO_IP, IP_MTU_DISCOVER),
    SOCKET_OPTION(IPPROTO_IP, IP_RECVERR),
    SOCKET_OPTION(IPPROTO_IP, IP_RECVTTL),
    SOCKET_OPTION(IPPROTO_IP, IP_RECVTOS),
    SOCKET_OPTION(IPPROTO_IP, IP_FREEBIND),
    SOCKET_OPTION(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_FREEBIND),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_RECVERR),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_TCLASS),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
    SOCKET_OPTION(IPPROTO_IPV6, IPV6_V6ONLY),

    /* --- devices --- */
    IOCTL(FIONBIO),
    IOCTL(FIONREAD),
    IOCTL(SIOCGIFADDR),
    IOCTL(SIOCGIFFLAGS),
    IOCTL(SIOCGIFINDEX),
    IOCTL(SIOCGIFMTU),
    IOCTL(SIOCGIFNAME),
    IOCTL(TUNGETIFF),
    /* isatty(3): how stdio begins. */
    IOCTL(TCGETS),
    IOCTL(TIOCGWINSZ),

    /* --- the process itself --- */
    CALL(getegid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getpid),
    CALL(getppid),
    CALL(gettid),
    CALL(getuid),
    CALL(getrlimit),
    CALL(ugetrlimit),
    /* Reading only, and of ourselves. */
    IF2(prlimit64, IS(0, 0), IS_NULL(2)),
    END_OF_ROWS,
};
/* clang-format on */
