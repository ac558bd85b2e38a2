/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/attach.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"
#include "kern/netns.h"
#include "kern/seqpacket.h"
#include "kern/signals.h"
#include "kern/tap.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool enters_a_namespace(const struct options *options)
{
    return options->target_type != TARGET_TYPE_BESS &&
           options->netns_type != NETNS_TYPE_TAPFD;
}

/* What IPv6 asks of a link (RFC 8200 5). */
#define IPV6_MTU_MIN 1280u

/* Both handles are opened before anything is joined: afterwards the paths may
   mean something else. */
static int open_namespaces(const struct options *options, int *userns,
                           int *netns, GError **err)
{
    g_autofree char *own_net = NULL, *own_user = NULL;
    const char *net_path = options->target_path;
    const char *user_path = options->userns_path;

    if (options->netns_type == NETNS_TYPE_PID) {
        own_net = g_strdup_printf("/proc/%d/ns/net", (int)options->target_pid);
        own_user =
            g_strdup_printf("/proc/%d/ns/user", (int)options->target_pid);
        net_path = own_net;
        user_path = user_path != NULL ? user_path : own_user;
    }
    *userns = -1;
    if (user_path != NULL && (*userns = userns_open(user_path, err)) < 0)
        return -1;
    *netns = netns_open(net_path, err);
    return *netns < 0 ? -1 : 0;
}

static void fill_link_config(struct agent_link_config *config,
                             const struct attachment *attachment,
                             const struct options *options,
                             const struct plan *plan)
{
    memset(config, 0, sizeof(*config));
    (void)g_strlcpy(config->name, attachment->tap_name, sizeof(config->name));
    config->mtu = options->mtu;
    config->set_mac = options->macaddress != NULL;
    memcpy(config->mac, options->mac, sizeof(config->mac));
    config->addr = plan->guest;
    config->gateway = plan->gateway;
    config->prefix_len = plan->prefix_len;
    if (options->enable_ipv6) {
        config->addr6 = plan->guest6;
        config->gateway6 = plan->gateway6;
        config->prefix_len6 = plan->prefix_len6;
    }
}

static int open_tap(struct attachment *attachment, GError **err)
{
    attachment->link.fd = agent_tap_open(
        attachment->agent, attachment->tap_name, TAP_VNET_HDR, err);
    return attachment->link.fd < 0 ? -1 : 0;
}

/* Now, or later by the control socket; the policy decides what passes. */
static bool may_get_ipv6(const struct options *options)
{
    return options->enable_ipv6 ||
           (options->api_socket != NULL && options->mtu >= IPV6_MTU_MIN);
}

/* Another try, without IPv6, must be allowed and make sense. */
static bool may_lack_ipv6(const struct options *options, const GError *why)
{
    return !(options->enable_ipv6 && options->tcp == TCP_MODE_RELAY) &&
           !g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT);
}

static int open_relay(struct attachment *attachment,
                      const struct options *options, GError **err)
{
    struct agent_relay_open config = { .mtu = options->mtu,
                                       .set_mac = options->macaddress != NULL,
                                       .ipv6 = may_get_ipv6(options) };
    g_autoptr(GError) why = NULL;
    int rc;

    if (!options->no_guest && (strpbrk(attachment->tap_name, "%") != NULL ||
                               attachment->tap_name[0] == '\0'))
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "the interface has no name of its own");
    (void)g_strlcpy(config.name, attachment->tap_name, sizeof(config.name));
    memcpy(config.mac, options->mac, sizeof(config.mac));
    rc = agent_relay_open(attachment->agent, &config, &attachment->relay, &why);
    /* A kernel without IPv6 is no reason to do without the rest. */
    if (rc != 0 && config.ipv6 != 0 && may_lack_ipv6(options, why)) {
        g_autoptr(GError) lack = g_steal_pointer(&why);

        config.ipv6 = 0;
        rc = agent_relay_open(attachment->agent, &config, &attachment->relay,
                              &why);
        if (rc == 0 && options->enable_ipv6)
            log_info("TCP by IPv6 goes through libslirp: %s", lack->message);
    }
    if (rc != 0) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    attachment->link.fd = own_release_fd(&attachment->relay.tap_fd);
    return 0;
}

/* The ladder: a relay namespace, else a plain tap; said once, here. */
static int open_link(struct attachment *attachment,
                     const struct options *options, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (options->tcp == TCP_MODE_SLIRP) {
        attachment->relay_missing = g_strdup("asked for by --tcp=slirp");
        return open_tap(attachment, err);
    }
    if (open_relay(attachment, options, &why) == 0)
        return 0;
    /* An interface in the way would be in the way of a tap, too. */
    if (g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_CONFLICT)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    if (options->no_guest) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    if (options->tcp == TCP_MODE_RELAY) {
        g_propagate_prefixed_error(err, g_steal_pointer(&why), "--tcp=relay: ");
        return -1;
    }
    log_info("TCP goes through libslirp, without a relay namespace: %s",
             why->message);
    attachment->relay_missing = g_strdup(why->message);
    return open_tap(attachment, err);
}

