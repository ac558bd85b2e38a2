/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/hostfwd_request.h"

#include "base/error.h"
#include "control/values.h"
#include "net/fwd_guest.h"

#include <string.h>

static const struct word drivers[] = {
    { "auto", 0 }, { "relay", 1 }, { "slirp", 2 }, { "udp", 3 }, { NULL, 0 }
};

static int decode_proto(const struct json_obj *args, int *proto, GError **err)
{
    const char *name = NULL;

    if (json_get_string(args, "proto", &name, err) != 0)
        return -1;
    return values_find_word(args, "proto", words_proto, proto, err);
}

static int decode_host_addr(const struct json_obj *args,
                            struct fwd_request *request, GError **err)
{
    const char *text = "";

    request->rule.host.addr = ip_addr_v4_host(INADDR_ANY);
    if (json_find_string(args, "host_addr", &text, err) != 0)
        return -1;
    request->both_families = strcmp(text, "*") == 0;
    if (request->both_families)
        return 0;
    return values_find_addr(args, "host_addr", &request->rule.host.addr, err);
}

static int decode_host_path(const struct json_obj *args,
                            struct fwd_request *request, GError **err)
{
    if (json_has(args, "host_addr") || json_has(args, "host_port"))
        return json_bad(args, "host_path", err,
                        "stands instead of host_addr and host_port");
    if (json_find_string(args, "host_path", &request->rule.host_path, err) != 0)
        return -1;
    if (request->rule.host_path[0] != '/')
        return json_bad(args, "host_path", err, "must begin with \"/\"");
    return 0;
}

int hostfwd_decode_host(const struct json_obj *args,
                        struct fwd_request *request, GError **err)
{
    uint64_t port = 0;

    if (decode_proto(args, &request->rule.proto, err) != 0)
        return -1;
    if (json_has(args, "host_path"))
        return decode_host_path(args, request, err);
    if (decode_host_addr(args, request, err) != 0 ||
        json_get_uint(args, "host_port", 0, UINT16_MAX, &port, err) != 0)
        return -1;
    request->rule.host.port = (uint16_t)port;
    return 0;
}

static int decode_guest_addr(const struct hostfwd_context *context,
                             const struct json_obj *args,
                             struct fwd_request *request, GError **err)
{
    struct ip_addr wanted = { .family = AF_UNSPEC };
    g_autoptr(GError) why = NULL;

    if (values_find_addr(args, "guest_addr", &wanted, err) != 0)
        return -1;
    if (context->no_guest && wanted.family == AF_UNSPEC)
        return error_set(err, SLIPGATE_ERROR_BAD_REQUEST,
                         "there is no guest: say which container, or "
                         "guest_addr");
    if (fwd_set_guest(request, &wanted, context->plan, context->policy, &why) !=
        0)
        return json_bad(args, "guest_addr", err, "%s", why->message);
    return 0;
}

/* Its address of the family of the host end, or else of the other one. */
static void lead_to(const struct net_attachment *attachment,
                    struct fwd_request *request)
{
    const struct ip_addr *v4 = attachment_addr(attachment, AF_INET);
    const struct ip_addr *v6 = attachment_addr(attachment, AF_INET6);
    bool prefers_v6 = request->rule.host.addr.family == AF_INET6;

    request->rule.guest.addr =
        v4 == NULL || (prefers_v6 && v6 != NULL) ? *v6 : *v4;
    request->guest6 = v6 != NULL ? *v6 : *v4;
}

static int decode_container(const struct hostfwd_context *context,
                            const struct json_obj *args,
                            struct fwd_request *request, GError **err)
{
    const struct net_attachment *attachment;

    if (json_has(args, "guest_addr"))
        return json_bad(args, "container", err, "stands instead of guest_addr");
    if (json_find_string(args, "network", &request->network, err) != 0 ||
        json_get_string(args, "container", &request->container, err) != 0)
        return -1;
    if (context->networks == NULL)
        return error_set(err, SLIPGATE_ERROR_UNAVAILABLE,
                         "there are no networks here");
    attachment = networks_find_container(context->networks, &request->network,
                                         request->container, err);
    if (attachment == NULL)
        return -1;
    lead_to(attachment, request);
    return 0;
}

static int decode_guest(const struct hostfwd_context *context,
                        const struct json_obj *args,
                        struct fwd_request *request, GError **err)
{
    bool contained = json_has(args, "network") || json_has(args, "container");

    if ((contained ? decode_container : decode_guest_addr)(context, args,
                                                           request, err) != 0)
        return -1;
    return json_get_port(args, "guest_port", &request->rule.guest.port, err);
}

static int decode_manner(const struct json_obj *args,
                         struct fwd_request *request, GError **err)
{
    uint64_t range = 1;
    int source = FWD_SOURCE_KEEP, driver = 0;

    if (json_find_uint(args, "range", 1, UINT16_MAX, &range, err) != 0 ||
        values_find_word(args, "source", words_source, &source, err) != 0 ||
        values_find_word(args, "driver", drivers, &driver, err) != 0)
        return -1;
    request->range = (unsigned)range;
    request->rule.source = (enum fwd_source)source;
    if (driver != 0)
        request->driver = word_of(drivers, driver);
    return 0;
}

int hostfwd_decode(const struct json_obj *args,
                   const struct hostfwd_context *context,
                   struct fwd_request *request, GError **err)
{
    if (hostfwd_decode_host(args, request, err) != 0 ||
        decode_guest(context, args, request, err) != 0)
        return -1;
    return decode_manner(args, request, err);
}

void hostfwd_put_host(struct json_out *out, const struct fwd_request *request)
{
    if (request->both_families)
        json_out_string(out, "host_addr", "*");
    else
        values_put_addr(out, "host_addr", &request->rule.host.addr);
    json_out_uint(out, "host_port", request->rule.host.port);
}
