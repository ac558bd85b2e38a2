#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# slipgatectl: the control socket for people and scripts.
load helpers
load networks

ctl() { user "${SLIPGATE%/*}/slipgatectl" --socket="$SOCK" "$@"; }

# exits STATUS ARG...: slipgatectl ends so; stderr is left in $stderr.
exits() {
    local status=$1
    shift
    run --separate-stderr -"$status" ctl "$@"
}

@test "status, policy, stats: a line each" {
    start_slipgate
    exits 0 status
    contains "$output" "target                     pid $PID_guest"
    contains "$output" "addresses.ipv4.guest       10.0.2.100"
    exits 0 policy show
    equal "${lines[3]}" "outbound                   allow"
    exits 0 stats
    contains "$output" "frames_from_guest "
}

@test "forward: add, list, remove, by every way to name one" {
    start_slipgate "${OPEN[@]}"
    serve guest 7000 10.0.2.100
    exits 0 forward add "$HOST4:8080:7000"
    [[ $output == "forward 1: port 8080, by "* ]]
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    exits 0 forward add 0:6999-7000/udp --source gateway
    exits 0 forward add "$T/web:7000"
    exits 0 forward list
    equal "${#lines[@]}" 4
    [[ ${lines[0]} == "ID  PROTO  HOST "* ]]
    contains "${lines[1]}" "$HOST4:8080"
    contains "${lines[2]}" "gateway"
    exits 0 forward remove "$HOST4:8080/tcp"
    exits 0 forward remove 2
    exits 0 forward remove --close "$T/web"
    contains "$output" closed
    exits 0 forward list
    equal "$output" ""
}

@test "forward: a UNIX socket for a confined gate" {
    start_slipgate
    need_relay
    serve guest 7000 10.0.2.100
    exits 0 forward add "$T/web:7000"
    equal "$(stat -c %a "$T/web")" 600
    equal "$(user socat -t 5 - "UNIX-CONNECT:$T/web" <<<hi)" "10.0.2.2 hi"
    exits 4 forward add "$T/web:7000"
    [[ -S $T/web ]] || fail "the socket in use is gone"
    exits 0 forward remove "$T/web"
    [[ ! -e $T/web ]] || fail "the socket is still there"
    # What a gate that was killed has left is replaced.
    exits 0 forward add "$T/web:7000"
    stop_slipgate KILL
    [[ -S $T/web ]]
    start_slipgate
    exits 0 forward add "$T/web:7000"
    # A file of another kind is not.
    echo mine >"$T/file"
    exits 1 forward add "$T/file:7000"
    equal "$(cat "$T/file")" mine
    exits 6 forward add "$T/other:7000" --driver slirp
    [[ ! -e $T/other ]] || fail "a socket without a forward"
}

@test "policy set: switches in words, and what it ended" {
    start_slipgate
    exits 0 policy set outbound=deny enable_ipv6=on
    contains "$output" "enable_ipv6                true"
    equal "${lines[4]}" "ended                      0"
    exits 0 --json policy set outbound=allow
    jq -e '.outbound == "allow" and .ended == 0' <<<"$output" >/dev/null
}

@test "connections and top: who talks to whom" {
    start_slipgate
    serve remote 7000 "$REMOTE4"
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7000 2
    exits 0 connections
    equal "${#lines[@]}" 3
    contains "${lines[1]}" "$REMOTE4:7000"
    exits 0 connections --json
    jq -se 'length == 2 and all(.[]; .peer_port == 7000)' <<<"$output" \
        >/dev/null
    exits 0 top --count=1
    equal "${lines[0]}" "2 flows, 0/s from the guest, 0/s to it"
    exits 0 top --count=2 --interval=1
    equal "${#lines[@]}" 8
    exits 0 --json top --count=2 --interval=1
    equal "${#lines[@]}" 2
    jq -se 'all(.[]; .flows == 2 and .to_guest_per_s == 0 and
        (.entries | length == 2 and all(.[]; .peer_port == 7000 and
        .from_guest_per_s == 0)))' <<<"$output" >/dev/null
}

@test "events: as lines, and as JSON" {
    start_slipgate
    ctl events --count=1 forward >"$T/lines" 3>&- &
    PIDS+=($!)
    ctl events --count=1 --json forward >"$T/json" 3>&- &
    PIDS+=($!)
    wait_for 5 api_is '.return.limits.clients.used == 3' \
        '{"execute":"get_status"}'
    ctl forward add 8080:80 >/dev/null
    wait_for 5 test -s "$T/lines" -a -s "$T/json"
    contains "$(cat "$T/lines")" " forward change=added id=1 proto=tcp"
    jq -e '.event == "forward" and .data.id == 1' "$T/json" >/dev/null
}

@test "capture: to a file, in the sandbox too, and to stdout" {
    need tcpdump
    start_slipgate --enable-sandbox --enable-seccomp
    exits 0 capture start "$T/trace"
    guest busybox ping -c 1 -W 5 10.0.2.2
    exits 0 capture stop
    contains "$output" "lost                       0"
    tcpdump -nr "$T/trace" 2>/dev/null >"$T/text"
    grep -q 'ICMP echo request' "$T/text"
    ctl capture start - >"$T/stream" 3>&- &
    PIDS+=($!)
    wait_for 5 api_is '.return.capture.running' '{"execute":"get_status"}'
    guest busybox ping -c 1 -W 5 10.0.2.2
    wait_for 5 stream_has_echo
    exits 0 capture stop
}

