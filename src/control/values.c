/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/values.h"

#include "net/fwd_driver.h"

#include <string.h>

const struct word words_proto[] = { { "tcp", IPPROTO_TCP },
                                    { "udp", IPPROTO_UDP },
                                    { NULL, 0 } };
const struct word words_flow_proto[] = { { "tcp", IPPROTO_TCP },
                                         { "udp", IPPROTO_UDP },
                                         { "icmp", IPPROTO_ICMP },
                                         { "icmpv6", IPPROTO_ICMPV6 },
                                         { NULL, 0 } };
const struct word words_source[] = { { "keep", FWD_SOURCE_KEEP },
                                     { "gateway", FWD_SOURCE_GATEWAY },
                                     { NULL, 0 } };
const char *word_of(const struct word *words, int value)
{
    while (words->name != NULL && words->value != value)
        words++;
    return words->name;
}

static int refuse_word(const struct json_obj *args, const char *key,
                       const struct word *words, GError **err)
{
    g_autoptr(GString) text = g_string_new("must be ");

    for (const struct word *w = words; w->name != NULL; w++)
        g_string_append_printf(text, "%s\"%s\"",
                               w == words          ? ""
                               : w[1].name == NULL ? " or "
                                                   : ", ",
                               w->name);
    return json_bad(args, key, err, "%s", text->str);
}

int values_find_word(const struct json_obj *args, const char *key,
                     const struct word *words, int *value, GError **err)
{
    const char *name = NULL;

    if (json_find_string(args, key, &name, err) != 0)
        return -1;
    if (name == NULL)
        return 0;
    for (const struct word *w = words; w->name != NULL; w++) {
        if (strcmp(w->name, name) == 0) {
            *value = w->value;
            return 0;
        }
    }
    return refuse_word(args, key, words, err);
}

int values_find_addr(const struct json_obj *obj, const char *key,
                     struct ip_addr *addr, GError **err)
{
    const char *text = "";
    struct ip_addr parsed;

    if (json_find_string(obj, key, &text, err) != 0)
        return -1;
    if (*text == '\0')
        return 0;
    if (!ip_addr_parse(text, &parsed))
        return json_bad(obj, key, err, "must be an IPv4 or IPv6 address");
    *addr = ip_addr_unmap(&parsed);
    return 0;
}

void values_put_addr(struct json_out *out, const char *key,
                     const struct ip_addr *addr)
{
    char text[IP_ADDR_TEXT_MAX];

    json_out_string(out, key, ip_addr_format(addr, text));
}
