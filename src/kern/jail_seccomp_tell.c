/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_tell.h"

#include "kern/jail_seccomp_rules.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* A guest that owns the gate must not fill the disk with these. */
#define TELL_MAX 20

/* Where a system call's arguments and its result are, by the ABI. */
#if defined(__x86_64__)
#define RESULT(mc) (mc)->gregs[REG_RAX]
#define ARG0(mc)   (mc)->gregs[REG_RDI]
#define ARG1(mc)   (mc)->gregs[REG_RSI]
#define ARG2(mc)   (mc)->gregs[REG_RDX]
#elif defined(__aarch64__)
#define RESULT(mc) (mc)->regs[0]
#define ARG0(mc)   (mc)->regs[0]
#define ARG1(mc)   (mc)->regs[1]
#define ARG2(mc)   (mc)->regs[2]
#endif

#ifdef RESULT
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

static int told;

static const char *find(const struct jail_seccomp_rule *rule, int number)
{
    for (; rule->name != NULL; rule++)
        if (rule->number == number)
            return rule->name;
    return NULL;
}

/* Only of calls that our lists name somewhere: resolving others would take
   memory, which a signal handler must not. */
static const char *name_of(int number)
{
    static const struct jail_seccomp_rule *const tables[] = {
        jail_seccomp_any,    jail_seccomp_sockets,
        jail_seccomp_gate,   jail_seccomp_fatal_settled,
        jail_seccomp_agent,  jail_seccomp_agent_making,
        jail_seccomp_porter, jail_seccomp_copier,
        jail_seccomp_keeper, jail_seccomp_on_self,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        const char *name = find(tables[i], number);

        if (name != NULL)
            return name;
    }
    return "?";
}

static void put_text(char *line, size_t size, const char *text)
{
    (void)g_strlcat(line, text, size);
}

static void put_number(char *line, size_t size, uint64_t value, unsigned base)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put_text(line, size, &digits[at]);
}

/* No stdio here: the call may have come from within it. */
static void tell(int number, const mcontext_t *mc)
{
    const uint64_t args[] = { (uint64_t)ARG0(mc), (uint64_t)ARG1(mc),
                              (uint64_t)ARG2(mc) };
    char line[160] = "WARNING: refused system call ";

    put_number(line, sizeof(line), (unsigned)number, 10);
    put_text(line, sizeof(line), " (");
    put_text(line, sizeof(line), name_of(number));
    put_text(line, sizeof(line), "):");
    for (size_t i = 0; i < G_N_ELEMENTS(args); i++) {
        put_text(line, sizeof(line), " 0x");
        put_number(line, sizeof(line), args[i], 16);
    }
    put_text(line, sizeof(line), "\n");
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return;
}

static void on_refusal(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    int saved = errno;

    (void)signal;
    if (info->si_code != SYS_SECCOMP)
        return; /* somebody's kill(2) */
    if (told < TELL_MAX) {
        told++;
        tell(info->si_syscall, &interrupted->uc_mcontext);
    }
    RESULT(&interrupted->uc_mcontext) =
        (__typeof__(RESULT(&interrupted->uc_mcontext)))-EPERM;
    errno = saved;
}

bool jail_seccomp_tell_refusals(void)
{
    struct sigaction action = { .sa_sigaction = on_refusal,
                                .sa_flags = SA_SIGINFO | SA_RESTART };
    sigset_t own;

    (void)sigfillset(&action.sa_mask);
    (void)sigemptyset(&own);
    (void)sigaddset(&own, SIGSYS);
    /* A blocked SIGSYS would kill instead. */
    return sigaction(SIGSYS, &action, NULL) == 0 &&
           sigprocmask(SIG_UNBLOCK, &own, NULL) == 0;
}

#else
bool jail_seccomp_tell_refusals(void)
{
    return false;
}
#endif
