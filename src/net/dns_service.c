/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_service.h"

#include <errno.h>
#include <glib.h>

#define CLASS_IN  1
#define CLASS_ANY 255

struct answer {
    struct dns_record record[NAMES_ANSWER_MAX];
    size_t count;
};

static bool family_of(uint16_t type, sa_family_t *family)
{
    switch (type) {
    case DNS_TYPE_A:
        *family = AF_INET;
        return true;
    case DNS_TYPE_AAAA:
        *family = AF_INET6;
        return true;
    case DNS_TYPE_ANY:
        *family = AF_UNSPEC;
        return true;
    default:
        return false;
    }
}

static enum names_result find_name(const struct dns_service *service,
                                   struct names *names,
                                   const struct dns_query *query,
                                   const char *name, struct answer *out)
{
    const struct policy *policy = service->policy;
    struct ip_addr addr[NAMES_ANSWER_MAX];
    sa_family_t family = AF_UNSPEC;
    bool wanted = family_of(query->type, &family);
    size_t count;
    enum names_result result =
        names_find(names, name, family,
                   policy == NULL || policy->allow_host_loopback, addr, &count);

    for (size_t i = 0; wanted && i < count; i++)
        out->record[out->count++] = (struct dns_record){
            .type = addr[i].family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA,
            .addr = addr[i],
        };
    return result;
}

static enum names_result find_addr(const struct names *names,
                                   const struct ip_addr *addr,
                                   struct answer *out)
{
    const char *name[NAMES_ANSWER_MAX];
    size_t count;
    enum names_result result = names_find_addr(names, addr, name, &count);

    for (size_t i = 0; i < count; i++)
        out->record[out->count++] =
            (struct dns_record){ .type = DNS_TYPE_PTR, .name = name[i] };
    return result;
}

static enum names_result find_in(const struct dns_service *service,
                                 struct names *names,
                                 const struct dns_query *query,
                                 const char *name, struct answer *out)
{
    struct ip_addr addr;

    if (query->type == DNS_TYPE_PTR && dns_reverse_addr(name, &addr))
        return find_addr(names, &addr, out);
    return find_name(service, names, query, name, out);
}

/* What one table knows counts; what one denies, no other has to pass on. */
static enum names_result find_all(const struct dns_service *service,
                                  const struct ip_addr *client,
                                  const struct dns_query *query,
                                  const char *name, struct answer *out)
{
    struct names *more;
    enum names_result result =
        find_in(service, service->names, query, name, out);

    for (size_t i = 0; result != NAMES_FOUND && service->also != NULL &&
                       (more = service->also(service->self, client, i)) != NULL;
         i++) {
        enum names_result other = find_in(service, more, query, name, out);

        if (other != NAMES_FOREIGN)
            result = other;
    }
    return result;
}

static enum names_result find(const struct dns_service *service,
                              const struct ip_addr *client,
                              const struct dns_query *query, struct answer *out)
{
    char name[DNS_TEXT_MAX];

    if (service->names == NULL ||
        (query->class_ != CLASS_IN && query->class_ != CLASS_ANY) ||
        !dns_query_name(query, name))
        return NAMES_FOREIGN;
    return find_all(service, client, query, name, out);
}

/*
 * From a network without a way out nothing is passed on: there are no other
 * names.  But a client that has another network is sent to that one's server,
 * as resolvers do that are refused and not told that there is no such name.
 */
static enum dns_rcode deny(const struct dns_service *service,
                           const struct ip_addr *client)
{
    return service->also != NULL &&
                   service->also(service->self, client, 0) != NULL
               ? DNS_REFUSED
               : DNS_NXDOMAIN;
}

/* DNS_NOERROR: it was passed on. */
static enum dns_rcode pass_on(const struct dns_service *service,
                              const struct dns_asker *asker,
                              const struct dns_query *query)
{
    const struct resolver_list *servers =
        service->servers.count > 0 ? &service->servers : NULL;

    if (service->forward == NULL)
        return deny(service, &asker->client.addr);
    if (service->policy != NULL && !service->policy->enable_dns)
        return DNS_REFUSED;
    /* Their answers are many messages; no resolver of a container asks so. */
    if (query->type == DNS_TYPE_AXFR || query->type == DNS_TYPE_IXFR)
        return DNS_REFUSED;
    return dns_forward_ask(service->forward, asker, query, servers) == 0
               ? DNS_NOERROR
               : DNS_SERVFAIL;
}

ssize_t dns_service_take(const struct dns_service *service,
                         const struct dns_asker *asker, const uint8_t *data,
                         size_t len, uint8_t *out)
{
    struct answer answer = { .count = 0 };
    struct dns_query query;
    int rcode = dns_query_parse(data, len, &query);
    enum names_result found = NAMES_FOUND;
    size_t room;

    if (rcode < 0)
        return 0;
    if (rcode == DNS_NOERROR)
        found = find(service, &asker->client.addr, &query, &answer);
    if (found == NAMES_NONE)
        rcode = DNS_NXDOMAIN;
    if (found == NAMES_FOREIGN) {
        rcode = (int)pass_on(service, asker, &query);
        if (rcode == DNS_NOERROR)
            return -EINPROGRESS;
    }
    room = asker->stream ? DNS_SERVICE_REPLY_MAX
                         : MIN(query.udp_max, DNS_SERVICE_REPLY_MAX);
    return (ssize_t)dns_reply(&query, (enum dns_rcode)rcode, answer.record,
                              answer.count, out, room);
}
