/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/gate.h"

#include "app/banner.h"
#include "app/gate_control.h"
#include "app/gate_events.h"
#include "app/gate_fabric.h"
#include "app/gate_flows.h"
#include "app/gate_keep.h"
#include "app/gate_networks.h"
#include "app/gate_policy.h"
#include "app/gate_state.h"
#include "app/options_expand.h"
#include "app/outbound.h"
#include "app/publish.h"
#include "app/resolv_copy.h"
#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"
#include "kern/text_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

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
    log_error("the agent (pid %d) is gone: ending",
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

static void on_interface_gone(void *self)
{
    on_link_gone(self, ENODEV);
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

/* --- building --- */

/* A process that is gone is told in the words that scripts look for. */
static int watch_pid(struct gate *gate, pid_t pid, GError **err)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)pid);

    if (access(path, F_OK) != 0 && errno == ENOENT)
        return error_set_errno(err, "there is no process %d: %s", (int)pid,
                               path);
    if (access(path, F_OK) != 0)
        return error_set_errno(err, "look at process %d: %s", (int)pid, path);
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
    gate_policy_init(gate);
    gate_flows_init(gate);
    return 0;
}

static int build_fast_path(struct gate *gate, GError **err)
{
    const struct relay_observer observer = gate_flows_relay_observer(gate);
    const struct fast_path_config config = {
        .attachment = &gate->attachment,
        .plan = &gate->plan,
        .outbound = gate->outbound,
        .outbound6 = gate->outbound6,
        .policy = &gate->policy,
        .segments = gate->segments,
        .stats = &gate->stats,
        .budget = &gate->budget,
        .observer = &observer,
        .gone = on_interface_gone,
        .self = gate,
    };

    gate->fast = fast_path_new(gate->loop, &config, err);
    return gate->fast == NULL && gate->attachment.relay_missing == NULL ? -1
                                                                        : 0;
}

static void build_forwards(struct gate *gate)
{
    size_t count = 0;

    gate->slirp_driver = stack_fwd_driver(pump_stack(gate->pump));
    if (gate->fast != NULL) {
        gate->relay_driver = fast_path_fwd_driver(gate->fast);
        gate->drivers[count++] = &gate->relay_driver;
    }
    gate->udp_driver = dgram_fwd_driver(pump_dgram(gate->pump));
    gate->drivers[count++] = &gate->udp_driver;
    gate->drivers[count++] = &gate->slirp_driver;
    gate->forwards = fwd_table_new(gate->drivers);
}

static bool take_tcp(void *self, struct frame *f)
{
    struct gate *gate = self;

    return fast_path_take_tcp(gate->fast, f);
}

static void plan_budget(struct gate *gate)
{
    struct rlimit limit = { .rlim_cur = 1024 };

    fd_raise_limit();
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    budget_init(&gate->budget, limit.rlim_cur);
}

static void build_names(struct gate *gate)
{
    gate->resolvers = resolvers_new(NULL);
    gate->names = dns_forward_new(gate->loop, gate->resolvers, &gate->budget,
                                  &gate->stats);
}

static int build_pump(struct gate *gate, GError **err)
{
    struct pump_config config = {
        .link = gate->attachment.link,
        .plan = &gate->plan,
        .policy = &gate->policy,
        .budget = &gate->budget,
        .observer = &gate->flow_observer,
        .outbound = gate->outbound,
        .outbound6 = gate->outbound6,
        .names = gate->names,
        .take_tcp = gate->fast != NULL ? take_tcp : NULL,
        .gone = on_link_gone,
        .self = gate,
    };

    gate->pump = pump_new(gate->loop, &config, &gate->stats, err);
    if (gate->pump == NULL)
        return -1;
    if (gate->fast != NULL)
        fast_path_set_pump(gate->fast, gate->pump);
    return 0;
}

static int build(struct gate *gate, GError **err)
{
    gate->capture = capture_new(gate->loop);
    gate->attachment.link.capture = gate->capture;
    build_names(gate);
    gate_fabric_start(gate);
    gate->signals = signals_new(gate->loop, on_signal, gate, err);
    if (gate->signals == NULL || build_fast_path(gate, err) < 0 ||
        build_pump(gate, err) < 0)
        return -1;
    build_forwards(gate);
    gate_networks_start(gate);
    if (publish_all(&gate->options->publish, gate->forwards, &gate->plan,
                    &gate->policy, err) < 0 ||
        gate_keep_start(gate, err) < 0 || gate_control_start(gate, err) < 0)
        return -1;
    gate->started_ns = loop_now_ns(gate->loop);
    watch_agent(gate);
    return 0;
}

