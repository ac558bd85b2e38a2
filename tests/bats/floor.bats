#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes through frames and datagrams: bounds, bursts, and ways out.
load helpers

# limited FILES: from now on slipgate may open that many descriptors.
limited() {
    cat >"$T/limited" <<END
#!/bin/sh
ulimit -n $1
exec $SLIPGATE "\$@"
END
    chmod +x "$T/limited"
    SLIPGATE=$T/limited
}

few_descriptors() {
    (($(find "/proc/$GATE/fd" -mindepth 1 | wc -l) < 40))
}

# full_table GATEWAY LOOPBACK: connections there fill it.
full_table() {
    limited 256
    spawn accept "${NS_host[@]}" floor.py accept 7001 "$2"
    serve host 7000 127.0.0.1 ::1
    start_slipgate --tcp=slirp --enable-ipv6
    guest ip -6 addr replace fd00::100/64 dev tap0 nodad
    fill "$1" 7001 400
    ((OPEN > 100 && REFUSED > 100 && OPEN + REFUSED == 400))
    ask_is ECONNREFUSED guest tcp 10.0.2.2 7000
    ask_is ECONNREFUSED guest tcp fd00::2 7000
    # The control socket has its own.
    api_is '.return.version' '{"execute":"get_status"}'
    emptied
    wait_for 20 few_descriptors
    ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7000
    ask_is "::1 hello" guest tcp fd00::2 7000
}

@test "descriptors: a full table refuses at once, and recovers by itself" {
    full_table 10.0.2.2 127.0.0.1
}

@test "descriptors: a table that IPv6 has filled does the same" {
    full_table fd00::2 ::1
}

@test "descriptors: a forward waits while the table is full, and does not spin" {
    local before after
    limited 256
    spawn accept "${NS_host[@]}" floor.py accept 7001 127.0.0.1
    serve guest 7002 0.0.0.0
    start_slipgate --tcp=slirp
    forward tcp 8002 7002 ', "driver": "slirp"'
    fill 10.0.2.2 7001 400
    before=$(cpu_ticks "$GATE")
    ask_is "timeout" host tcp 127.0.0.1 8002
    after=$(cpu_ticks "$GATE")
    # Five seconds of which a busy loop would take four hundred ticks.
    ((after - before < 100)) || fail "$((after - before)) ticks"
    emptied
    wait_for 20 few_descriptors
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8002
}

whole_burst() { [[ $(guest floor.py burst "$REMOTE4" 7100 10 $(($1 / 10))) == "$1" ]]; }

@test "udp: a thousand datagrams at once come back, all of them" {
    spawn echo "${NS_remote[@]}" floor.py echo 7100 10 "$REMOTE4"
    start_slipgate
    # Who is where on the LAN is asked before, since that may take time.
    run -0 guest floor.py burst "$REMOTE4" 7100 10 1
    equal "$output" 10
    # The kernel itself queues no more than a thousand, and on a busy machine
    # it may have to: one time of several is enough.
    wait_for 60 whole_burst 1000
}

# asks WORLD ADDR PORT: thirty questions, one after the other.  The kernel's own
# queues, which all flows share, may lose some: not more than every other one.
asks() {
    local -n _ns="NS_$1"
    shift
    run -0 timeout 100 "${_ns[@]}" floor.py ask "$@" 30
    ((output <= 60)) || fail "asked $output times"
}

datagrams() {
    api '{"execute":"get_stats"}' |
        jq '.return | .datagrams_from_guest + .datagrams_to_guest'
}

# flooded WORLD ADDR PORT ASKED...: while one flow has more to send than anything
# could carry, those who ask the guest and remote are answered.
flooded() {
    local -n _ns="NS_$1"
    local flood before
    echo "flooded: $2"
    spawn flood "${_ns[@]}" floor.py flood "$2" "$3"
    flood=$SPAWNED
    before=$(datagrams)
    asks guest "$4" 7200
    asks remote "$5" 8200
    # It was a flood.
    (($(datagrams) - before > 1000)) || fail "$(($(datagrams) - before))"
    kill "$flood"
}

@test "udp: a flood keeps no answer from other flows, out and in" {
    local tcp port
    spawn out "${NS_remote[@]}" floor.py echo 7100 1 "$REMOTE4" "$REMOTE6"
    spawn out2 "${NS_remote[@]}" floor.py echo 7200 1 "$REMOTE4" "$REMOTE6"
    spawn in "${NS_guest[@]}" floor.py echo 7100 1 ::
    spawn in2 "${NS_guest[@]}" floor.py echo 7200 1 ::
    for tcp in slirp auto; do
        echo "--tcp=$tcp"
        start_slipgate --enable-ipv6 --tcp=$tcp
        guest ip -6 addr replace fd00::100/64 dev tap0 nodad
        guest ip -6 route replace default via fd00::2 dev tap0
        for port in 100 200; do
            forward udp 8$port 7$port
            forward udp 8$port 7$port ',"host_addr":"::"'
        done
        flooded guest "$REMOTE4" 7100 "$REMOTE4" "$HOST4"
        flooded remote "$HOST4" 8100 "$REMOTE4" "$HOST4"
        if [[ $tcp == auto ]]; then
            flooded guest "$REMOTE6" 7100 "$REMOTE6" "$HOST6"
            flooded remote "$HOST6" 8100 "$REMOTE6" "$HOST6"
        fi
        stop_slipgate
    done
}

@test "udp: a forward to all addresses answers from the one that was asked" {
    serve guest 7000 0.0.0.0 ::
    start_slipgate --enable-ipv6
    forward udp 8000 7000
    forward udp 8000 7000 ', "host_addr": "::"'
    # connect(2) of the asking side takes no other answer.
    ask_is "$REMOTE4 hello" remote udp "$HOST4" 8000
    ask_is "$REMOTE4 hello" remote udp "$ALSO4" 8000
    ask_is "$REMOTE6 hello" remote udp "$HOST6" 8000
    ask_is "$REMOTE6 hello" remote udp "$ALSO6" 8000
}

