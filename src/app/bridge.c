/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/bridge.h"

#include "app/bridge_home.h"
#include "app/gate.h"
#include "app/options.h"
#include "base/log.h"

#include <stdlib.h>

int bridge_main(int argc, char **argv)
{
    struct bridge_home home = { .hold_fd = -1 };
    struct options options;
    g_autoptr(GError) err = NULL;
    enum options_outcome outcome =
        options_parse_bridge(&options, argc, argv, &err);
    int status;

    if (outcome != OPTIONS_RUN)
        return options_report_bridge(outcome, argv[0], err);
    if (bridge_home_start(&home, options.userns_path, &err) != 0) {
        log_error("%s: %s\n(\"slipgate doctor\" tells what this machine lacks)",
                  argv[0], err->message);
        return EXIT_FAILURE;
    }
    options.target_pid = home.pid;
    options.userns_path = NULL;
    status = gate_main(&options);
    bridge_home_stop(&home);
    return status;
}