static int set_up_link(struct attachment *attachment,
                       const struct options *options, const struct plan *plan,
                       GError **err)
{
    struct agent_link_config config;

    (void)g_strlcpy(attachment->tap_name, options->tap_name, IFNAMSIZ);
    if (open_link(attachment, options, err) < 0)
        return -1;
    fill_link_config(&config, attachment, options, plan);
    if (options->configure &&
        agent_link_configure(attachment->agent, &config, err) < 0)
        return -1;
    return tap_learn_vnet_hdr(attachment->link.fd, &attachment->link.vnet, err);
}

static void close_relay(struct agent_relay *relay)
{
    own_close(&relay->news_fd);
    own_close(&relay->listener_fd);
    own_close(&relay->listener6_fd);
}

/* What was opened and will not be used. */
static void close_link(struct attachment *attachment)
{
    own_close(&attachment->link.fd);
    close_relay(&attachment->relay);
}

/*
 * A mistaken PID, by root: our interface would get the machine's default route,
 * which leads through us to nowhere, and is lost for good when we end.
 */
static int refuse_own(const struct options *options, int netns, GError **err)
{
    if (!options->configure || !netns_is_own(netns))
        return 0;
    return error_set(
        err, SLIPGATE_ERROR_BAD_REQUEST,
        "--configure would replace the default route of slipgate's "
        "own network namespace: the guest has to be in another");
}

static int attach_netns(struct attachment *attachment,
                        const struct options *options, const struct plan *plan,
                        GError **err)
{
    const struct agent_confinement wants = {
        .sandbox = options_want_sandbox(options),
        .seccomp = options_want_seccomp(options),
    };
    owned_fd userns = -1;
    owned_fd netns = -1;

    if (open_namespaces(options, &userns, &netns, err) < 0 ||
        refuse_own(options, netns, err) < 0)
        return -1;
    signals_block();
    attachment->agent = agent_start(userns, netns, &wants, err);
    if (attachment->agent == NULL)
        return -1;
    if (set_up_link(attachment, options, plan, err) < 0) {
        close_link(attachment);
        agent_free(g_steal_pointer(&attachment->agent));
        return -1;
    }
    attachment->userns_fd = own_release_fd(&userns);
    attachment->target =
        options->netns_type == NETNS_TYPE_PID
            ? g_strdup_printf("pid %d", (int)options->target_pid)
            : g_strdup_printf("path %s", options->target_path);
    return 0;
}

/* A descriptor that was made elsewhere: a tap, or a socket that plays one. */
static int adopt(struct attachment *attachment, int fd, GError **err)
{
    struct stat st;
    int rc;

    attachment->relay_missing =
        g_strdup("the guest's interface was made by somebody else");
    if (fstat(fd, &st) != 0)
        return error_set_errno(err, "use descriptor %d as a tap", fd);
    attachment->link.fd = fd;
    attachment->link.is_socket = S_ISSOCK(st.st_mode);
    if (!attachment->link.is_socket &&
        tap_learn_vnet_hdr(fd, &attachment->link.vnet, err) < 0)
        return -1;
    rc = fd_set_nonblock(fd);
    if (rc == 0)
        rc = fd_set_cloexec(fd, true);
    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "use descriptor %d as a tap", fd);
}

static int attach_bess(struct attachment *attachment,
                       const struct options *options, GError **err)
{
    int fd = seqpacket_accept_one(options->target_path, err);

    if (fd < 0)
        return -1;
    attachment->target = g_strdup_printf("bess %s", options->target_path);
    return adopt(attachment, fd, err);
}

int attach_open(struct attachment *attachment, const struct options *options,
                const struct plan *plan, GError **err)
{
    int rc;

    memset(attachment, 0, sizeof(*attachment));
    attachment->userns_fd = attachment->link.fd = -1;
    attachment->relay = (struct agent_relay){ -1, -1, -1, -1 };
    if (!enters_a_namespace(options) && options->tcp == TCP_MODE_RELAY) {
        rc = error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                       "--tcp=relay needs a network namespace to enter");
    } else if (options->target_type == TARGET_TYPE_BESS) {
        rc = attach_bess(attachment, options, err);
    } else if (options->netns_type == NETNS_TYPE_TAPFD) {
        rc = adopt(attachment, options->target_fd, err);
        attachment->target = g_strdup_printf("tapfd %d", options->target_fd);
    } else {
        rc = attach_netns(attachment, options, plan, err);
    }
    attachment->link.mtu = options->mtu;
    signals_block();
    return rc;
}

void attach_close(struct attachment *attachment)
{
    if (attachment->agent != NULL)
        agent_free(g_steal_pointer(&attachment->agent));
    own_close(&attachment->userns_fd);
    close_relay(&attachment->relay);
    g_clear_pointer(&attachment->relay_missing, g_free);
    g_clear_pointer(&attachment->target, g_free);
}
