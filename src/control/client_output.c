/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/client_output.h"

#include <errno.h>
#include <sys/socket.h>

void client_output_init(struct client_output *output)
{
    *output = (struct client_output){ .text = g_string_new(NULL) };
}

void client_output_fini(struct client_output *output)
{
    g_string_free(output->text, TRUE);
}

size_t client_output_waiting(const struct client_output *output)
{
    return output->text->len - output->sent;
}

void client_output_add(struct client_output *output, const char *text)
{
    if (output->sent > 0) {
        g_string_erase(output->text, 0, (gssize)output->sent);
        output->sent = 0;
    }
    g_string_append(output->text, text);
}

int client_output_flush(struct client_output *output, int fd)
{
    while (client_output_waiting(output) > 0) {
        ssize_t n =
            send(fd, output->text->str + output->sent,
                 client_output_waiting(output), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        output->sent += (size_t)n;
    }
    g_string_truncate(output->text, 0);
    output->sent = 0;
    return 0;
}
