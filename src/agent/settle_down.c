/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settle_down.h"

#include "agent/ops.h"
#include "base/error.h"
#include "base/fdio.h"
#include "kern/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SOCKET_FD (STDERR_FILENO + 1)

/* The gate may have died before the request took hold; hence the second look.
 */
static void die_with(pid_t gate_pid)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != gate_pid)
        _exit(EXIT_FAILURE);
}

/*
 * Our memory is a copy of the gate's.  A process inside the guest must not
 * trace us for it, also not in the moment after we have joined.
 */
static void hide_memory(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void settle_down_begin(pid_t gate_pid)
{
    signals_ignore();
    settle_down_again(gate_pid);
}

void settle_down_again(pid_t gate_pid)
{
    hide_memory();
    die_with(gate_pid);
}

int settle_down_keep_only(int *socket, GError **err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int high = fcntl(*socket, F_DUPFD_CLOEXEC, SOCKET_FD);
    int rc;

    if (null < 0)
        return error_set_errno(err, "open /dev/null");
    if (high < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || dup2(high, SOCKET_FD) < 0)
        return error_set_errno(err, "arrange a child's descriptors");
    *socket = SOCKET_FD;
    rc = fd_close_from(SOCKET_FD + 1);
    if (rc < 0) {
        errno = -rc;
        return error_set_errno(err, "close inherited descriptors");
    }
    return 0;
}

int settle_down_filter(enum jail_seccomp_profile profile, unsigned flags,
                       const char *who, char *warning, GError **err)
{
    g_autoptr(GError) why = NULL;

    if (jail_seccomp_load(profile, flags, 0, &why) == 0)
        return 0;
    if (!g_error_matches(why, SLIPGATE_ERROR, SLIPGATE_ERROR_UNAVAILABLE)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return -1;
    }
    g_snprintf(warning, AGENT_REASON_MAX, "%s runs unfiltered: %s", who,
               why->message);
    return 0;
}
