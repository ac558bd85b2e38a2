#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What docs/reliability.md promises, as far as no other file shows it.
load helpers
load networks

REAL=${SLIPGATE:-}

descriptors() { find "/proc/$GATE/fd" -mindepth 1 | wc -l; }
at_most() { (($(descriptors) <= $1)); }

need_descriptors() {
    [[ -r /proc/$GATE/fd ]] ||
        skip_unless_ci "only root may count what an undumpable process holds"
}

# --- many connections ---

# all_connects WORLD ADDR PORT COUNT
all_connects() {
    local -n _ns="NS_$1"
    shift
    equal "$(timeout 200 "${_ns[@]}" floor.py connects "$@")" "$3"
}

# leaves_none ARG...: 20000 connections out and in leave no descriptor.
leaves_none() {
    local count before
    count=$(plenty 20000)
    spawn out "${NS_remote[@]}" floor.py serve 7000 "$REMOTE4"
    spawn in "${NS_guest[@]}" floor.py serve 7001 0.0.0.0
    start_slipgate "$@"
    need_descriptors
    forward tcp 8080 7001
    # The first ones take what is kept.
    all_connects guest "$REMOTE4" 7000 40
    all_connects remote "$HOST4" 8080 40
    before=$(descriptors)
    all_connects guest "$REMOTE4" 7000 "$((count / 2))"
    all_connects remote "$HOST4" 8080 "$((count / 2))"
    # The stock of sockets towards the guest may be at its fullest now.
    wait_for 30 at_most "$((before + 16))"
}

@test "20000 connections leave no descriptor behind: relay" {
    leaves_none --tcp=relay
}

@test "20000 connections leave no descriptor behind: libslirp" {
    leaves_none --tcp=slirp
}

# In close order: more flows than are remembered, and more sockets than there are
# descriptors, if those of finished connections were kept for some seconds.
@test "short connections by the ten thousand hinder nobody: libslirp" {
    spawn out "${NS_remote[@]}" floor.py serve 7000 "$REMOTE4"
    spawn in "${NS_guest[@]}" floor.py serve 7001 0.0.0.0
    start_slipgate --tcp=slirp
    need_descriptors
    forward tcp 8080 7001
    all_connects guest "$REMOTE4" 7000 "$(plenty 40000)"
    at_most 60
    all_connects remote "$HOST4" 8080 "$(plenty 25000)"
    at_most 60
}

# --- connections of which nobody hears any more ---

# timer WORLD PORT: the keepalive timer of a socket to remote's port, in s.
timer() {
    "$1" ss -Htno "dst $REMOTE4 and dport = :$2" |
        sed -nE 's/.*timer:\(keepalive,([0-9]+)(min[0-9]*|sec).*/\1 \2/p' |
        awk '/min/ { sub(/min/, " ", $2); print $1 * 60 + $2 } /sec/ { print $1 }'
}

@test "idle and half-closed relayed connections are probed" {
    spawn hold "${NS_remote[@]}" net.py hold 7001 "$REMOTE4"
    spawn hold2 "${NS_remote[@]}" net.py hold 7002 "$REMOTE4"
    start_slipgate --tcp=relay
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 1
    spawn half "${NS_guest[@]}" python3 -c '
import socket, sys, time
sock = socket.create_connection((sys.argv[1], 7002), 5)
sock.shutdown(socket.SHUT_WR)
print("ready", flush=True)
time.sleep(3600)' "$REMOTE4"
    # The guest has ended its stream: its end is asked at short intervals,
    # in the relay namespace; the host side of both as any idle one.
    probed() { [[ -n $(timer host 7001) && -n $(timer host 7002) ]]; }
    wait_for 20 probed
    (($(timer host 7001) <= 120 && $(timer host 7002) <= 120))
}

