/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp.h"

#include "base/error.h"
#include "kern/jail_seccomp_rules.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static void filter_free(void *filter)
{
    if (*(scmp_filter_ctx *)filter != NULL)
        seccomp_release(*(scmp_filter_ctx *)filter);
}
#define owned_filter __attribute__((cleanup(filter_free))) scmp_filter_ctx

static unsigned who_is(enum jail_seccomp_profile profile, unsigned flags)
{
    if (profile == JAIL_SECCOMP_GATE)
        return FOR_GATE;
    if ((flags & JAIL_SECCOMP_NAMESPACES) != 0)
        return FOR_AGENT_MAKING;
    return FOR_AGENT_SETTLED;
}

static uint32_t kill_action(void)
{
    /* SCMP_ACT_KILL_PROCESS came with API level 3: Linux 4.14. */
    return seccomp_api_get() >= 3 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL;
}

/*
 * Numbers that this architecture does not have are left out by libseccomp,
 * which is why the inexact form is used.
 */
static int add_row(scmp_filter_ctx filter, uint32_t action,
                   const struct jail_seccomp_rule *rule, GError **err)
{
    int rc = seccomp_rule_add_array(filter, action, rule->number,
                                    rule->arg_count, rule->args);

    if (rc == 0 || rc == -EDOM || rc == -EEXIST)
        return 0;
    errno = -rc;
    return error_set_errno(err, "add %s to the seccomp filter", rule->name);
}

static int add_table(scmp_filter_ctx filter, uint32_t action,
                     const struct jail_seccomp_rule *table, unsigned who,
                     GError **err)
{
    for (const struct jail_seccomp_rule *rule = table; rule->name != NULL;
         rule++)
        if ((rule->who & who) != 0 && add_row(filter, action, rule, err) < 0)
            return -1;
    return 0;
}

/* As add_table(), for rows that also ask for `pid` as the first argument. */
static int add_table_on(scmp_filter_ctx filter,
                        const struct jail_seccomp_rule *table, pid_t pid,
                        unsigned who, GError **err)
{
    for (const struct jail_seccomp_rule *rule = table; rule->name != NULL;
         rule++) {
        struct jail_seccomp_rule on_pid = *rule;

        on_pid.args[on_pid.arg_count++] =
            (struct scmp_arg_cmp){ 0, SCMP_CMP_MASKED_EQ, UINT32_MAX,
                                   (scmp_datum_t)pid };
        if ((rule->who & who) != 0 &&
            add_row(filter, SCMP_ACT_ALLOW, &on_pid, err) < 0)
            return -1;
    }
    return 0;
}

static int add_allowed(scmp_filter_ctx filter, unsigned who, pid_t child,
                       GError **err)
{
    if (add_table(filter, SCMP_ACT_ALLOW, jail_seccomp_allowed, who, err) < 0 ||
        add_table_on(filter, jail_seccomp_on_self, getpid(), who, err) < 0)
        return -1;
    if (child <= 0)
        return 0;
    return add_table_on(filter, jail_seccomp_on_child, child, who, err);
}

static int set_attributes(scmp_filter_ctx filter, GError **err)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, kill_action());

    if (rc != 0) {
        errno = -rc;
        return error_set_errno(err, "refuse foreign system call entries");
    }
    /* A search tree instead of a chain; older libraries do without. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return 0;
}

static scmp_filter_ctx build(unsigned who, pid_t child, GError **err)
{
    owned_filter filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (filter == NULL) {
        error_set(err, SLIPGATE_ERROR_SYSTEM, "make a seccomp filter");
        return NULL;
    }
    if (set_attributes(filter, err) < 0 ||
        add_allowed(filter, who, child, err) < 0 ||
        add_table(filter, kill_action(), jail_seccomp_fatal, who, err) < 0)
        return NULL;
    return g_steal_pointer(&filter);
}

/* The same allowances, but what is not allowed is only logged. */
static scmp_filter_ctx build_log_only(unsigned who, pid_t child, GError **err)
{
    owned_filter filter = seccomp_init(SCMP_ACT_LOG);

    if (filter == NULL) {
        error_set(err, SLIPGATE_ERROR_SYSTEM, "make a seccomp filter");
        return NULL;
    }
    if (add_allowed(filter, who, child, err) < 0)
        return NULL;
    return g_steal_pointer(&filter);
}

int jail_seccomp_load(enum jail_seccomp_profile profile, unsigned flags,
                      pid_t child, GError **err)
{
    unsigned who = who_is(profile, flags);
    bool log_only = (flags & JAIL_SECCOMP_LOG_ONLY) != 0;
    scmp_filter_ctx filter =
        log_only ? build_log_only(who, child, err) : build(who, child, err);
    int rc;

    if (filter == NULL)
        return -1;
    rc = seccomp_load(filter);
    seccomp_release(filter);
#ifdef __GLIBC__
    /* Building takes some hundred KiB that are never needed again. */
    (void)malloc_trim(0);
#endif
    if (rc == 0)
        return 0;
    if (rc == -EINVAL || rc == -ENOSYS)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "load the seccomp filter: %s", g_strerror(-rc));
    errno = -rc;
    return error_set_errno(err, "load the seccomp filter");
}

/* --- what is told about it --- */

char *jail_seccomp_fatal_calls(enum jail_seccomp_profile profile,
                               unsigned flags)
{
    GString *text = g_string_new(NULL);
    unsigned who = who_is(profile, flags);

    for (const struct jail_seccomp_rule *rule = jail_seccomp_fatal;
         rule->name != NULL; rule++)
        if ((rule->who & who) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                                   rule->name);
    return g_string_free(text, FALSE);
}

unsigned jail_seccomp_allowed_calls(enum jail_seccomp_profile profile,
                                    unsigned flags)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned who = who_is(profile, flags);

    /* Negative numbers: not on this architecture. */
    for (const struct jail_seccomp_rule *rule = jail_seccomp_allowed;
         rule->name != NULL; rule++)
        if (rule->number >= 0 && (rule->who & who) != 0)
            g_hash_table_add(names, (gpointer)(uintptr_t)rule->name);
    return g_hash_table_size(names);
}

void jail_seccomp_version(unsigned *major, unsigned *minor, unsigned *micro)
{
    const struct scmp_version *version = seccomp_version();

    *major = version->major;
    *minor = version->minor;
    *micro = version->micro;
}
