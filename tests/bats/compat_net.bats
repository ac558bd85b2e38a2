#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The network that a guest of slirp4netns knows.
load helpers

# --- addresses ---

@test "configure: tap0 has net+100, lo is up, the route leads to net+2" {
    start_slipgate
    run -0 guest ip -o -4 addr show tap0
    contains "$output" "inet 10.0.2.100/24 brd 10.0.2.255"
    run -0 guest ip route show default
    contains "$output" "default via 10.0.2.2 dev tap0"
    run -0 guest ip link show lo
    contains "$output" "LOOPBACK,UP"
    run -0 guest ip link show tap0
    contains "$output" "mtu 1500"
    contains "$output" "UP"
}

@test "without --configure the device is there, and bare" {
    launch user "$PID_guest" tap0
    run -0 guest ip addr show tap0
    lacks "$output" "inet 10."
    lacks "$output" ",UP"
    run -0 guest ip route show default
    equal "$output" ""
}

@test "the interface may have any name" {
    launch user -c "$PID_guest" net11
    run -0 guest ip addr show net11
    contains "$output" "10.0.2.100/24"
    guest busybox ping -c 1 -W 5 10.0.2.2
}

@test "cidr: all addresses follow" {
    start_slipgate --cidr=10.41.0.0/16
    run -0 guest ip -o -4 addr show tap0
    contains "$output" "inet 10.41.0.100/16"
    serve host 7000 127.0.0.1
    ask_is "127.0.0.1 hello" guest tcp 10.41.0.2 7000
}

@test "cidr: half a network" {
    start_slipgate --cidr=10.0.135.128/25
    run -0 guest ip -o -4 addr show tap0
    contains "$output" "inet 10.0.135.228/25"
    guest busybox ping -c 1 -W 5 10.0.135.130
}

@test "macaddress: the interface has it, and traffic flows" {
    start_slipgate --macaddress=0e:d4:18:d9:38:fb
    run -0 guest ip link show tap0
    contains "$output" "link/ether 0e:d4:18:d9:38:fb"
    guest busybox ping -c 1 -W 5 10.0.2.2
}

@test "mtu: from 68 to 65520" {
    local mtu
    for mtu in 68 1280 9000 65520; do
        echo "MTU $mtu"
        start_slipgate --mtu="$mtu"
        run -0 guest ip link show tap0
        contains "$output" "mtu $mtu "
        guest busybox ping -c 1 -W 5 10.0.2.2
        stop_slipgate
    done
}

@test "gateway and resolver have slirp's hardware addresses" {
    start_slipgate
    guest busybox ping -c 1 -W 5 10.0.2.2
    guest busybox ping -c 1 -W 5 10.0.2.3
    run -0 guest ip neigh show dev tap0
    contains "$output" "10.0.2.2 lladdr 52:55:0a:00:02:02"
    contains "$output" "10.0.2.3 lladdr 52:55:0a:00:02:03"
}

@test "dhcp: a client gets net+15" {
    busybox udhcpc --help >/dev/null 2>&1 || skip_unless_ci "no busybox udhcpc"
    launch user "$PID_guest" tap0
    guest ip link set tap0 up
    cat >"$T/script" <<'END'
#!/bin/sh
[ "$1" != bound ] || echo "$ip $subnet $router $dns" >"${0%/*}/lease"
END
    chmod +x "$T/script"
    guest busybox udhcpc -i tap0 -s "$T/script" -q -n -f
    equal "$(cat "$T/lease")" "10.0.2.15 255.255.255.0 10.0.2.2 10.0.2.3"
}

# As RootlessKit makes one before it starts its helper.
persistent_tap() {
    guest sh -e <<'END'
    ip tuntap add name tap0 mode tap
    ip link set tap0 up mtu 65520
    ip addr add 10.0.2.100/24 dev tap0
    ip route add default via 10.0.2.2
END
    guest ip link show tap0 | awk '$1 == "link/ether" { print $2 }' >"$T/mac"
}

@test "a tap that exists already, up and with addresses, is taken as it is" {
    persistent_tap
    serve remote 7000 "$REMOTE4"
    launch user --tcp=slirp --mtu 65520 "$PID_guest" tap0
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "a tap that exists already and is only used stays when we end" {
    guest ip tuntap add name tap0 mode tap
    local plain=()
    [[ $("$SLIPGATE" --version) != slipgate* ]] || plain=(--tcp=slirp)
    launch user "${plain[@]}" "$PID_guest" tap0
    stop_slipgate
    guest ip link show tap0
}

@test "a tap that exists already gives way to an interface just like it" {
    persistent_tap
    serve remote 7000 "$REMOTE4"
    launch user --mtu 65520 "$PID_guest" tap0
    contains "$(guest ip addr show tap0)" "$(cat "$T/mac")"
    contains "$(guest ip addr show tap0)" "mtu 65520"
    contains "$(guest ip addr show tap0)" "10.0.2.100/24"
    contains "$(guest ip route)" "default via 10.0.2.2 dev tap0"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

# --- outbound ---

@test "outbound TCP and UDP come from the host's address" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    ask_is "$HOST4 one" guest tcp "$REMOTE4" 7000 one
    ask_is "$HOST4 two" guest udp "$REMOTE4" 7000 two
}

@test "outbound TCP: a closed port is refused" {
    start_slipgate
    ask_is ECONNREFUSED guest tcp "$REMOTE4" 7000
}

@test "outbound UDP: datagrams of all sizes come back whole" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    local size text
    for size in 1 1400 1472 1473 4000 9000 16000; do
        echo "$size bytes"
        printf -v text "%0${size}d" 0
        [[ $(ask guest udp "$REMOTE4" 7000 "$text") == "$HOST4 $text" ]]
    done
}

