/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>

/*
 * Which texts may be names.  Pure.
 */
#define LABEL_NAME_MAX 63  /* of a network, of one label of a host */
#define LABEL_HOST_MAX 200 /* leaves room for a domain: RFC 1035, 3.1 */
#define LABEL_KEY_MAX  128 /* what an engine calls a container */

/*
 * A network or a container: letters, digits, '_', '.' and '-', the first of
 * them a letter or a digit, as engines have it; at most `max` of them.
 */
bool label_is_name(const char *text, unsigned max);
/*
 * A name that DNS can serve: labels of 1 to 63 letters, digits, '-' and '_',
 * which end in neither '-', joined by dots.  The underscore is no letter of
 * host names (RFC 952), but of the names that compose files lead to.
 */
bool label_is_host(const char *text);
/* An interface that the kernel would take, and that no shell trips over. */
bool label_is_interface(const char *text);
