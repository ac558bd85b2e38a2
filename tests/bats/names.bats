#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The resolver's addresses: all of the host's name servers, whatever they do.
load helpers

# resolv LINE...: what the host's resolv.conf says from now on.
resolv() { printf '%s\n' "$@" | host sh -c "cat >$T/resolv.conf"; }

# serve_names NAME ADDR: a name server of host, which answers with its NAME.
serve_names() { spawn "$1" "${NS_host[@]}" dns.py serve "$2" "$1"; }

answers() { [[ $(guest dns.py ask "$1" "${3:-10.0.2.3}") == "$2" ]]; }

# answer_is PROTO TEXT [ADDR]: at the first try.
answer_is() { equal "$(guest dns.py ask "$1" "${3:-10.0.2.3}")" "$2"; }

@test "a name server that is not there is passed over, UDP and TCP" {
    resolv "nameserver 127.0.0.51" "nameserver 127.0.0.52"
    serve_names second 127.0.0.52
    start_slipgate
    answer_is udp second
    answer_is tcp second
}

@test "without a relay as well, and TCP goes where UDP was answered" {
    resolv "nameserver $HOST4" "nameserver $REMOTE4"
    spawn second "${NS_remote[@]}" dns.py serve "$REMOTE4" second
    start_slipgate --tcp=slirp
    for _ in 1 2 3; do
        answer_is udp second
        answer_is tcp second
    done
    equal "$(guest dns.py ask tcp 10.0.2.3 long.test)" second
    # The guest may ask that server by its own address as well.
    answer_is tcp second "$REMOTE4"
}

@test "without a relay as well, IPv6" {
    guest sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
    resolv "nameserver $HOST6" "nameserver $REMOTE6"
    spawn six "${NS_remote[@]}" dns.py serve "$REMOTE6" six
    start_slipgate --tcp=slirp --enable-ipv6
    wait_for 20 answers udp six fd00::3
    answer_is tcp six fd00::3
    equal "$(guest dns.py ask tcp fd00::3 long.test)" six
}

@test "a name server that dies is passed over, and used again when it is back" {
    resolv "nameserver 127.0.0.51" "nameserver 127.0.0.52"
    serve_names first 127.0.0.51
    local server=$SPAWNED
    serve_names second 127.0.0.52
    start_slipgate
    answer_is udp first
    answer_is tcp first
    kill -KILL "$server"
    wait_for 10 gone "$server"
    for _ in {1..5}; do answer_is udp second; done
    answer_is tcp second
    serve_names first 127.0.0.51
    wait_for 10 answers udp first
    answer_is tcp first
}

@test "a name server that is silent is waited for once" {
    resolv "nameserver 127.0.0.51" "nameserver 127.0.0.52" "options timeout:2"
    serve_names first 127.0.0.51
    kill -STOP "$SPAWNED"
    serve_names second 127.0.0.52
    start_slipgate
    answer_is udp second
    answer_is udp second
    answer_is tcp second
}

@test "resolv.conf that changes is read again, for UDP and TCP" {
    resolv "nameserver 127.0.0.51"
    serve_names old 127.0.0.51
    serve_names new 127.0.0.52
    start_slipgate
    answer_is udp old
    answer_is tcp old
    resolv "nameserver 127.0.0.52"
    wait_for 10 answers udp new
    answer_is tcp new
    resolv "# nothing any more" ""
    wait_for 10 refute answers udp new
}

@test "either address leads to servers of either family" {
    guest sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
    spawn six "${NS_remote[@]}" dns.py serve "$REMOTE6" six
    serve_names four 127.0.0.51
    resolv "nameserver $REMOTE6"
    start_slipgate --enable-ipv6
    wait_for 20 answers udp six fd00::3
    answer_is udp six 10.0.2.3
    answer_is tcp six 10.0.2.3
    answer_is tcp six fd00::3
    resolv "nameserver 127.0.0.51"
    wait_for 10 answers udp four fd00::3
    answer_is tcp four fd00::3
}

@test "a link-local name server is reached by its interface" {
    local addr
    addr=$(remote ip -6 -o addr show dev lan1 scope link |
        awk '{ sub("/.*", "", $4); print $4 }')
    resolv "nameserver $addr%lan0"
    spawn dns "${NS_remote[@]}" dns.py serve :: scoped
    start_slipgate
    wait_for 10 answers udp scoped # its address may still be tentative
    answer_is tcp scoped
}

@test "the host's names lead to the gateway, while its loopback is allowed" {
    serve host 7000 127.0.0.1
    start_slipgate
    equal "$(guest dns.py find 10.0.2.3 host.containers.internal)" 10.0.2.2
    equal "$(guest dns.py find 10.0.2.3 Host.Docker.Internal)" 10.0.2.2
    equal "$(guest dns.py find 10.0.2.3 host.docker.internal AAAA || true)" \
        "rcode 0"
    ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7000
    api_is '.return.allow_host_loopback == false' '{"execute":"set_policy",
        "arguments":{"allow_host_loopback":false}}'
    equal "$(guest dns.py find 10.0.2.3 host.docker.internal || true)" "rcode 3"
}

@test "an answer too long for UDP is cut, and comes whole by TCP" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" whole
    start_slipgate
    equal "$(guest dns.py ask udp 10.0.2.3 long.test)" truncated
    equal "$(guest dns.py ask tcp 10.0.2.3 long.test)" whole
}

@test "many questions in one connection are all answered" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    start_slipgate
    equal "$(guest dns.py pipeline 10.0.2.3 100)" 100
}

@test "what is no question harms nobody" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    start_slipgate
    guest dns.py junk 10.0.2.3
    answer_is udp first
    equal "$(cat "$T/dns.log")" ""
}

@test "set_policy: names that are switched off end connections for them" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    start_slipgate
    spawn holder "${NS_guest[@]}" python3 -c 'import socket
s = socket.create_connection(("10.0.2.3", 53), 10)
print("connected", flush=True)
print("ended" if s.recv(1) == b"" else "data", flush=True)'
    api_is '.return.enable_dns == false' '{"execute":"set_policy",
        "arguments":{"enable_dns":false}}'
    read -r -t 10 -u "$STDOUT" LINE
    equal "$LINE" ended
    refute guest dns.py ask tcp 10.0.2.3
}
