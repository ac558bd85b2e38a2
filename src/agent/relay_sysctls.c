/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/relay_sysctls.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int write_value(const char *path, const char *value, GError **err)
{
    owned_fd fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : fd_write_all(fd, value, strlen(value));

    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "set %s to %s", path, value);
}

/* A new namespace takes this over from the host; "strict" would drop all that
   comes back from the gate.  It hardly ever is. */
static int allow_any_path(GError **err)
{
    static const char path[] = "/proc/sys/net/ipv4/conf/all/rp_filter";
    owned_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    char value = '1';

    if (fd >= 0 && read(fd, &value, 1) == 1 && value == '0')
        return 0;
    return write_value(path, "0", err);
}

int relay_sysctls_set(bool ipv6, GError **err)
{
    if (allow_any_path(err) != 0)
        return -1;
    /*
     * The gate binds clients' ports: low ones without a capability, and those
     * whose last connection is over but not forgotten.  Where this cannot be
     * set, such clients get another port.
     */
    (void)write_value("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0",
                      NULL);
    (void)write_value("/proc/sys/net/ipv4/tcp_tw_reuse", "1", NULL);
    /* Between two kernels on one machine a longer queue is no gain: its bytes
       have left the cache when their turn comes. */
    (void)write_value("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 2097152",
                      NULL);
    return ipv6
               ? write_value("/proc/sys/net/ipv6/conf/all/forwarding", "1", err)
               : 0;
}
