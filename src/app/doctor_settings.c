/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/doctor_check.h"

#include "app/config.h"
#include "app/option_table.h"

#include <glib.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PING_RANGE "/proc/sys/net/ipv4/ping_group_range"
#define LOW_PORTS  "/proc/sys/net/ipv4/ip_unprivileged_port_start"

static void found(struct doctor_finding *f, char *detail, char *remedy)
{
    f->verdict = DOCTOR_LESS;
    f->detail = detail;
    f->remedy = remedy;
}

void doctor_check_ping(struct doctor_finding *f)
{
    g_autofree char *text = NULL;
    unsigned long first = 1, last = 0;

    if (g_file_get_contents(PING_RANGE, &text, NULL, NULL) &&
        sscanf(text, "%lu %lu", &first, &last) == 2 && first <= getegid() &&
        getegid() <= last)
        return;
    found(f,
          g_strdup("this group may not, so echo requests to other machines get "
                   "no answer"),
          g_strdup("sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""));
}

void doctor_check_ports(struct doctor_finding *f)
{
    g_autofree char *text = NULL;
    unsigned long first = 1024;

    if (geteuid() == 0)
        return;
    if (g_file_get_contents(LOW_PORTS, &text, NULL, NULL))
        first = strtoul(text, NULL, 10);
    if (first <= 80)
        return;
    found(f, g_strdup_printf("ports below %lu cannot be published", first),
          g_strdup("sysctl -w net.ipv4.ip_unprivileged_port_start=80"));
}

void doctor_check_resolv_conf(struct doctor_finding *f)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) err = NULL;

    if (!g_file_get_contents("/etc/resolv.conf", &text, NULL, &err)) {
        found(f, g_strdup(err->message),
              g_strdup("echo nameserver 192.0.2.53 >/etc/resolv.conf\n"
                       "(with the address of yours)"));
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (g_str_has_prefix(*line, "nameserver") &&
            g_ascii_isspace((*line)[strlen("nameserver")]))
            return;
    }
    found(f,
          g_strdup("/etc/resolv.conf names none, so names do not resolve "
                   "inside"),
          g_strdup("echo nameserver 192.0.2.53 >>/etc/resolv.conf\n"
                   "(with the address of yours)"));
}

/* --- what engines need besides --- */

static bool may_map(const char *program)
{
    g_autofree char *path = g_find_program_in_path(program);
    struct stat st;

    if (path == NULL || stat(path, &st) != 0)
        return false;
    return (st.st_uid == 0 && (st.st_mode & S_ISUID) != 0) ||
           getxattr(path, "security.capability", NULL, 0) > 0;
}

void doctor_check_newuidmap(struct doctor_finding *f)
{
    g_autofree char *path = g_find_program_in_path("newuidmap");

    if (may_map("newuidmap") && may_map("newgidmap"))
        return;
    if (path == NULL)
        found(f, g_strdup("not installed; rootless engines need them"),
              g_strdup("apt-get install uidmap   (dnf install shadow-utils)"));
    else
        found(f, g_strdup("neither set-user-id nor with capabilities"),
              g_strdup("chmod u+s \"$(command -v newuidmap)\" "
                       "\"$(command -v newgidmap)\""));
}

/* A line begins with the user's name or number. */
static bool has_ids(const char *file, const char *user)
{
    g_autofree char *text = NULL;
    g_autofree char *number = g_strdup_printf("%u", geteuid());
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return false;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", 2);

        if (fields[0] != NULL &&
            (strcmp(fields[0], user) == 0 || strcmp(fields[0], number) == 0))
            return true;
    }
    return false;
}

void doctor_check_subids(struct doctor_finding *f)
{
    const struct passwd *entry = getpwuid(geteuid());
    const char *user = entry != NULL ? entry->pw_name : "";

    if (geteuid() == 0 ||
        (has_ids("/etc/subuid", user) && has_ids("/etc/subgid", user)))
        return;
    found(f, g_strdup("none for this user; rootless engines need them"),
          g_strdup_printf("usermod --add-subuids 100000-165535 "
                          "--add-subgids 100000-165535 %s",
                          *user != '\0' ? user : "USER"));
}

void doctor_check_config(struct doctor_finding *f)
{
    g_autofree const char **origins = g_new0(const char *, option_spec_count);
    struct options options = { .tcp = TCP_MODE_AUTO };
    g_autoptr(GError) err = NULL;

    /* With [run], which nobody else looks at before it is needed. */
    if (config_read(&options, OPTION_CALL, origins, &err) == 0)
        return;
    found(f, g_strdup(err->message),
          g_strdup("edit it; slipgate does not "
                   "start with a mistake in it"));
    f->verdict = DOCTOR_MISSING;
}
