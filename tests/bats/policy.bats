#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# set_policy: switches that take effect while slipgate runs, whatever carries
# the traffic.
load helpers

set_policy() { api '{"execute":"set_policy","arguments":{'"$1"'}}'; }

# changed MEMBERS [JQ]: set_policy succeeds, and its answer makes JQ true.
changed() {
    local answer
    answer=$(set_policy "$1")
    jq -e "(.return | ${2:-true}) and (has(\"error\") | not)" \
        <<<"$answer" >/dev/null || fail "set_policy $1: $answer"
}

# idles NAME COUNT ADDR: so many connections of the guest that do nothing.
idles() {
    spawn "$1" "${NS_guest[@]}" net.py idle "$3" 7000 "$2"
}

established() {
    local -n _ns="NS_$1"
    "${_ns[@]}" ss -Htn state established | wc -l
}

all_gone() { (($(established "$1") == 0)); }

no_interface() { ! guest ip link show tap0; }

for_each_carrier() {
    local carrier
    for carrier in auto slirp; do
        "$@" "$carrier"
        stop_slipgate
        wait_for 5 no_interface # it goes with its namespace, a little later
    done
}

@test "get_policy tells what the command line said" {
    start_slipgate --disable-host-loopback --enable-ipv6 --disable-dns
    api_is '.return == {"allow_host_loopback":false,"enable_ipv6":true,
        "enable_dns":false,"outbound":"allow"}' '{"execute":"get_policy"}'
}

loopback_off_and_on() {
    start_slipgate --enable-ipv6 --tcp="$1"
    ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7000
    ask_is "::1 hello" guest tcp fd00::2 7000
    ask_is "127.0.0.1 hello" guest udp 10.0.2.2 7000
    changed '"allow_host_loopback":false' '.allow_host_loopback == false'
    ask_is ENETUNREACH guest tcp 10.0.2.2 7000
    ask_is ENETUNREACH guest udp 10.0.2.2 7000
    ask_is ENETUNREACH guest tcp fd00::2 7000
    # ICMPv6 has no other error that UDP sockets hear of at once.
    ask_is EACCES guest udp fd00::2 7000
    changed '"allow_host_loopback":true' '.allow_host_loopback'
    for proto in tcp udp; do
        ask_is "127.0.0.1 hello" guest $proto 10.0.2.2 7000
        ask_is "::1 hello" guest $proto fd00::2 7000
    done
}

@test "allow_host_loopback: unreachable at once, and back, both families" {
    serve host 7000 127.0.0.1 ::1
    for_each_carrier loopback_off_and_on
}

flows_end() {
    start_slipgate --tcp="$1"
    idles kept 2 "$REMOTE4"
    idles ended 3 10.0.2.2
    equal "$(established guest)" 5
    changed '"allow_host_loopback":false' '.ended == 3'
    equal "$(established guest)" 2
    api_is '[.return.entries[].peer_addr] | unique == ["'"$REMOTE4"'"]' \
        '{"execute":"list_connections"}'
    changed '"outbound":"deny"' '.ended == 2'
    wait_for 5 all_gone guest
    ask_is ENETUNREACH guest tcp "$REMOTE4" 7000
    ask_is ENETUNREACH guest udp "$REMOTE4" 7000
    changed '"outbound":"allow"' '.ended == 0'
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
}

@test "what a switch forbids is ended and counted, the rest goes on" {
    spawn hold-host "${NS_host[@]}" net.py serve 7000 127.0.0.1
    serve remote 7000 "$REMOTE4"
    for_each_carrier flows_end
}

@test "outbound deny: a datagram flow that was open is ended" {
    local from
    serve remote 7000 "$REMOTE4"
    start_slipgate
    from=(env FROM_PORT=7777)
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    NS_again=("${NS_guest[@]}" "${from[@]}")
    ask_is "$HOST4 one" again udp "$REMOTE4" 7000 one
    changed '"outbound":"deny"' '.ended == 2'
    ask_is ENETUNREACH again udp "$REMOTE4" 7000 two
}

@test "a client of a forward is answered, whatever the switches" {
    start_slipgate
    serve guest 7000 10.0.2.100
    forward tcp 8080 7000
    forward udp 8080 7000
    changed '"outbound":"deny","allow_host_loopback":false'
    ask_is "$REMOTE4 one" remote tcp "$HOST4" 8080 one
    ask_is "$REMOTE4 two" remote udp "$HOST4" 8080 two
    ask_is "10.0.2.2 one" host tcp 127.0.0.1 8080 one
    ask_is "10.0.2.2 two" host udp 127.0.0.1 8080 two
}

