/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options.h"

#include "app/option_table.h"
#include "base/own.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* The command line after "slirp4netns", split at blanks; "''" is an empty word.
 */
struct command_line {
    char **argv;
    int argc;
    struct options options;
    enum options_outcome outcome;
    GError *err;
    char *notices;
};

static void command_line_free(struct command_line *c)
{
    g_strfreev(c->argv);
    g_clear_error(&c->err);
    free(c->notices);
    g_free(c);
}
OWN_DEFINE(command_line)

static struct command_line *parse(const char *line)
{
    struct command_line *c = g_new0(struct command_line, 1);
    g_autofree char *full = g_strdup_printf("slirp4netns %s", line);
    size_t len;
    FILE *out = open_memstream(&c->notices, &len);

    c->argv = g_strsplit(line[0] == '\0' ? "slirp4netns" : full, " ", -1);
    for (c->argc = 0; c->argv[c->argc] != NULL; c->argc++) {
        if (strcmp(c->argv[c->argc], "''") == 0)
            c->argv[c->argc][0] = '\0';
    }
    c->outcome = options_parse(&c->options, c->argc, c->argv, out, &c->err);
    fclose(out);
    return c;
}

static void defaults_are_those_of_slirp4netns(void)
{
    owned(command_line) c = parse("42 tap0");
    const struct options *o = &c->options;

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpint(o->exit_fd, ==, -1);
    g_assert_cmpint(o->ready_fd, ==, -1);
    g_assert_cmpuint(o->mtu, ==, 1500);
    g_assert_cmpstr(o->cidr, ==, "10.0.2.0/24");
    g_assert_null(o->api_socket);
    g_assert_null(o->userns_path);
    g_assert_null(o->macaddress);
    g_assert_false(o->configure || o->enable_ipv6 || o->enable_sandbox ||
                   o->enable_seccomp || o->disable_dns ||
                   o->disable_host_loopback);
    g_assert_cmpint(o->target_type, ==, TARGET_TYPE_NETNS);
    g_assert_cmpint(o->netns_type, ==, NETNS_TYPE_PID);
    g_assert_cmpint(o->target_pid, ==, 42);
    g_assert_cmpint(o->target_fd, ==, -1);
    g_assert_cmpstr(o->tap_name, ==, "tap0");
    g_assert_cmpint(o->tcp, ==, TCP_MODE_AUTO);
    g_assert_cmpstr(c->notices, ==, "");
}

static void every_option_reaches_its_field(void)
{
    owned(command_line) c =
        parse("-c -e 4 -r 3 -m 65520 -6 -a /s --cidr=10.1.0.0/16 "
              "--disable-host-loopback --netns-type=path --userns-path /proc "
              "--enable-sandbox --enable-seccomp --outbound-addr=192.0.2.1 "
              "--outbound-addr6 lo --disable-dns "
              "--macaddress=0e:d4:18:d9:38:fb --target-type=netns "
              "--tcp=slirp /dev/null tap1");
    const struct options *o = &c->options;

    g_assert_no_error(c->err);
    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_true(o->configure && o->enable_ipv6 && o->disable_host_loopback &&
                  o->enable_sandbox && o->enable_seccomp && o->disable_dns);
    g_assert_false(o->disable_sandbox || o->disable_seccomp);
    g_assert_cmpint(o->exit_fd, ==, 4);
    g_assert_cmpint(o->ready_fd, ==, 3);
    g_assert_cmpuint(o->mtu, ==, 65520);
    g_assert_cmpstr(o->api_socket, ==, "/s");
    g_assert_cmpstr(o->cidr, ==, "10.1.0.0/16");
    g_assert_cmpint(o->netns_type, ==, NETNS_TYPE_PATH);
    g_assert_cmpstr(o->target_path, ==, "/dev/null");
    g_assert_cmpstr(o->userns_path, ==, "/proc");
    g_assert_cmpstr(o->outbound_addr, ==, "192.0.2.1");
    g_assert_cmpstr(o->outbound_addr6, ==, "lo");
    g_assert_cmpint(o->mac[0], ==, 0x0e);
    g_assert_cmpint(o->mac[5], ==, 0xfb);
    g_assert_cmpint(o->tcp, ==, TCP_MODE_SLIRP);
    g_assert_cmpstr(o->tap_name, ==, "tap1");
}

