# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests on the machine that `machine` makes.
bats_require_minimum_version 1.8.0
# shellcheck source=tests/engines/names.bash
. "$ENGINES_TOP/tests/engines/names.bash"

podman() { user podman "$@"; }

fail() {
    echo "$*" >&2
    return 1
}

equal() { [[ $1 == "$2" ]] || fail "got '$1', wanted '$2'"; }
contains() { [[ $1 == *"$2"* ]] || fail "no '$2' in: $1"; }
lacks() { [[ $1 != *"$2"* ]] || fail "unwanted '$2' in: $1"; }

# wait_for SECONDS COMMAND...
wait_for() {
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "waited in vain for: $*" || return 1
        sleep 0.05
    done
}

teardown() { leave_clean; }

leave_clean() {
    # What a failed test left would stand in the way of the next.
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || {
        podman ps -a
        podman rm -af -t 0
        podman pod rm -af
        podman network prune -f
    } >&2
    # No sanitizer report and no failed assertion may hide.
    helpers_are_sane
}

helpers_are_sane() {
    ! grep -lE 'Sanitizer|runtime error:|CRITICAL' \
        "$USER_RUN"/libpod/tmp/*.log 2>/dev/null
}

# in_container OPTION... -- COMMAND...: podman run, with the usual options.
in_container() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    podman run --rm "${options[@]}" "$IMAGE" "$@"
}

# keep NAME OPTION... -- COMMAND...: the same in the background.
keep() {
    local name=$1 options=()
    shift
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    podman run -d --name "$name" "${options[@]}" "$IMAGE" "$@"
}

# A server in a container: answers "PEER TEXT" on 80 of both protocols.
serve=(/tools/net.py serve 80 0.0.0.0)

drop() { podman rm -f -t 0 "$@"; }

# asked_is WANTED WHERE PROTO ADDR PORT: a server that comes up answers so.
asked_is() {
    local wanted=$1 where=$2 got=''
    shift 2
    answers() {
        got=$("$where" net.py ask "$@" hello) && [[ -n $got ]]
    }
    wait_for 10 answers "$@" || fail "no answer from $*: $got" || return 1
    equal "$got" "$wanted hello"
}
here() { "$@"; }

# What the last call to the helper was, but for --help and --version.
last_call() {
    local call
    for call in $(find "$work/calls" -type f | sort -r); do
        grep -Eq '^argv (--help|--version)$' "$call" || {
            cat "$call"
            return
        }
    done
}
last_argv() { last_call | sed -n 's/^argv //p'; }

# Helpers at work now, without their children; only those whose arguments have
# $1, if given.
helpers() {
    local pid parent pids
    pids=$(pgrep -u "$USER_ID" -f -- "^$SLIPGATE .*${1:-}") || return 0
    for pid in $pids; do
        parent=$(ps -o ppid= -p "$pid") || continue
        grep -qx "${parent// /}" <<<"$pids" || echo "$pid"
    done
}
no_helpers() { [[ -z $(helpers "${1:-}") ]]; }

# normal: a record without what differs from call to call.
normal() {
    sed -E 's/[0-9a-f]{64}/ID/; s/netns-[0-9a-f-]{36}/netns-ID/
        s/rootless-netns-[0-9a-f]{20}/rootless-netns-ID/
        s/^(seccomp: .* blocked:).*/\1 LIST/
        s/(pipe|socket):\[[0-9]*\]/\1/; s/ [0-9]+ tap0$/ PID tap0/; s|/proc/[0-9]+/|/proc/PID/|
        s/buildah[0-9]{6,}/buildahID/g'
}

# as_recorded PROGRAM NAME [COMMAND...]: what the command prints, or the last
# call, is as with that version of PROGRAM when it was recorded.  RECORD=1
# records it.
as_recorded() {
    local record
    record=$ENGINES_TOP/tests/engines/calls/$1-$(version "$1")-$2
    [[ -e $record || -n ${RECORD:-} ]] ||
        skip "no record of $1 $(version "$1")"
    shift 2
    (($#)) || set -- last_call
    [[ -z ${RECORD:-} ]] || "$@" | normal >"$record"
    diff -u "$record" <("$@" | normal)
}
