/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_build.h"

#include "net/frame.h"

#include <errno.h>
#include <glib.h>

static uint8_t packet[DNS_MESSAGE_MAX];

static struct dns_query query_of(const char *name, uint16_t type, bool edns)
{
    struct dns_query query;
    size_t len = dns_build_query(packet, 0x1234, name, type, edns);

    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_NOERROR);
    return query;
}

static void a_question_is_read_as_it_was_written(void)
{
    struct dns_query query = query_of("WeB.Example", DNS_TYPE_AAAA, false);
    char name[DNS_TEXT_MAX];

    g_assert_cmphex(query.id, ==, 0x1234);
    g_assert_cmpuint(query.type, ==, DNS_TYPE_AAAA);
    g_assert_cmpuint(query.udp_max, ==, DNS_UDP_MIN);
    g_assert_true(dns_query_name(&query, name));
    g_assert_cmpstr(name, ==, "WeB.Example");
}

static void edns_tells_what_the_client_takes(void)
{
    struct dns_query query = query_of("web", DNS_TYPE_A, true);

    g_assert_true(query.edns);
    g_assert_cmpuint(query.udp_max, ==, 4096);
}

static void malformed_questions_get_the_fitting_code(void)
{
    struct dns_query query;
    size_t len = dns_build_query(packet, 1, "web", DNS_TYPE_A, true);

    for (size_t cut = DNS_HEADER_LEN; cut < len; cut++) {
        g_autofree uint8_t *exact = g_memdup2(packet, cut);

        g_assert_cmpint(dns_query_parse(exact, cut, &query), ==, DNS_FORMERR);
    }
    g_assert_cmpint(dns_query_parse(packet, DNS_HEADER_LEN - 1, &query), ==,
                    -EBADMSG);
    g_assert_cmpint(dns_query_parse(packet, len + 1, &query), ==, DNS_FORMERR);
    packet[2] = 0x28; /* an update */
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_NOTIMP);
    packet[2] = 0x81; /* an answer */
    g_assert_cmpint(dns_query_parse(packet, len, &query), <, 0);
}

static void compression_in_a_question_is_refused(void)
{
    struct dns_query query;
    size_t len = dns_build_query(packet, 1, "ab", DNS_TYPE_A, false);

    /* A name that is itself, and one behind a label. */
    packet[12] = 0xc0;
    packet[13] = 12;
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_FORMERR);
    len = dns_build_query(packet, 1, "ab", DNS_TYPE_A, false);
    packet[15] = 0xc0;
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_FORMERR);
}

static void a_name_longer_than_names_are_is_refused(void)
{
    char name[260];
    struct dns_query query;
    size_t len;

    memset(name, 'a', sizeof(name));
    name[50] = name[100] = name[150] = name[200] = '.';
    name[253] = '\0';
    len = dns_build_query(packet, 1, name, DNS_TYPE_A, false);
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_NOERROR);
    name[253] = 'a';
    name[254] = '\0';
    len = dns_build_query(packet, 1, name, DNS_TYPE_A, false);
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_FORMERR);
}

static void two_opts_and_later_versions_are_refused(void)
{
    struct dns_query query;
    size_t len = dns_build_query(packet, 1, "web", DNS_TYPE_A, true);

    packet[len - 5] = 1;
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_BADVERS);
    packet[len - 5] = 0;
    memcpy(packet + len, packet + len - 11, 11);
    packet[11] = 2;
    g_assert_cmpint(dns_query_parse(packet, len + 11, &query), ==, DNS_FORMERR);
}

static void an_answer_repeats_the_question_and_its_case(void)
{
    struct dns_query query = query_of("WEB", DNS_TYPE_A, true);
    struct dns_record record = { .type = DNS_TYPE_A,
                                 .addr = ip_addr_v4_host(0x0a590002) };
    uint8_t out[DNS_UDP_MIN];
    size_t len = dns_reply(&query, DNS_NOERROR, &record, 1, out, sizeof(out));

    g_assert_cmphex(dns_get_id(out), ==, 0x1234);
    g_assert_cmphex(frame_get16(out + 2), ==, 0x8580);
    g_assert_cmpint(memcmp(out + 12, packet + 12, query.question_end - 12), ==,
                    0);
    g_assert_cmphex(frame_get16(out + query.question_end), ==, 0xc00c);
    g_assert_cmpint(
        memcmp(out + query.question_end + 12, "\x0a\x59\x00\x02", 4), ==, 0);
    /* And an OPT of its own (RFC 6891 6.1.1). */
    g_assert_cmpuint(len, ==, query.question_end + 16 + 11);
    g_assert_cmpuint(out[11], ==, 1);
}