/* A bad command line, what it gets, and the whole error text (NULL: none). */
static const struct {
    const char *line;
    enum options_outcome outcome;
    const char *message;
} refusals[] = {
    /* clang-format off */
    { "", OPTIONS_BAD_USAGE, "what to serve is missing" },
    { "42", OPTIONS_BAD_USAGE, "TAPNAME is missing behind \"42\"" },
    { "ruun", OPTIONS_BAD_USAGE,
      "\"ruun\" is neither a command nor a PID with a TAPNAME" },
    { "--netns-type=path /dev/null", OPTIONS_BAD_USAGE,
      "TAPNAME is missing behind \"/dev/null\"" },
    { "--netns-type=tapfd", OPTIONS_BAD_USAGE, "what to serve is missing" },
    { "--target-type=bess", OPTIONS_BAD_USAGE,
      "the path of the socket is missing" },
    { "-e -1 1 tap0", OPTIONS_BAD_USAGE,
      "exit-fd must be a non-negative integer" },
    { "-e '' 1 tap0", OPTIONS_BAD_USAGE,
      "exit-fd must be a non-negative integer" },
    { "-r 3x 1 tap0", OPTIONS_BAD_USAGE,
      "ready-fd must be a non-negative integer" },
    { "-r '' 1 tap0", OPTIONS_BAD_USAGE,
      "ready-fd must be a non-negative integer" },
    { "-r 2147483648 1 tap0", OPTIONS_BAD_USAGE,
      "ready-fd must be a non-negative integer" },
    { "--mtu=0 1 tap0", OPTIONS_BAD_USAGE,
      "MTU must be a positive integer (< 65522)" },
    { "--mtu=65522 1 tap0", OPTIONS_BAD_USAGE,
      "MTU must be a positive integer (< 65522)" },
    { "--mtu 1500b 1 tap0", OPTIONS_BAD_USAGE,
      "MTU must be a positive integer (< 65522)" },
    { "-m '' 1 tap0", OPTIONS_BAD_USAGE,
      "MTU must be a positive integer (< 65522)" },
    { "--userns-path=/nowhere/at/all 1 tap0", OPTIONS_BAD_USAGE,
      "userns path doesn't exist: /nowhere/at/all" },
    { "--macaddress=02:00:00:00:00:01 1 tap0", OPTIONS_BAD_USAGE,
      "--macaddr cannot be specified when --configure or -c is not specified" },
    { "--target-type=bess /s tap0", OPTIONS_BAD_USAGE, "too many arguments" },
    { "--target-type=bess -c /s", OPTIONS_BAD_USAGE,
      "--configure conflicts with --target-type=bess" },
    { "--target-type=bess --netns-type=pid /s", OPTIONS_BAD_USAGE,
      "--netns-type conflicts with --target-type=bess" },
    { "--userns-path=/proc --target-type=bess /s", OPTIONS_BAD_USAGE,
      "--userns-path conflicts with --target-type=bess" },
    { "--target-type=vde 1 tap0", OPTIONS_BAD_USAGE,
      "--target-type must be either \"netns\" or \"bess\"" },
    { "--tcp=fast 1 tap0", OPTIONS_BAD_USAGE,
      "--tcp must be \"auto\", \"relay\" or \"slirp\"" },
    { "0 tap0", OPTIONS_BAD_USAGE, "PID must be a positive integer" },
    { "12a tap0", OPTIONS_BAD_USAGE, "PID must be a positive integer" },
    { "-- -1 tap0", OPTIONS_BAD_USAGE, "PID must be a positive integer" },
    { "4294967297 tap0", OPTIONS_BAD_USAGE, "PID must be a positive integer" },
    { "--netns-type=tapfd x", OPTIONS_BAD_USAGE,
      "TAPFD must a file descriptor" },
    { "--netns-type=path /nowhere tap0", OPTIONS_BAD_USAGE,
      "existing path expected when --netns-type=path: "
      "No such file or directory" },
    { "-a '' 1 tap0", OPTIONS_REFUSED,
      "the specified API socket path is empty" },
    { "-c --macaddress=zz 1 tap0", OPTIONS_REFUSED,
      "\"zz\" is an invalid MAC address.\n"
      "macaddress has to be a valid MAC address (hex string, 6 bytes, each "
      "byte separated by a ':')." },
    /* clang-format on */
};

static void bad_command_lines_are_refused_in_known_words(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        owned(command_line) c = parse(refusals[i].line);

        g_test_message("%s", refusals[i].line);
        g_assert_cmpint(c->outcome, ==, refusals[i].outcome);
        g_assert_cmpstr(c->err != NULL ? c->err->message : NULL, ==,
                        refusals[i].message);
    }
}

