/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Composable text parsers.  Each takes a cursor; on success it moves past what
 * it consumed and fills its outputs, on failure it touches nothing.
 */
bool parse_literal(const char **cursor, const char *lit);
/* Decimal digits only, no sign and no blanks; at most `max`. */
bool parse_uint(const char **cursor, unsigned max, unsigned *out);
/* Exactly six bytes of one or two hex digits, joined by ':'. */
bool parse_mac(const char **cursor, uint8_t mac[6]);
/* True at the end of the text. */
bool parse_end(const char *cursor);
