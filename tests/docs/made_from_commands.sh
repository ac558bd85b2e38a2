#!/bin/sh
# TAP: what is made from the tables of slipgatectl is current, its readers take
# it, and the verbs of the gate, their manual page and their tests agree.
# shellcheck source=tests/docs/checks.sh
. "$srcdir/tests/docs/checks.sh"

tool=build-aux/print-commands
page=$srcdir/docs/slipgatectl.1

# The page as text, without bold and hyphenation.
page_text() {
    sed -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' -e 's/^\.[A-Z]* *//' \
        -e 's/"//g' "$page"
}

page_names_all() {
    text=$(page_text)
    status=0
    "$tool" names | while IFS= read -r name; do
        printf '%s\n' "$text" | grep -q -F -e "$name" || {
            echo "slipgatectl(1) does not tell of $name"
            exit 1
        }
    done || status=1
    return $status
}

# The names of the verb tables, of the sections of the page, and of the tests
# that send them.
table_verbs() {
    sed -n 's/^    { "\([a-z_]*\)", *VERB_.*/\1/p' \
        "$srcdir"/src/control/verbs_*.c | sort
}

page_verbs() {
    sed -n '/^\.SH VERBS/,/^\.SH EXAMPLES/s/^\.SS \([a-z_]*\)$/\1/p' \
        "$srcdir/docs/slipgate-api.7" | sort
}

tested_verbs() {
    cat "$srcdir"/tests/bats/*.bats "$srcdir"/tests/bats/*.bash |
        grep -o '"execute": *"[a-z_]*"' | sed 's/.*"\([a-z_]*\)"/\1/' |
        sort -u
}

fuzzed_verbs() {
    grep -aho '"execute": *"[a-z_]*"' "$srcdir"/tests/fuzz/corpus/request/* |
        sed 's/.*"\([a-z_]*\)"/\1/' | sort -u
}

lists_agree() {
    table_verbs >verbs.table.tmp
    "$1" >verbs.other.tmp
    # Tests may send more than there is, to be refused.
    if [ "$2" = exactly ]; then
        difference=$(comm -3 verbs.table.tmp verbs.other.tmp)
    else
        difference=$(comm -23 verbs.table.tmp verbs.other.tmp)
    fi
    count=$(wc -l <verbs.table.tmp)
    rm -f verbs.table.tmp verbs.other.tmp
    printf '%s\n' "$difference"
    test -z "$difference" && test "$count" -ge 12
}

# shellcheck disable=SC2016 # bash expands it
bash_takes_the_completion() {
    "$tool" bash | bash -euc '
        source /dev/stdin
        complete_for() {
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            _slipgatectl 2>/dev/null || true # compopt works in completion only
        }
        complete_for slipgatectl forward re
        test "${COMPREPLY[*]}" = remove
        complete_for slipgatectl --socket = x forward add --driver = sl
        test "${COMPREPLY[*]}" = slirp
        complete_for slipgatectl policy set outbound = de
        test "${COMPREPLY[*]}" = deny
        complete_for slipgatectl --socket = x forward re
        test "${COMPREPLY[*]}" = remove
        complete_for slipgatectl --socket x forward re
        test "${COMPREPLY[*]}" = remove
        complete_for slipgatectl forward add 8080 : 80 --dri
        test "${COMPREPLY[*]}" = --driver=
        complete_for slipgatectl network create web ipv6 = on sub
        test "${COMPREPLY[*]}" = subnet=
        complete_for slipgatectl capture start /de
        test "${COMPREPLY[*]}" = /dev
        complete_for slipgatectl forward remove --cl
        test "${COMPREPLY[*]}" = --close
        complete_for slipgatectl events st
        test "${COMPREPLY[*]}" = status'
}

echo 1..8
check "slipgatectl(1) tells of every command and option" page_names_all
check "the verbs and the sections of slipgate-api(7) are the same" \
    lists_agree page_verbs exactly
check "each verb is sent by a behaviour test" lists_agree tested_verbs
check "each verb is in the corpus of the fuzz target" lists_agree fuzzed_verbs
check_page "slipgatectl(1)" "$page"
check "bash completes commands, options and words" bash_takes_the_completion
check_shells "$tool"
