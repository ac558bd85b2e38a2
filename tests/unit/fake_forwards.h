/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/error.h"
#include "net/fwd.h"

/*
 * A driver that binds nothing: host ports below 1024 are "not permitted", the
 * rest always work, up to a limit that keeps a fuzzer's memory flat.
 */
#define FAKE_FORWARDS_MAX 64

static int fake_forwards_running;

static bool fake_can_carry(void *self, const struct fwd_rule *rule)
{
    (void)self;
    return rule->guest.port != 9;
}

static void *fake_start(void *self, struct fwd_rule *rule, GError **err)
{
    char text[IP_ENDPOINT_TEXT_MAX];

    if (rule->host.port < 1024 || fake_forwards_running >= FAKE_FORWARDS_MAX) {
        errno = EACCES;
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

static const struct fwd_driver fake_driver = {
    .name = "fake",
    .self = &fake_forwards_running,
    .can_carry = fake_can_carry,
    .start = fake_start,
    .stop = fake_stop,
};
static const struct fwd_driver *const fake_drivers[] = { &fake_driver, NULL };
