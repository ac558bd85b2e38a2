/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_message.h"

#include "net/frame.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#define FLAG_QR     0x8000u
#define FLAG_AA     0x0400u
#define FLAG_TC     0x0200u
#define FLAG_RD     0x0100u
#define FLAG_RA     0x0080u
#define FLAG_CD     0x0010u
#define OPCODE_MASK 0x7800u
#define RCODE_MASK  0x000fu

#define LABEL_MAX   63u
#define NAME_MAX_   255u /* with the root's label (RFC 1035 2.3.4) */
#define POINTER     0xc0u
#define RECORD_TAIL 10u /* type, class, time to live, length */
#define OPT_LEN     11u
/* The name right behind the header. */
#define POINTER_TO_QUESTION (POINTER << 8 | DNS_HEADER_LEN)

enum section { QUESTION, ANSWER, AUTHORITY, ADDITIONAL, SECTION_COUNT };

uint16_t dns_get_id(const uint8_t *data)
{
    return frame_get16(data);
}

void dns_set_id(uint8_t *data, uint16_t id)
{
    frame_put16(data, id);
}

static uint16_t get_count(const uint8_t *data, enum section section)
{
    return frame_get16(data + 4 + 2 * section);
}

static void put_count(uint8_t *data, enum section section, size_t count)
{
    frame_put16(data + 4 + 2 * section, (uint16_t)count);
}

/* The offset behind the name at `at`; 0: it is none.  A pointer ends a name,
   and is only skipped. */
static size_t skip_name(const uint8_t *data, size_t len, size_t at,
                        bool may_point)
{
    size_t start = at;

    while (at < len) {
        uint8_t label = data[at];

        if (label == 0)
            return at + 1 - start <= NAME_MAX_ ? at + 1 : 0;
        if (label >= POINTER)
            return may_point && at + 2 <= len ? at + 2 : 0;
        if (label > LABEL_MAX)
            return 0;
        at += label + 1u;
    }
    return 0;
}

/* --- questions --- */

static bool read_question(struct dns_query *query)
{
    size_t at = skip_name(query->data, query->len, DNS_HEADER_LEN, false);

    if (at == 0 || query->len - at < 4)
        return false;
    query->type = frame_get16(query->data + at);
    query->class_ = frame_get16(query->data + at + 2);
    query->question_end = at + 4;
    return true;
}

/* OPT: the owner is the root, the class a size, and the time to live has the
   version in its second byte. */
static bool note_opt(struct dns_query *query, size_t owner, size_t tail,
                     uint8_t *version)
{
    const uint8_t *data = query->data;

    if (query->edns || tail != owner + 1)
        return false;
    query->edns = true;
    query->udp_max = MAX(frame_get16(data + tail + 2), DNS_UDP_MIN);
    *version = data[tail + 5];
    return true;
}

/* Walks the records behind the question; false: they are no records. */
static bool read_records(struct dns_query *query, uint8_t *version)
{
    const uint8_t *data = query->data;
    size_t at = query->question_end;
    unsigned others = get_count(data, ANSWER) + get_count(data, AUTHORITY);
    unsigned all = others + get_count(data, ADDITIONAL);

    for (unsigned i = 0; i < all; i++) {
        size_t tail = skip_name(data, query->len, at, true);

        if (tail == 0 || query->len - tail < RECORD_TAIL)
            return false;
        if (i >= others && frame_get16(data + tail) == DNS_TYPE_OPT &&
            !note_opt(query, at, tail, version))
            return false;
        at = tail + RECORD_TAIL + frame_get16(data + tail + 8);
        if (at > query->len)
            return false;
    }
    return at == query->len;
}

int dns_query_parse(const uint8_t *data, size_t len, struct dns_query *out)
{
    uint8_t version = 0;

    *out =
        (struct dns_query){ .data = data, .len = len, .udp_max = DNS_UDP_MIN };
    if (len < DNS_HEADER_LEN || (frame_get16(data + 2) & FLAG_QR) != 0)
        return -EBADMSG;
    out->id = dns_get_id(data);
    if (len > DNS_QUERY_MAX)
        return DNS_FORMERR;
    if ((frame_get16(data + 2) & OPCODE_MASK) != 0)
        return DNS_NOTIMP;
    if (get_count(data, QUESTION) != 1 || !read_question(out) ||
        !read_records(out, &version))
        return DNS_FORMERR;
    return version == 0 ? DNS_NOERROR : DNS_BADVERS;
}

