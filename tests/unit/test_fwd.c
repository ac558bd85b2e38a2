/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_forwards.h"

static struct fwd_request request_for(uint16_t host, uint16_t guest)
{
    return (struct fwd_request){
        .rule = { .proto = IPPROTO_TCP,
                  .host = { ip_addr_v4_host(INADDR_ANY), host },
                  .guest = { ip_addr_v4_host(0x0a000264), guest } },
        .guest6 = ip_addr_v6(&in6addr_loopback),
    };
}

static void refused(struct fwd_table *table, const struct fwd_request *request,
                    enum slipgate_error code, const char *why)
{
    g_autoptr(GError) err = NULL;
    int running = fake_forwards_running;
    size_t count = fwd_count(table);

    g_assert_null(fwd_add(table, request, &err));
    g_assert_error(err, SLIPGATE_ERROR, (int)code);
    g_assert_cmpstr(err->message, ==, why);
    g_assert_cmpint(fake_forwards_running, ==, running);
    g_assert_cmpuint(fwd_count(table), ==, count);
}

static void a_row_is_had_whole_or_not_at_all(void)
{
    struct fwd_table *table = fwd_table_new(fake_drivers);
    struct fwd_request request = request_for(3990, 80);

    request.range = 11;
    refused(table, &request, SLIPGATE_ERROR_CONFLICT,
            "bind 0.0.0.0:4000: Address already in use");
    request.range = 10;
    g_assert_nonnull(fwd_add(table, &request, NULL));
    g_assert_cmpint(fake_forwards_running, ==, 10);
    request = request_for(65530, 80);
    request.range = 7;
    refused(table, &request, SLIPGATE_ERROR_BAD_REQUEST,
            "7 ports in a row go beyond 65535");
    request = request_for(2000, 65535);
    request.range = 2;
    refused(table, &request, SLIPGATE_ERROR_BAD_REQUEST,
            "2 ports in a row go beyond 65535");
    fwd_table_free(table);
    g_assert_cmpint(fake_forwards_running, ==, 0);
}

static void a_row_is_picked_where_it_fits(void)
{
    struct fwd_table *table = fwd_table_new(fake_drivers);
    struct fwd_request request = request_for(0, 80);
    const struct fwd_entry *entry;

    request.range = 3;
    entry = fwd_add(table, &request, NULL);
    g_assert_nonnull(entry);
    g_assert_cmpuint(entry->request.rule.host.port, ==, 5000);
    /* Whatever is picked now is taken: found out, and not for ever. */
    refused(table, &request, SLIPGATE_ERROR_CONFLICT,
            "bind 0.0.0.0:5001: another forward has it");
    fwd_table_free(table);
    g_assert_cmpint(fake_forwards_running, ==, 0);
}

static void nothing_is_listened_on_twice(void)
{
    struct fwd_table *table = fwd_table_new(fake_drivers);
    struct fwd_request request = request_for(6000, 80), path;

    g_assert_nonnull(fwd_add(table, &request, NULL));
    refused(table, &request, SLIPGATE_ERROR_CONFLICT,
            "bind 0.0.0.0:6000: another forward has it");
    request.rule.proto = IPPROTO_UDP;
    g_assert_nonnull(fwd_add(table, &request, NULL));
    path = request_for(0, 80);
    path.rule.host_path = "/run/x";
    g_assert_nonnull(fwd_add(table, &path, NULL));
    refused(table, &path, SLIPGATE_ERROR_CONFLICT,
            "bind /run/x: another forward has it");
    path.range = 2;
    refused(table, &path, SLIPGATE_ERROR_BAD_REQUEST,
            "a UNIX socket leads to one TCP port");
    path.range = 1;
    path.rule.host_path = "/run/y";
    fwd_table_hide_paths(table, "no files here");
    refused(table, &path, SLIPGATE_ERROR_UNAVAILABLE,
            "listen on /run/y: no files here; send a descriptor");
    fwd_table_free(table);
}

