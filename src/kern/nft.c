/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft.h"

#include "base/error.h"
#include "kern/nft_internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Some tens of rules of a few hundred bytes each. */
#define BATCH_MAX  65536
#define ANSWER_MAX 8192

/*
 * The kernel answers each message by its sequence number, which is its place in
 * the batch; `what` remembers in words what each was.
 */
struct nft_batch {
    struct mnl_nlmsg_batch *messages;
    GPtrArray *what;
    _Alignas(struct nlmsghdr) char space[2 * BATCH_MAX];
};

static void begin_message(struct nft_batch *batch, char *what)
{
    g_ptr_array_add(batch->what, what);
}

static uint32_t sequence(const struct nft_batch *batch)
{
    return batch->what->len;
}

static void *here(struct nft_batch *batch)
{
    return mnl_nlmsg_batch_current(batch->messages);
}

static void end_message(struct nft_batch *batch)
{
    bool fits = mnl_nlmsg_batch_next(batch->messages);

    g_assert(fits); /* our own constant tables, not input */
}

struct nft_batch *nft_batch_new(void)
{
    struct nft_batch *batch = g_new0(struct nft_batch, 1);

    batch->what = g_ptr_array_new_with_free_func(g_free);
    batch->messages = mnl_nlmsg_batch_start(batch->space, BATCH_MAX);
    g_assert(batch->messages != NULL);
    begin_message(batch, g_strdup("begin"));
    nftnl_batch_begin(here(batch), sequence(batch));
    end_message(batch);
    return batch;
}

void nft_batch_free(struct nft_batch *batch)
{
    if (batch == NULL)
        return;
    mnl_nlmsg_batch_stop(batch->messages);
    g_ptr_array_free(batch->what, TRUE);
    g_free(batch);
}

static struct nlmsghdr *put_header(struct nft_batch *batch, uint16_t type,
                                   int family, uint16_t flags)
{
    return nftnl_nlmsg_build_hdr(here(batch), type, (uint16_t)family,
                                 (uint16_t)(NLM_F_CREATE | NLM_F_ACK | flags),
                                 sequence(batch));
}

void nft_batch_add_table(struct nft_batch *batch, int family, const char *name)
{
    struct nftnl_table *table = nftnl_table_alloc();

    g_assert(table != NULL);
    nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, (uint32_t)family);
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
    begin_message(batch, g_strdup_printf("table %s", name));
    nftnl_table_nlmsg_build_payload(
        put_header(batch, NFT_MSG_NEWTABLE, family, 0), table);
    end_message(batch);
    nftnl_table_free(table);
}

/* With what tells it from others; nftnl_chain_free() is the caller's. */
static struct nftnl_chain *name_chain(const struct nft_chain *spec)
{
    struct nftnl_chain *chain = nftnl_chain_alloc();

    g_assert(chain != NULL);
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, (uint32_t)spec->family);
    nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, spec->table);
    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, spec->name);
    return chain;
}

void nft_batch_add_chain(struct nft_batch *batch, const struct nft_chain *spec)
{
    struct nftnl_chain *chain = name_chain(spec);

    if (!spec->plain) {
        nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
        nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, spec->hook);
        nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, spec->priority);
    }
    if (!spec->plain && spec->device != NULL)
        nftnl_chain_set_str(chain, NFTNL_CHAIN_DEV, spec->device);
    begin_message(batch, g_strdup_printf("chain %s", spec->name));
    nftnl_chain_nlmsg_build_payload(
        put_header(batch, NFT_MSG_NEWCHAIN, spec->family, 0), chain);
    end_message(batch);
    nftnl_chain_free(chain);
}

void nft_batch_flush_chain(struct nft_batch *batch,
                           const struct nft_chain *spec)
{
    struct nftnl_rule *all = nftnl_rule_alloc();

    g_assert(all != NULL);
    nftnl_rule_set_u32(all, NFTNL_RULE_FAMILY, (uint32_t)spec->family);
    nftnl_rule_set_str(all, NFTNL_RULE_TABLE, spec->table);
    nftnl_rule_set_str(all, NFTNL_RULE_CHAIN, spec->name);
    begin_message(batch, g_strdup_printf("(flush) chain %s", spec->name));
    nftnl_rule_nlmsg_build_payload(
        put_header(batch, NFT_MSG_DELRULE, spec->family, 0), all);
    end_message(batch);
    nftnl_rule_free(all);
}

