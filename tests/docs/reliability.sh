#!/bin/sh
# shellcheck disable=SC2016 # the backquotes are Markdown
# TAP: docs/reliability.md promises nothing that no test keeps, and its numbers
# are the program's.  Tables end in a column `test` as in compatibility.md;
# those with a column `source` have the name of a macro there.
# shellcheck source=tests/docs/checks.sh
. "$srcdir/tests/docs/checks.sh"

page=$srcdir/docs/reliability.md

rows() { grep '^|' "$page" | grep -v -e '^|-' -e '| test |$'; }

# The last column.
cells() { rows | sed -n 's/^|.*| *\(.*[^ ]\) *|$/\1/p'; }

rows_without_test() { cells | cells_without_test; }

names_without_test() { cells | tests_missing; }

# "NUMBER MACRO" of each row that has them.
numbers() {
    rows | sed -nE 's/^\|[^|]*\| *([0-9]+)[^|]*\| *`([A-Z_0-9]+)` *\|.*/\1 \2/p'
}

wrong_numbers() {
    numbers | while read -r number macro; do
        grep -rqE "^#define $macro +\(?${number}u?\)?( |$)" "$srcdir/src" ||
            echo "$macro is not $number"
    done
}

echo 1..4
check "there are promises" test "$(numbers | grep -c .)" -gt 10
check_silent "each promise of docs/reliability.md names a test" \
    rows_without_test
check_silent "each test it names exists" names_without_test
check_silent "its numbers are those of the source" wrong_numbers
