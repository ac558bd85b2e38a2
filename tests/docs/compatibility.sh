#!/bin/sh
# shellcheck disable=SC2016 # the backquotes are Markdown
# TAP: docs/compatibility.md promises nothing that no test keeps.  Its tables
# end in a column of `FILE: NAME`, with <br> between several; FILE is one of
# tests/bats/FILE.bats and tests/unit/FILE.c.
# Runs in the build directory; automake sets srcdir.

# The last column of each row but heads and rules.
cells() {
    sed -n 's/^|.*| *\(.*[^ ]\) *|$/\1/p' "$srcdir/docs/compatibility.md" |
        grep -v -e '^-*$' -e '^test$'
}

rows_without_test() {
    cells | grep -v '^`[a-z_0-9]*: .*`$'
}

names_without_test() {
    cells | sed 's/<br>/\n/g' | sed -n 's/^ *`\(.*\)` *$/\1/p' |
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
        cells | grep -qF -e ": $name\`" || echo "$name"
    done
}

# report NUMBER NAME COMMAND: ok when the command prints nothing.
report() {
    found=$($3)
    if [ -z "$found" ]; then
        echo "ok $1 - $2"
    else
        printf '%s\n' "$found" | sed 's/^/# /'
        echo "not ok $1 - $2"
    fi
}

echo 1..4
test -n "$(cells)" && echo "ok 1 - there are promises" ||
    echo "not ok 1 - there are promises"
report 2 "each promise of docs/compatibility.md names a test" rows_without_test
report 3 "each test it names exists" names_without_test
report 4 "each mended fault is told" faults_untold