static void the_driver_is_the_one_asked_for(void)
{
    struct fwd_table *table = fwd_table_new(fake_drivers);
    struct fwd_request request = request_for(6000, 80);

    request.driver = "relay";
    refused(table, &request, SLIPGATE_ERROR_UNAVAILABLE,
            "the driver \"relay\" does not run here");
    request.driver = "fake";
    request.rule.source = FWD_SOURCE_GATEWAY;
    refused(table, &request, SLIPGATE_ERROR_UNAVAILABLE,
            "the driver \"fake\" cannot carry 0.0.0.0:6000 to 10.0.2.100:80 "
            "with the gateway as its source");
    request.rule.source = FWD_SOURCE_KEEP;
    g_assert_nonnull(fwd_add(table, &request, NULL));
    request = request_for(6001, 80);
    request.both_families = true;
    request.guest6 = request.rule.guest.addr;
    refused(table, &request, SLIPGATE_ERROR_UNAVAILABLE,
            "nothing here can carry 0.0.0.0:6001 and [::] to 10.0.2.100:80");
    fwd_table_free(table);
}

static void a_thousand_are_found_at_once(void)
{
    struct fwd_table *table = fwd_table_new(fake_drivers);
    struct fwd_request request = request_for(0, 80);

    for (uint16_t i = 0; i < 1000; i++) {
        request.rule.host.port = (uint16_t)(10000 + i);
        g_assert_nonnull(fwd_add(table, &request, NULL));
    }
    for (uint16_t i = 0; i < 1000; i += 3)
        g_assert_cmpint(fwd_remove(table, i + 1, NULL, NULL), ==, 0);
    for (uint16_t i = 0; i < 1000; i++) {
        const struct ip_endpoint host = { ip_addr_v4_host(INADDR_ANY),
                                          (uint16_t)(10000 + i) };
        const struct fwd_entry *entry =
            fwd_find(table, IPPROTO_TCP, &host, false);
        size_t count = 0;

        g_assert_true((entry == NULL) == (i % 3 == 0));
        g_assert_null(fwd_find(table, IPPROTO_TCP, &host, true));
        g_assert_null(fwd_find(table, IPPROTO_UDP, &host, false));
        g_assert_true(fwd_connections(table, i + 1, &count) == (i % 3 != 0));
        if (entry != NULL)
            g_assert_cmpuint(entry->id, ==, i + 1);
    }
    fwd_table_free(table);
    g_assert_cmpint(fake_forwards_running, ==, 0);
}

static void note_added(void *self, const struct fwd_entry *entry)
{
    g_string_append_printf(self, "+%" G_GUINT64_FORMAT, entry->id);
}

static void note_removed(void *self, const struct fwd_entry *entry)
{
    g_string_append_printf(self, "-%" G_GUINT64_FORMAT, entry->id);
}

static void who_watches_is_told(void)
{
    struct fwd_table *table = fwd_table_new(fake_drivers);
    g_autoptr(GString) seen = g_string_new(NULL);
    struct fwd_request request = request_for(6000, 80);
    size_t closed = 0;

    fwd_table_observe(table,
                      &(struct fwd_observer){ note_added, note_removed, seen });
    g_assert_nonnull(fwd_add(table, &request, NULL));
    refused(table, &request, SLIPGATE_ERROR_CONFLICT,
            "bind 0.0.0.0:6000: another forward has it");
    g_assert_cmpint(fwd_remove(table, 1, &closed, NULL), ==, 0);
    g_assert_cmpuint(closed, ==, 3);
    g_assert_cmpint(fwd_remove(table, 1, NULL, NULL), ==, -1);
    g_assert_cmpstr(seen->str, ==, "+1-1");
    fwd_table_free(table);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fwd/a row is had whole or not at all",
                    a_row_is_had_whole_or_not_at_all);
    g_test_add_func("/fwd/a row is picked where it fits",
                    a_row_is_picked_where_it_fits);
    g_test_add_func("/fwd/nothing is listened on twice",
                    nothing_is_listened_on_twice);
    g_test_add_func("/fwd/the driver is the one asked for",
                    the_driver_is_the_one_asked_for);
    g_test_add_func("/fwd/a thousand are found at once",
                    a_thousand_are_found_at_once);
    g_test_add_func("/fwd/who watches is told", who_watches_is_told);
    return g_test_run();
}