void nft_batch_del_chain(struct nft_batch *batch, const struct nft_chain *spec)
{
    struct nftnl_chain *chain = name_chain(spec);

    begin_message(batch, g_strdup_printf("(delete) chain %s", spec->name));
    nftnl_chain_nlmsg_build_payload(
        put_header(batch, NFT_MSG_DELCHAIN, spec->family, 0), chain);
    end_message(batch);
    nftnl_chain_free(chain);
}

void nft_batch_add_rule(struct nft_batch *batch, struct nft_rule *rule)
{
    const struct nft_chain *chain = rule->chain;

    begin_message(batch, g_strdup_printf("a rule of chain %s", chain->name));
    nftnl_rule_nlmsg_build_payload(
        put_header(batch, NFT_MSG_NEWRULE, chain->family, NLM_F_APPEND),
        rule->nftnl);
    end_message(batch);
    nftnl_rule_free(rule->nftnl);
    g_free(rule);
}

/* --- applying --- */

struct answers {
    uint32_t pending; /* acknowledgements still due */
    uint32_t failed;  /* the first message that was refused; 0: none */
    int error;        /* why, as an errno */
};

static int take_ack(const struct nlmsghdr *head, void *data)
{
    const struct nlmsgerr *ack = mnl_nlmsg_get_payload(head);
    struct answers *answers = data;

    if (head->nlmsg_len < mnl_nlmsg_size(sizeof(*ack)))
        return MNL_CB_ERROR;
    answers->pending--;
    if (ack->error != 0 && answers->failed == 0) {
        answers->failed = head->nlmsg_seq;
        answers->error = -ack->error;
    }
    return answers->pending > 0 && answers->failed == 0 ? MNL_CB_OK
                                                        : MNL_CB_STOP;
}

struct nft_socket {
    struct mnl_socket *mnl;
};

struct nft_socket *nft_socket_open(GError **err)
{
    struct mnl_socket *mnl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    struct nft_socket *socket;

    if (mnl == NULL) {
        error_set_errno(err, "open an nfnetlink socket");
        return NULL;
    }
    if (mnl_socket_bind(mnl, 0, MNL_SOCKET_AUTOPID) < 0) {
        error_set_errno(err, "bind an nfnetlink socket");
        (void)mnl_socket_close(mnl);
        return NULL;
    }
    socket = g_new(struct nft_socket, 1);
    socket->mnl = mnl;
    return socket;
}

void nft_socket_free(struct nft_socket *socket)
{
    if (socket == NULL)
        return;
    (void)mnl_socket_close(socket->mnl);
    g_free(socket);
}

/* After a refusal, answers to the rest of a batch are still there. */
static void drain(struct mnl_socket *mnl)
{
    char space[ANSWER_MAX];

    while (recv(mnl_socket_get_fd(mnl), space, sizeof(space), MSG_DONTWAIT) > 0)
        continue;
}

static int exchange(struct mnl_socket *mnl, struct nft_batch *batch,
                    struct answers *answers)
{
    mnl_cb_t control[NLMSG_MIN_TYPE] = { [NLMSG_ERROR] = take_ack };
    _Alignas(struct nlmsghdr) char space[ANSWER_MAX];
    int rc = MNL_CB_OK;

    drain(mnl);
    if (mnl_socket_sendto(mnl, mnl_nlmsg_batch_head(batch->messages),
                          mnl_nlmsg_batch_size(batch->messages)) < 0)
        return -errno;
    while (rc == MNL_CB_OK) {
        ssize_t n = mnl_socket_recvfrom(mnl, space, sizeof(space));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        rc = mnl_cb_run2(space, (size_t)n, 0, 0, NULL, answers, control,
                         NLMSG_MIN_TYPE);
    }
    return rc == MNL_CB_STOP ? 0 : -EPROTO;
}

int nft_batch_commit_by(struct nft_batch *batch, struct nft_socket *socket,
                        GError **err)
{
    /* All messages but "begin" and "end" ask for an acknowledgement. */
    struct answers answers = { .pending = batch->what->len - 1 };
    int rc;

    begin_message(batch, g_strdup("end"));
    nftnl_batch_end(here(batch), sequence(batch));
    end_message(batch);
    rc = exchange(socket->mnl, batch, &answers);
    if (rc == 0 && answers.failed == 0)
        return 0;
    errno = rc != 0 ? -rc : answers.error;
    if (rc != 0 || answers.failed > batch->what->len)
        return error_set_errno(err, "apply nftables rules");
    return error_set_errno(
        err, "nftables: add %s",
        (const char *)g_ptr_array_index(batch->what, answers.failed - 1));
}

int nft_batch_commit(struct nft_batch *batch, GError **err)
{
    owned(nft_socket) socket = nft_socket_open(err);

    return socket == NULL ? -1 : nft_batch_commit_by(batch, socket, err);
}
