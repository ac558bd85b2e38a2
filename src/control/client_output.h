/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <glib.h>

/* The writing half of a connection: what is owed to the peer. */
struct client_output {
    GString *text;
    size_t sent; /* of `text` */
};

/* Nothing is owed; _fini() drops what still is. */
void client_output_init(struct client_output *output);
void client_output_fini(struct client_output *output);

/* Bytes that wait. */
size_t client_output_waiting(const struct client_output *output);
/* Copies the text behind what waits; without limit, which is the caller's. */
void client_output_add(struct client_output *output, const char *text);
/* Sends what the socket takes now.  0 or -errno. */
int client_output_flush(struct client_output *output, int fd);