static void a_mac_address_has_exactly_six_bytes(void)
{
    static const char *const bad[] = { "''",
                                       "02:00:00:00:00",
                                       "02:00:00:00:00:01:02",
                                       "02:00:00:00:00:01x",
                                       "0x2:00:00:00:00:01",
                                       "002:00:00:00:00:01",
                                       "02-00-00-00-00-01" };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *line =
            g_strdup_printf("-c 1 tap0 --macaddress %s", bad[i]);
        owned(command_line) c = parse(line);

        g_test_message("%s", bad[i]);
        g_assert_cmpint(c->outcome, ==, OPTIONS_REFUSED);
    }
}

static void a_socket_path_must_fit_its_address(void)
{
    g_autofree char *fits = g_strnfill(107, 'x');
    g_autofree char *fits_line = g_strdup_printf("1 tap0 -a %s", fits);
    g_autofree char *long_line = g_strdup_printf("1 tap0 -a %sx", fits);
    owned(command_line) good = parse(fits_line);
    owned(command_line) bad = parse(long_line);

    g_assert_cmpint(good->outcome, ==, OPTIONS_RUN);
    g_assert_cmpint(bad->outcome, ==, OPTIONS_REFUSED);
    g_assert_cmpstr(bad->err->message, ==,
                    "the specified API socket path is too long (>= 108)");
}

static void complaints_of_getopt_end_the_parse(void)
{
    static const char *const bad[] = { "--x 1 tap0",       "-x 1 tap0",
                                       "1 tap0 --mtu",     "1 tap0 -r",
                                       "1 tap0 --disable", "--configure=1",
                                       "--enable-s" };

    opterr = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        owned(command_line) c = parse(bad[i]);

        g_test_message("%s", bad[i]);
        g_assert_cmpint(c->outcome, ==, OPTIONS_BAD_USAGE);
        g_assert_no_error(c->err);
    }
    opterr = 1;
}

static void options_may_follow_the_arguments(void)
{
    owned(command_line) c =
        parse("42 --conf tap0 --ready=3 --exit 4 --api /s -- x");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpint(c->options.target_pid, ==, 42);
    g_assert_cmpstr(c->options.tap_name, ==, "tap0");
    g_assert_true(c->options.configure);
    g_assert_cmpint(c->options.ready_fd, ==, 3);
    g_assert_cmpint(c->options.exit_fd, ==, 4);
    g_assert_cmpstr(c->options.api_socket, ==, "/s");
    g_assert_cmpstr(c->notices, ==, "WARNING: too many arguments\n");
}

static void help_and_version_act_where_they_stand(void)
{
    static const struct {
        const char *line;
        enum options_outcome outcome;
    } rows[] = {
        { "-h", OPTIONS_HELP },
        { "--help --mtu=0", OPTIONS_HELP },
        { "--mtu=0 --help", OPTIONS_BAD_USAGE },
        { "1 tap0 x y -v", OPTIONS_VERSION },
        { "--vers", OPTIONS_VERSION },
        { "-vh", OPTIONS_VERSION },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        owned(command_line) c = parse(rows[i].line);

        g_assert_cmpint(c->outcome, ==, rows[i].outcome);
    }
}

static void confinement_is_enabled_unless_it_is_disabled(void)
{
    owned(command_line) on = parse("--enable-sandbox --enable-seccomp 1 tap0");
    owned(command_line) off =
        parse("--disable-sandbox --enable-sandbox --disable-seccomp "
              "--enable-seccomp 1 tap0");

    g_assert_true(on->options.enable_sandbox && on->options.enable_seccomp);
    g_assert_cmpint(off->outcome, ==, OPTIONS_RUN);
    g_assert_false(off->options.enable_sandbox || off->options.enable_seccomp);
}

static void an_unknown_netns_type_means_path(void)
{
    owned(command_line) c = parse("--netns-type=file /dev/null tap0");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpint(c->options.netns_type, ==, NETNS_TYPE_PATH);
}

static void a_tap_descriptor_needs_no_name_and_no_configuration(void)
{
    owned(command_line) c = parse("--netns-type=tapfd -c 7");
    owned(command_line) more = parse("--netns-type=tapfd 7 tap0");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpint(c->options.target_fd, ==, 7);
    g_assert_false(c->options.configure);
    g_assert_cmpstr(c->notices, ==, "");
    g_assert_cmpint(more->outcome, ==, OPTIONS_RUN);
    g_assert_cmpstr(more->notices, ==, "WARNING: too many arguments\n");
}

