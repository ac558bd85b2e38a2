#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The control socket: whatever a client does, the guest's traffic flows.
load helpers

LIST='{"execute":"list_hostfwd"}'

# alive: the daemon answers, and carries traffic.
alive() {
    api_is '.entries' "$LIST"
    guest busybox ping -c 1 -W 5 10.0.2.2
    refute gone "$GATE"
}

# refuses TEXT REQUEST: an error answer, and nothing else happened.
refuses() {
    api_is ".error.desc | startswith(\"$1\")" "$2"
    api_is '.entries == []' "$LIST"
}

add() {
    printf '{"execute":"add_hostfwd","arguments":{%s}}' "$1"
}

@test "errors keep slirp4netns's words" {
    start_slipgate
    refuses "bad request: cannot parse JSON" '{badjson}'
    refuses "bad request: cannot parse JSON" ''
    refuses "bad request: json_object() failed" '[]'
    refuses "bad request: json_object() failed" '"execute"'
    refuses "bad request: no execute found" '{}'
    refuses "bad request: no execute found" '{"execute":7}'
    refuses "bad request: unknown execute" '{"execute":"bad"}'
    alive
}

@test "an answer comes in one piece, without a newline, and closes" {
    start_slipgate
    run -0 api.py "$SOCK" "$LIST" # no half-close
    jq -e .entries <<<"$output"
    equal "$(api.py "$SOCK" '{"execute":"bad"}' | tail -c 1)" "}"
}

@test "spaces, newlines and a NUL around a request do no harm" {
    start_slipgate
    api_is .entries $' \n\t{\n"execute" :\n "list_hostfwd"\n}\n\n'
    run -0 api --nul "$LIST"
    jq -e .entries <<<"$output"
    run -0 api "$LIST"$'\n'
    jq -e .entries <<<"$output"
}

@test "unknown keys and arguments of slirp4netns's verbs are ignored" {
    start_slipgate
    api_is .entries '{"execute":"list_hostfwd","extra":[1],
        "arguments":{"x":1}}'
    api_is '.return.id == 1' "$(add '"proto":"tcp","host_port":8080,
        "guest_port":80,"colour":"blue"')"
}

@test "more than 4095 bytes at once without an end are too much" {
    start_slipgate
    # slirp4netns stops at 4 KiB, slipgate at 64 KiB.
    run api --bytes 200000 '{'
    contains "$output" "bad request: too large message"
    alive
}

# bats test_tags=mended
@test "a request may have 64 KiB" {
    start_slipgate
    run -0 api --bytes 60000 '{"execute":"list_hostfwd"' '}'
    jq -e .entries <<<"$output"
    run -0 api --bytes 65000 '{"execute":"list_hostfwd","x":"'
    contains "$output" "error"
    alive
}

# bats test_tags=mended
@test "fault: add_hostfwd without proto kills the daemon" {
    start_slipgate
    refuses "bad request: add_hostfwd: bad arguments.proto" \
        "$(add '"host_port":8080,"guest_port":80')"
    refuses "bad request: add_hostfwd: bad arguments.proto" \
        '{"execute":"add_hostfwd"}'
    refuses "bad request: add_hostfwd: bad arguments.proto" \
        "$(add '"proto":7,"host_port":8080,"guest_port":80')"
    refuses "bad request" '{"execute":"add_hostfwd","arguments":[]}'
    alive
}

# bats test_tags=mended
@test "fault: an idle control client stops traffic" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    spawn idle api.py --idle "$SOCK"
    spawn slow api.py --idle "$SOCK" '{"execute":'
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    alive
}

# bats test_tags=mended
@test "a client that stalls inside a request is dropped after 10 s" {
    start_slipgate
    spawn slow api.py --idle "$SOCK" '{"execute":'
    connected() { ss -Hxn | grep -F "$SOCK"; }
    connected
    dropped() { ! connected; }
    wait_for 15 dropped
    alive
}

