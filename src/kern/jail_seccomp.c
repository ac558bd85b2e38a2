/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp.h"

#include "base/error.h"
#include "base/heap.h"
#include "kern/jail_seccomp_rules.h"
#include "kern/jail_seccomp_tell.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void filter_free(void *filter)
{
    if (*(scmp_filter_ctx *)filter != NULL)
        seccomp_release(*(scmp_filter_ctx *)filter);
}
#define owned_filter __attribute__((cleanup(filter_free))) scmp_filter_ctx

/* What a process may and must not do: tables of jail_seccomp_rules.h. */
struct list {
    const struct jail_seccomp_rule *allowed[6];
    const struct jail_seccomp_rule *on_child;
    const struct jail_seccomp_rule *fatal[4];
};

/* clang-format off */
static const struct list lists[] = {
    [JAIL_SECCOMP_GATE] = {
        { jail_seccomp_any, jail_seccomp_sockets, jail_seccomp_gate,
          jail_seccomp_sanitizers },
        jail_seccomp_gate_on_child,
        { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_pidfd, jail_seccomp_fatal_settled },
    },
    [JAIL_SECCOMP_AGENT] = {
        { jail_seccomp_any, jail_seccomp_sockets, jail_seccomp_agent,
          jail_seccomp_sanitizers },
        NULL,
        { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_pidfd, jail_seccomp_fatal_settled },
    },
    [JAIL_SECCOMP_PORTER] = {
        { jail_seccomp_any, jail_seccomp_sockets, jail_seccomp_finder,
          jail_seccomp_bearer, jail_seccomp_porter,
          jail_seccomp_sanitizers },
        NULL,
        { jail_seccomp_fatal },
    },
    [JAIL_SECCOMP_FINDER] = {
        { jail_seccomp_any, jail_seccomp_finder, jail_seccomp_sanitizers },
        NULL,
        { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_settled },
    },
    [JAIL_SECCOMP_BEARER] = {
        { jail_seccomp_any, jail_seccomp_sockets, jail_seccomp_bearer,
          jail_seccomp_sanitizers },
        NULL,
        { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_pidfd },
    },
    [JAIL_SECCOMP_COPIER] = {
        { jail_seccomp_any, jail_seccomp_copier, jail_seccomp_sanitizers },
        NULL,
        { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_pidfd, jail_seccomp_fatal_settled },
    },
    [JAIL_SECCOMP_KEEPER] = {
        { jail_seccomp_any, jail_seccomp_keeper, jail_seccomp_sanitizers },
        NULL,
        { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_pidfd, jail_seccomp_fatal_settled },
    },
};

/* The agent's, while it may make and join namespaces. */
static const struct list making_agent_list = {
    { jail_seccomp_any, jail_seccomp_sockets, jail_seccomp_agent,
      jail_seccomp_agent_making, jail_seccomp_sanitizers },
    NULL,
    { jail_seccomp_fatal, jail_seccomp_fatal_prctl,
          jail_seccomp_fatal_pidfd },
};
/* clang-format on */

static const struct list *list_of(enum jail_seccomp_profile profile,
                                  unsigned flags)
{
    if (profile == JAIL_SECCOMP_AGENT && (flags & JAIL_SECCOMP_NAMESPACES) != 0)
        return &making_agent_list;
    return &lists[profile];
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
                     const struct jail_seccomp_rule *rule, GError **err)
{
    for (; rule->name != NULL; rule++)
        if (add_row(filter, action, rule, err) < 0)
            return -1;
    return 0;
}

static int add_tables(scmp_filter_ctx filter, uint32_t action,
                      const struct jail_seccomp_rule *const *tables,
                      size_t count, GError **err)
{
    for (size_t i = 0; i < count && tables[i] != NULL; i++)
        if (add_table(filter, action, tables[i], err) < 0)
            return -1;
    return 0;
}

/* As add_table(), for rows that also ask for `pid` as the first argument. */
static int add_table_on(scmp_filter_ctx filter,
                        const struct jail_seccomp_rule *rule, pid_t pid,
                        GError **err)
{
    for (; rule->name != NULL; rule++) {
        struct jail_seccomp_rule on_pid = *rule;

        on_pid.args[on_pid.arg_count++] =
            (struct scmp_arg_cmp){ 0, SCMP_CMP_MASKED_EQ, UINT32_MAX,
                                   (scmp_datum_t)pid };
        if (add_row(filter, SCMP_ACT_ALLOW, &on_pid, err) < 0)
            return -1;
    }
    return 0;
}

static int add_allowed(scmp_filter_ctx filter, const struct list *list,
                       pid_t child, GError **err)
{
    if (add_tables(filter, SCMP_ACT_ALLOW, list->allowed,
                   G_N_ELEMENTS(list->allowed), err) < 0 ||
        add_table_on(filter, jail_seccomp_on_self, getpid(), err) < 0)
        return -1;
    if (child <= 0 || list->on_child == NULL)
        return 0;
    return add_table_on(filter, list->on_child, child, err);
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

static scmp_filter_ctx build(const struct list *list, pid_t child,
                             uint32_t refusal, GError **err)
{
    owned_filter filter = seccomp_init(refusal);

    if (filter == NULL) {
        error_set(err, SLIPGATE_ERROR_SYSTEM, "make a seccomp filter");
        return NULL;
    }
    if (set_attributes(filter, err) < 0 ||
        add_allowed(filter, list, child, err) < 0 ||
        add_tables(filter, kill_action(), list->fatal,
                   G_N_ELEMENTS(list->fatal), err) < 0)
        return NULL;
    return g_steal_pointer(&filter);
}

int jail_seccomp_load(enum jail_seccomp_profile profile, unsigned flags,
                      pid_t child, GError **err)
{
    uint32_t refusal =
        jail_seccomp_tell_refusals() ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EPERM);
    scmp_filter_ctx filter =
        build(list_of(profile, flags), child, refusal, err);
    int rc;

    if (filter == NULL)
        return -1;
    rc = seccomp_load(filter);
    seccomp_release(filter);
    /* Building takes some hundred KiB that are never needed again. */
    heap_trim();
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
    const struct list *list = list_of(profile, flags);

    for (size_t i = 0; i < G_N_ELEMENTS(list->fatal) && list->fatal[i] != NULL;
         i++)
        for (const struct jail_seccomp_rule *rule = list->fatal[i];
             rule->name != NULL; rule++)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                                   rule->name);
    return g_string_free(text, FALSE);
}

static void add_names(GHashTable *names, const struct jail_seccomp_rule *rule)
{
    /* Negative numbers: not on this architecture. */
    for (; rule->name != NULL; rule++)
        if (rule->number >= 0)
            g_hash_table_add(names, (gpointer)(uintptr_t)rule->name);
}

unsigned jail_seccomp_allowed_calls(enum jail_seccomp_profile profile,
                                    unsigned flags)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    const struct list *list = list_of(profile, flags);

    for (size_t i = 0;
         i < G_N_ELEMENTS(list->allowed) && list->allowed[i] != NULL; i++)
        add_names(names, list->allowed[i]);
    add_names(names, jail_seccomp_on_self);
    return g_hash_table_size(names);
}

void jail_seccomp_version(unsigned *major, unsigned *minor, unsigned *micro)
{
    const struct scmp_version *version = seccomp_version();

    *major = version->major;
    *minor = version->minor;
    *micro = version->micro;
}
