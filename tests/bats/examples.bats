#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What contrib/examples and docs/tour.md show works as they show it.
load helpers

@test "examples/publish.sh publishes a port" {
    local answer
    start_slipgate
    serve guest 7000 10.0.2.100
    answer=$(user "$top/contrib/examples/publish.sh" "$SOCK" 8080 7000)
    jq -e '.return.id == 1' <<<"$answer" >/dev/null || fail "$answer"
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8080
}

@test "examples/gate.py asks, subscribes, captures, and knows an error" {
    start_slipgate
    run -0 user "$top/contrib/examples/gate.py" "$SOCK" "$T/trace"
    contains "${lines[0]}" "serves pid $PID_guest, TCP by "
    equal "${lines[1]}" "forward 1 added"
    equal "${lines[2]}" "0 frames lost"
    equal "${lines[3]}" "refused: not-found"
    equal "$(stat -c %s "$T/trace")" 24
}

@test "docs/tour.md: each command does what it says" {
    need curl
    need tcpdump
    need jq
    host ip link set lo up
    run user env -C "$T" PATH="${SLIPGATE%/*}:$PATH" \
        tour.py "$top/docs/tour.md" 3>&-
    ((status == 0)) || fail "$output"
}
