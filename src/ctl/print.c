/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/print.h"

#include <glib.h>
#include <string.h>

struct table {
    const char *const *heads;
    guint columns;
    GPtrArray *cells;
};

struct table *table_new(const char *const *heads)
{
    struct table *table = g_new0(struct table, 1);

    table->heads = heads;
    table->columns = g_strv_length((char **)(uintptr_t)heads);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void table_add(struct table *table, char *text)
{
    g_ptr_array_add(table->cells, text);
}

static bool is_left(const char *head)
{
    return head[0] == '<';
}

static const char *title(const char *head)
{
    return head + is_left(head);
}

static int width_of(const struct table *table, guint column)
{
    size_t width = strlen(title(table->heads[column]));

    for (guint i = column; i < table->cells->len; i += table->columns)
        width = MAX(width, strlen(g_ptr_array_index(table->cells, i)));
    return (int)width;
}

static void put_cell(const struct table *table, FILE *out, guint column,
                     int width, const char *text)
{
    bool last = column + 1 == table->columns;

    if (!is_left(table->heads[column]))
        fprintf(out, "%*s", width, text);
    else
        fprintf(out, "%-*s", last ? 0 : width, text);
    fputs(last ? "\n" : "  ", out);
}

void table_print_free(struct table *table, FILE *out)
{
    g_autofree int *widths = g_new(int, table->columns);

    for (guint c = 0; c < table->columns; c++)
        widths[c] = width_of(table, c);
    for (guint c = 0; c < table->columns && table->cells->len > 0; c++)
        put_cell(table, out, c, widths[c], title(table->heads[c]));
    for (guint i = 0; i < table->cells->len; i++)
        put_cell(table, out, i % table->columns, widths[i % table->columns],
                 g_ptr_array_index(table->cells, i));
    g_ptr_array_free(table->cells, TRUE);
    g_free(table);
}

/* --- values --- */

static char *text_of(const struct json_value *value)
{
    const char *string = json_as_string(value);

    if (string != NULL)
        return g_strdup(string);
    return value != NULL ? json_text(value) : g_strdup("-");
}

char *print_member(const struct json_obj *obj, const char *key)
{
    return text_of(json_member(obj, key));
}

char *print_bytes(uint64_t bytes)
{
    static const char units[] = " KMGTPE";
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1000 && units[unit + 1] != '\0') {
        value /= 1000;
        unit++;
    }
    if (unit == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
    return g_strdup_printf("%.*f%c", value < 10 ? 1 : 0, value, units[unit]);
}

char *print_age(uint64_t seconds)
{
    unsigned s = (unsigned)(seconds % 60), m = (unsigned)(seconds / 60 % 60);
    uint64_t h = seconds / 3600;

    if (h > 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "h%02um", h, m);
    return m > 0 ? g_strdup_printf("%um%02us", m, s)
                 : g_strdup_printf("%us", s);
}

char *print_endpoint(const struct json_obj *obj, const char *addr_key,
                     const char *port_key)
{
    g_autofree char *addr = print_member(obj, addr_key);
    g_autofree char *port = print_member(obj, port_key);

    return g_strdup_printf(strchr(addr, ':') ? "[%s]:%s" : "%s:%s", addr, port);
}

struct lines {
    FILE *out;
    const char *prefix;
};

static void put_line(void *self, const char *key,
                     const struct json_value *value)
{
    const struct lines *lines = self;
    g_autofree char *name = g_strconcat(lines->prefix, key, NULL);
    g_autofree char *text = NULL;
    struct json_obj obj;

    if (json_as_object(value, key, &obj)) {
        g_autofree char *prefix = g_strconcat(name, ".", NULL);
        struct lines inner = { lines->out, prefix };

        json_each(&obj, put_line, &inner);
        return;
    }
    text = text_of(value);
    fprintf(lines->out, "%-26s %s\n", name, text);
}

void print_members(FILE *out, const struct json_obj *obj)
{
    struct lines lines = { out, "" };

    json_each(obj, put_line, &lines);
}