static void bess_takes_one_path(void)
{
    owned(command_line) c = parse("--target-type=bess /tmp/bess.sock");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpint(c->options.target_type, ==, TARGET_TYPE_BESS);
    g_assert_cmpstr(c->options.target_path, ==, "/tmp/bess.sock");
}

static void old_names_work_and_warn(void)
{
    owned(command_line) c = parse("--no-host-loopback --create-sandbox 1 tap0");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_true(c->options.disable_host_loopback);
    g_assert_true(c->options.enable_sandbox);
    g_assert_cmpstr(c->notices, ==,
                    "WARNING: --no-host-loopback is deprecated, use "
                    "--disable-host-loopback\n"
                    "WARNING: --create-sandbox is deprecated, use "
                    "--enable-sandbox\n");
}

static void experimental_options_warn(void)
{
    owned(command_line) c = parse("-6 --enable-seccomp --outbound-addr=lo "
                                  "--outbound-addr6=::1 1 tap0");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpstr(c->notices, ==,
                    "WARNING: --enable-ipv6 is experimental\n"
                    "WARNING: --enable-seccomp is experimental\n"
                    "WARNING: --outbound-addr is experimental\n"
                    "WARNING: --outbound-addr6 is experimental\n");
}

static void a_long_interface_name_is_cut_with_a_warning(void)
{
    owned(command_line) c = parse("1 abcdefghijklmnopqrst");

    g_assert_cmpint(c->outcome, ==, OPTIONS_RUN);
    g_assert_cmpstr(c->options.tap_name, ==, "abcdefghijklmno");
    g_assert_nonnull(strstr(c->notices, "WARNING: "));
}

/* --- prefixes: what was unique among the old options is unique for ever --- */

static const struct option_spec *old_option_of_prefix(const char *prefix)
{
    const struct option_spec *found = NULL;

    for (size_t i = 0; i < option_spec_count; i++) {
        const struct option_spec *spec = &option_specs[i];

        if ((spec->flags & (OPTION_OURS | OPTION_RUN_ONLY)) ||
            !g_str_has_prefix(spec->name, prefix))
            continue;
        if (strlen(spec->name) == 1)
            continue;
        if (found != NULL || strcmp(spec->name, prefix) == 0)
            return NULL;
        found = spec;
    }
    return found;
}

/* True if getopt_long() takes `prefix` for an option like `expected`. */
static bool prefix_means(const char *prefix, const struct option_spec *expected)
{
    g_autofree struct option *table =
        g_new0(struct option, option_spec_count + 1);
    g_autofree char *word = g_strdup_printf("--%s", prefix);
    char program[] = "test", value[] = "x";
    char *argv[] = { program, word, value, NULL };
    const struct option_spec *met;
    size_t count = 0;
    int val;

    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].flags & (OPTION_RUN_ONLY | OPTION_EXACT))
            continue;
        table[count++] = (struct option){ option_specs[i].name,
                                          option_takes_value(&option_specs[i]),
                                          NULL, 256 + (int)i };
    }
    optind = 0;
    val = getopt_long(3, argv, "", table, NULL);
    if (val < 256)
        return false;
    met = &option_specs[val - 256];
    return met->kind == expected->kind && met->offset == expected->offset;
}

static void no_new_option_takes_an_old_prefix_away(void)
{
    size_t checked = 0;

    opterr = 0;
    for (size_t i = 0; i < option_spec_count; i++) {
        size_t len = strlen(option_specs[i].name);

        for (size_t n = 1; n < len; n++) {
            g_autofree char *prefix = g_strndup(option_specs[i].name, n);
            const struct option_spec *old = old_option_of_prefix(prefix);

            if (old == NULL)
                continue;
            g_test_message("--%s", prefix);
            g_assert_true(prefix_means(prefix, old));
            checked++;
        }
    }
    opterr = 1;
    g_assert_cmpuint(checked, >, 100);
}

/* --- slipgate run --- */

static enum options_outcome parse_run(const char *line, struct options *options,
                                      int *first, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    g_autofree char **argv = g_memdup2(
        words, (g_strv_length(words) + 1) * sizeof(*words)); /* permuted */
    char **command = NULL;
    enum options_outcome outcome = options_parse_run(
        options, (int)g_strv_length(words), argv, &command, err);

    *first = command != NULL ? (int)(command - argv) : -1;
    return outcome;
}

