#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How it ends, and what it does when others end first.
load helpers

# port_free ADDR PORT: nobody on host listens there.
port_free() { ! host ss -Htln "src $1 sport = :$2" | grep .; }

# alone: of the guest's network only the process that holds it is left.
alone() {
    local pid
    for pid in $(leftovers); do
        case $pid in
        "$PID_host" | "$PID_user" | "$PID_remote" | "$PID_guest") ;;
        *) return 1 ;;
        esac
    done
}

# quiet: it has ended, or it neither burns CPU nor floods its log.
quiet() {
    local before ticks size
    before=$(cpu_ticks "$GATE") || return 0 # ended
    size=$(stat -c %s "$T/err")
    timeout 2 tail --pid="$GATE" -f /dev/null && return 0
    ticks=$(cpu_ticks "$GATE") || return 0
    ((ticks - before < 50)) || fail "$((ticks - before)) ticks in 2 s"
    ((size < 100000)) || fail "$size bytes of log"
    size=$(($(stat -c %s "$T/err") - size))
    ((size < 10000)) || fail "$size more bytes of log"
}

# --- signals ---

# ends_on SIGNAL: and leaves neither file nor process nor port.
ends_on() {
    start_slipgate
    forward tcp 8080 80
    stop_slipgate "$1"
    ((STATUS == 0 || STATUS > 128)) || fail "exit status $STATUS: $(logs)"
    [[ ! -e $SOCK ]] || fail "$SOCK is left"
    port_free 0.0.0.0 8080
    wait_for 5 alone
}

# bats test_tags=mended
@test "fault: the socket file stays after SIGTERM" { ends_on TERM; }

# bats test_tags=mended
@test "SIGINT ends it cleanly" { ends_on INT; }

# bats test_tags=mended
@test "SIGHUP ends it cleanly" { ends_on HUP; }

@test "SIGKILL: the agent goes with the gate" {
    start_slipgate
    stop_slipgate KILL
    wait_for 5 alone
    guest ip link show lo
}

