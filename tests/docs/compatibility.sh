#!/bin/sh
# shellcheck disable=SC2016 # the backquotes are Markdown
# TAP: docs/compatibility.md and docs/security.md promise nothing that no test
# keeps.  Their tables that end in a column "test" name tests there.
# shellcheck source=tests/docs/checks.sh
. "$srcdir/tests/docs/checks.sh"

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

# Tests of a mended fault are named so in tests/bats.
faults_untold() {
    grep -ho '^@test "fault: [^"]*"' "$srcdir"/tests/bats/*.bats |
        sed 's/^@test "\(.*\)"$/\1/' | while IFS= read -r name; do
        cells compatibility | grep -qF -e ": $name\`" || echo "$name"
    done
}

rows_without_test() { cells "$1" | cells_without_test; }

names_without_test() { cells "$1" | tests_missing; }

echo 1..7
for doc in compatibility security; do
    check "docs/$doc.md promises" test -n "$(cells $doc)"
    check_silent "each promise of docs/$doc.md names a test" \
        rows_without_test $doc
    check_silent "each test it names exists" names_without_test $doc
done
check_silent "each mended fault is told" faults_untold
