#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The verbs that look: connections, statistics, events, captures; and shutdown.
load helpers

# subscribe KIND...: events go to $T/events from now on.
subscribe() {
    local kinds
    printf -v kinds '"%s",' "$@"
    echo '{"execute":"subscribe","arguments":{"events":['"${kinds%,}"']},
        "id":"sub"}' | tr -d '\n' >"$T/subscribe"
    socat -t 1000 "OPEN:$T/subscribe!!OPEN:$T/events,creat,append" \
        "UNIX-CONNECT:$SOCK" &
    PIDS+=($!)
    wait_for 5 grep -q '"id":"sub"' "$T/events"
}

happened() {
    jq -se "[.[] | select(.event)] | any(.[]; $1)" "$T/events" >/dev/null
}

# --- connections ---

@test "list_connections: the peer is the one that the guest sees" {
    local peer
    start_slipgate
    need_relay
    serve guest 7001 127.0.0.1
    forward tcp 8080 7001 ',"guest_addr":"127.0.0.1"'
    spawn in "${NS_host[@]}" net.py idle 127.0.0.1 8080 1
    peer=$(guest ss -Htn state established "( sport = :7001 )" |
        awk '{ print $4 }')
    contains "$peer" 127.0.0.1:
    api_is '[.return.entries[] | "\(.peer_addr):\(.peer_port)"]
        == ["'"$peer"'"]' '{"execute":"list_connections"}'
}

@test "list_connections: both ends, direction, bytes and carrier" {
    start_slipgate
    serve remote 7000 "$REMOTE4"
    serve guest 7001 10.0.2.100
    forward tcp 8080 7001
    spawn out "${NS_guest[@]}" net.py idle "$REMOTE4" 7000 1
    spawn in "${NS_remote[@]}" net.py idle "$HOST4" 8080 1
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    api_is '.return.more == false and (.return.entries | length == 3)' \
        '{"execute":"list_connections"}'
    api_is '.return.entries[] | select(.direction == "out" and
        .proto == "tcp") | .guest_addr == "10.0.2.100" and
        .peer_addr == "'"$REMOTE4"'" and .peer_port == 7000' \
        '{"execute":"list_connections"}'
    api_is '.return.entries[] | select(.direction == "in") |
        .peer_addr == "'"$REMOTE4"'" and .guest_port == 7001' \
        '{"execute":"list_connections"}'
    api_is '.return.entries[] | select(.proto == "udp") |
        .bytes_from_guest == 5 and .bytes_to_guest > 5 and
        .carrier == "udp"' '{"execute":"list_connections"}'
}

page() {
    api '{"execute":"list_connections","arguments":{"limit":'"$1"',
        "after":'"$2"'}}'
}

@test "list_connections: page by page, none twice and none lost" {
    local after=0 seen=0 answer
    start_slipgate
    serve remote 7000 "$REMOTE4"
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7000 70
    while answer=$(page 20 "$after"); do
        jq -e '[.return.entries[].id] | . == sort' <<<"$answer" >/dev/null
        ((seen += $(jq '.return.entries | length' <<<"$answer")))
        after=$(jq '[.return.entries[].id, 0] | max' <<<"$answer")
        jq -e .return.more <<<"$answer" >/dev/null || break
    done
    equal "$seen" 70
    # All at once: sorting much must need no system call of its own.
    answer=$(page 100 0)
    jq -e '[.return.entries[].id] | length == 70 and . == sort' <<<"$answer"
}

# --- statistics ---

@test "get_stats: counters that only grow" {
    local before after
    start_slipgate --disable-host-loopback
    serve remote 7000 "$REMOTE4"
    before=$(api '{"execute":"get_stats"}')
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is ENETUNREACH guest tcp 10.0.2.2 7000
    after=$(api '{"execute":"get_stats"}')
    jq -se '.[0].return as $a | .[1].return as $b |
        ([$a, $b | keys] | .[0] == .[1]) and
        all($a | keys[]; $b[.] >= $a[.]) and
        ($b.flows_opened - $a.flows_opened >= 2) and
        ($b.refused - $a.refused >= 1) and
        ($b.bytes_from_guest > $a.bytes_from_guest)' \
        <<<"$before$after" >/dev/null || fail "$before $after"
}

