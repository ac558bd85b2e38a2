#!/bin/sh
# shellcheck disable=SC2016 # the backquotes are Markdown
# TAP: docs/reliability.md promises nothing that no test keeps, and its numbers
# are the program's.  Tables end in a column `test` as in compatibility.md;
# those with a column `source` have the name of a macro there.
# Runs in the build directory; automake sets srcdir.
page=$srcdir/docs/reliability.md

rows() { grep '^|' "$page" | grep -v -e '^|-' -e '| test |$'; }

# The last column.
cells() { rows | sed -n 's/^|.*| *\(.*[^ ]\) *|$/\1/p'; }

rows_without_test() { cells | grep -v '^`[a-z_0-9]*: .*`$'; }

names_without_test() {
    cells | sed 's/<br>/\n/g' | sed -n 's/^ *`\(.*\)` *$/\1/p' |
        while IFS= read -r cell; do
            file=${cell%%: *}
            name=${cell#*: }
            grep -qsF -e "@test \"$name\"" "$srcdir/tests/bats/$file.bats" ||
                grep -qsF -e "/$name\"" -e "\"$name\"" \
                    "$srcdir/tests/unit/$file.c" ||
                echo "$cell"
        done
}

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
test "$(numbers | grep -c .)" -gt 10 && echo "ok 1 - there are promises" ||
    echo "not ok 1 - there are promises"
report 2 "each promise of docs/reliability.md names a test" rows_without_test
report 3 "each test it names exists" names_without_test
report 4 "its numbers are those of the source" wrong_numbers