# comes_from ADDR4 ADDR6 WORLD-ADDR4 WORLD-ADDR6: whom others see in the guest's
# place, by TCP, UDP and ping; see the rules of the tests.
comes_from() {
    local proto
    for proto in tcp udp; do
        ask_is "$1 hello" guest "$proto" "$3" 7000
        ask_is "$2 hello" guest "$proto" "$4" 7000
    done
    guest busybox ping -c 1 -W 5 "$3"
    guest busybox ping -c 1 -W 5 "$4"
}

# answers_only NET4 NET6: remote answers no other pings.
answers_only() {
    remote nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            ip saddr != $1 icmp type echo-request drop
            ip6 saddr != $2 icmpv6 type echo-request drop
        }
    }
END
}

@test "outbound-addr: an interface's new address is taken at once" {
    local tcp
    need nft
    answers_only 203.0.113.0/24 2001:db8:9::/64
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    for tcp in slirp auto; do
        echo "--tcp=$tcp"
        host ip addr replace "$OTHER4/24" dev other0
        host ip addr replace "$OTHER6/64" dev other0 nodad
        start_slipgate --enable-ipv6 --outbound-addr=other0 \
            --outbound-addr6=other0 --tcp=$tcp
        guest ip -6 addr replace fd00::100/64 dev tap0 nodad
        comes_from "$OTHER4" "$OTHER6" "$REMOTE4" "$REMOTE6"
        host ip addr del "$OTHER4/24" dev other0
        host ip addr del "$OTHER6/64" dev other0
        host ip addr add 203.0.113.10/24 dev other0
        host ip addr add 2001:db8:9::10/64 dev other0 nodad
        comes_from 203.0.113.10 2001:db8:9::10 "$REMOTE4" "$REMOTE6"
        host ip addr del 203.0.113.10/24 dev other0
        host ip addr del 2001:db8:9::10/64 dev other0
        stop_slipgate
    done
}

@test "outbound-addr: an address that the machine does not have is told" {
    start_slipgate --outbound-addr="$ALSO4" --outbound-addr6="$ALSO6"
    lacks "$(logs)" "is no address"
    stop_slipgate
    start_slipgate --outbound-addr=192.0.2.99
    contains "$(logs)" "--outbound-addr: 192.0.2.99 is no address of this"
}

@test "outbound-addr: flows leave by an interface that leads out" {
    local tcp
    need nft
    answers_only "$HOST4" "$HOST6"
    remote ip addr add 203.0.113.77/32 dev lo
    remote ip addr add 2001:db8:9::77/128 dev lo
    serve remote 7000 "$REMOTE4" "$REMOTE6" 203.0.113.77 2001:db8:9::77
    serve host 7001 127.0.0.1 ::1
    for tcp in slirp auto; do
        echo "--tcp=$tcp"
        start_slipgate --enable-ipv6 --outbound-addr=lan0 \
            --outbound-addr6=lan0 --tcp=$tcp
        guest ip -6 addr replace fd00::100/64 dev tap0 nodad
        comes_from "$HOST4" "$HOST6" "$REMOTE4" "$REMOTE6"
        # By their routes these would leave through other0.
        host ip route replace 203.0.113.77 dev other0
        host ip route replace 2001:db8:9::77 dev other0
        comes_from "$HOST4" "$HOST6" 203.0.113.77 2001:db8:9::77
        # The host itself is still there.
        ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7001
        ask_is "127.0.0.1 hello" guest udp 10.0.2.2 7001
        ask_is "::1 hello" guest tcp fd00::2 7001
        ask_is "::1 hello" guest udp fd00::2 7001
        stop_slipgate
    done
}

# --- a tap of somebody else's ---

@test "a tap without the header of offloads: every byte, at any MTU" {
    local mtu bulk
    bulk=$(plenty $((150 * MB)))
    spawn out4 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    spawn out6 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE6"
    for mtu in 1500 9000 65520; do
        echo "MTU $mtu"
        adopt_tap 0x1002 --mtu=$mtu --enable-ipv6
        guest sh -ec "ip link set tap0 mtu $mtu up
            ip addr add 10.0.2.100/24 dev tap0
            ip addr add fd00::100/64 dev tap0 nodad
            ip route add default via 10.0.2.2
            ip -6 route replace default via fd00::2 dev tap0"
        move guest both "$REMOTE4" 7000 "$bulk"
        move guest both "$REMOTE6" 7000 "$bulk"
        stop_slipgate
    done
}

@test "ends that wait for a stalled reader are bounded" {
    host sh -c 'echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_wmem'
    remote sh -c 'echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_rmem'
    start_slipgate --tcp=slirp
    spawn stalled "${NS_remote[@]}" python3 -u -c '
import socket, sys, time
server = socket.create_server((sys.argv[1], 7002), backlog=300)
print("ready")
held = [server.accept()[0] for _ in range(300)]
for connection in held:
    connection.shutdown(socket.SHUT_WR)
time.sleep(600)' "$REMOTE4"
    guest timeout 60 python3 -c '
import socket, sys
held = [socket.create_connection((sys.argv[1], 7002)) for _ in range(300)]
for connection in held:
    assert connection.recv(1) == b""
    connection.sendall(bytes(100000))
    connection.close()' "$REMOTE4"
    waiting() { guest ss -Htn "$@" | grep -c 7002; }
    only_as_many_wait() {
        [[ $(waiting) == 256 && $(waiting state last-ack) == 256 ]]
    }
    wait_for 20 only_as_many_wait
}
