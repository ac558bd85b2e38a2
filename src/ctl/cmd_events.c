/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"
#include "ctl/number.h"
#include "ctl/print.h"
#include "ctl/run_verb.h"

#include <string.h>
#include <time.h>

static const char *const kinds[] = { "connection", "forward", "network",
                                     "policy", "status" };

static struct json_out *subscription(char **wanted)
{
    struct json_out *args = json_out_new();
    struct json_out *list = json_out_array(args, "events");

    for (size_t i = 0; *wanted == NULL && i < G_N_ELEMENTS(kinds); i++)
        json_out_append_string(list, kinds[i]);
    for (; *wanted != NULL; wanted++)
        json_out_append_string(list, *wanted);
    return args;
}

static void put_word(void *self, const char *key,
                     const struct json_value *value)
{
    const char *string = json_as_string(value);
    g_autofree char *text =
        string != NULL ? g_strdup(string) : json_text(value);

    (void)self;
    printf(" %s=%s", key, text);
}

static void put_clock(const struct json_obj *event)
{
    g_autofree char *text = print_member(event, "time");
    time_t seconds = (time_t)g_ascii_strtoll(text, NULL, 10);
    struct tm tm;
    char clock[16];

    localtime_r(&seconds, &tm);
    (void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    printf("%s", clock);
}

static void put_event(const struct json_obj *event)
{
    g_autofree char *name = print_member(event, "event");
    struct json_obj data;

    put_clock(event);
    printf(" %s", name);
    if (json_get_object(event, "data", &data, NULL) == 0)
        json_each(&data, put_word, NULL);
    printf("\n");
}

int ctl_events(struct ctl_call *call, GError **err)
{
    owned(json_out) args = subscription(call->args);
    struct json_obj ret, event;
    uint64_t left = UINT64_MAX;
    owned(json_value) answer = NULL;

    if (number_option(call, CTL_OPTION_COUNT, 1, &left, err) != 0)
        return -1;
    answer = talk_call(call->talk, "subscribe", args, -1, &ret, err);
    if (answer == NULL)
        return -1;
    while (left-- > 0) {
        owned(json_value) line = talk_next(call->talk, err);

        if (line == NULL)
            return *err == NULL ? 0 : -1;
        if (call->json)
            run_verb_print_json(line);
        else if (json_as_object(line, "event", &event))
            put_event(&event);
        /* A reader of ours wants it now, too. */
        if (fflush(stdout) != 0)
            return 0;
    }
    return 0;
}