static bool is_of_names(uint8_t byte)
{
    return g_ascii_isalnum(byte) || byte == '-' || byte == '_' || byte == '/' ||
           byte == '*';
}

bool dns_query_name(const struct dns_query *query, char *out)
{
    const uint8_t *at = query->data + DNS_HEADER_LEN;
    size_t len = 0;

    for (; *at != 0; at += *at + 1u) {
        if (len > 0)
            out[len++] = '.';
        for (unsigned i = 1; i <= *at; i++) {
            if (!is_of_names(at[i]))
                return false;
            out[len++] = (char)at[i];
        }
    }
    out[len] = '\0';
    return true;
}

/* --- names that stand for addresses (RFC 1035 3.5, RFC 3596 2.5) --- */

static bool cut_suffix(const char *name, const char *suffix, char *out,
                       size_t room)
{
    size_t len = strlen(name), cut = strlen(suffix);

    if (len < cut || len - cut >= room ||
        g_ascii_strcasecmp(name + len - cut, suffix) != 0)
        return false;
    memcpy(out, name, len - cut);
    out[len - cut] = '\0';
    return true;
}

static bool reverse_v4(const char *digits, struct ip_addr *out)
{
    g_auto(GStrv) part = g_strsplit(digits, ".", 5);
    g_autofree char *text = NULL;

    if (g_strv_length(part) != 4)
        return false;
    text = g_strdup_printf("%s.%s.%s.%s", part[3], part[2], part[1], part[0]);
    return ip_addr_parse(text, out) && out->family == AF_INET;
}

static bool reverse_v6(const char *digits, struct ip_addr *out)
{
    struct in6_addr v6 = { .s6_addr = { 0 } };

    if (strlen(digits) != 63)
        return false;
    for (unsigned i = 0; i < 32; i++) {
        int digit = g_ascii_xdigit_value(digits[2 * i]);

        if (digit < 0 || (i < 31 && digits[2 * i + 1] != '.'))
            return false;
        v6.s6_addr[15 - i / 2] |= (uint8_t)(digit << (i % 2 * 4));
    }
    *out = ip_addr_v6(&v6);
    return true;
}

bool dns_reverse_addr(const char *name, struct ip_addr *out)
{
    char digits[64];

    if (cut_suffix(name, ".in-addr.arpa", digits, sizeof(digits)))
        return reverse_v4(digits, out);
    return cut_suffix(name, ".ip6.arpa", digits, sizeof(digits)) &&
           reverse_v6(digits, out);
}

/* --- answers --- */

/* Writes the name, or with `out` NULL only counts; 0: it is none. */
static size_t put_name(const char *name, uint8_t *out)
{
    size_t at = 0;

    while (*name != '\0') {
        size_t label = strcspn(name, ".");

        if (label == 0 || label > LABEL_MAX || at + label + 2 > NAME_MAX_)
            return 0;
        if (out != NULL) {
            out[at] = (uint8_t)label;
            memcpy(out + at + 1, name, label);
        }
        at += label + 1;
        name += label + (name[label] == '.');
    }
    if (out != NULL)
        out[at] = 0;
    return at + 1;
}

static size_t data_len(const struct dns_record *record)
{
    if (record->type == DNS_TYPE_PTR)
        return put_name(record->name, NULL);
    return record->type == DNS_TYPE_A ? sizeof(struct in_addr)
                                      : sizeof(struct in6_addr);
}

static void put_data(const struct dns_record *record, uint8_t *out)
{
    if (record->type == DNS_TYPE_PTR)
        (void)put_name(record->name, out);
    else if (record->type == DNS_TYPE_A)
        memcpy(out, &record->addr.v4, sizeof(record->addr.v4));
    else
        memcpy(out, &record->addr.v6, sizeof(record->addr.v6));
}

