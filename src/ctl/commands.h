/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "ctl/command.h"

/*
 * The commands.  Each prints its result to stdout: 0, or -1 and an error, whose
 * exit status ctl_exit_of() knows.
 */
int ctl_status(struct ctl_call *call, GError **err);
int ctl_forward_add(struct ctl_call *call, GError **err);
int ctl_forward_list(struct ctl_call *call, GError **err);
int ctl_forward_remove(struct ctl_call *call, GError **err);
int ctl_policy_show(struct ctl_call *call, GError **err);
int ctl_policy_set(struct ctl_call *call, GError **err);
int ctl_connections(struct ctl_call *call, GError **err);
int ctl_stats(struct ctl_call *call, GError **err);
int ctl_top(struct ctl_call *call, GError **err);
int ctl_events(struct ctl_call *call, GError **err);
int ctl_capture_start(struct ctl_call *call, GError **err);
int ctl_capture_stop(struct ctl_call *call, GError **err);
int ctl_network_create(struct ctl_call *call, GError **err);
int ctl_network_list(struct ctl_call *call, GError **err);
int ctl_network_inspect(struct ctl_call *call, GError **err);
int ctl_network_update(struct ctl_call *call, GError **err);
int ctl_network_remove(struct ctl_call *call, GError **err);
int ctl_network_attach(struct ctl_call *call, GError **err);
int ctl_network_detach(struct ctl_call *call, GError **err);
int ctl_shutdown(struct ctl_call *call, GError **err);
int ctl_call_verb(struct ctl_call *call, GError **err);
