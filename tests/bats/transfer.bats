#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bytes in bulk: every one arrives, whatever else goes on.
load helpers

# all_ways MTU: up, down and both at once, out and in, IPv4 and IPv6.
all_ways() {
    local mode bulk
    bulk=$(plenty $((150 * MB)))
    spawn out4 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    spawn out6 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE6"
    start_slipgate --mtu="$1" --enable-ipv6
    guest ip -6 addr replace fd00::100/64 dev tap0 nodad
    guest ip -6 route replace default via fd00::2 dev tap0
    spawn in4 "${NS_guest[@]}" transfer.py serve 7001 10.0.2.100
    spawn in6 "${NS_guest[@]}" transfer.py serve 7001 fd00::100
    forward tcp 8080 7001
    forward tcp 8081 7001 ',"host_addr":"::"'
    move guest both "$REMOTE4" 7000 "$bulk"
    move guest both "$REMOTE6" 7000 "$bulk"
    for mode in up down; do
        move guest "$mode" "$REMOTE4" 7000 $((5 * MB))
        move guest "$mode" "$REMOTE6" 7000 $((5 * MB))
    done
    for mode in up down both; do
        move remote "$mode" "$HOST4" 8080 $((5 * MB))
        move remote "$mode" "$HOST6" 8081 $((5 * MB))
    done
}

@test "MTU 1500: every byte, both ways, half-closed from either side" {
    all_ways 1500
}

@test "MTU 9000: every byte, both ways, half-closed from either side" {
    all_ways 9000
}

@test "MTU 65520: every byte, both ways, half-closed from either side" {
    all_ways 65520
}

@test "200 flows at once, out" {
    spawn out "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    start_slipgate
    move guest both "$REMOTE4" 7000 100000 200
}

# bats test_tags=mended
@test "200 flows at once, in" {
    start_slipgate
    spawn in "${NS_guest[@]}" transfer.py serve 7001 10.0.2.100
    forward tcp 8080 7001
    move remote both "$HOST4" 8080 100000 200
}

# late_reader LISTENS CONNECTS AT TO PORT: of all that one has sent and finished
# nothing is lost, although the other one finishes first and reads then.
late_reader() {
    local -n _listen="NS_$1" _connect="NS_$2"
    local hows=(listen "$3" 7002) howc=(connect "$4" "$5")
    local reader told fifo=$T/go
    rm -f "$fifo"
    mkfifo "$fifo"
    exec {GO}<>"$fifo"
    if [[ $1 == guest ]]; then
        spawn give "${_listen[@]}" transfer.py give "${hows[@]}" 100000
        told=$STDOUT
        spawn late "${_connect[@]}" transfer.py late "${howc[@]}" 100000 "$fifo"
        reader=$STDOUT
    else
        spawn late "${_listen[@]}" transfer.py late "${hows[@]}" 100000 "$fifo"
        reader=$STDOUT
        spawn give "${_connect[@]}" transfer.py give "${howc[@]}" 100000
        told=$STDOUT
    fi
    finished() { guest ss -Htn state fin-wait-2 | grep 7002; }
    wait_for 10 finished
    echo >&"$GO"
    read -r -t 20 -u "$told" LINE
    equal "$LINE" told
    # Whatever the guest said last has been heard.
    api '{"execute":"get_status"}' >/dev/null
    api '{"execute":"get_status"}' >/dev/null
    echo >&"$GO"
    read -r -t 60 -u "$reader" LINE
    equal "$LINE" ok
    exec {GO}>&-
}

@test "a late reader gets the last bytes as well" {
    # Most of it is to be on its way.
    host sh -c 'echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_wmem'
    remote sh -c 'echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_rmem'
    start_slipgate --enable-ipv6
    guest ip -6 addr replace fd00::100/64 dev tap0 nodad
    guest ip -6 route replace default via fd00::2 dev tap0
    forward tcp 8080 7002
    forward tcp 8081 7002 ',"host_addr":"::"'
    late_reader guest remote 10.0.2.100 "$HOST4" 8080
    late_reader guest remote fd00::100 "$HOST6" 8081
    late_reader remote guest "$REMOTE4" "$REMOTE4" 7002
    late_reader remote guest "$REMOTE6" "$REMOTE6" 7002
}

