/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/fast_path.h"

#include "base/error.h"
#include "base/log.h"
#include "base/own.h"
#include "kern/rtnl_watch.h"
#include "net/fwd_relay.h"
#include "net/intercept.h"
#include "net/socket_stock.h"

#include <errno.h>
#include <sys/epoll.h>

struct fast_path {
    struct loop *loop;
    struct loop_watch news;
    int news_fd;
    void (*gone)(void *self);
    void *self;
    struct agent *agent;
    struct pump *pump;
    struct relay_table *relays;
    struct socket_stock *stock;
    struct intercept *intercept;
    struct fwd_relay *forwards;
};

static void inject(void *self, const uint8_t *data, size_t len)
{
    struct fast_path *fast = self;

    pump_inject(fast->pump, data, len);
}

static void unheard(void *self)
{
    struct fast_path *fast = self;
    g_autoptr(GError) err = NULL;

    if (agent_relay_refresh(fast->agent, &err) != 0)
        LOG_LIMITED("the guest does not answer: %s", err->message);
}

static void take_names(void *self, int fd, const struct ip_endpoint *guest)
{
    struct fast_path *fast = self;

    dns_guest_take_stream(pump_names(fast->pump), fd, guest);
}

static void news_ready(void *self, uint32_t events)
{
    struct fast_path *fast = self;

    (void)events;
    if (!rtnl_watch_deleted(fast->news_fd, AGENT_RELAY_GUEST_LINK))
        return;
    loop_unwatch(fast->loop, &fast->news);
    fast->gone(fast->self);
}

static int watch_news(struct fast_path *fast, GError **err)
{
    int rc = loop_watch(fast->loop, &fast->news, fast->news_fd, EPOLLIN);

    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "watch the guest's interface");
}

static int start_intercept(struct fast_path *fast, struct loop *loop,
                           const struct fast_path_config *config, GError **err)
{
    struct agent_relay *relay = &config->attachment->relay;
    const struct intercept_config intercept = {
        .plan = config->plan,
        .outbound = config->outbound,
        .outbound6 = config->outbound6,
        .budget = config->budget,
        .segments = config->segments,
        .listener_fd = own_release_fd(&relay->listener_fd),
        .listener6_fd = own_release_fd(&relay->listener6_fd),
        .inject = inject,
        .unheard = unheard,
        .names = take_names,
        .self = fast,
    };

    fast->intercept =
        intercept_new(loop, fast->relays, &intercept, config->stats, err);
    return fast->intercept == NULL ? -1 : 0;
}

struct fast_path *fast_path_new(struct loop *loop,
                                const struct fast_path_config *config,
                                GError **err)
{
    const struct attachment *attachment = config->attachment;
    struct fast_path *fast;
    struct fwd_relay_config forwards = { .plan = config->plan,
                                         .policy = config->policy,
                                         .stats = config->stats,
                                         .budget = config->budget,
                                         .segments = config->segments,
                                         .unheard = unheard };

    if (attachment->relay.listener_fd < 0)
        return NULL;
    fast = g_new0(struct fast_path, 1);
    fast->loop = loop;
    fast->agent = attachment->agent;
    fast->news_fd = own_release_fd(&config->attachment->relay.news_fd);
    fast->news = (struct loop_watch){ .ready = news_ready, .self = fast };
    fast->gone = config->gone;
    fast->self = config->self;
    fast->stock = socket_stock_new(attachment->agent);
    fast->relays = relay_table_new(loop, config->observer);
    relay_table_count_in(fast->relays, config->budget);
    relay_table_number_from(fast->relays, &config->stats->flows_opened);
    forwards.stock = fast->stock;
    forwards.relays = fast->relays;
    forwards.ipv6 = attachment->relay.listener6_fd >= 0;
    forwards.self = fast;
    fast->forwards = fwd_relay_new(loop, &forwards);
    if (watch_news(fast, err) == 0 &&
        start_intercept(fast, loop, config, err) == 0)
        return fast;
    fast_path_free(fast);
    return NULL;
}

void fast_path_free(struct fast_path *fast)
{
    if (fast == NULL)
        return;
    loop_unwatch(fast->loop, &fast->news);
    own_close(&fast->news_fd);
    fwd_relay_free(fast->forwards);
    intercept_free(fast->intercept);
    relay_table_free(fast->relays);
    socket_stock_free(fast->stock);
    g_free(fast);
}

void fast_path_set_pump(struct fast_path *fast, struct pump *pump)
{
    fast->pump = pump;
}

bool fast_path_take_tcp(void *self, struct frame *f)
{
    struct fast_path *fast = self;

    return intercept_take(fast->intercept, f);
}

struct fwd_driver fast_path_fwd_driver(struct fast_path *fast)
{
    return fwd_relay_driver(fast->forwards);
}

struct relay_table *fast_path_relays(struct fast_path *fast)
{
    return fast->relays;
}

void fast_path_policy_narrowed(struct fast_path *fast)
{
    intercept_drop_held(fast->intercept);
}

size_t fast_path_descriptors(const struct fast_path *fast)
{
    return 2 * relay_count(fast->relays) + intercept_pending(fast->intercept);
}
