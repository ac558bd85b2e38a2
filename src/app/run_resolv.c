/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/run_resolv.h"

#include <glib.h>
#include <string.h>

static const char *const kept[] = { "search", "domain", "options" };

static bool is_kept(const char *line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        if (g_str_has_prefix(line, kept[i]) &&
            g_ascii_isspace(line[strlen(kept[i])]))
            return true;
    }
    return false;
}

char *run_resolv_conf(const struct plan *plan, const char *host)
{
    g_auto(GStrv) lines = g_strsplit(host != NULL ? host : "", "\n", -1);
    GString *out = g_string_new("# made by slipgate for this namespace\n");
    char dns[IP_ADDR_TEXT_MAX];

    g_string_append_printf(out, "nameserver %s\n",
                           ip_addr_format(&plan->dns, dns));
    for (char **line = lines; *line != NULL; line++) {
        if (is_kept(*line))
            g_string_append_printf(out, "%s\n", *line);
    }
    return g_string_free(out, FALSE);
}