static void on_copier_gone(void *self, uint32_t events)
{
    struct gate *gate = self;

    (void)events;
    loop_unwatch(gate->loop, &gate->copier_watch);
    log_warn("the process that copies resolv.conf is gone: "
             "name servers stay as they are");
}

static void watch_copier(struct gate *gate)
{
    if (gate->confined.copy == NULL)
        return;
    gate->copier_watch.ready = on_copier_gone;
    gate->copier_watch.self = gate;
    (void)loop_watch(gate->loop, &gate->copier_watch,
                     resolv_copy_fd(gate->confined.copy), EPOLLIN);
}

static void hide_paths(struct gate *gate)
{
    static const char why[] = "the sandbox keeps files out of reach";

    fwd_table_hide_paths(gate->forwards, why);
    capture_hide_paths(gate->capture, why);
}

/* Last, when everything that needs the host's files or privileges is done. */
static int confine(struct gate *gate, GError **err)
{
    const struct options *options = gate->options;
    struct sandbox_request request = {
        .sandbox = options_want_sandbox(options),
        .seccomp = options_want_seccomp(options),
        .seccomp_announce = options->enable_seccomp,
        .agent_pid = gate->attachment.agent != NULL
                         ? agent_pid(gate->attachment.agent)
                         : 0,
        .guest_userns_fd = gate->attachment.userns_fd,
        .control_dir_fd = gate_control_dir_fd(gate),
    };

    if (sandbox_enter(&request, &gate->confined, err) < 0)
        return -1;
    own_close(&gate->attachment.userns_fd);
    watch_copier(gate);
    if (gate->target != NULL && request.sandbox != WANT_OFF)
        target_watch_sandboxed(gate->target);
    if (request.sandbox != WANT_OFF || request.seccomp != WANT_OFF)
        hide_paths(gate);
    gate_control_confined(gate);
    /* The larger part of the libraries served the start alone. */
    text_pages_release();
    return 0;
}

/* The caller may be gone or the number wrong: that is no reason to end.  But
   one who is there must not take us for dead while we live. */
static int tell_ready(int fd, GError **err)
{
    int rc;

    if (fd < 0)
        return 0;
    rc = fd_write_all(fd, "1", 1);
    (void)close(fd);
    if (rc == -EBADF) /* and on it goes, as slirp4netns does */
        log_warn("--ready-fd=%d is not open, so nobody is told", fd);
    if (rc == 0 || rc == -EPIPE || rc == -EBADF)
        return 0;
    errno = -rc;
    return error_set_errno(err, "tell that it is ready (--ready-fd=%d)", fd);
}

static void teardown(struct gate *gate)
{
    gate_events_status(gate, "ending");
    gate_control_stop(gate);
    gate_keep_stop(gate);
    gate_fabric_end(gate);
    gate_networks_stop(gate);
    fwd_table_free(gate->forwards);
    fast_path_free(gate->fast);
    pump_free(gate->pump);
    gate_fabric_stop(gate);
    dns_forward_free(gate->names);
    resolvers_free(gate->resolvers);
    capture_free(gate->capture);
    target_free(gate->target);
    signals_free(gate->signals);
    attach_close(&gate->attachment);
    loop_free(gate->loop);
    sandbox_state_clear(&gate->confined);
}

static int start(struct gate *gate, GError **err)
{
    if (gate_control_check(gate, err) < 0 || plan_gate(gate, err) < 0)
        return -1;
    gate->loop = loop_new(err);
    if (gate->loop == NULL || watch_target(gate, err) < 0 ||
        gate_fabric_prepare(gate, err) < 0 ||
        attach_open(&gate->attachment, gate->options, &gate->plan, err) < 0)
        return -1;
    if (!gate->options->no_guest)
        banner_print(stdout, gate->options, &gate->plan, &gate->outbound.addr,
                     &gate->outbound6.addr);
    plan_budget(gate);
    log_capture_glib();
    return build(gate, err) < 0 ? -1 : confine(gate, err);
}

int gate_main(const struct options *given)
{
    struct options options = *given;
    struct gate gate = { .options = &options, .attachment.userns_fd = -1 };
    g_autofree char *api_socket = NULL;
    g_autoptr(GError) err = NULL;
    int status;

    if (options_expand(&options, &api_socket, &err) < 0 ||
        start(&gate, &err) < 0 || tell_ready(options.ready_fd, &err) < 0) {
        log_error("%s", err->message);
        teardown(&gate);
        return EXIT_FAILURE;
    }
    watch_exit_fd(&gate);
    status = loop_run(gate.loop);
    teardown(&gate);
    return status;
}
