/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/error.h"
#include "net/fwd.h"

/*
 * A driver that binds nothing: host ports below 1024 are "not permitted", and
 * 4000 to 4009 are another's; it picks 3999, then 5000.  The rest always work,
 * up to a limit that keeps a fuzzer's memory flat.  Each has three connections.
 */
#define FAKE_FORWARDS_MAX 4096

static int fake_forwards_running;

static bool fake_can_carry(void *self, const struct fwd_rule *rule)
{
    (void)self;
    return rule->guest.port != 9 && rule->source == FWD_SOURCE_KEEP &&
           (rule->host_path != NULL ||
            rule->host.addr.family == rule->guest.addr.family);
}

static void *fake_start(void *self, struct fwd_rule *rule, GError **err)
{
    static int picks;
    char text[IP_ENDPOINT_TEXT_MAX];

    if (rule->host_path == NULL && rule->host.port == 0)
        rule->host.port = picks++ % 2 == 0 ? 3999 : 5000;
    if (rule->host.port >= 4000 && rule->host.port <= 4009)
        errno = EADDRINUSE;
    else if ((rule->host_path == NULL && rule->host.port < 1024) ||
             fake_forwards_running >= FAKE_FORWARDS_MAX)
        errno = EACCES;
    else
        errno = 0;
    if (errno != 0) {
        error_set_errno(err, "bind %s", ip_endpoint_format(&rule->host, text));
        return NULL;
    }
    fake_forwards_running++;
    return self;
}

static void fake_stop(void *self, void *handle)
{
    g_assert_true(self == handle);
    fake_forwards_running--;
}

static size_t fake_connections(void *self, const void *handle)
{
    g_assert_true(self == handle);
    return 3;
}

static size_t fake_close(void *self, void *handle)
{
    return fake_connections(self, handle);
}

static const struct fwd_driver fake_driver = {
    .name = "fake",
    .self = &fake_forwards_running,
    .can_carry = fake_can_carry,
    .start = fake_start,
    .stop = fake_stop,
    .connections = fake_connections,
    .close = fake_close,
};
static const struct fwd_driver *const fake_drivers[] = { &fake_driver, NULL };