@test "SIGPIPE and a closed log do no harm" {
    serve remote 7000 "$REMOTE4"
    mkfifo "$T/log"
    exec {log}<>"$T/log"
    "${NS_user[@]}" "$SLIPGATE" -c -r 9 -a "$SOCK" "$PID_guest" tap0 9>"$T/ready" \
        3>&- {log}>&- >"$T/log" 2>&1 </dev/null &
    PIDS+=($!)
    wait_for 10 test -s "$T/ready"
    exec {log}<&- # nobody reads what it says from here on
    api '{badjson}'
    api_is .entries '{"execute":"list_hostfwd"}'
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "a full pipe for its log stops nothing, and is told of later" {
    local log
    serve remote 7000 "$REMOTE4"
    mkfifo "$T/log"
    exec {log}<>"$T/log"
    "${NS_user[@]}" "$SLIPGATE" -c -r 9 -a "$SOCK" "$PID_guest" tap0 9>"$T/ready" \
        3>&- {log}>&- >"$T/out" 2>"$T/log" </dev/null &
    GATE=$!
    PIDS+=("$GATE")
    wait_for 10 test -s "$T/ready"
    python3 -c 'import os, sys
os.set_blocking(1, False)
try:
    while True:
        os.write(1, bytes(4096))
except BlockingIOError:
    pass
os.set_blocking(1, True)' >"$T/log"
    # Something to say, many times; it is done for clients as well.
    for _ in {1..20}; do api '{badjson}'; done
    host prlimit --pid "$GATE" --nofile=64:
    guest timeout 20 net.py burst "$REMOTE4" 7000 100
    host prlimit --pid "$GATE" --nofile=1024:
    later() { ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000; }
    wait_for 20 later
    python3 -c 'import os
os.set_blocking(0, False)
try:
    while os.read(0, 65536):
        pass
except BlockingIOError:
    pass' <"$T/log"
    kill -KILL "$(api '{"execute":"get_status"}' | jq .return.agent_pid)"
    read -r -t 10 LINE <&"$log"
    [[ $LINE == *"messages found no room or time here"* ]] || fail "$LINE"
    slipgate_ends
    equal "$STATUS" 1
}

@test "a caller that cannot be told of readiness is not left in doubt" {
    run -1 --separate-stderr timeout 20 "${NS_user[@]}" "$SLIPGATE" -c -r 9 \
        "$PID_guest" tap0 9>/dev/full
    contains "$stderr" "tell that it is ready (--ready-fd=9): No space left"
}

@test "a socket file that another process has replaced is left alone" {
    start_slipgate
    rm "$SOCK"
    touch "$SOCK"
    stop_slipgate
    [[ -f $SOCK ]]
}

@test "the interface is gone with the gate" {
    start_slipgate
    stop_slipgate
    no_tap() { ! guest ip link show tap0; }
    wait_for 5 no_tap
}

# --- the target's end ---

# bats test_tags=mended
@test "fault: the daemon outlives its target and keeps ports bound: PID" {
    start_slipgate
    forward tcp 8080 80
    kill -KILL "$PID_guest"
    slipgate_ends
    port_free 0.0.0.0 8080
    [[ ! -e $SOCK ]]
    wait_for 5 alone
}

# A network namespace that only a file holds: engine's, mounted at $T/netns.
named_netns() {
    world engine user --user --map-root-user --mount --propagation private
    "${NS_engine[@]}" sh -ec "touch $T/netns
        unshare --net sh -c 'mount --bind /proc/self/ns/net $T/netns'"
}

# bats test_tags=mended
@test "fault: the daemon outlives its target and keeps ports bound: path" {
    named_netns
    launch engine -c -a "$SOCK" --netns-type=path "$T/netns" tap0
    forward tcp 8080 80
    "${NS_engine[@]}" umount "$T/netns"
    "${NS_engine[@]}" rm "$T/netns"
    slipgate_ends
    port_free 0.0.0.0 8080
}

@test "the target's end while nothing else happens is not missed" {
    [[ $("$SLIPGATE" --version) == slipgate* ]] || skip "slirp4netns does not"
    launch user "$PID_guest" tap0 # no addresses, no traffic, no socket
    kill -KILL "$PID_guest"
    slipgate_ends
}

# --- the interface's end ---

# bats test_tags=mended
@test "fault: ip link del tap0 in the guest leads to full CPU and a log flood" {
    start_slipgate
    guest ip link del tap0
    quiet
}

@test "ip link set tap0 down and up again does no harm" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    guest ip link set tap0 down
    quiet
    guest ip link set tap0 up
    guest ip route replace default via 10.0.2.2
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "the interface's new name does no harm" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    guest sh -e <<'END'
    ip link set tap0 down
    ip link set tap0 name other0
    ip link set other0 up
    ip route add default via 10.0.2.2
END
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

# --- one after the other ---

# bats test_tags=mended
@test "a second one waits for the first to let go of the interface" {
    start_slipgate
    local first=$GATE before
    before=$(leftovers | wc -l)
    "${NS_user[@]}" "$SLIPGATE" -c -r 9 -a "$SOCK.2" "$PID_guest" tap0 9>"$T/ready2" \
        3>&- >>"$T/out" 2>>"$T/err" </dev/null &
    PIDS+=($!)
    local second=$!
    inside() { (($(leftovers | wc -l) > before)) || gone "$second"; }
    wait_for 5 inside
    kill -TERM "$first"
    wait_for 5 grep 1 "$T/ready2"
    GATE=$second
    guest busybox ping -c 1 -W 5 10.0.2.2
}

@test "a second one gives up when the first does not let go" {
    start_slipgate
    run -1 --separate-stderr timeout 20 "${NS_user[@]}" "$SLIPGATE" -c \
        "$PID_guest" tap0
    contains "$stderr" "busy"
    guest busybox ping -c 1 -W 5 10.0.2.2
}

@test "another one takes over in the same guest" {
    serve remote 7000 "$REMOTE4"
    local i
    for i in 1 2 3; do
        start_slipgate
        ask_is "$HOST4 $i" guest tcp "$REMOTE4" 7000 "$i"
        stop_slipgate "$((i == 2 ? 9 : 15))"
    done
}

# --- BESS ---

# bess ARG...: starts it as User Mode Linux wants it; $GATE is set at once.
bess() {
    "${NS_user[@]}" "$SLIPGATE" --target-type=bess "$@" "$T/bess" 3>&- </dev/null \
        >>"$T/out" 2>>"$T/err" &
    GATE=$!
    PIDS+=("$GATE")
    wait_for 10 test -S "$T/bess"
}

@test "bess: one peer, one frame for each message" {
    bess --api-socket="$SOCK"
    wait_for 5 grep "Waiting for connection to $T/bess" "$T/err"
    spawn uml "${NS_user[@]}" frames.py bess "$T/bess" hold
    equal "$LINE" "52:55:0a:00:02:02"
    wait_for 5 test -S "$SOCK"
    forward tcp 8080 80
}

# bats test_tags=mended
@test "fault: a closed BESS peer spins" {
    bess
    equal "$(user frames.py bess "$T/bess")" "52:55:0a:00:02:02"
    quiet
}

# --- what it holds ---

@test "descriptors are close-on-exec or its own, and do not grow" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    [[ -r /proc/$GATE/fd ]] ||
        skip_unless_ci "only root may count what an undumpable process holds"
    count() { find "/proc/$GATE/fd" -mindepth 1 | wc -l; }
    local i before
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    before=$(count)
    for i in {1..20}; do
        ask_is "$HOST4 $i" guest tcp "$REMOTE4" 7000 "$i"
        api '{"execute":"list_hostfwd"}' >/dev/null
        forward tcp 8080 7000
        api_is .return "{\"execute\":\"remove_hostfwd\",
            \"arguments\":{\"id\":$ID}}"
    done
    as_before() { (($(count) <= before)); }
    # The stack's connections end with a TIME_WAIT of ten seconds.
    wait_for 30 as_before
}

# bats test_tags=mended
@test "the limit of descriptors is raised to the hard one" {
    ulimit -S -n 256
    start_slipgate
    equal "$(awk '/open files/ { print $4 }' "/proc/$GATE/limits")" \
        "$(ulimit -H -n)"
}

@test "garbage from the guest ends nothing" {
    serve remote 7000 "$REMOTE4"
    start_slipgate --enable-ipv6
    guest frames.py garbage tap0 5000
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}