@test "ping: the gateway, the resolver, and another machine" {
    start_slipgate
    guest busybox ping -c 1 -W 5 10.0.2.2
    guest busybox ping -c 1 -W 5 10.0.2.3
    guest busybox ping -c 1 -W 5 "$REMOTE4"
    refute guest busybox ping -c 1 -W 1 198.51.100.77
}

@test "the host's own LAN address is reachable" {
    serve host 7000 "$HOST4"
    start_slipgate --disable-host-loopback
    ask_is "$HOST4 hello" guest tcp "$HOST4" 7000
}

@test "outbound-addr: an address, TCP and UDP" {
    serve remote 7000 "$REMOTE4"
    start_slipgate --outbound-addr="$ALSO4"
    ask_is "$ALSO4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$ALSO4 hello" guest udp "$REMOTE4" 7000
}

@test "outbound-addr: an interface" {
    serve remote 7000 "$REMOTE4"
    start_slipgate --outbound-addr=other0
    ask_is "$OTHER4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$OTHER4 hello" guest udp "$REMOTE4" 7000
}

# --- names ---

@test "dns: the resolver answers by the host's name server, UDP and TCP" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    start_slipgate
    run -0 guest dns.py ask udp 10.0.2.3
    equal "$output" first
    run -0 guest dns.py ask tcp 10.0.2.3
    equal "$output" first
    run -1 guest dns.py ask udp 10.0.2.3 other.test
    equal "$output" "rcode 3"
}

@test "dns: a name server on the host's loopback is reached, even when blocked" {
    host sh -c "echo nameserver 127.0.0.53 >$T/resolv.conf"
    spawn dns "${NS_host[@]}" dns.py serve 127.0.0.53 local
    start_slipgate --disable-host-loopback
    run -0 guest dns.py ask udp 10.0.2.3
    equal "$output" local
}

@test "disable-dns: nobody answers on the resolver's address" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    start_slipgate --disable-dns
    refute guest dns.py ask udp 10.0.2.3
    guest busybox ping -c 1 -W 5 10.0.2.2
}

# --- IPv6 ---

@test "ipv6: without the option there is none" {
    start_slipgate
    run -0 guest ip -6 addr show dev tap0 scope global
    equal "$output" ""
}

@test "ipv6: the guest gets an address and a route by advertisement" {
    serve remote 7000 "$REMOTE6"
    start_slipgate --enable-ipv6
    configured() {
        guest ip -6 addr show dev tap0 scope global | grep 'fd00::' &&
            ! guest ip -6 addr show dev tap0 tentative | grep fd00 &&
            guest ip -6 route show default | grep 'dev tap0'
    }
    wait_for 20 configured
    ask_is "$HOST6 one" guest tcp "$REMOTE6" 7000 one
    ask_is "$HOST6 two" guest udp "$REMOTE6" 7000 two
}

# bats test_tags=mended
@test "fault: IPv6 is not there when ready fires" {
    serve remote 7000 "$REMOTE6"
    start_slipgate --enable-ipv6
    run -0 guest ip -6 addr show dev tap0 scope global
    contains "$output" "inet6 fd00::100/64"
    lacks "$output" tentative
    run -0 guest ip -6 route show default
    contains "$output" "dev tap0"
    ask_is "$HOST6 one" guest tcp "$REMOTE6" 7000 one
    # Nor had the guest to ask twice, which takes a second.
    equal "$(guest awk '/^Tcp:/ { again = $13 } END { print again }' \
        /proc/net/snmp)" 0
    ask_is "$HOST6 two" guest udp "$REMOTE6" 7000 two
}

# bats test_tags=mended
@test "fault: IPv6 does not work in a guest that forwards" {
    guest sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
        echo 1 >/proc/sys/net/ipv6/conf/default/forwarding'
    serve remote 7000 "$REMOTE6"
    start_slipgate --enable-ipv6
    ask_is "$HOST6 one" guest tcp "$REMOTE6" 7000 one
    ask_is "$HOST6 two" guest udp "$REMOTE6" 7000 two
}

@test "ipv6: the name server by fd00::3" {
    host sh -c "echo nameserver $REMOTE6 >$T/resolv.conf"
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE6" six
    guest sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
    start_slipgate --enable-ipv6
    answered() { [[ $(guest dns.py ask udp fd00::3) == six ]]; }
    wait_for 20 answered
}

@test "outbound-addr6: an address, TCP and UDP" {
    serve remote 7000 "$REMOTE6"
    start_slipgate --enable-ipv6 --outbound-addr6="$ALSO6"
    routed() { guest ip -6 route get "$REMOTE6"; }
    wait_for 20 routed
    wait_for 20 ask guest tcp "$REMOTE6" 7000
    ask_is "$ALSO6 hello" guest tcp "$REMOTE6" 7000
    ask_is "$ALSO6 hello" guest udp "$REMOTE6" 7000
}

# bats test_tags=mended
@test "fault: --outbound-addr6=IFACE reads the wrong option" {
    serve remote 7000 "$REMOTE6"
    start_slipgate --enable-ipv6 --outbound-addr6=other0
    wait_for 20 ask guest tcp "$REMOTE6" 7000
    ask_is "$OTHER6 hello" guest tcp "$REMOTE6" 7000
    stop_slipgate
    start_slipgate --enable-ipv6 --outbound-addr=lan0 --outbound-addr6=other0
    wait_for 20 ask guest tcp "$REMOTE6" 7000
    ask_is "$OTHER6 hello" guest tcp "$REMOTE6" 7000
}
