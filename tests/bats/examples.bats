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

# example TEXT: what stands in the example of slipgate(1) that has it.
example() {
    awk -v text="$1" '/^\.EX/ { lines = ""; next }
        /^\.EE/ { if (index(lines, text)) printf "%s", lines; next }
        { lines = lines $0 "\n" }' "$top/docs/slipgate.1" | sed 's/\\-/-/g'
}

@test "slipgate(1): a shell hears of ready, and its end is slipgate's" {
    example mkfifo | sed "s/ 1234 / $PID_guest /" >"$T/script"
    grep -q "slipgate -c" "$T/script"
    run -0 user env -C "$T" PATH="${SLIPGATE%/*}:$PATH" \
        timeout 20 bash -ec "$(cat "$T/script")
            exec 5>&-
            wait" 3>&-
    contains "$output" "exitfd event"
}

@test "slipgate(1): ports, from the start and later" {
    example forward | sed -e "s/ 1234 / $PID_guest /" -e "s|/tmp/|$T/|" \
        >"$T/script"
    equal "$(wc -l <"$T/script")" 2
    serve guest 80 10.0.2.100
    spawn gate "${NS_user[@]}" env PATH="${SLIPGATE%/*}:$PATH" \
        bash -c "exec $(head -n 1 "$T/script")"
    wait_for 10 test -S "$T/gate.sock"
    user env PATH="${SLIPGATE%/*}:$PATH" bash -c "$(tail -n 1 "$T/script")"
    host ip link set lo up
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8080
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8081
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
