/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "base/own.h"
#include "kern/rtnl.h"

#include <glib.h>

/*
 * Inside of the porter process only: interfaces of the relay namespace that are
 * to be deleted.  Each is looked for again until it is gone, whatever the
 * kernel refuses meanwhile.
 */
struct porter_leaving;

/* As many names as it holds; a hostile gate could ask for any number. */
#define PORTER_LEAVING_MAX 8192

struct porter_leaving *porter_leaving_new(void);
void porter_leaving_free(struct porter_leaving *leaving);
OWN_DEFINE(porter_leaving)

/* False: there is no room for one more. */
bool porter_leaving_add(struct porter_leaving *leaving, const char *name);
/* Deletes what it can, all at once; the number of those that are left. */
unsigned porter_leaving_work(struct porter_leaving *leaving,
                             struct rtnl *relay);
unsigned porter_leaving_count(const struct porter_leaving *leaving);
/* 0, or -1 and which is left, and why. */
int porter_leaving_check(const struct porter_leaving *leaving, GError **err);
