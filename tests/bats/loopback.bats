#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --disable-host-loopback: what listens on the host's loopback stays private.
load helpers

# A guest, and a listener on the loopback of host that must not be found.
blocked() {
    serve host 7000 127.0.0.1 ::1
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    start_slipgate --disable-host-loopback --enable-ipv6
}

# nobody_came: all that the guest sent has been dealt with (a later flow of
# the guest got its answer), and the listener saw none of it.
nobody_came() {
    guest busybox ping -c 1 -W 5 10.0.2.2
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    equal "$(cat "$T/serve-host.log")" ""
}

# static6: what slirp4netns leaves to router advertisements.
static6() {
    guest ip -6 addr replace fd00::100/64 dev tap0 nodad
    guest ip -6 route replace default via fd00::2 dev tap0
}

@test "without the option 10.0.2.2 is the host's loopback, TCP and UDP" {
    serve host 7000 127.0.0.1
    start_slipgate
    ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7000
    ask_is "127.0.0.1 hello" guest udp 10.0.2.2 7000
}

@test "without the option fd00::2 is the host's loopback, TCP and UDP" {
    serve host 7000 ::1
    start_slipgate --enable-ipv6
    static6
    ask_is "::1 hello" guest tcp fd00::2 7000
    ask_is "::1 hello" guest udp fd00::2 7000
}

@test "with it 10.0.2.2 is unreachable at once, and still answers ping" {
    blocked
    ask_is ENETUNREACH guest tcp 10.0.2.2 7000
    guest busybox ping -c 1 -W 5 10.0.2.2
    nobody_came
}

# bats test_tags=mended
@test "with it a UDP sender to 10.0.2.2 is told at once" {
    blocked
    ask_is ENETUNREACH guest udp 10.0.2.2 7000
    nobody_came
}

@test "with it the rest of the world is reachable" {
    blocked
    static6
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    ask_is "$HOST6 hello" guest udp "$REMOTE6" 7000
}

@test "with it the broadcast address leads nowhere" {
    blocked
    guest frames.py probe tap0 udp 10.0.2.100 255.255.255.255 7000
    guest frames.py probe tap0 tcp 10.0.2.100 255.255.255.255 7000
    nobody_came
}

# bats test_tags=mended
@test "with it frames to the host's loopback by name lead nowhere: IPv4" {
    blocked
    local addr
    for addr in 127.0.0.1 127.1.2.3 0.0.0.0; do
        guest frames.py probe tap0 tcp 10.0.2.100 "$addr" 7000
        guest frames.py probe tap0 udp 10.0.2.100 "$addr" 7000
    done
    nobody_came
}

# bats test_tags=mended
@test "with it frames to the host's loopback by name lead nowhere: IPv6" {
    blocked
    static6
    local addr
    for addr in ::1 :: ::ffff:127.0.0.1 ::127.0.0.1 ff02::1; do
        guest frames.py probe tap0 tcp fd00::100 "$addr" 7000
        guest frames.py probe tap0 udp fd00::100 "$addr" 7000
    done
    nobody_came
}

@test "with it no address of the guest's own prefix is the host's loopback" {
    blocked
    static6
    local addr
    for addr in fd00::2 fd00::3 fd00::1 fd00::77 fd00::1:2:3:4 fe80::2; do
        guest frames.py probe tap0 tcp fd00::100 "$addr" 7000
        guest frames.py probe tap0 udp fd00::100 "$addr" 7000
    done
    nobody_came
}

@test "with it other ports of the resolver lead nowhere" {
    blocked
    ask_is ENETUNREACH guest tcp 10.0.2.3 7000
    guest frames.py probe tap0 udp 10.0.2.100 10.0.2.3 7000
    nobody_came
}

@test "with it a forwarded port still answers its clients on the host" {
    blocked
    serve guest 7001 10.0.2.100
    forward tcp 8001 7001
    forward udp 8001 7001
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8001
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8001
    ask_is "$REMOTE4 hello" remote udp "$HOST4" 8001
}

# bats test_tags=mended
@test "with it a UDP forward answers a client on the host's loopback" {
    blocked
    serve guest 7001 10.0.2.100
    forward udp 8001 7001
    ask_is "10.0.2.2 hello" host udp 127.0.0.1 8001
}
