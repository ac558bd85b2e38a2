/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/newns.h"

#include "base/error.h"
#include "kern/idmap.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

/* "No space left on device" has led many to look at their disks. */
static const char *hint(int number)
{
    return number == ENOSPC ? " (the limit of user.max_user_namespaces, or one "
                              "of its like, is reached)"
                            : "";
}

int newns_enter(bool same_user, GError **err)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0)
        return error_set_errno(
            err, "make a user, network and mount namespace%s", hint(errno));
    if (idmap_set(same_user ? uid : 0, same_user ? gid : 0, uid, gid, err) < 0)
        return -1;
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
        return error_set_errno(err, "keep mounts from going out");
    return 0;
}
