/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build-time tool: prints what is made from the option table.
 *     print-options man                    option section of slipgate(1)
 *     print-options run                    what its section on `run` has more
 *     print-options bash|zsh|fish NAME...  completion for these commands
 */
#include "app/option_table.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool shown(const struct option_spec *spec)
{
    return !(spec->flags & (OPTION_HIDDEN | OPTION_RUN_ONLY));
}

/* Copies `text`, with `escape` before each character that is in `special`. */
static void put_escaped(const char *text, const char *special,
                        const char *escape)
{
    for (; *text != '\0'; text++) {
        if (strchr(special, *text) != NULL)
            fputs(escape, stdout);
        putchar(*text);
    }
}

static void put_words(const struct option_spec *spec)
{
    for (int i = 0; spec->words->words[i] != NULL; i++)
        printf("%s%s", i > 0 ? " " : "", spec->words->words[i]);
}

static bool wants_file(const struct option_spec *spec)
{
    return spec->metavar != NULL && (strcmp(spec->metavar, "PATH") == 0 ||
                                     strcmp(spec->metavar, "FILE") == 0);
}

/* --- man page --- */

static void man_option(const struct option_spec *spec)
{
    printf(".TP\n");
    if (spec->short_name != 0)
        printf("\\fB\\-%c\\fR, ", spec->short_name);
    printf("\\fB\\-\\-");
    put_escaped(spec->name, "-", "\\");
    printf("\\fR");
    if (spec->metavar != NULL)
        printf("=\\fI%s\\fR", spec->metavar);
    printf("\n%s\n", spec->manual);
    if (spec->flags & OPTION_EXPERIMENTAL)
        printf("Prints a warning that it is experimental.\n");
    if (spec->flags & OPTION_OURS)
        printf("Not in slirp4netns.\n");
}

static void print_man(char **names)
{
    (void)names;
    for (size_t i = 0; i < option_spec_count; i++) {
        if (shown(&option_specs[i]))
            man_option(&option_specs[i]);
    }
}

static void print_man_run(char **names)
{
    (void)names;
    for (size_t i = 0; i < option_spec_count; i++) {
        if (option_specs[i].flags & OPTION_RUN_ONLY)
            man_option(&option_specs[i]);
    }
}

/* --- bash --- */

static void bash_value(const struct option_spec *spec)
{
    printf("    ");
    if (spec->short_name != 0)
        printf("-%c | ", spec->short_name);
    printf("--%s)\n        ", spec->name);
    if (spec->words != NULL) {
        printf("mapfile -t COMPREPLY < <(compgen -W '");
        put_words(spec);
        printf("' -- \"$cur\")\n        ");
    } else if (wants_file(spec)) {
        printf("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n        ");
    }
    printf("return\n        ;;\n");
}

/* The options behind `command`: the rows that its grammar knows. */
static void bash_command(const char *command, unsigned without, unsigned with)
{
    printf("    %s) words='", command);
    for (size_t i = 0; i < option_spec_count; i++) {
        const struct option_spec *spec = &option_specs[i];

        if (!(spec->flags & OPTION_HIDDEN) &&
            (!(spec->flags & without) || (spec->flags & with)))
            printf(" --%s%s", spec->name, option_takes_value(spec) ? "=" : "");
    }
    printf("' ;;\n");
}

