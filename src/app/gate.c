/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate.h"

#include "app/attach.h"
#include "app/banner.h"
#include "app/outbound.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "control/server.h"
#include "control/verbs_hostfwd.h"
#include "control/verbs_status.h"
#include "kern/loop.h"
#include "kern/signals.h"
#include "kern/target.h"
#include "net/fwd.h"
#include "net/policy.h"
#include "net/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

struct gate {
    const struct options *options;
    struct plan plan;
    struct policy policy;
    struct ip_addr outbound, outbound6;
    struct attachment attachment;
    struct loop *loop;
    struct signals *signals;
    struct target *target;
    struct loop_watch exit_watch, agent_watch;
    struct stats stats;
    struct pump *pump;
    struct fwd_driver slirp_driver;
    const struct fwd_driver *drivers[2];
    struct fwd_table *forwards;
    struct verbs *verbs;
    struct server *server;
    int64_t started_ns;
};

/* --- what ends the helper --- */

static void on_signal(void *self, int number)
{
    struct gate *gate = self;

    (void)number;
    loop_stop(gate->loop, EXIT_SUCCESS);
}

static void on_exit_fd(void *self, uint32_t events)
{
    struct gate *gate = self;

    (void)events;
    log_info("exitfd event");
    loop_stop(gate->loop, EXIT_SUCCESS);
}

static void on_target_gone(void *self)
{
    struct gate *gate = self;

    log_info("the target (%s) is gone: ending", gate->attachment.target);
    loop_stop(gate->loop, EXIT_SUCCESS);
}

static void on_agent_gone(void *self, uint32_t events)
{
    struct gate *gate = self;

    (void)events;
    log_info("the agent (pid %d) is gone: ending",
             (int)agent_pid(gate->attachment.agent));
    loop_stop(gate->loop, EXIT_FAILURE);
}

static void on_link_gone(void *self, int error)
{
    struct gate *gate = self;

    if (error == ECONNRESET)
        log_info("the peer closed its connection: ending");
    else
        log_info("the guest's interface %s is gone (%s): ending",
                 gate->attachment.tap_name, g_strerror(error));
    loop_stop(gate->loop, EXIT_SUCCESS);
}

/*
 * The caller hangs up its end.  Data is no event, a regular file never hangs
 * up, and a number that is not open counts as hung up.
 */
static void watch_exit_fd(struct gate *gate)
{
    int rc;

    if (gate->options->exit_fd < 0)
        return;
    gate->exit_watch.ready = on_exit_fd;
    gate->exit_watch.self = gate;
    rc = loop_watch(gate->loop, &gate->exit_watch, gate->options->exit_fd,
                    EPOLLHUP);
    if (rc == -EBADF)
        on_exit_fd(gate, EPOLLHUP);
}

static void watch_agent(struct gate *gate)
{
    if (gate->attachment.agent == NULL)
        return;
    gate->agent_watch.ready = on_agent_gone;
    gate->agent_watch.self = gate;
    (void)loop_watch(gate->loop, &gate->agent_watch,
                     agent_fd(gate->attachment.agent), EPOLLIN | EPOLLRDHUP);
}

/* --- the control socket --- */

static void fill_limits(const struct gate *gate, struct status *status)
{
    struct rlimit limit;

    status->clients.used = server_client_count(gate->server);
    status->clients.max = server_limits_default.clients_max;
    status->forwards.used = fwd_count(gate->forwards);
    /* Those that grow with use; the fixed few do not count. */
    status->descriptors.used =
        slirp_engine_sockets(pump_engine(gate->pump)) + status->clients.used;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        status->descriptors.max = limit.rlim_cur;
}

static void fill_status(void *self, struct status *status)
{
    const struct gate *gate = self;
    const struct attachment *attachment = &gate->attachment;

    status->version = PACKAGE_VERSION;
    status->pid = getpid();
    status->agent_pid =
        attachment->agent != NULL ? agent_pid(attachment->agent) : 0;
    status->target = attachment->target;
    status->uptime_s =
        (uint64_t)((loop_now_ns(gate->loop) - gate->started_ns) / 1000000000);
    status->tap = attachment->tap_name[0] != '\0' ? attachment->tap_name : NULL;
    status->mtu = gate->options->mtu;
    status->plan = gate->plan;
    status->ipv6 = gate->policy.enable_ipv6;
    status->sandbox = "off";
    status->seccomp = "off";
    status->tcp_carrier = "slirp";
    fill_limits(gate, status);
}

