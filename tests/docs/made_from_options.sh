#!/bin/sh
# TAP: what is made from the option table is current, and its readers take it.
# shellcheck source=tests/docs/checks.sh
. "$srcdir/tests/docs/checks.sh"

tool=build-aux/print-options
page=$srcdir/docs/slipgate.1

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
        test "${COMPREPLY[*]}" = "--ready-fd="
        complete_for() {
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            _slipgate 2>/dev/null || true
        }
        cd /
        complete_for slipgate doc
        test "${COMPREPLY[*]}" = doctor
        complete_for slirp4netns doc
        test "${COMPREPLY[*]}" = ""
        complete_for slipgate run --allow
        test "${COMPREPLY[*]}" = --allow-host-loopback
        complete_for slipgate --allow
        test "${COMPREPLY[*]}" = ""
        complete_for slipgate bridge --sta
        test "${COMPREPLY[*]}" = --state=
        complete_for slipgate run -- nsent
        test "${COMPREPLY[0]}" = nsenter
        complete_for slipgate --config = /de
        test "${COMPREPLY[*]}" = /dev'
}

echo 1..6
check "the option section of slipgate(1) is the option table" \
    "$srcdir/build-aux/man-options.sh" check "$page" "$tool"
check_page "slipgate(1)" "$page"
check_page "slipgate-api(7)" "$srcdir/docs/slipgate-api.7"
check "bash completes options and their words" bash_takes_the_completion
check_shells "$tool" slipgate
