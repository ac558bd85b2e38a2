/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/commands.h"
#include "ctl/flow_pages.h"
#include "ctl/number.h"
#include "ctl/print.h"

#include <unistd.h>

#define ROWS_MAX 20
/* From the top of the screen, and nothing below. */
#define CLEAR "\033[H\033[2J"

/* What is remembered of a flow from one look to the next. */
struct seen {
    uint64_t from_guest, to_guest;
};

struct row {
    char *proto, *guest, *peer, *carrier;
    double from_rate, to_rate; /* bytes per second */
    struct json_out *entry;    /* all that is known of it, for --json */
};

struct look {
    GHashTable *before, *now; /* id -> struct seen */
    GArray *rows;             /* of struct row */
    double seconds;           /* since the look before */
};

static void row_clear(void *data)
{
    struct row *row = data;

    g_free(row->proto);
    g_free(row->guest);
    g_free(row->peer);
    g_free(row->carrier);
    json_out_free(row->entry);
}

static double rate(uint64_t now, uint64_t before, double seconds)
{
    return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

static void put_rates(struct json_out *out, double from, double to)
{
    json_out_uint(out, "from_guest_per_s", (uint64_t)from);
    json_out_uint(out, "to_guest_per_s", (uint64_t)to);
}

static void note_flow(void *self, const struct json_obj *flow, uint64_t id)
{
    struct look *look = self;
    struct seen *seen = g_new0(struct seen, 1);
    const struct seen *before =
        g_hash_table_lookup(look->before, GSIZE_TO_POINTER(id));
    struct row row = { 0 };

    (void)json_find_uint(flow, "bytes_from_guest", 0, JSON_UINT_MAX,
                         &seen->from_guest, NULL);
    (void)json_find_uint(flow, "bytes_to_guest", 0, JSON_UINT_MAX,
                         &seen->to_guest, NULL);
    g_hash_table_insert(look->now, GSIZE_TO_POINTER(id), seen);
    row.from_rate =
        rate(seen->from_guest, before ? before->from_guest : 0, look->seconds);
    row.to_rate =
        rate(seen->to_guest, before ? before->to_guest : 0, look->seconds);
    row.proto = print_member(flow, "proto");
    row.guest = print_endpoint(flow, "guest_addr", "guest_port");
    row.peer = print_endpoint(flow, "peer_addr", "peer_port");
    row.carrier = print_member(flow, "carrier");
    row.entry = json_out_new();
    json_out_copy_members(row.entry, flow);
    put_rates(row.entry, row.from_rate, row.to_rate);
    g_array_append_val(look->rows, row);
}

static int by_rate(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    double difference =
        right->from_rate + right->to_rate - left->from_rate - left->to_rate;

    return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

static char *rate_text(double bytes_per_s)
{
    g_autofree char *text = print_bytes((uint64_t)bytes_per_s);

    return g_strdup_printf("%s/s", text);
}

static void show_rows(const struct look *look)
{
    static const char *const heads[] = { "<PROTO",     "<GUEST",   "<PEER",
                                         "FROM-GUEST", "TO-GUEST", "<CARRIER",
                                         NULL };
    struct table *table = table_new(heads);

    for (guint i = 0; i < MIN(look->rows->len, ROWS_MAX); i++) {
        const struct row *row = &g_array_index(look->rows, struct row, i);

        table_add(table, g_strdup(row->proto));
        table_add(table, g_strdup(row->guest));
        table_add(table, g_strdup(row->peer));
        table_add(table, rate_text(row->from_rate));
        table_add(table, rate_text(row->to_rate));
        table_add(table, g_strdup(row->carrier));
    }
    table_print_free(table, stdout);
}

static void show_json(const struct look *look, double from, double to)
{
    owned(json_out) out = json_out_new();
    struct json_out *entries;
    g_autofree char *text = NULL;

    json_out_uint(out, "flows", look->rows->len);
    put_rates(out, from, to);
    entries = json_out_array(out, "entries");
    for (guint i = 0; i < MIN(look->rows->len, ROWS_MAX); i++)
        json_out_merge(json_out_append_object(entries),
                       g_array_index(look->rows, struct row, i).entry);
    text = json_out_text(out);
    printf("%s\n", text);
}

static void show(struct look *look, bool json)
{
    g_autofree char *from_text = NULL, *to_text = NULL;
    double from = 0, to = 0;

    g_array_sort(look->rows, by_rate);
    for (guint i = 0; i < look->rows->len; i++) {
        from += g_array_index(look->rows, struct row, i).from_rate;
        to += g_array_index(look->rows, struct row, i).to_rate;
    }
    if (json) {
        show_json(look, from, to);
    } else {
        from_text = rate_text(from);
        to_text = rate_text(to);
        printf("%s%u flows, %s from the guest, %s to it\n",
               isatty(STDOUT_FILENO) ? CLEAR : "", look->rows->len, from_text,
               to_text);
        show_rows(look);
    }
    (void)fflush(stdout);
}

static int take_look(struct ctl_call *call, struct look *look, GError **err)
{
    int rc;

    look->now = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    look->rows = g_array_new(FALSE, FALSE, sizeof(struct row));
    g_array_set_clear_func(look->rows, row_clear);
    rc = flow_pages_each(call, note_flow, look, err);
    if (rc == 0)
        show(look, call->json);
    g_array_free(look->rows, TRUE);
    g_hash_table_destroy(look->before);
    look->before = look->now;
    return rc;
}

int ctl_top(struct ctl_call *call, GError **err)
{
    uint64_t interval_s = 2, left = UINT64_MAX;
    struct look look = { .before =
                             g_hash_table_new_full(NULL, NULL, NULL, g_free) };
    gint64 last_us = 0;
    int rc = 0;

    if (number_option(call, CTL_OPTION_INTERVAL, 1, &interval_s, err) != 0 ||
        number_option(call, CTL_OPTION_COUNT, 1, &left, err) != 0)
        rc = -1;
    while (rc == 0 && left-- > 0) {
        gint64 now_us = g_get_monotonic_time();

        look.seconds = last_us == 0 ? 0 : (double)(now_us - last_us) / 1e6;
        last_us = now_us;
        rc = take_look(call, &look, err);
        if (rc == 0 && left > 0)
            (void)sleep((unsigned)interval_s);
    }
    g_hash_table_destroy(look.before);
    return rc;
}