/* Returns the record's length; 0: it does not fit. */
static size_t put_record(const struct dns_record *record, uint8_t *out,
                         size_t room)
{
    size_t len = data_len(record);

    if (len == 0 || room < 2 + RECORD_TAIL + len)
        return 0;
    frame_put16(out, POINTER_TO_QUESTION);
    frame_put16(out + 2, record->type);
    frame_put16(out + 4, 1);
    frame_put32(out + 6, DNS_TTL_S);
    frame_put16(out + 10, (uint16_t)len);
    put_data(record, out + 12);
    return 2 + RECORD_TAIL + len;
}

static size_t put_opt(uint8_t *out, enum dns_rcode rcode)
{
    memset(out, 0, OPT_LEN);
    frame_put16(out + 1, DNS_TYPE_OPT);
    frame_put16(out + 3, DNS_UDP_OURS);
    out[5] = (uint8_t)(rcode >> 4);
    return OPT_LEN;
}

static size_t put_head(const struct dns_query *query, enum dns_rcode rcode,
                       uint8_t *out)
{
    uint16_t asked = frame_get16(query->data + 2);
    size_t len = query->question_end;

    if (len == 0)
        len = DNS_HEADER_LEN;
    memcpy(out, query->data, len);
    frame_put16(out + 2,
                (uint16_t)(FLAG_QR | FLAG_RA |
                           (asked & (OPCODE_MASK | FLAG_RD | FLAG_CD)) |
                           (rcode & RCODE_MASK)));
    memset(out + 4, 0, DNS_HEADER_LEN - 4);
    put_count(out, QUESTION, query->question_end != 0);
    return len;
}

static void add_flag(uint8_t *message, unsigned flag)
{
    frame_put16(message + 2, (uint16_t)(frame_get16(message + 2) | flag));
}

size_t dns_reply(const struct dns_query *query, enum dns_rcode rcode,
                 const struct dns_record *records, size_t count, uint8_t *out,
                 size_t room)
{
    size_t at = put_head(query, rcode, out);
    size_t opt = query->edns ? OPT_LEN : 0;
    size_t done = 0;

    for (; done < count; done++) {
        size_t len = put_record(&records[done], out + at, room - opt - at);

        if (len == 0)
            break;
        at += len;
    }
    put_count(out, ANSWER, done);
    if (done < count)
        add_flag(out, FLAG_TC);
    if (done > 0)
        add_flag(out, FLAG_AA);
    if (opt > 0) {
        at += put_opt(out + at, rcode);
        put_count(out, ADDITIONAL, 1);
    }
    return at;
}

size_t dns_reply_truncated(const struct dns_query *query, uint8_t *out,
                           size_t room)
{
    size_t len = dns_reply(query, DNS_NOERROR, NULL, 0, out, room);

    add_flag(out, FLAG_TC);
    return len;
}

/* --- what servers say --- */

static bool same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
    /* Lengths of labels are below all letters. */
    for (size_t i = DNS_HEADER_LEN; i < len - 4; i++)
        if (g_ascii_tolower((char)a[i]) != g_ascii_tolower((char)b[i]))
            return false;
    return memcmp(a + len - 4, b + len - 4, 4) == 0;
}

bool dns_reply_matches(const uint8_t *data, size_t len, uint16_t id,
                       const struct dns_query *query)
{
    uint16_t flags;

    if (len < DNS_HEADER_LEN || dns_get_id(data) != id)
        return false;
    flags = frame_get16(data + 2);
    if ((flags & FLAG_QR) == 0 || (flags & OPCODE_MASK) != 0)
        return false;
    /* One that did not understand may leave the question out. */
    if (len == DNS_HEADER_LEN)
        return get_count(data, QUESTION) == 0 && dns_reply_is_failure(data);
    return get_count(data, QUESTION) == 1 && len >= query->question_end &&
           same_question(data, query->data, query->question_end);
}

bool dns_reply_is_failure(const uint8_t *data)
{
    switch (data[3] & RCODE_MASK) {
    case DNS_FORMERR:
    case DNS_SERVFAIL:
    case DNS_NOTIMP:
    case DNS_REFUSED:
        return true;
    default:
        return false;
    }
}
