#!/bin/sh
# TAP: what is made from the option table is current, and its readers take it.
# Runs in the build directory; automake sets srcdir.
tool=build-aux/print-options
page=$srcdir/docs/slipgate.1
number=0

# check NAME COMMAND...: one test; what the command prints goes to the log.
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

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP no $2 here"
}

# groff prints warnings and exits with 0.
groff_is_silent() {
    warnings=$(groff -man -Tutf8 -ww -wbreak "$1" 2>&1 >/dev/null)
    printf '%s\n' "$warnings"
    test -z "$warnings"
}

bash_takes_the_completion() {
    # shellcheck disable=SC2016 # bash expands it
    "$tool" bash slipgate | bash -euc '
        source /dev/stdin
        COMP_WORDS=(slipgate --netns-type = p)
        COMP_CWORD=3
        _slipgate
        test "${COMPREPLY[*]}" = "pid path"
        COMP_WORDS=(slipgate --read)
        COMP_CWORD=1
        _slipgate 2>/dev/null || true # compopt works while completing only
        test "${COMPREPLY[*]}" = "--ready-fd="'
}

for_shell() {
    "$tool" "$1" slipgate >made_from_options.tmp &&
        "$1" -n made_from_options.tmp
    status=$?
    rm -f made_from_options.tmp
    return $status
}

echo 1..6
check "the option section of slipgate(1) is the option table" \
    "$srcdir/build-aux/man-options.sh" check "$page" "$tool"
if command -v groff >/dev/null; then
    check "slipgate(1) has no formatting errors" groff_is_silent "$page"
    check "slipgate-api(7) has no formatting errors" \
        groff_is_silent "$srcdir/docs/slipgate-api.7"
else
    skip "slipgate(1) has no formatting errors" groff
    skip "slipgate-api(7) has no formatting errors" groff
fi
check "bash completes options and their words" bash_takes_the_completion
for shell in zsh fish; do
    if command -v $shell >/dev/null; then
        check "$shell reads its completion" for_shell $shell
    else
        skip "$shell reads its completion" $shell
    fi
done
