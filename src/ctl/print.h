/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include "control/json.h"

#include <stdio.h>

/* What people read: columns, and numbers that are short. */

/* A table of texts; each row has as many as there are heads. */
struct table;

/* `heads` are kept by reference, NULL-terminated; "<" in front of one: its
   column is aligned to the left. */
struct table *table_new(const char *const *heads);
/* Takes one text over, cell by cell, row by row. */
void table_add(struct table *table, char *text);
/* Prints and frees it; without rows nothing is printed. */
void table_print_free(struct table *table, FILE *out);

/* Members as texts, which the caller frees; "-" for what is missing. */
char *print_member(const struct json_obj *obj, const char *key);
/* A number of bytes, as 1.2M. */
char *print_bytes(uint64_t bytes);
/* Seconds, as 1h02m. */
char *print_age(uint64_t seconds);
/* "1.2.3.4:80" or "[::1]:80" of two members. */
char *print_endpoint(const struct json_obj *obj, const char *addr_key,
                     const char *port_key);

/* All members, one per line, those of objects as "outer.inner". */
void print_members(FILE *out, const struct json_obj *obj);