static int build_control(struct gate *gate, GError **err)
{
    const struct ip_addr none = { .family = AF_UNSPEC };

    if (gate->options->api_socket == NULL)
        return 0;
    gate->verbs = verbs_new();
    verbs_hostfwd_add(gate->verbs, gate->forwards, &gate->plan.guest,
                      gate->policy.enable_ipv6 ? &gate->plan.guest6 : &none);
    verbs_status_add(gate->verbs, fill_status, gate);
    gate->server = server_new(gate->loop, gate->verbs,
                              gate->options->api_socket, NULL, err);
    return gate->server == NULL ? -1 : 0;
}

/* --- building --- */

/* A process that is gone is told in the words that scripts look for. */
static int watch_pid(struct gate *gate, pid_t pid, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)pid);

    if (access(path, F_OK) != 0)
        return error_set_errno(err, "%s", path);
    gate->target = target_watch_pid(gate->loop, pid, on_target_gone, gate, err);
    return gate->target == NULL ? -1 : 0;
}

/* Before the namespace is opened: see kern/target.h. */
static int watch_target(struct gate *gate, GError **err)
{
    const struct options *options = gate->options;

    if (options->target_type == TARGET_TYPE_BESS ||
        options->netns_type == NETNS_TYPE_TAPFD)
        return 0;
    if (options->netns_type == NETNS_TYPE_PID)
        return watch_pid(gate, options->target_pid, err);
    gate->target = target_watch_path(gate->loop, options->target_path,
                                     on_target_gone, gate, err);
    return gate->target == NULL ? -1 : 0;
}

static int plan_gate(struct gate *gate, GError **err)
{
    const struct options *options = gate->options;

    if (plan_init(&gate->plan, options->cidr, err) < 0 ||
        outbound_resolve(options->outbound_addr, AF_INET, &gate->outbound,
                         err) < 0 ||
        outbound_resolve(options->outbound_addr6, AF_INET6, &gate->outbound6,
                         err) < 0)
        return -1;
    gate->policy = (struct policy){
        .allow_host_loopback = !options->disable_host_loopback,
        .enable_ipv6 = options->enable_ipv6,
        .enable_dns = !options->disable_dns,
        .outbound = true,
    };
    return 0;
}

static int build_pump(struct gate *gate, GError **err)
{
    struct pump_config config = {
        .link = gate->attachment.link,
        .plan = &gate->plan,
        .policy = &gate->policy,
        .enable_ipv6 = gate->options->enable_ipv6,
        .outbound = gate->outbound,
        .outbound6 = gate->outbound6,
        .gone = on_link_gone,
        .self = gate,
    };

    gate->pump = pump_new(gate->loop, &config, &gate->stats, err);
    if (gate->pump == NULL)
        return -1;
    gate->slirp_driver = slirp_engine_fwd_driver(pump_engine(gate->pump));
    gate->drivers[0] = &gate->slirp_driver;
    gate->forwards = fwd_table_new(gate->drivers);
    return 0;
}

static int build(struct gate *gate, GError **err)
{
    gate->signals = signals_new(gate->loop, on_signal, gate, err);
    if (gate->signals == NULL || build_pump(gate, err) < 0 ||
        build_control(gate, err) < 0)
        return -1;
    gate->started_ns = loop_now_ns(gate->loop);
    watch_agent(gate);
    return 0;
}

static void tell_ready(int fd)
{
    if (fd < 0)
        return;
    /* The caller may be gone or the number wrong: that is no reason to end. */
    (void)fd_write_all(fd, "1", 1);
    (void)close(fd);
}

static void teardown(struct gate *gate)
{
    server_free(gate->server);
    verbs_free(gate->verbs);
    fwd_table_free(gate->forwards);
    pump_free(gate->pump);
    target_free(gate->target);
    signals_free(gate->signals);
    attach_close(&gate->attachment);
    loop_free(gate->loop);
}

static int start(struct gate *gate, GError **err)
{
    if (plan_gate(gate, err) < 0)
        return -1;
    gate->loop = loop_new(err);
    if (gate->loop == NULL || watch_target(gate, err) < 0 ||
        attach_open(&gate->attachment, gate->options, &gate->plan, err) < 0)
        return -1;
    banner_print(stdout, gate->options, &gate->plan, &gate->outbound,
                 &gate->outbound6);
    fd_raise_limit();
    log_capture_glib();
    return build(gate, err);
}

int gate_main(const struct options *options)
{
    struct gate gate = { .options = options };
    g_autoptr(GError) err = NULL;
    int status;

    if (start(&gate, &err) < 0) {
        log_info("%s", err->message);
        teardown(&gate);
        return EXIT_FAILURE;
    }
    tell_ready(options->ready_fd);
    watch_exit_fd(&gate);
    status = loop_run(gate.loop);
    teardown(&gate);
    return status;
}
