/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/exits.h"
#include "ctl/table.h"
#include "ctl/usage.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define ROW_BASE 256

/* Fills call->options and permutes argv; false after getopt's complaint. */
static bool read_options(struct ctl_call *call, int argc, char **argv)
{
    struct option table[CTL_OPTION_END + 1] = { 0 };
    int val;

    for (int i = 0; i < CTL_OPTION_END; i++)
        table[i] = (struct option){
            .name = ctl_options[i].name,
            .has_arg = ctl_options[i].metavar != NULL ? required_argument
                                                      : no_argument,
            .val = ROW_BASE + i,
        };
    while ((val = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        if (val == 'h')
            val = ROW_BASE + CTL_OPTION_HELP;
        if (val < ROW_BASE)
            return false;
        call->options[val - ROW_BASE] = optarg != NULL ? optarg : "";
    }
    call->args = argv + optind;
    call->json = call->options[CTL_OPTION_JSON] != NULL;
    return true;
}

static int check_options(const struct ctl_call *call,
                         const struct ctl_command *command, GError **err)
{
    unsigned taken = command->options | CTL_OPTIONS_ALL;

    for (int i = 0; i < CTL_OPTION_END; i++)
        if (call->options[i] != NULL && !(taken & CTL_OPTION_BIT(i)))
            return ctl_fail(err, CTL_BAD_REQUEST, "%s takes no --%s",
                            command->name, ctl_options[i].name);
    return 0;
}

static int check_args(const struct ctl_call *call,
                      const struct ctl_command *command, GError **err)
{
    int count = (int)g_strv_length(call->args);

    if (count < command->args_min ||
        (command->args_max >= 0 && count > command->args_max))
        return ctl_fail(err, CTL_BAD_REQUEST, "usage: slipgatectl %s%s%s",
                        command->name, *command->args != '\0' ? " " : "",
                        command->args);
    return check_options(call, command, err);
}

/* The second words of the commands that begin with `first`. */
static char *second_words(const char *first)
{
    g_autofree char *begin = g_strconcat(first, " ", NULL);
    GString *words = g_string_new(NULL);

    for (size_t i = 0; i < ctl_command_count; i++)
        if (g_str_has_prefix(ctl_commands[i].name, begin))
            g_string_append_printf(words, "%s%s", words->len > 0 ? ", " : "",
                                   ctl_commands[i].name + strlen(begin));
    return g_string_free(words, FALSE);
}

static int no_command(char **args, GError **err)
{
    g_autofree char *words = NULL;

    if (args[0] == NULL)
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "no command given; see slipgatectl --help");
    words = second_words(args[0]);
    if (*words == '\0')
        return ctl_fail(err, CTL_BAD_REQUEST,
                        "unknown command \"%s\"; see slipgatectl --help",
                        args[0]);
    return ctl_fail(err, CTL_BAD_REQUEST,
                    "after \"%s\" comes one of %s; see slipgatectl --help",
                    args[0], words);
}

static int run(struct ctl_call *call, GError **err)
{
    int used = 0;
    const struct ctl_command *command = ctl_command_find(call->args, &used);
    g_autofree char *path = NULL;
    int rc;

    if (command == NULL)
        return no_command(call->args, err);
    call->args += used;
    if (check_args(call, command, err) != 0)
        return -1;
    path = talk_find_socket(call->options[CTL_OPTION_SOCKET], err);
    if (path == NULL)
        return -1;
    call->talk = talk_open(path, err);
    if (call->talk == NULL)
        return -1;
    rc = command->run(call, err);
    talk_close(call->talk);
    return rc;
}

int main(int argc, char **argv)
{
    struct ctl_call call = { 0 };
    g_autoptr(GError) err = NULL;

    (void)signal(SIGPIPE, SIG_IGN);
    json_init();
    if (!read_options(&call, argc, argv))
        return CTL_BAD_REQUEST;
    if (call.options[CTL_OPTION_HELP] != NULL) {
        usage_print(stdout);
        return CTL_DONE;
    }
    if (call.options[CTL_OPTION_VERSION] != NULL) {
        printf("slipgatectl version %s\n", PACKAGE_VERSION);
        return CTL_DONE;
    }
    if (run(&call, &err) != 0) {
        fprintf(stderr, "slipgatectl: %s\n", err->message);
        return (int)ctl_exit_of(err);
    }
    return fflush(stdout) == 0 ? CTL_DONE : CTL_FAILED;
}