static void answers_that_do_not_fit_are_marked(void)
{
    struct dns_query query = query_of("web", DNS_TYPE_AAAA, false);
    struct dns_record records[32];
    uint8_t out[DNS_UDP_MIN];
    size_t len;

    for (size_t i = 0; i < G_N_ELEMENTS(records); i++)
        records[i] = (struct dns_record){ .type = DNS_TYPE_AAAA,
                                          .addr.family = AF_INET6 };
    len = dns_reply(&query, DNS_NOERROR, records, 32, out, sizeof(out));
    g_assert_cmpuint(len, <=, sizeof(out));
    g_assert_cmphex(out[2] & 2, ==, 2);
    g_assert_cmpuint(frame_get16(out + 6), ==,
                     (sizeof(out) - query.question_end) / 28);
}

static void codes_above_fifteen_need_the_opt(void)
{
    struct dns_query query;
    size_t len = dns_build_query(packet, 1, "web", DNS_TYPE_A, true);
    uint8_t out[DNS_UDP_MIN];

    packet[len - 5] = 1;
    g_assert_cmpint(dns_query_parse(packet, len, &query), ==, DNS_BADVERS);
    len = dns_reply(&query, DNS_BADVERS, NULL, 0, out, sizeof(out));
    g_assert_cmpuint(out[3] & 15, ==, 0);
    g_assert_cmpuint(out[len - 6], ==, 1);
}

static void a_reply_must_be_to_the_question(void)
{
    struct dns_query query = query_of("web.test", DNS_TYPE_A, false);
    uint8_t out[DNS_UDP_MIN];
    size_t len = dns_reply(&query, DNS_NXDOMAIN, NULL, 0, out, sizeof(out));

    g_assert_true(dns_reply_matches(out, len, 0x1234, &query));
    g_assert_false(dns_reply_matches(out, len, 0x1235, &query));
    g_assert_false(dns_reply_matches(out, len - 1, 0x1234, &query));
    g_assert_false(dns_reply_matches(packet, len, 0x1234, &query));
    out[13] = 'W'; /* not every server keeps the case */
    g_assert_true(dns_reply_matches(out, len, 0x1234, &query));
    out[13] = 'x';
    g_assert_false(dns_reply_matches(out, len, 0x1234, &query));
    out[13] = 'w';
    out[len - 3] = DNS_TYPE_AAAA;
    g_assert_false(dns_reply_matches(out, len, 0x1234, &query));
}

static void names_that_stand_for_addresses(void)
{
    struct ip_addr addr, want;

    g_assert_true(dns_reverse_addr("2.0.89.10.IN-ADDR.arpa", &addr));
    g_assert_true(ip_addr_parse("10.89.0.2", &want));
    g_assert_true(ip_addr_equal(&addr, &want));
    g_assert_true(dns_reverse_addr(
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.8.0.0.0.0.d.f"
        ".ip6.arpa",
        &addr));
    g_assert_true(ip_addr_parse("fd00:89::2", &want));
    g_assert_true(ip_addr_equal(&addr, &want));
    g_assert_false(dns_reverse_addr("0.89.10.in-addr.arpa", &addr));
    g_assert_false(dns_reverse_addr("1.2.0.89.10.in-addr.arpa", &addr));
    g_assert_false(dns_reverse_addr("2.0.89.x.in-addr.arpa", &addr));
    g_assert_false(dns_reverse_addr("in-addr.arpa", &addr));
    g_assert_false(dns_reverse_addr("2.0.ip6.arpa", &addr));
    g_assert_false(dns_reverse_addr("web", &addr));
}

static void bytes_that_no_host_name_has_are_no_text(void)
{
    struct dns_query query = query_of("a.b", DNS_TYPE_A, false);
    char name[DNS_TEXT_MAX];

    packet[13] = '.';
    g_assert_false(dns_query_name(&query, name));
    packet[13] = 0;
    g_assert_false(dns_query_name(&query, name));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dns_message/a question is read as it was written",
                    a_question_is_read_as_it_was_written);
    g_test_add_func("/dns_message/edns tells what the client takes",
                    edns_tells_what_the_client_takes);
    g_test_add_func("/dns_message/malformed questions get the fitting code",
                    malformed_questions_get_the_fitting_code);
    g_test_add_func("/dns_message/compression in a question is refused",
                    compression_in_a_question_is_refused);
    g_test_add_func("/dns_message/a name longer than names are is refused",
                    a_name_longer_than_names_are_is_refused);
    g_test_add_func("/dns_message/two opts and later versions are refused",
                    two_opts_and_later_versions_are_refused);
    g_test_add_func("/dns_message/an answer repeats the question and its case",
                    an_answer_repeats_the_question_and_its_case);
    g_test_add_func("/dns_message/answers that do not fit are marked",
                    answers_that_do_not_fit_are_marked);
    g_test_add_func("/dns_message/codes above fifteen need the opt",
                    codes_above_fifteen_need_the_opt);
    g_test_add_func("/dns_message/a reply must be to the question",
                    a_reply_must_be_to_the_question);
    g_test_add_func("/dns_message/names that stand for addresses",
                    names_that_stand_for_addresses);
    g_test_add_func("/dns_message/bytes that no host name has are no text",
                    bytes_that_no_host_name_has_are_no_text);
    return g_test_run();
}