ipv6_on_and_off() {
    start_slipgate --tcp="$1"
    [[ -z $(guest ip -6 addr show dev tap0 scope global) ]]
    ask_is ENETUNREACH guest tcp "$REMOTE6" 7000
    changed '"enable_ipv6":true' '.enable_ipv6'
    contains "$(guest ip -6 addr show dev tap0)" fd00::100/64
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    ask_is "$HOST6 hello" guest udp "$REMOTE6" 7000
    idles six 2 "$REMOTE6"
    [[ $1 == slirp ]] || api_is '[.return.entries[] | select(.proto == "tcp")
        | .carrier] | unique | length == 1 and . != ["slirp"] or
        "'"$(api '{"execute":"get_status"}' |
        jq -r .return.outbound_tcp.carrier)"'" == "slirp"' \
        '{"execute":"list_connections"}'
    changed '"enable_ipv6":false' '.enable_ipv6 == false and .ended >= 2'
    lacks "$(guest ip -6 addr show dev tap0)" fd00::100/64
    wait_for 5 all_gone guest
    wait_for 5 no_ipv6_route
    ask_is ENETUNREACH guest tcp "$REMOTE6" 7000
    changed '"enable_ipv6":true'
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
}

no_ipv6_route() { [[ -z $(guest ip -6 route show default) ]]; }

@test "enable_ipv6: address, route and flows come and go at once" {
    serve remote 7000 "$REMOTE6"
    for_each_carrier ipv6_on_and_off
}

@test "IPv6 off: no advertisement, no neighbour answers the guest" {
    start_slipgate
    equal "$(guest frames.py probe tap0 udp fe80::1 fd00::2 53)" none
    api_is '.return.drop_policy > 0' '{"execute":"get_stats"}'
}

@test "IPv6 off: a forward to an IPv6 guest fails at once" {
    start_slipgate --enable-ipv6
    serve guest 7000 fd00::100
    for driver in relay slirp; do
        api '{"execute":"add_hostfwd","arguments":{"proto":"tcp",
            "host_addr":"::","host_port":8080,"guest_port":7000,
            "driver":"'$driver'"}}' >"$T/add"
        ask_is "$REMOTE6 hello" remote tcp "$HOST6" 8080
        changed '"enable_ipv6":false'
        ask remote tcp "$HOST6" 8080 >"$T/ask" && fail "it was served"
        grep -qE 'ECONNRESET|EOF|EPIPE' "$T/ask" || fail "$(cat "$T/ask")"
        changed '"enable_ipv6":true'
        ask_is "$REMOTE6 hello" remote tcp "$HOST6" 8080
        api '{"execute":"remove_hostfwd","arguments":{"proto":"tcp",
            "host_addr":"::","host_port":8080}}' >"$T/remove"
    done
}

@test "IPv6 off: a connection to the resolver ends like all others" {
    start_slipgate --enable-ipv6
    need_relay
    spawn names "${NS_guest[@]}" net.py idle fd00::3 53 1
    equal "$(established guest)" 1
    changed '"enable_ipv6":false'
    wait_for 5 all_gone guest # before it would be idle for too long
}

@test "enable_dns: the resolver's address answers, or is unreachable" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    start_slipgate --disable-dns
    ask_is ENETUNREACH guest udp 10.0.2.3 53
    changed '"enable_dns":true'
    equal "$(guest dns.py ask udp 10.0.2.3)" first
    equal "$(guest dns.py ask tcp 10.0.2.3)" first
    changed '"enable_dns":false'
    ask_is ENETUNREACH guest udp 10.0.2.3 53
}

@test "all switches change, or none" {
    start_slipgate
    api_is '.error.code == "bad-request"' '{"execute":"set_policy",
        "arguments":{"outbound":"deny","enable_ipv6":1}}'
    api_is '.error.code == "bad-request"' '{"execute":"set_policy",
        "arguments":{"outbound":"deny","enable_dnss":false}}'
    api_is '.return == {"allow_host_loopback":true,"enable_ipv6":false,
        "enable_dns":true,"outbound":"allow"}' '{"execute":"get_policy"}'
}

@test "IPv6 that the guest's kernel refuses is an error, and nothing changes" {
    start_slipgate
    guest sh -c 'echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6'
    api_is '.error.desc | startswith("set_policy: IPv6 of tap0: ")' \
        '{"execute":"set_policy","arguments":{"outbound":"deny",
        "enable_ipv6":true}}'
    api_is '.return | .outbound == "allow" and .enable_ipv6 == false' \
        '{"execute":"get_policy"}'
}
