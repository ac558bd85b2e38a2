#!/bin/sh
# shellcheck disable=SC2016 # the backquotes are Markdown
# TAP: docs/compatibility.md and docs/security.md promise nothing that no test
# keeps.  Their tables that end in a column "test" name tests there, as
# `FILE: NAME`, with <br> between several; FILE is one of tests/bats/FILE.bats
# and tests/unit/FILE.c.
# Runs in the build directory; automake sets srcdir.

# cells DOC: the last column of each row of such a table, but its head and rule.
cells() {
    awk '/^\|/ {
            if (!table) { table = 1; row = 0; tests = /\| test \|$/ }
            if (tests && ++row > 2) print
            next
        }
        { table = 0 }' "$srcdir/docs/$1.md" |
        sed 's/^|.*| *\(.*[^ ]\) *|$/\1/'
}

rows_without_test() {
    cells "$1" | grep -v '^`[a-z_0-9]*: .*`$'
}

names_without_test() {
    cells "$1" | sed 's/<br>/\n/g' | sed -n 's/^ *`\(.*\)` *$/\1/p' |
        while IFS= read -r cell; do
            file=${cell%%: *}
            name=${cell#*: }
            grep -qsF -e "@test \"$name\"" "$srcdir/tests/bats/$file.bats" ||
                grep -qsF -e "/$name\"" "$srcdir/tests/unit/$file.c" ||
                echo "$cell"
        done
}

# Tests of a mended fault are named so in tests/bats.
faults_untold() {
    grep -ho '^@test "fault: [^"]*"' "$srcdir"/tests/bats/*.bats |
        sed 's/^@test "\(.*\)"$/\1/' | while IFS= read -r name; do
        cells compatibility | grep -qF -e ": $name\`" || echo "$name"
    done
}

# report NUMBER NAME COMMAND...: ok when the command prints nothing.
report() {
    number=$1 what=$2
    shift 2
    found=$("$@")
    if [ -z "$found" ]; then
        echo "ok $number - $what"
    else
        printf '%s\n' "$found" | sed 's/^/# /'
        echo "not ok $number - $what"
    fi
}

echo 1..7
number=0
for doc in compatibility security; do
    number=$((number + 1))
    test -n "$(cells $doc)" && echo "ok $number - docs/$doc.md promises" ||
        echo "not ok $number - docs/$doc.md promises"
    report $((number += 1)) "each promise of docs/$doc.md names a test" \
        rows_without_test $doc
    report $((number += 1)) "each test it names exists" names_without_test $doc
done
report 7 "each mended fault is told" faults_untold
