/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/banner.h"

#include "app/option_table.h"
#include "app/version.h"

#include <stdlib.h>
#include <string.h>

static char *usage_text(void)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    options_usage(out, "slirp4netns");
    fclose(out);
    return text;
}

static void usage_names_every_option_that_engines_look_for(void)
{
    static const char *const wanted[] = {
        "--configure",     "--exit-fd",        "--ready-fd",
        "--mtu",           "--enable-ipv6",    "--api-socket",
        "--cidr",          "--netns-type=",    "--disable-host-loopback",
        "--userns-path",   "--enable-seccomp", "--enable-sandbox",
        "--outbound-addr", "--outbound-addr6", "--disable-dns",
        "--macaddress",    "--target-type",    "-h, --help",
        "-v, --version",
    };
    char *text = usage_text();

    g_assert_true(g_str_has_prefix(text, "Usage: slirp4netns [OPTION]... "
                                         "PID|PATH|FD [TAPNAME]\n"));
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_test_message("%s", wanted[i]);
        g_assert_nonnull(strstr(text, wanted[i]));
    }
    g_assert_null(strstr(text, "--no-host-loopback"));
    g_assert_null(strstr(text, "--create-sandbox"));
    free(text);
}

static void every_row_of_the_table_is_whole(void)
{
    for (size_t i = 0; i < option_spec_count; i++) {
        const struct option_spec *spec = &option_specs[i];

        g_test_message("--%s", spec->name);
        if (!(spec->flags & OPTION_HIDDEN)) {
            g_assert_nonnull(spec->help);
            g_assert_nonnull(spec->manual);
            g_assert_true((spec->metavar != NULL) == option_takes_value(spec));
        }
        if (spec->kind == OPTION_NUMBER || spec->kind == OPTION_PATH)
            g_assert_nonnull(spec->refusal);
        if (spec->kind == OPTION_CHOICE)
            g_assert_true(spec->words->otherwise >= 0 || spec->refusal != NULL);
    }
}

static char *version_text(const char *argv0)
{
    static const struct version_libraries libraries = { "4.7.0", 4, 2, 5, 4 };
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    version_print(out, argv0, &libraries);
    fclose(out);
    return text;
}

static void version_has_the_five_lines_that_callers_parse(void)
{
    char *text = version_text("/usr/bin/slirp4netns");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_auto(GStrv) words = g_strsplit(text, "version", -1);

    g_assert_cmpuint(g_strv_length(lines), ==, 6);
    g_assert_true(g_str_has_prefix(lines[0], "slirp4netns version 1.3.2"));
    g_assert_true(g_str_has_prefix(lines[1], "commit: "));
    g_assert_cmpstr(lines[2], ==, "libslirp: 4.7.0");
    g_assert_cmpstr(lines[3], ==, "SLIRP_CONFIG_VERSION_MAX: 4");
    g_assert_cmpstr(lines[4], ==, "libseccomp: 2.5.4");
    g_assert_cmpstr(lines[5], ==, "");
    g_assert_cmpuint(g_strv_length(words), ==, 2);
    free(text);
}

static void version_names_the_program_as_it_was_called(void)
{
    char *text = version_text("./slipgate");

    g_assert_true(
        g_str_has_prefix(text, "slipgate version " PACKAGE_VERSION " ("));
    free(text);
}

static char *banner_text(const char *line, const struct ip_addr *outbound)
{
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    struct options options;
    const struct ip_addr none = { .family = AF_UNSPEC };
    const struct plan plan = {
        .network = ip_addr_v4_host(0x0a000200),
        .netmask = ip_addr_v4_host(0xffffff00),
        .gateway = ip_addr_v4_host(0x0a000202),
        .dns = ip_addr_v4_host(0x0a000203),
        .dhcp_start = ip_addr_v4_host(0x0a00020f),
        .dhcp_end = ip_addr_v4_host(0x0a00021e),
        .guest = ip_addr_v4_host(0x0a000264),
    };
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    g_assert_cmpint(
        options_parse(&options, (int)g_strv_length(argv), argv, stderr, NULL),
        ==, OPTIONS_RUN);
    banner_print(out, &options, &plan, outbound ? outbound : &none, &none);
    fclose(out);
    return text;
}

static void the_banner_tells_the_addresses(void)
{
    char *text = banner_text("slipgate 1 tap0", NULL);

    g_assert_cmpstr(
        text, ==,
        "Starting slirp\n"
        "* MTU:             1500\n"
        "* Network:         10.0.2.0\n"
        "* Netmask:         255.255.255.0\n"
        "* Gateway:         10.0.2.2\n"
        "* DNS:             10.0.2.3\n"
        "* DHCP begin:      10.0.2.15\n"
        "* DHCP end:        10.0.2.30\n"
        "* Recommended IP:  10.0.2.100\n"
        "WARNING: 127.0.0.1:* on the host is accessible as 10.0.2.2 (set "
        "--disable-host-loopback to prohibit connecting to 127.0.0.1:*)\n");
    free(text);
}

static void the_banner_tells_what_was_asked_for(void)
{
    const struct ip_addr outbound = ip_addr_v4_host(0xc0000201);
    char *text = banner_text("slipgate -c 1 tap0 -a /s --disable-host-loopback "
                             "--macaddress=02:00:00:00:00:01",
                             &outbound);

    g_assert_nonnull(strstr(text, "\n* API Socket:      /s\n"
                                  "* Outbound IPv4:    192.0.2.1\n"
                                  "* MAC address:     02:00:00:00:00:01\n"));
    g_assert_null(strstr(text, "WARNING"));
    free(text);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    /* clang-format off */
    { "/usage/it names every option that engines look for",
      usage_names_every_option_that_engines_look_for },
    { "/options/every row of the table is whole",
      every_row_of_the_table_is_whole },
    { "/version/it has the five lines that callers parse",
      version_has_the_five_lines_that_callers_parse },
    { "/version/it names the program as it was called",
      version_names_the_program_as_it_was_called },
    { "/banner/it tells the addresses", the_banner_tells_the_addresses },
    { "/banner/it tells what was asked for",
      the_banner_tells_what_was_asked_for },
    /* clang-format on */
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].name, tests[i].run);
    return g_test_run();
}
