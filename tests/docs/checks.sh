# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by the tests of docs/ and of what is made for readers: TAP, one line
# for each check, what went wrong before it.  They run in the build directory;
# automake sets srcdir.
number=0

# check NAME COMMAND...: good when it succeeds; what it prints goes to the log.
check() {
    name=$1
    shift
    number=$((number + 1))
    if output=$("$@" 2>&1); then
        echo "ok $number - $name"
    else
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $number - $name"
    fi
}

# check_silent NAME COMMAND...: good when it prints nothing.
check_silent() { check "$1" silent "$@"; }

silent() {
    shift
    found=$("$@")
    printf '%s\n' "$found"
    test -z "$found"
}

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP no $2 here"
}

# groff prints warnings and exits with 0.
groff_warnings() { { groff -man -Tutf8 -ww -wbreak "$1" >/dev/null; } 2>&1; }

# check_page NAME FILE: the manual page of that name.
check_page() {
    what="$1 has no formatting errors"
    if command -v groff >/dev/null; then
        check_silent "$what" groff_warnings "$2"
    else
        skip "$what" groff
    fi
}

# check_shells TOOL ARG...: what "TOOL SHELL ARG..." prints is read by SHELL.
check_shells() {
    for shell in zsh fish; do
        if command -v $shell >/dev/null; then
            check "$shell reads its completion" for_shell $shell "$@"
        else
            skip "$shell reads its completion" $shell
        fi
    done
}

for_shell() {
    shell=$1 tool=$2 file=completion.$$.tmp
    shift 2
    "$tool" "$shell" "$@" >"$file" && "$shell" -n "$file"
    status=$?
    rm -f "$file"
    return $status
}

# The tables of docs/*.md name tests as `FILE: NAME`, <br> between several;
# FILE is one of tests/bats/FILE.bats and tests/unit/FILE.c.
# shellcheck disable=SC2016 # the backquotes are Markdown

# cells_without_test < CELLS
cells_without_test() { grep -v '^`[a-z_0-9]*: .*`$'; }

# tests_missing < CELLS: names of tests that are not there.
tests_missing() {
    sed 's/<br>/\n/g' | sed -n 's/^ *`\(.*\)` *$/\1/p' |
        while IFS= read -r cell; do
            file=${cell%%: *}
            name=${cell#*: }
            grep -qsF -e "@test \"$name\"" "$srcdir/tests/bats/$file.bats" ||
                grep -qsF -e "/$name\"" -e "\"$name\"" -e "ADD($name)" \
                    "$srcdir/tests/unit/$file.c" ||
                echo "$cell"
        done
}
