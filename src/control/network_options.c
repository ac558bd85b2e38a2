/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/network_options.h"

#include "base/error.h"
#include "base/parse.h"
#include "control/values.h"

#include <string.h>

static const struct word isolate_words[] = {
    { "strict", SPEC_ISOLATE_STRICT }, { "true", SPEC_ISOLATE_TRUE },
    { "false", SPEC_ISOLATE_FALSE },   { "1", SPEC_ISOLATE_TRUE },
    { "0", SPEC_ISOLATE_FALSE },       { NULL, 0 }
};

/* Each gets what it must be when `text` is not that. */
static const char *set_bool(const char *text, bool *to)
{
    static const char *const no[] = { "false", "0", NULL };
    static const char *const yes[] = { "true", "1", NULL };

    if (!g_strv_contains(no, text) && !g_strv_contains(yes, text))
        return "must be true or false";
    *to = g_strv_contains(yes, text);
    return NULL;
}

static const char *set_number(const char *text, unsigned *to)
{
    const char *cursor = text;
    unsigned value;

    if (!parse_uint(&cursor, INT32_MAX, &value) || !parse_end(cursor))
        return "must be a number";
    *to = value;
    return NULL;
}

static const char *set_mtu(struct spec *spec, const char *text)
{
    return set_number(text, &spec->mtu);
}

static const char *set_metric(struct spec *spec, const char *text)
{
    return set_number(text, &spec->metric);
}

static const char *set_isolate(struct spec *spec, const char *text)
{
    for (const struct word *w = isolate_words; w->name != NULL; w++) {
        if (strcmp(w->name, text) == 0) {
            spec->isolate = (enum spec_isolate)w->value;
            return NULL;
        }
    }
    return "must be strict, true or false";
}

static const char *set_icc(struct spec *spec, const char *text)
{
    return set_bool(text, &spec->icc);
}

static const char *set_masquerade(struct spec *spec, const char *text)
{
    return set_bool(text, &spec->masquerade);
}

static const char *set_no_default_route(struct spec *spec, const char *text)
{
    return set_bool(text, &spec->no_default_route);
}

static const char *set_interface(struct spec *spec, const char *text)
{
    if (strlen(text) >= sizeof(spec->interface))
        return "is too long for an interface";
    (void)g_strlcpy(spec->interface, text, sizeof(spec->interface));
    return NULL;
}

static const char *set_mode(struct spec *spec, const char *text)
{
    (void)spec;
    return strcmp(text, "managed") == 0 ? NULL : "must be managed";
}

static const struct {
    const char *name;
    const char *(*set)(struct spec *spec, const char *text);
} rows[] = {
    { "mtu", set_mtu },
    { "metric", set_metric },
    { "isolate", set_isolate },
    { "icc", set_icc },
    { "masquerade", set_masquerade },
    { "no_default_route", set_no_default_route },
    { "mode", set_mode },
    { "com.docker.network.driver.mtu", set_mtu },
    { "com.docker.network.bridge.name", set_interface },
    { "com.docker.network.bridge.enable_icc", set_icc },
    { "com.docker.network.bridge.enable_ip_masquerade", set_masquerade },
};

struct reading {
    const struct json_obj *options;
    struct spec *spec;
    GError **err;
    bool failed;
};

static void set_one(struct reading *reading, const char *key, const char *text)
{
    const char *why = "there is no such option";

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, key) == 0)
            why = rows[i].set(reading->spec, text);
    if (why == NULL)
        return;
    reading->failed = true;
    json_bad(reading->options, key, reading->err, "%s", why);
}

static void read_option(void *self, const char *key,
                        const struct json_value *value)
{
    struct reading *reading = self;
    g_autofree char *text = json_as_string(value) != NULL
                                ? g_strdup(json_as_string(value))
                                : json_text(value);

    if (!reading->failed)
        set_one(reading, key, text);
}

int network_options_decode(const struct json_obj *network, struct spec *spec,
                           GError **err)
{
    struct json_obj options;
    struct reading reading = { &options, spec, err, false };

    if (!json_has(network, "options"))
        return 0;
    if (json_get_object(network, "options", &options, err) != 0)
        return -1;
    json_each(&options, read_option, &reading);
    return reading.failed ? -1 : 0;
}

static void put_number(struct json_out *out, const char *key, unsigned value,
                       unsigned usual)
{
    g_autofree char *text = g_strdup_printf("%u", value);

    if (value != usual)
        json_out_string(out, key, text);
}

void network_options_put(struct json_out *out, const struct spec *spec)
{
    put_number(out, "mtu", spec->mtu, 0);
    put_number(out, "metric", spec->metric, SPEC_METRIC_DEFAULT);
    json_out_string(out, "isolate", word_of(isolate_words, (int)spec->isolate));
    if (!spec->icc)
        json_out_string(out, "icc", "false");
    if (spec->no_default_route)
        json_out_string(out, "no_default_route", "true");
}
