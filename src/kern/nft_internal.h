/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "kern/nft.h"

#include <libnftnl/rule.h>

/* Inside of kern/nft only. */
struct nft_rule {
    const struct nft_chain *chain;
    struct nftnl_rule *nftnl;
};