@test "a host that finishes first and stalls gets the last bytes as well" {
    local reader replier fifo=$T/go
    mkfifo "$fifo"
    exec {GO}<>"$fifo"
    host sh -c 'echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_wmem'
    remote sh -c 'echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_rmem'
    start_slipgate
    spawn late "${NS_remote[@]}" \
        transfer.py late listen "$REMOTE4" 7002 100000 "$fifo"
    reader=$STDOUT
    spawn reply "${NS_guest[@]}" \
        transfer.py reply connect "$REMOTE4" 7002 100000
    replier=$STDOUT
    echo >&"$GO"
    read -r -t 20 -u "$replier" LINE
    equal "$LINE" sent
    taken() { ! guest ss -Htn | awk '$3 > 1' | grep .; } # but for its end
    wait_for 10 taken
    sleep 12 # the stack forgets in ten seconds what it takes for finished
    echo >&"$GO"
    read -r -t 60 -u "$reader" LINE
    equal "$LINE" ok
    exec {GO}>&-
}

@test "an empty transfer" {
    spawn out "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    start_slipgate
    move guest up "$REMOTE4" 7000 0
    move guest down "$REMOTE4" 7000 0
}

# cost BYTES: CPU ticks of the gate for a checked upload.
cost() {
    local before
    before=$(cpu_ticks "$GATE")
    move guest up "$REMOTE4" 7000 "$1" >&2
    echo $(($(cpu_ticks "$GATE") - before))
}

# bats test_tags=mended
@test "fault: 900 idle connections cut throughput to a fifth" {
    spawn out "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    spawn hold "${NS_remote[@]}" net.py hold 7001 "$REMOTE4"
    start_slipgate --mtu=65520
    local alone beside
    cost $((20 * MB))
    alone=$(cost $((300 * MB)))
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 900
    beside=$(cost $((300 * MB)))
    echo "CPU ticks for 300 MB: $alone alone, $beside beside 900 connections"
    ((beside <= 2 * alone + 20))
}

resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$GATE/status"; }
at_most_kb() { (($(resident_kb) <= $1)); }

# The stack gives each connection 256 KB: where nobody has used them before, they
# must not count, and none may stay when the connections are over.
@test "idle connections take little memory, and it comes back" {
    ! grep -q __asan_init "$SLIPGATE" || skip "a build with sanitizers"
    spawn hold4 "${NS_remote[@]}" net.py hold 7001 "$REMOTE4"
    local holders=("$SPAWNED")
    spawn hold6 "${NS_remote[@]}" net.py hold 7001 "$REMOTE6"
    holders+=("$SPAWNED")
    start_slipgate --mtu=65520 --enable-ipv6
    local before
    before=$(resident_kb)
    spawn idle4 "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 400
    holders+=("$SPAWNED")
    spawn idle6 "${NS_guest[@]}" net.py idle "$REMOTE6" 7001 400
    holders+=("$SPAWNED")
    wait_for 10 at_most_kb $((before + 800 * 16))
    kill -KILL "${holders[@]}"
    wait_for 20 at_most_kb $((before + 800 * 4))
}

# bats test_tags=mended
@test "fault: uploads at MTU 65520 stall for a slow receiver" {
    remote sh -c 'echo 4096 65536 131072 >/proc/sys/net/ipv4/tcp_rmem'
    spawn paced "${NS_remote[@]}" transfer.py paced 7000 "$REMOTE4" $((50 * MB))
    # Small buffers outside: a pause of the guest is a pause of the receiver.
    host sh -c 'echo 4096 65536 131072 >/proc/sys/net/ipv4/tcp_wmem'
    start_slipgate --mtu=65520
    guest transfer.py send "$REMOTE4" 7000 $((100 * MB))
    read -r -t 30 -u "$STDOUT" LINE
    echo "waits above 140 ms: $LINE"
    ((LINE <= 3))
}

# sockets: how many to remote the gate has; those it has closed, but its kernel
# has not, have no inode.
sockets() { host ss -Htne "dst $REMOTE4" | grep -c 'ino:[1-9]' || true; }
as_many_as() { (($(sockets) == $1)); }

# bats test_tags=mended
@test "fault: FIN_WAIT2 sockets never expire" {
    spawn hold "${NS_remote[@]}" net.py hold 7001 "$REMOTE4"
    start_slipgate
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 50
    wait_for 5 as_many_as 50
    kill -KILL "$SPAWNED" # its kernel sends a FIN for each; the peer is silent
    wait_for 150 as_many_as 0
}

@test "a reset in the guest ends the host's connection, and the other way" {
    spawn hold "${NS_remote[@]}" net.py hold 7001 "$REMOTE4"
    start_slipgate
    guest python3 -c '
import socket, struct, sys
sock = socket.create_connection((sys.argv[1], 7001), 5)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
' "$REMOTE4"
    wait_for 10 as_many_as 0
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7001 1
    wait_for 5 as_many_as 1
    remote ss -K "dst $HOST4" >/dev/null ||
        skip_unless_ci "the kernel cannot kill sockets"
    wait_for 10 as_many_as 0
    none_in_guest() { ! guest ss -Htn "dst $REMOTE4" | grep .; }
    wait_for 10 none_in_guest
}
