/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build-time tool: prints what is made from the tables of slipgatectl.
 *     print-commands bash|zsh|fish    completion
 *     print-commands names            every command and option, one per line
 */
#include "ctl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_taken(const struct ctl_command *command, int option)
{
    return ((command->options | CTL_OPTIONS_ALL) & CTL_OPTION_BIT(option)) != 0;
}

static void print_names(void)
{
    for (size_t i = 0; i < ctl_command_count; i++)
        printf("%s\n", ctl_commands[i].name);
    for (size_t i = 0; i < CTL_OPTION_END; i++)
        printf("--%s\n", ctl_options[i].name);
}

/* The words that may stand after `before` ("" or "forward"), each once. */
static void put_next_words(const char *before)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);
        const char *word = *before == '\0'                 ? words[0]
                           : strcmp(before, words[0]) == 0 ? words[1]
                                                           : NULL;

        if (word != NULL && g_hash_table_add(seen, g_strdup(word)))
            printf(" %s", word);
    }
}

static bool has_second_word(const char *first)
{
    for (size_t i = 0; i < ctl_command_count; i++)
        if (g_str_has_prefix(ctl_commands[i].name, first) &&
            ctl_commands[i].name[strlen(first)] == ' ')
            return true;
    return false;
}

/* --- bash --- */

static void bash_options(const struct ctl_command *command)
{
    printf("    '%s') options='", command->name);
    for (int i = 0; i < CTL_OPTION_END; i++)
        if (is_taken(command, i))
            printf(" --%s%s", ctl_options[i].name,
                   ctl_options[i].metavar != NULL ? "=" : "");
    printf("' words='%s'", command->words != NULL ? command->words : "");
    printf(" ;;\n");
}

static void bash_values(void)
{
    for (int i = 0; i < CTL_OPTION_END; i++)
        if (ctl_options[i].words != NULL)
            printf("    --%s)\n        mapfile -t COMPREPLY < <(compgen -W "
                   "'%s' -- \"$cur\")\n        return ;;\n",
                   ctl_options[i].name, ctl_options[i].words);
    printf("    --socket)\n        mapfile -t COMPREPLY < <(compgen -f -- "
           "\"$cur\")\n        return ;;\n");
}

static void bash_first_words(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);

        if (words[1] == NULL ||
            !g_hash_table_add(seen, (gpointer)g_intern_string(words[0])))
            continue;
        printf("    '%s') words='", words[0]);
        put_next_words(words[0]);
        printf("' ;;\n");
    }
}

/* They may stand apart from their values. */
static void bash_valued_options(void)
{
    printf(" skip=yes ;;\n        ");
    for (int i = 0, n = 0; i < CTL_OPTION_END; i++)
        if (ctl_options[i].metavar != NULL)
            printf("%s--%s", n++ > 0 ? " | " : "", ctl_options[i].name);
    printf(")");
}

/* The first words that take a second one. */
static void bash_groups(void)
{
    for (size_t i = 0, n = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);

        if (words[1] != NULL &&
            (i == 0 || !g_str_has_prefix(ctl_commands[i - 1].name, words[0])))
            printf("%s %s", n++ > 0 ? " |" : "", words[0]);
    }
    printf(")");
}

static void print_bash(void)
{
    printf("# bash completion, made from the tables of slipgatectl\n"
           "_slipgatectl() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]}\n"
           "    local prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    local command='' key='' skip='' word options='' words=''\n"
           "    if [[ $cur == = ]]; then\n"
           "        cur='' key=$prev\n"
           "    elif [[ $prev == = ]]; then\n"
           "        prev=${COMP_WORDS[COMP_CWORD - 2]} key=$prev\n"
           "    fi\n"
           "    COMPREPLY=()\n"
           "    case $prev in\n");
    bash_values();
    printf("    esac\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD - 1}\"; do\n"
           "        case $word in\n"
           "        =)");
    bash_valued_options();
    printf(" skip=yes ;;\n"
           "        -* | '') ;;\n"
           "        *)\n"
           "            case $skip$command in\n"
           "            '') command=$word ;;\n"
           "           ");
    bash_groups();
    printf(" command+=\" $word\" ;;\n"
           "            esac\n"
           "            skip='' ;;\n"
           "        esac\n"
           "    done\n"
           "    case $command in\n"
           "    '') words='");
    put_next_words("");
    printf("' ;;\n");
    bash_first_words();
    for (size_t i = 0; i < ctl_command_count; i++)
        bash_options(&ctl_commands[i]);
    printf("    esac\n"
           "    if [[ $command == 'capture start' && $cur != -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
           "        return\n"
           "    elif [[ -n $key && $key != -* ]]; then\n"
           "        options=''\n"
           "        for word in $words; do\n"
           "            [[ $word != \"$key=\"* ]] || options+=\" "
           "${word#*=}\"\n"
           "        done\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- "
           "\"$cur\")\n"
           "        return\n"
           "    fi\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words $options "
           "--socket= --json --help\" -- \"$cur\")\n"
           "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
           "    return 0\n"
           "}\n"
           "complete -F _slipgatectl slipgatectl\n");
}