static void run_takes_old_names_without_a_word(void)
{
    struct options o;
    int first;

    g_assert_cmpint(parse_run("run --create-sandbox true", &o, &first, NULL),
                    ==, OPTIONS_RUN);
    g_assert_true(o.enable_sandbox);
    g_assert_cmpint(first, ==, 2);
}

static void run_stops_at_the_command(void)
{
    struct options o;
    int first;

    g_assert_cmpint(parse_run("run -m 1400 echo -m 9", &o, &first, NULL), ==,
                    OPTIONS_RUN);
    g_assert_cmpint(first, ==, 3);
    g_assert_cmpuint(o.mtu, ==, 1400);
    g_assert_cmpint(parse_run("run -- --mtu=9", &o, &first, NULL), ==,
                    OPTIONS_RUN);
    g_assert_cmpint(first, ==, 2);
    g_assert_cmpuint(o.mtu, ==, 65520);
}

static void run_is_careful_unless_told_otherwise(void)
{
    struct options o;
    int first;

    (void)parse_run("run true", &o, &first, NULL);
    g_assert_true(o.disable_host_loopback);
    g_assert_true(o.configure);
    g_assert_false(o.same_user || o.deny_outbound || o.enable_ipv6);
    (void)parse_run("run --allow-host-loopback --ipv6 true", &o, &first, NULL);
    g_assert_false(o.disable_host_loopback);
    g_assert_true(o.enable_ipv6);
}

static void run_refuses_what_is_the_engines(void)
{
    static const char *const lines[] = {
        "run --netns-type=path true",
        "run --userns-path=/ true",
        "run -c true",
        "run -r 3 true",
        "run -e 3 true",
        "run --target-type=bess true",
        "run --version true",
    };
    struct options o;
    int first;

    opterr = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) err = NULL;

        g_test_message("%s", lines[i]);
        g_assert_cmpint(parse_run(lines[i], &o, &first, &err), ==,
                        OPTIONS_BAD_USAGE);
    }
    opterr = 1;
}

static void engines_cannot_say_what_is_runs(void)
{
    owned(command_line) c = NULL;

    opterr = 0;
    c = parse("--same-user 42 tap0");
    opterr = 1;
    g_assert_cmpint(c->outcome, ==, OPTIONS_BAD_USAGE);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    /* clang-format off */
    { "/options/defaults are those of slirp4netns",
      defaults_are_those_of_slirp4netns },
    { "/options/every option reaches its field",
      every_option_reaches_its_field },
    { "/options/bad command lines are refused in known words",
      bad_command_lines_are_refused_in_known_words },
    { "/options/a MAC address has exactly six bytes",
      a_mac_address_has_exactly_six_bytes },
    { "/options/a socket path must fit its address",
      a_socket_path_must_fit_its_address },
    { "/options/complaints of getopt end the parse",
      complaints_of_getopt_end_the_parse },
    { "/options/options may follow the arguments",
      options_may_follow_the_arguments },
    { "/options/help and version act where they stand",
      help_and_version_act_where_they_stand },
    { "/options/confinement is enabled unless it is disabled",
      confinement_is_enabled_unless_it_is_disabled },
    { "/options/an unknown netns type means path",
      an_unknown_netns_type_means_path },
    { "/options/a tap descriptor needs no name and no configuration",
      a_tap_descriptor_needs_no_name_and_no_configuration },
    { "/options/bess takes one path", bess_takes_one_path },
    { "/options/old names work and warn", old_names_work_and_warn },
    { "/options/experimental options warn", experimental_options_warn },
    { "/options/a long interface name is cut with a warning",
      a_long_interface_name_is_cut_with_a_warning },
    { "/options/no new option takes an old prefix away",
      no_new_option_takes_an_old_prefix_away },
    { "/options/run: old names are taken without a word",
      run_takes_old_names_without_a_word },
    { "/options/run: the command's options are its own",
      run_stops_at_the_command },
    { "/options/run: careful unless told otherwise",
      run_is_careful_unless_told_otherwise },
    { "/options/run: refuses what is the engine's",
      run_refuses_what_is_the_engines },
    { "/options/run: what is its own is unknown elsewhere",
      engines_cannot_say_what_is_runs },
    /* clang-format on */
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].name, tests[i].run);
    return g_test_run();
}