@test "a half-closed connection whose server vanishes is ended" {
    local silent
    spawn hold "${NS_remote[@]}" python3 -c '
import socket, sys, time
server = socket.create_server((sys.argv[1], 7001))
print("ready", flush=True)
sock = server.accept()[0]
sock.shutdown(socket.SHUT_WR)
time.sleep(3600)' "$REMOTE4"
    start_slipgate --tcp=relay
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 1
    short() { silent=$(timer host 7001) && ((silent > 0 && silent <= 20)); }
    wait_for 20 short
}

# --- deaths ---

@test "the gate's death in mid-transfer ends connections, and nothing stays" {
    local agent addr
    spawn out "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    spawn out6 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE6"
    spawn hold "${NS_remote[@]}" net.py hold 7001 "$REMOTE4"
    spawn hold6 "${NS_remote[@]}" net.py hold 7001 "$REMOTE6"
    serve guest 7002 0.0.0.0 ::
    start_slipgate --tcp=relay --enable-ipv6
    agent=$(api '{"execute":"get_status"}' | jq .return.agent_pid)
    forward tcp 8080 7002
    forward tcp 8080 7002 ',"host_addr":"::"'
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 5
    spawn idle6 "${NS_guest[@]}" net.py idle "$REMOTE6" 7001 5
    for addr in "$REMOTE4" "$REMOTE6"; do
        guest timeout 60 transfer.py run both "$addr" 7000 300000000 \
            >"$T/going" 2>&1 3>&- &
        PIDS+=($!)
    done
    under_way() {
        guest awk '/tap0:/ { exit $2 + $10 < 10000000 }' /proc/net/dev &&
            (($(remote ss -Htn state established | grep -c .) == 12))
    }
    wait_for 20 under_way
    stop_slipgate KILL
    wait_for 5 gone "$agent"
    none_left() { [[ -z $(remote ss -Htn state established) ]]; }
    wait_for 10 none_left
    alone() { [[ $(guest ip -br link | grep -c .) == 1 ]]; }
    wait_for 5 alone
    ! host ss -Htln "sport = :8080" | grep .
}

@test "an agent that does not answer is given up" {
    serve guest 7000 10.0.2.100
    start_slipgate --tcp=relay
    forward tcp 8080 7000
    host kill -STOP "$(api '{"execute":"get_status"}' | jq .return.agent_pid)"
    # A connection from outside needs a socket that only the agent makes.
    ask remote tcp "$HOST4" 8080 || true
    wait_for 20 gone "$GATE"
    slipgate_ends
    equal "$STATUS" 1
    contains "$(cat "$T/err")" "does not answer"
    contains "$(cat "$T/err")" "is gone: ending"
}

@test "without its porter it goes on, and has no networks" {
    local pid porter=
    serve remote 7000 "$REMOTE4"
    start_slipgate
    for pid in $(<"/proc/$GATE/task/$GATE/children"); do
        [[ $(<"/proc/$pid/comm") != slipgate-porter ]] || porter=$pid
    done
    [[ -n $porter ]] || skip_unless_ci "there are no networks here"
    host kill -KILL "$porter"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    api_is '.error.code == "unavailable"' \
        '{"execute":"network_create","arguments":{"name":"n"}}'
    forward tcp 8080 80
    ask_is "$HOST4 again" guest tcp "$REMOTE4" 7000 again
}

# hand NAME: the process of one of the porter's hands.
hand() { pgrep -P "$(pgrep -P "$GATE" slipgate-porter)" "slipgate-$1"; }

# stuck NAME: stops that hand; the next request that needs it fails.
stuck() {
    local pid
    pid=$(hand "$1")
    host kill -STOP "$pid"
    refused attach '{"network":"n","container":"two","pid":'"$PID_two"'}' \
        unavailable "does not answer"
    ask_is "$HOST4 meanwhile" one tcp "$REMOTE4" 7000 meanwhile || return 1
    attach n two || return 1
    equal "$(two ip -o link show | grep -c eth)" 1
    [[ $(hand "$1") != "$pid" ]]
}

