/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/jail_seccomp_rules.h"

#include <fcntl.h>
#include <stddef.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* How the tables of kern/jail_seccomp_rules.h are written. */

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

/* Rows: a call whatever its arguments, or by one to three conditions. */
#define CALL(call)                \
    {                             \
#call, SCMP_SYS(call), 0, \
        {                         \
            {                     \
                0                 \
            }                     \
        }                         \
    }
#define IF1(call, a)              \
    {                             \
#call, SCMP_SYS(call), 1, \
        {                         \
            a                     \
        }                         \
    }
#define IF2(call, a, b)           \
    {                             \
#call, SCMP_SYS(call), 2, \
        {                         \
            a, b                  \
        }                         \
    }
#define IF3(call, a, b, c)        \
    {                             \
#call, SCMP_SYS(call), 3, \
        {                         \
            a, b, c               \
        }                         \
    }
#define END_OF_ROWS  \
    {                \
        .name = NULL \
    }

/* The bits of socket(2)'s type that are not SOCK_NONBLOCK or SOCK_CLOEXEC. */
#define TYPE_MASK 0xf
#define INET_SOCKET(family, type, protocol) \
    IF3(socket, IS(0, family), MASKED(1, TYPE_MASK, type), IS(2, protocol))
#define NETLINK_SOCKET(protocol)   IF2(socket, IS(0, AF_NETLINK), IS(2, protocol))
#define SOCKET_OPTION(level, name) IF2(setsockopt, IS(1, level), IS(2, name))
#define IOCTL(request)             IF1(ioctl, IS(1, request))
/* Two calls on architectures of 32 bits. */
#define FCNTL(command) IF1(fcntl, IS(1, command)), IF1(fcntl64, IS(1, command))
