#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The name servers of bridge networks: what is asked of others, and what hostile
# containers can do to it.
load helpers
load networks

# resolv LINE...: what the host's resolv.conf says from now on.
resolv() { printf '%s\n' "$@" | host sh -c "cat >$T/resolv.conf"; }

# serve_names NAME ADDR: a name server of host, which answers with its NAME.
serve_names() { spawn "$1" "${NS_host[@]}" dns.py serve "$2" "$1"; }

start_networks() {
    start_slipgate --enable-ipv6
    needs_networks
}

# one_in NETWORK [MORE-JSON]: container `one` in it; $GW4 is where it asks.
one_in() {
    create "$1" "${2:-}"
    container one
    attach "$1" one
    GW4=$(gateway "$1")
}

@test "other names are asked of the host's servers, UDP and TCP, IPv4 and IPv6" {
    serve_names first 127.0.0.51
    resolv "nameserver 127.0.0.51"
    start_networks
    one_in web ',"ipv6_enabled":true'
    equal "$(one dns.py ask udp "$GW4")" first
    equal "$(one dns.py ask tcp "$GW4")" first
    equal "$(one dns.py ask udp "$(gateway web 1)")" first
    equal "$(one dns.py ask tcp "$(gateway web 1)")" first
    equal "$(one dns.py pipeline "$GW4" 100)" 100
    equal "$(one dns.py ask udp "$GW4" long.test)" truncated
    equal "$(one dns.py ask tcp "$GW4" long.test)" first
}

@test "a server that dies is passed over, and resolv.conf is followed" {
    resolv "nameserver 127.0.0.51" "nameserver 127.0.0.52"
    serve_names first 127.0.0.51
    local server=$SPAWNED
    serve_names second 127.0.0.52
    start_networks
    one_in web
    equal "$(one dns.py ask udp "$GW4")" first
    kill -KILL "$server"
    wait_for 10 gone "$server"
    equal "$(one dns.py ask udp "$GW4")" second
    equal "$(one dns.py ask tcp "$GW4")" second
    serve_names third 127.0.0.53
    resolv "nameserver 127.0.0.53"
    answers_third() { [[ $(one dns.py ask udp "$GW4") == third ]]; }
    wait_for 10 answers_third
}

@test "network_dns_servers are asked instead, and may change" {
    resolv "nameserver 127.0.0.51"
    serve_names host 127.0.0.51
    serve_names mine 127.0.0.52
    start_networks
    one_in web ',"network_dns_servers":["127.0.0.52"]'
    equal "$(one dns.py ask udp "$GW4")" mine
    done_as true update '{"name":"web","network_dns_servers":[]}'
    equal "$(one dns.py ask udp "$GW4")" host
}

@test "from an internal network nothing is asked of the world" {
    serve_names first 127.0.0.51
    resolv "nameserver 127.0.0.51"
    start_networks
    one_in inside ',"internal":true'
    equal "$(one dns.py ask udp "$GW4" || true)" "rcode 3"
    equal "$(one dns.py find "$GW4" host.containers.internal || true)" "rcode 3"
    # With another network, its resolver is to go on to that one's server.
    create outside
    attach outside one
    equal "$(one dns.py ask udp "$GW4" || true)" "rcode 5"
    equal "$(one dns.py ask udp "$(gateway outside)")" first
}

@test "the host's names lead to its loopback, while that is allowed" {
    local addr
    serve host 7000 127.0.0.1
    start_networks
    one_in web
    addr=$(one dns.py find "$GW4" host.containers.internal)
    equal "$(one dns.py find "$GW4" Host.Docker.Internal)" "$addr"
    ask_is "127.0.0.1 hello" one tcp "$addr" 7000
    api_is '.return.allow_host_loopback == false' '{"execute":"set_policy",
        "arguments":{"allow_host_loopback":false}}'
    equal "$(one dns.py find "$GW4" host.docker.internal || true)" "rcode 3"
}

@test "names that are switched off: only the network's own are answered" {
    serve_names first 127.0.0.51
    resolv "nameserver 127.0.0.51"
    start_networks
    one_in web
    api_is '.return.enable_dns == false' '{"execute":"set_policy",
        "arguments":{"enable_dns":false}}'
    equal "$(one dns.py ask udp "$GW4" || true)" "rcode 5"
    equal "$(one dns.py ask tcp "$GW4" || true)" "rcode 5"
    equal "$(one dns.py find "$GW4" one)" "$ADDR4"
}

@test "what is no question harms nobody" {
    start_networks
    one_in web
    one dns.py junk "$GW4"
    equal "$(one dns.py find "$GW4" one)" "$ADDR4"
}

@test "a flood of names from one container: others are answered" {
    serve_names first 127.0.0.51
    resolv "nameserver 127.0.0.51"
    start_networks
    one_in web
    create other
    container two
    attach other two
    local flood
    spawn flood "${NS_one[@]}" sh -c "echo begun
        while :; do dns.py flood $GW4 host.test; done"
    flood=$SPAWNED
    local gateway
    gateway=$(gateway other)
    # A datagram may be lost where all want the processor; asking again helps.
    asked() { [[ $(two dns.py ask udp "$gateway") == first ]]; }
    found() { [[ $(two dns.py find "$gateway" two) == "$ADDR4" ]]; }
    for _ in {1..10}; do
        wait_for 10 asked
        wait_for 10 found
    done
    kill -KILL "$flood"
}