# --- status ---

@test "get_status: what carries TCP, and why" {
    start_slipgate --tcp=slirp
    api_is '.return.outbound_tcp == {"carrier":"slirp",
        "reason":"asked for by --tcp=slirp"}' '{"execute":"get_status"}'
    api_is '.return.addresses.ipv6 == null' '{"execute":"get_status"}'
    api '{"execute":"set_policy","arguments":{"enable_ipv6":true}}' >/dev/null
    api_is '.return.addresses.ipv6.guest == "fd00::100"' \
        '{"execute":"get_status"}'
}

# --- events ---

@test "events: what happens, to whom asked for it" {
    start_slipgate
    serve remote 7000 "$REMOTE4"
    subscribe connection policy forward status
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    forward tcp 8080 7001
    api '{"execute":"set_policy","arguments":{"outbound":"deny"}}' >/dev/null
    stop_slipgate
    wait_for 5 happened '.event == "status" and .data.change == "ending"'
    happened '.event == "connection" and .data.change == "opened" and
        .data.peer_port == 7000 and (.time > 1600000000)'
    happened '.event == "connection" and .data.change == "closed" and
        .data.how == "closed"'
    happened '.event == "forward" and .data.change == "added" and
        .data.host_port == 8080'
    happened '.event == "policy" and .data.outbound == "deny"'
}

@test "events: nothing that was not asked for" {
    start_slipgate
    subscribe policy
    forward tcp 8080 7001
    api '{"execute":"set_policy","arguments":{"outbound":"deny"}}' >/dev/null
    wait_for 5 happened '.event == "policy"'
    refute happened '.event == "forward"'
}

@test "events: bad subscriptions are refused" {
    start_slipgate
    api_is '.error.desc | endswith("events need a request with \"id\"")' \
        '{"execute":"subscribe","arguments":{"events":["policy"]}}'
    for events in '"policy"' '["x"]' '[1]' '[["policy"]]' '{}' 5; do
        [[ $(api.py --lines 1 "$SOCK" '{"execute":"subscribe","id":1,
            "arguments":{"events":'"$events"'}}') == *bad-request* ]]
    done
}

@test "events: who does not read loses some, is told, and delays nobody" {
    local i
    start_slipgate
    subscribe forward
    kill -STOP "${PIDS[-1]}"
    for ((i = 0; i < 60; i++)); do
        printf '{"id":%s,"execute":"add_hostfwd","arguments":{"proto":"tcp",
            "host_port":8080,"guest_port":80}}{"id":0,"execute":
            "remove_hostfwd","arguments":{"proto":"tcp","host_port":8080}}' \
            "$i"
    done >"$T/pair"
    for ((i = 0; i < 30; i++)); do
        api.py --lines 120 "$SOCK" "$(cat "$T/pair")" >/dev/null
    done
    kill -CONT "${PIDS[-1]}"
    forward tcp 8081 80
    wait_for 5 happened '.data.host_port == 8081'
    happened '.event == "lost" and .data.count > 0'
}

# --- captures ---

@test "capture: frames of both directions, in a file that tcpdump reads" {
    need tcpdump
    start_slipgate "${OPEN[@]}" --tcp=slirp
    serve remote 7000 "$REMOTE4"
    api_is '.return == {}' '{"execute":"start_capture","arguments":
        {"path":"'"$T/trace"'"}}'
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    api_is '.return | .frames >= 6 and .lost == 0' '{"execute":"stop_capture"}'
    tcpdump -nr "$T/trace" 2>/dev/null >"$T/text"
    grep -q "10.0.2.100.* > $REMOTE4.7000: Flags \[S\]" "$T/text"
    grep -q "$REMOTE4.7000 > 10.0.2.100.*: Flags \[S.\]" "$T/text"
    api_is '.error.code == "conflict"' '{"execute":"stop_capture"}'
}

