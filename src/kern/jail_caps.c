/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_caps.h"

#include "base/error.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>

static void caps_free(void *caps)
{
    if (*(cap_t *)caps != NULL)
        (void)cap_free(*(cap_t *)caps);
}
#define owned_caps __attribute__((cleanup(caps_free))) cap_t

static uint64_t flag_set(cap_t caps, cap_flag_t flag)
{
    uint64_t set = 0;
    cap_flag_value_t value;

    for (cap_value_t i = 0; i < cap_max_bits(); i++)
        if (cap_get_flag(caps, i, flag, &value) == 0 && value == CAP_SET)
            set |= JAIL_CAP(i);
    return set;
}

int jail_caps_read(struct jail_caps *out, GError **err)
{
    owned_caps caps = cap_get_proc();

    if (caps == NULL)
        return error_set_errno(err, "read the capabilities held");
    *out = (struct jail_caps){
        .effective = flag_set(caps, CAP_EFFECTIVE),
        .permitted = flag_set(caps, CAP_PERMITTED),
        .inheritable = flag_set(caps, CAP_INHERITABLE),
        .no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
    };
    for (cap_value_t i = 0; i < cap_max_bits(); i++) {
        if (cap_get_bound(i) == 1)
            out->bounding |= JAIL_CAP(i);
        if (cap_get_ambient(i) == 1)
            out->ambient |= JAIL_CAP(i);
    }
    return 0;
}

/* Permitted and effective become `set`, inheritable becomes empty. */
static int hold(uint64_t set, GError **err)
{
    owned_caps caps = cap_init();

    if (caps == NULL)
        return error_set_errno(err, "prepare the capabilities to keep");
    for (cap_value_t i = 0; i < cap_max_bits(); i++) {
        if ((set & JAIL_CAP(i)) == 0)
            continue;
        (void)cap_set_flag(caps, CAP_PERMITTED, 1, &i, CAP_SET);
        (void)cap_set_flag(caps, CAP_EFFECTIVE, 1, &i, CAP_SET);
    }
    if (cap_set_proc(caps) != 0)
        return error_set_errno(err, "drop capabilities");
    return 0;
}

static int bound_to(uint64_t keep, GError **err)
{
    for (cap_value_t i = 0; i < cap_max_bits(); i++) {
        if ((keep & JAIL_CAP(i)) != 0 || cap_get_bound(i) != 1)
            continue;
        if (cap_drop_bound(i) != 0)
            return error_set_errno(
                err, "drop capability %d from the bounding set", i);
    }
    return 0;
}

int jail_caps_keep(uint64_t keep, GError **err)
{
    struct jail_caps held;

    if (jail_caps_read(&held, err) < 0)
        return -1;
    /* EINVAL: a kernel older than ambient capabilities has none to clear. */
    if (cap_reset_ambient() != 0 && errno != EINVAL)
        return error_set_errno(err, "clear the ambient capabilities");
    if ((held.permitted & JAIL_CAP(CAP_SETPCAP)) != 0) {
        /* Raised first: permitted but not effective would not do. */
        if (hold(held.permitted, err) < 0 || bound_to(keep, err) < 0)
            return -1;
    }
    return hold(held.permitted & keep, err);
}

int jail_no_new_privs(GError **err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set_errno(err, "set no_new_privs");
    return 0;
}

char *jail_caps_names(uint64_t set)
{
    GString *text = g_string_new(NULL);

    for (cap_value_t i = 0; i < 64; i++) {
        char *name;

        if ((set & JAIL_CAP(i)) == 0)
            continue;
        name = cap_to_name(i); /* a number in text for an unknown one */
        g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "",
                               name != NULL ? name : "?");
        (void)cap_free(name);
    }
    if (text->len == 0)
        g_string_append(text, "none");
    return g_string_free(text, FALSE);
}