/* --- zsh --- */

static void zsh_option(const struct ctl_option_spec *spec)
{
    printf("    '--%s%s[%s]", spec->name, spec->metavar != NULL ? "=" : "",
           spec->help);
    if (spec->metavar != NULL)
        printf(":%s:", spec->metavar);
    if (spec->words != NULL)
        printf("(%s)", spec->words);
    else if (g_strcmp0(spec->metavar, "PATH") == 0)
        printf("_files");
    printf("' \\\n");
}

static void print_zsh(void)
{
    printf("#compdef slipgatectl\n"
           "# zsh completion, made from the tables of slipgatectl\n"
           "local -a second\n"
           "case ${words[(r)(");
    for (size_t i = 0, n = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);

        if (words[1] != NULL)
            printf("%s%s", n++ > 0 ? "|" : "", words[0]);
    }
    printf(")]} in\n");
    for (size_t i = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);

        if (words[1] == NULL ||
            (i > 0 && g_str_has_prefix(ctl_commands[i - 1].name, words[0])))
            continue;
        printf("%s) second=(", words[0]);
        put_next_words(words[0]);
        printf(") ;;\n");
    }
    printf("esac\n_arguments -S \\\n");
    for (int i = 0; i < CTL_OPTION_END; i++)
        zsh_option(&ctl_options[i]);
    printf("    '1:command:(");
    put_next_words("");
    printf(")' \\\n    '2:what:($second)' \\\n    '*:argument:_files'\n");
}

/* --- fish --- */

static void fish_command(const struct ctl_command *command)
{
    g_auto(GStrv) words = g_strsplit(command->name, " ", 0);

    if (words[1] == NULL)
        printf("complete -c slipgatectl -n __fish_use_subcommand -f -a %s "
               "-d '%s'\n",
               words[0], command->help);
    else
        printf("complete -c slipgatectl -n '__fish_seen_subcommand_from %s' "
               "-f -a %s -d '%s'\n",
               words[0], words[1], command->help);
}

static void fish_option(const struct ctl_option_spec *spec)
{
    printf("complete -c slipgatectl -l %s", spec->name);
    if (spec->words != NULL)
        printf(" -x -a '%s'", spec->words);
    else if (g_strcmp0(spec->metavar, "PATH") == 0)
        printf(" -r -F");
    else if (spec->metavar != NULL)
        printf(" -x");
    printf(" -d '");
    for (const char *c = spec->help; *c != '\0'; c++)
        printf("%s%c", *c == '\'' ? "\\" : "", *c);
    printf("'\n");
}

static void print_fish(void)
{
    printf("# fish completion, made from the tables of slipgatectl\n");
    for (size_t i = 0; i < ctl_command_count; i++) {
        g_auto(GStrv) words = g_strsplit(ctl_commands[i].name, " ", 0);

        if (has_second_word(words[0]) &&
            (i == 0 || !g_str_has_prefix(ctl_commands[i - 1].name, words[0])))
            printf("complete -c slipgatectl -n __fish_use_subcommand -f "
                   "-a %s\n",
                   words[0]);
        fish_command(&ctl_commands[i]);
    }
    for (int i = 0; i < CTL_OPTION_END; i++)
        fish_option(&ctl_options[i]);
}

static const struct {
    const char *word;
    void (*print)(void);
} formats[] = {
    { "names", print_names },
    { "bash", print_bash },
    { "zsh", print_zsh },
    { "fish", print_fish },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(argv[1], formats[i].word) == 0) {
            formats[i].print();
            return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    fprintf(stderr, "usage: %s names|bash|zsh|fish\n", argv[0]);
    return EXIT_FAILURE;
}