@test "a porter that does not answer is replaced; other containers do not notice" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    needs_networks
    container one
    container two
    create n
    attach n one
    ask_is "$HOST4 first" one tcp "$REMOTE4" 7000 first
    stuck bearer
    done_as true detach '{"network":"n","container":"two"}'
    stuck finder
}

@test "a porter that is killed is replaced at once" {
    start_slipgate
    needs_networks
    container one
    create n
    attach n one
    host kill -KILL "$(hand bearer)" "$(hand finder)"
    # What it was told, its follower is told again.
    done_as true detach '{"network":"n","container":"one"}'
    host kill -KILL "$(hand bearer)"
    attach n one
    equal "$(one ip -o link show | grep -c eth)" 1
}

# --- full disks ---

@test "capture: a full disk ends it, and nothing else" {
    mkdir "$T/small"
    host mount -t tmpfs -o size=64k,mode=1777 small "$T/small"
    serve remote 7000 "$REMOTE4"
    spawn echo "${NS_remote[@]}" floor.py echo 7100 10 "$REMOTE4"
    start_slipgate --disable-sandbox --disable-seccomp
    api_is .return '{"execute":"start_capture","arguments":
        {"path":"'"$T/small/trace"'"}}'
    ended() {
        # Of a burst some may be lost on the way.
        guest floor.py burst "$REMOTE4" 7100 10 150
        api_is '.return.capture | .running == false and
            .stopped == "No space left on device"' '{"execute":"get_status"}'
    }
    wait_for 20 ended
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    # There is room again, and it may be started again.
    host rm "$T/small/trace"
    api_is .return '{"execute":"start_capture","arguments":
        {"path":"'"$T/small/trace"'"}}'
    api_is '.return.stopped == null' '{"execute":"stop_capture"}'
}

# --- slow disks, and clocks ---

# preload NAME [COMMAND]: slipgate runs with tests/tools/NAME.c in place of some
# functions of the C library, after the shell has run COMMAND.
preload() {
    need cc
    cc -D_GNU_SOURCE -shared -fPIC -o "$T/$1.so" "$top/tests/tools/$1.c" -ldl
    cat >"$T/slipgate" <<END
#!/bin/sh
${2:-}
ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0
export ASAN_OPTIONS
LD_PRELOAD=$T/$1.so exec $REAL "\$@"
END
    chmod +x "$T/slipgate"
    SLIPGATE=$T/slipgate
}

@test "a slow disk for the log holds nothing up" {
    local i
    preload slowlog 'ulimit -n 128'
    spawn accept "${NS_remote[@]}" floor.py accept 7001 "$REMOTE4"
    serve guest 7002 10.0.2.100
    start_slipgate
    forward udp 8080 7002
    # An answer opens a flow, which stays when descriptors have run out.
    export FROM_PORT=7003
    ask_is "$REMOTE4 before" remote udp "$HOST4" 8080 before
    fill "$REMOTE4" 7001 100
    ((OPEN > 10 && REFUSED > 10 && OPEN + REFUSED == 100))
    for i in 1 2 3 4 5; do
        api_is '.return.version' '{"execute":"get_status"}'
        ask_is "$REMOTE4 $i" remote udp "$HOST4" 8080 "$i"
    done
    # One line was slow, and the others had to be left out.
    equal "$(grep -c 'no descriptors left' "$T/err")" 1
    emptied
}

@test "a time of day that jumps disturbs nothing" {
    preload clockjump
    serve remote 7000 "$REMOTE4"
    serve guest 7001 10.0.2.100
    start_slipgate
    forward tcp 8080 7001
    local i
    for i in 1 2 3; do
        ask_is "$HOST4 $i" guest tcp "$REMOTE4" 7000 "$i"
        ask_is "$HOST4 $i" guest udp "$REMOTE4" 7000 "$i"
        ask_is "$REMOTE4 $i" remote tcp "$HOST4" 8080 "$i"
    done
    api_is '.return.uptime_s < 60' '{"execute":"get_status"}'
}