stream_has_echo() {
    tcpdump -nr "$T/stream" 2>/dev/null | grep -q 'ICMP echo reply'
}

@test "call: any verb, its answer as JSON" {
    start_slipgate
    exits 0 call get_policy
    jq -e '.outbound == "allow"' <<<"$output" >/dev/null
    exits 0 call list_connections '{"limit":1}'
    exits 2 call list_connections '{"limit":0}'
    contains "$stderr" "must be an integer from 1 to 1000"
    exits 2 call list_connections '[]'
    exits 2 call list_connections '{'
}

@test "network: what there is, as tables and as JSON" {
    start_slipgate
    needs_networks
    exits 0 network create web subnet=10.77.0.0/24 range=10.77.0.9-10.77.0.10 \
        server=9.9.9.9 label=a=b isolate=false
    exits 0 network create web isolate=false server=9.9.9.9
    exits 4 network create web internal=on
    container one user
    exits 0 network attach web one "/proc/$PID_one/ns/net" alias=db
    equal "$output" "eth0 10.77.0.9/24"
    exits 4 network attach web one "$PID_one"
    exits 2 network attach web two /dev/null
    contains "$stderr" "is not a network namespace"
    exits 0 network list
    equal "$(tr -s ' ' <<<"${lines[1]}")" \
        "web br0 10.77.0.0/24 1 isolate=false"
    exits 0 network inspect web
    contains "$output" "labels.a                   b"
    contains "$output" "52:73:0a:4d:00:09"
    exits 0 --json network inspect web
    jq -e '.containers.one.aliases == ["db"]' <<<"$output"
    exits 0 network update web server= icc=on
    exits 0 network update web icc=off
    exits 0 --json network inspect web
    jq -e '.network | .options.icc == "false" and
        (has("network_dns_servers") | not)' <<<"$output"
    exits 0 forward add 8080:80 --container=one
    exits 0 --json forward list
    jq -e '.container == "one" and .network == "web"' <<<"$output"
    exits 4 network remove web
    exits 0 network detach web one
    exits 0 --json forward list
    equal "$output" ""
    exits 0 network remove web
}

@test "shutdown ends it" {
    start_slipgate
    exits 0 shutdown
    slipgate_ends
    equal "$STATUS" 0
}

@test "the exit status tells what went wrong" {
    start_slipgate
    exits 2
    exits 2 forward
    equal "$stderr" "slipgatectl: after \"forward\" comes one of add, list, \
remove; see slipgatectl --help"
    exits 2 forward add 80
    contains "$stderr" '"80" is not of the form [ADDR:]HOSTPORT'
    exits 2 forward add x:80
    contains "$stderr" '"x:80" does not begin with an address or a port'
    exits 2 call get_status '{'
    contains "$stderr" "the arguments are no JSON: "
    exits 2 status --close
    exits 2 status now
    exits 2 --no-such-option status
    exits 2 policy set outbound
    exits 2 network create 'a b'
    exits 2 network create a gateway=10.1.0.1
    exits 2 network create a ipv6=perhaps
    exits 2 network create a vlan=3
    exits 2 network create a subnet=10.1.0.0/24 range=10.1.0.9
    exits 2 network create a route=10.2.0.0/16
    exits 2 network create a route=10.2.0.0/16,10.1.0.9,low
    exits 2 network update a
    exits 2 network attach a c 1 color=red
    exits 3 network attach a c /nowhere
    exits 3 network attach a c /dev/null
    exits 3 network detach a c
    exits 3 network inspect a
    exits 3 network update a server=
    exits 3 network remove a --force
    exits 3 forward add 127.0.0.1:0:80 --container=c
    exits 0 network list
    exits 2 policy set outbound=perhaps
    exits 2 top --count=0
    exits 2 forward remove 8080/tcpp
    exits 3 forward remove 7
    exits 3 forward remove 8080/tcp
    ctl forward add 8080:80 >/dev/null
    exits 4 forward add 8080:81
    exits 4 capture stop
    exits 6 forward add 8081:80 --guest=127.0.0.1 --driver=slirp
    equal "$stderr" "slipgatectl: the driver \"slirp\" cannot carry \
0.0.0.0:8081 to 127.0.0.1:80"
    SOCK=$T/nothing exits 7 status
    exits 0 --help
    exits 0 --version
}

@test "the socket is found by option, environment, or as the only one" {
    local bin=${SLIPGATE%/*}/slipgatectl
    mkdir "$T/run" "$T/run/slipgate"
    SOCK=$T/run/slipgate/one
    start_slipgate
    run -0 user env SLIPGATE_SOCKET="$SOCK" "$bin" status
    run -0 user env XDG_RUNTIME_DIR="$T/run" "$bin" status
    spawn second "${NS_user[@]}" python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
print("ready", flush=True)
time.sleep(3600)' "$T/run/slipgate/two"
    run -7 user env XDG_RUNTIME_DIR="$T/run" "$bin" status
    contains "$output" "several sockets in $T/run/slipgate"
    run -7 user env XDG_RUNTIME_DIR="$T" "$bin" status
    run -7 user env -u XDG_RUNTIME_DIR "$bin" status
}