@test "capture: the begin and the end of relayed connections" {
    need tcpdump
    start_slipgate "${OPEN[@]}"
    serve guest 7000 10.0.2.100
    forward tcp 8080 7000
    api '{"execute":"start_capture","arguments":{"path":"'"$T/trace"'"}}'
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    wait_for 5 api_is '.return.entries == []' '{"execute":"list_connections"}'
    api '{"execute":"stop_capture"}'
    tcpdump -nr "$T/trace" 2>/dev/null >"$T/text"
    grep -q "$REMOTE4.* > 10.0.2.100.7000: Flags \[S\]" "$T/text"
    grep -qE "$REMOTE4.* > 10.0.2.100.7000: Flags \[[FR]" "$T/text"
}

@test "capture: it ends at its limit, and says so" {
    start_slipgate "${OPEN[@]}"
    api '{"execute":"start_capture","arguments":{"path":"'"$T/trace"'",
        "max_bytes":500}}'
    guest busybox ping -c 5 -i 0.1 -W 5 10.0.2.2
    api_is '.return.capture | .running == false and
        .stopped == "the size limit is reached"' '{"execute":"get_status"}'
    api_is '.return.stopped == "the size limit is reached"' \
        '{"execute":"stop_capture"}'
    (($(stat -c %s "$T/trace") <= 500))
}

@test "capture: no file is overwritten, one at a time, and never in the dark" {
    start_slipgate "${OPEN[@]}"
    touch "$T/there"
    api_is '.error.code == "conflict"' '{"execute":"start_capture",
        "arguments":{"path":"'"$T/there"'"}}'
    api_is '.error.code == "bad-request"' '{"execute":"start_capture"}'
    api_is '.error.code == "bad-request"' '{"execute":"start_capture",
        "arguments":{"path":"trace"}}'
    api_is '.return' '{"execute":"start_capture","arguments":
        {"path":"'"$T/one"'"}}'
    api_is '.error.code == "conflict"' '{"execute":"start_capture",
        "arguments":{"path":"'"$T/two"'"}}'
    [[ ! -e $T/two ]] || fail "it left a file"
    stop_slipgate
    start_slipgate
    api_is '.error | .code == "unavailable" and
        (.desc | endswith("send a descriptor"))' '{"execute":"start_capture",
        "arguments":{"path":"'"$T/three"'"}}'
}

# --- the end ---

@test "shutdown: the answer comes, then the end, with status 0" {
    start_slipgate
    api_is '.return == {}' '{"execute":"shutdown"}'
    slipgate_ends
    equal "$STATUS" 0
    [[ ! -e $SOCK ]] || fail "the socket is still there"
}

# --- bad input, any verb ---

@test "every verb refuses arguments that it does not know, but the old three" {
    local verb
    start_slipgate
    for verb in get_status get_policy set_policy list_connections get_stats \
        subscribe start_capture stop_capture shutdown; do
        api_is '.error.desc | endswith("bad arguments.colour: unknown argument")' \
            '{"execute":"'$verb'","arguments":{"colour":"red"}}'
    done
    api_is '.return' '{"execute":"list_hostfwd","arguments":{"colour":1}}'
}

@test "values of the wrong kind change nothing" {
    local value before after
    start_slipgate
    before=$(api '{"execute":"get_policy"}')
    for value in null 1e300 -1 '"\ud800"' '[[[]]]' '{"a":{"b":1}}' '""' \
        99999999999999999999 1.5; do
        for verb in '"set_policy","arguments":{"outbound"' \
            '"set_policy","arguments":{"enable_dns"' \
            '"list_connections","arguments":{"limit"' \
            '"add_hostfwd","arguments":{"range"' \
            '"start_capture","arguments":{"max_bytes"'; do
            api '{"execute":'"$verb:$value}}" >"$T/answer"
            [[ $value == null ]] || grep -q '"error"' "$T/answer" ||
                fail "$verb $value: $(cat "$T/answer")"
        done
    done
    after=$(api '{"execute":"get_policy"}')
    equal "$after" "$before"
}
