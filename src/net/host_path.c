/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/host_path.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

mode_t host_path_mask(void)
{
    return umask(0177);
}

void host_path_note(struct host_path *noted, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    noted->path = g_strdup(path);
    noted->dev = st.st_dev;
    noted->ino = st.st_ino;
}

void host_path_remove(struct host_path *noted)
{
    struct stat st;

    if (noted->path != NULL && stat(noted->path, &st) == 0 &&
        st.st_dev == noted->dev && st.st_ino == noted->ino)
        (void)unlinkat(AT_FDCWD, noted->path, 0);
    g_clear_pointer(&noted->path, g_free);
}
