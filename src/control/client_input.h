/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/scan.h"

#include <glib.h>

/*
 * The reading half of a connection: collects the bytes of one request, and the
 * descriptors that came with them.
 */
#define CLIENT_INPUT_FDS_MAX 4
/* Read at once: bounds the requests that one event can carry. */
#define CLIENT_INPUT_PIECE 4096

struct client_input {
    struct scan scan;
    GString *request;
    size_t skipped; /* bytes between requests */
    int fds[CLIENT_INPUT_FDS_MAX];
    size_t fd_count;
};

enum client_input_status {
    CLIENT_INPUT_MORE,
    CLIENT_INPUT_REQUEST, /* `request` is whole, or beyond repair */
    CLIENT_INPUT_TOO_DEEP,
    CLIENT_INPUT_TOO_LARGE
};

/* Ready for the first request; _fini() frees what _init() and reading took. */
void client_input_init(struct client_input *input);
/* Drops the request and closes the descriptors left in `fds`. */
void client_input_reset(struct client_input *input);
void client_input_fini(struct client_input *input);

/*
 * Reads what is there, at most CLIENT_INPUT_PIECE bytes, into `piece`.
 * Descriptors are kept for the next request that gets whole.  `*len` 0: the
 * peer has closed its half.  Returns 0 or -errno; -EMSGSIZE when some of the
 * descriptors found no room.
 */
int client_input_read(struct client_input *input, int fd, char *piece,
                      size_t *len);

/*
 * Takes bytes from `*data` and `*len` up to the end of a request or of the
 * bytes.  What is no object becomes a request as far as it is there, so that
 * it can be answered at once.
 */
enum client_input_status client_input_feed(struct client_input *input,
                                           const char **data, size_t *len,
                                           size_t max);
