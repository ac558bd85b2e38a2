/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* Shared by the bridge/fabric* files only. */
#include "agent/agent.h"
#include "agent/porter.h"
#include "bridge/fabric.h"
#include "kern/loop.h"
#include "kern/rtnl.h"
#include "net/plan.h"
#include "net/segments.h"

struct fabric_net {
    struct fabric_network config; /* first: its bridge's name is the key */
    uint16_t number;              /* of its segment */
};

struct fabric_plug {
    unsigned number; /* the key */
    unsigned link;   /* in the relay namespace */
    char name[IFNAMSIZ];
    struct fabric_net *net;
};

struct fabric {
    struct fabric_config config;
    struct rtnl *rtnl; /* of the relay namespace, to look; NULL: not open */
    struct loop_watch news;
    int news_fd;
    bool ending; /* nothing is asked for any more */
    GHashTable *nets;
    GHashTable *plugs;
    unsigned last_plug;
    void (*gone)(void *self, unsigned port);
    void *self;
};

/* 0, or -1 with SLIPGATE_ERROR_UNAVAILABLE and why. */
int fabric_need(const struct fabric *fabric, GError **err);
/* Opens the way to the relay namespace unless it is open: 0, or -1. */
int fabric_open(struct fabric *fabric, GError **err);
/* Has an interface of the relay namespace deleted. */
void fabric_delete_link(struct fabric *fabric, const char *name);
struct fabric_net *fabric_find_net(const struct fabric *fabric,
                                   const char *bridge, GError **err);

/* fabric_rules.c: who may talk to whom */

/* Tells the kernel whom `net` reaches, by what all networks ask for now. */
int fabric_set_rules(struct fabric *fabric, const struct fabric_net *net,
                     GError **err);
/* The same for all networks other than `but` (NULL: for all), except for strict
   ones, which nobody else's change matters to. */
int fabric_set_others_rules(struct fabric *fabric, const struct fabric_net *but,
                            GError **err);

/* fabric_port.c */

/* Forgets a port; `there`: its interface has to be deleted. */
void fabric_drop_plug(struct fabric *fabric, struct fabric_plug *plug,
                      bool there);
void fabric_isolate_ports(struct fabric *fabric, const struct fabric_net *net);
/* For the watch on news. */
void fabric_news_ready(void *self, uint32_t events);