static void print_bash(char **names)
{
    printf("# bash completion, made from the option table of slipgate\n"
           "_slipgate() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]}\n"
           "    local prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    local command='' words=''\n"
           "    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[0]##*/} != "
           "slirp4netns ]]; then\n"
           "        case ${COMP_WORDS[1]} in\n"
           "        run | bridge | doctor) command=${COMP_WORDS[1]} ;;\n"
           "        esac\n"
           "    fi\n"
           "    if [[ $cur == = ]]; then\n"
           "        cur=\n"
           "    elif [[ $prev == = ]]; then\n"
           "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
           "    fi\n"
           "    COMPREPLY=()\n"
           "    case $prev in\n");
    for (size_t i = 0; i < option_spec_count; i++) {
        if (shown(&option_specs[i]) && option_takes_value(&option_specs[i]))
            bash_value(&option_specs[i]);
    }
    printf("    esac\n"
           "    case $command in\n");
    bash_command("run", OPTION_CALL, 0);
    bash_command("bridge", OPTION_CALL | OPTION_NO_BRIDGE, OPTION_BRIDGE);
    printf("    doctor) words=--help ;;\n");
    bash_command("*", OPTION_RUN_ONLY, 0);
    printf("    esac\n"
           "    if [[ $command == run && $cur != -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -c -- \"$cur\"\n"
           "            compgen -f -- \"$cur\")\n"
           "        return\n"
           "    elif [[ -z $command && $cur != -* ]]; then\n"
           "        words=\n"
           "        ((COMP_CWORD > 1)) || [[ ${COMP_WORDS[0]##*/} == "
           "slirp4netns ]] ||\n"
           "            words='run bridge doctor'\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
           "\"$cur\"\n"
           "            compgen -f -- \"$cur\")\n"
           "        return\n"
           "    fi\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
           "\"$cur\")\n"
           "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
           "}\n"
           "complete -F _slipgate");
    for (; *names != NULL; names++)
        printf(" %s", *names);
    printf("\n");
}

/* --- zsh --- */

/* Inside $'...', inside the brackets of an option specification. */
static void zsh_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("[]\\", *text) != NULL)
            fputs("\\\\", stdout);
        else if (*text == '\'')
            putchar('\\');
        putchar(*text);
    }
}

static void zsh_option(const struct option_spec *spec)
{
    printf("    ");
    if (spec->short_name != 0)
        printf("'(-%c --%s)'{-%c%s,--%s%s}", spec->short_name, spec->name,
               spec->short_name, option_takes_value(spec) ? "+" : "",
               spec->name, option_takes_value(spec) ? "=" : "");
    else
        printf("--%s%s", spec->name, option_takes_value(spec) ? "=" : "");
    printf("$'[");
    zsh_text(spec->help);
    printf("]");
    if (spec->metavar != NULL)
        printf(":%s:", spec->metavar);
    if (spec->words != NULL) {
        printf("(");
        put_words(spec);
        printf(")");
    } else if (wants_file(spec)) {
        printf("_files");
    }
    printf("' \\\n");
}

static void print_zsh(char **names)
{
    printf("#compdef");
    for (; *names != NULL; names++)
        printf(" %s", *names);
    printf("\n# zsh completion, made from the option table of slipgate\n"
           "_arguments -s -S \\\n");
    for (size_t i = 0; i < option_spec_count; i++) {
        if (shown(&option_specs[i]))
            zsh_option(&option_specs[i]);
    }
    printf("    '1: :_alternative \"commands:command:(run bridge doctor)\" "
           "\"files:namespace, process or tap:_files\"' \\\n"
           "    '2:interface name:'\n");
}

/* --- fish --- */

static void fish_option(const char *name, const struct option_spec *spec)
{
    printf("complete -c %s -l %s", name, spec->name);
    if (spec->short_name != 0)
        printf(" -s %c", spec->short_name);
    if (spec->words != NULL) {
        printf(" -x -a '");
        put_words(spec);
        printf("'");
    } else if (wants_file(spec)) {
        printf(" -r -F");
    } else if (option_takes_value(spec)) {
        printf(" -x");
    }
    printf(" -d '");
    put_escaped(spec->help, "'\\", "\\");
    printf("'\n");
}

static void print_fish(char **names)
{
    printf("# fish completion, made from the option table of slipgate\n");
    for (; *names != NULL; names++) {
        printf("complete -c %s -n __fish_use_subcommand "
               "-a 'run bridge doctor'\n",
               *names);
        for (size_t i = 0; i < option_spec_count; i++) {
            if (shown(&option_specs[i]))
                fish_option(*names, &option_specs[i]);
        }
    }
}

static const struct {
    const char *word;
    void (*print)(char **names);
} formats[] = {
    { "man", print_man }, { "run", print_man_run }, { "bash", print_bash },
    { "zsh", print_zsh }, { "fish", print_fish },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(argv[1], formats[i].word) == 0) {
            formats[i].print(argv + 2);
            return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    fprintf(stderr, "usage: %s man|run | bash|zsh|fish NAME...\n", argv[0]);
    return EXIT_FAILURE;
}
