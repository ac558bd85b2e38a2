/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/file_keeper_inside.h"

#include "base/error.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"
#include "kern/jail_caps.h"
#include "kern/jail_landlock.h"
#include "kern/jail_seccomp.h"
#include "kern/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { SOCKET_FD = STDERR_FILENO + 1, DIR_FD, FIRST_UNUSED };

/* --- writing --- */

static int write_new(const char *name, const char *text, size_t len,
                     GError **err)
{
    owned_fd fd =
        openat(DIR_FD, name,
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return error_set_errno(err, "make %s", name);
    rc = fd_write_all(fd, text, len);
    if (rc == 0 && fsync(fd) != 0)
        rc = -errno;
    if (rc == 0)
        return 0;
    errno = -rc;
    return error_set_errno(err, "write %s", name);
}

static void replace(const char *name, const char *text, size_t len)
{
    g_autofree char *fresh = g_strdup_printf(".%s.new", name);
    g_autoptr(GError) err = NULL;

    if (write_new(fresh, text, len, &err) == 0 &&
        renameat(DIR_FD, fresh, DIR_FD, name) != 0)
        error_set_errno(&err, "rename %s", fresh);
    if (err != NULL) {
        (void)unlinkat(DIR_FD, fresh, 0);
        log_warn("the state is not kept: %s", err->message);
        return;
    }
    (void)fsync(DIR_FD);
}

/* --- receiving --- */

static bool read_whole(void *to, size_t len)
{
    char *at = to;

    while (len > 0) {
        ssize_t n = read(SOCKET_FD, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* NULL at the end; half a text is none. */
static char *receive(uint32_t *len)
{
    g_autofree char *text = NULL;

    if (!read_whole(len, sizeof(*len)) || *len > FILE_KEEPER_MAX)
        return NULL;
    text = g_malloc((gsize)*len + 1);
    return read_whole(text, *len) ? g_steal_pointer(&text) : NULL;
}

/* The end of the connection counts as well. */
static bool is_more_there(void)
{
    struct pollfd poll_fd = { .fd = SOCKET_FD, .events = POLLIN };

    return poll(&poll_fd, 1, 0) > 0;
}

static void serve(const char *name)
{
    g_autofree char *waiting = NULL;
    uint32_t len = 0, next_len;

    for (;;) {
        char *next;

        if (waiting != NULL && !is_more_there()) {
            replace(name, waiting, len);
            g_clear_pointer(&waiting, g_free);
        }
        next = receive(&next_len);
        if (next == NULL)
            break;
        g_free(waiting);
        waiting = next;
        len = next_len;
    }
    if (waiting != NULL)
        replace(name, waiting, len);
}

/* --- the process --- */

static bool keep_only(int socket, int dir_fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int high = fcntl(socket, F_DUPFD_CLOEXEC, FIRST_UNUSED);
    int high_dir = fcntl(dir_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED);

    return null >= 0 && high >= 0 && high_dir >= 0 &&
           dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           dup2(high, SOCKET_FD) >= 0 && dup2(high_dir, DIR_FD) >= 0 &&
           fd_close_from(FIRST_UNUSED) == 0;
}

/* As far as the machine has it: it does what it is told, to one file. */
static void confine(void)
{
    const struct jail_landlock_rules rules = { .removable_dir_fd = -1,
                                               .changeable_dir_fd = DIR_FD };

    (void)jail_landlock_restrict(&rules, NULL);
    (void)jail_seccomp_load(JAIL_SECCOMP_KEEPER, 0, 0, NULL);
}

void file_keeper_inside(int socket, int dir_fd, const char *name)
{
    g_autoptr(GError) err = NULL;

    (void)prctl(PR_SET_NAME, "slipgate-state", 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signals_ignore();
    /* CAP_DAC_OVERRIDE is not needed to write where the owner may. */
    if (!keep_only(socket, dir_fd) || jail_caps_keep(0, &err) != 0 ||
        jail_no_new_privs(&err) != 0) {
        log_warn("the state is not kept: %s",
                 err != NULL ? err->message : g_strerror(errno));
        _exit(EXIT_FAILURE);
    }
    confine();
    serve(name);
    _exit(EXIT_SUCCESS);
}
