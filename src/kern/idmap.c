/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/idmap.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

bool idmap_is_whole(void)
{
    unsigned long inside = 0, outside = 0, count = 0;
    FILE *map = fopen("/proc/self/uid_map", "re");
    int fields;

    if (map == NULL)
        return true;
    fields = fscanf(map, "%lu %lu %lu", &inside, &outside, &count);
    (void)fclose(map);
    /* (uid_t)-1 is no uid. */
    return fields == 3 && inside == 0 && count == 0xffffffffUL;
}

static int write_file(const char *path, const char *text)
{
    owned_fd fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return -1;
    rc = fd_write_all(fd, text, strlen(text));
    if (rc < 0) {
        errno = -rc;
        return -1;
    }
    return 0;
}

int idmap_set(uid_t uid, gid_t gid, uid_t outer_uid, gid_t outer_gid,
              GError **err)
{
    g_autofree char *uid_map = g_strdup_printf("%u %u 1\n", uid, outer_uid);
    g_autofree char *gid_map = g_strdup_printf("%u %u 1\n", gid, outer_gid);

    /* Before the group map (user_namespaces(7)); old kernels have no such file.
     */
    if (write_file("/proc/self/setgroups", "deny") < 0 && errno != ENOENT)
        return error_set_errno(err, "deny setgroups in the user namespace");
    if (write_file("/proc/self/uid_map", uid_map) < 0)
        return error_set_errno(err, "map user %u into the user namespace",
                               outer_uid);
    if (write_file("/proc/self/gid_map", gid_map) < 0)
        return error_set_errno(err, "map group %u into the user namespace",
                               outer_gid);
    return 0;
}