@test "64 clients that stall inside a request hold up nobody" {
    local i
    serve remote 7000 "$REMOTE4"
    start_slipgate
    for i in {1..64}; do
        spawn "slow$i" api.py --idle "$SOCK" '{"execute":"add_hostfwd",'
    done
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    wait_for 15 api_is .return '{"execute":"get_status"}' # they are dropped
    alive
}

# bats test_tags=mended
@test "65 clients: one too many is refused, the others are served" {
    start_slipgate
    local i
    for i in {1..64}; do spawn "idle$i" api.py --idle "$SOCK"; done
    run timeout 5 api.py "$SOCK" "$LIST"
    ((status != 124)) || fail "it was left waiting"
    guest busybox ping -c 1 -W 5 10.0.2.2
    kill "$SPAWNED"
    wait_for 5 api.py "$SOCK" "$LIST"
    alive
}

# bats test_tags=mended
@test "fault: a request in two pieces is refused" {
    start_slipgate
    run -0 api '{"execute":"list_' 'hostfwd"}'
    jq -e .entries <<<"$output"
    run -0 api.py "$SOCK" '{' '"execute"' ':"list_hostfwd"' '}'
    jq -e .entries <<<"$output"
}

# bats test_tags=mended
@test "fault: ports outside 1-65535 are taken" {
    start_slipgate
    local port
    for port in -1 65536 83621 18084.7 1e99 '"80"' null true; do
        refuses "bad request: add_hostfwd: bad arguments.host_port" \
            "$(add '"proto":"tcp","host_port":'"$port"',"guest_port":80')"
    done
    for port in 0 -1 65616 80.5 '"80"'; do
        refuses "bad request: add_hostfwd: bad arguments.guest_port" \
            "$(add '"proto":"tcp","host_port":8080,"guest_port":'"$port")"
    done
    alive
}

# bats test_tags=mended
@test "ids: requests may follow each other and are answered in order" {
    start_slipgate
    run -0 api.py --lines 3 "$SOCK" \
        '{"execute":"list_hostfwd","id":1}
         {"execute":"bad","id":"two"}
         {"execute":"list_hostfwd","id":{"n":3}}'
    equal "$(jq -sc 'map(.id)' <<<"$output")" '[1,"two",{"n":3}]'
    equal "$(jq -sc 'map(has("error"))' <<<"$output")" '[false,true,false]'
}

# bats test_tags=mended
@test "ids: the connection stays open for a request after the answer" {
    start_slipgate
    run -0 api.py --lines 2 "$SOCK" '{"execute":"list_hostfwd","id":1}' \
        '{"execute":"list_hostfwd","id":2}'
    equal "$(jq -sc 'map(.id)' <<<"$output")" '[1,2]'
}

# bats test_tags=mended
@test "errors have a code" {
    start_slipgate
    api_is '.error.code == "bad-request"' '{"execute":"bad"}'
    api_is '.error.code == "not-found"' \
        '{"execute":"remove_hostfwd","arguments":{"id":77}}'
}

# bats test_tags=mended
@test "get_status: version, target and addresses" {
    start_slipgate
    api_is '.return | .version and .mtu == 1500' '{"execute":"get_status"}'
    api_is "[.. | strings, numbers] | index($GATE) and
        any(.[]; tostring | endswith(\"$PID_guest\"))" '{"execute":"get_status"}'
    api_is '.error.code == "bad-request"' \
        '{"execute":"get_status","arguments":{"typo":1}}'
}

# bats test_tags=mended
@test "the socket is its owner's only" {
    start_slipgate
    equal "$(stat -c %a "$SOCK")" 600
}

@test "a stale socket file is replaced" {
    user python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$SOCK')"
    start_slipgate
    alive
}

@test "garbage of all kinds is answered or dropped" {
    start_slipgate
    local text
    for text in '{' '}' '""' 'null' '{"execute":null}' '{"execute":{}}' \
        '{"a":1,"a":2}' "$(printf '[%.0s' {1..2000})" $'\xff\xfe' '{"e\u0000":1}'; do
        api "$text" | grep -q error
    done
    alive
}
