#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# TCP through the relay namespace: true to the kernel's own, and invisible.
load helpers

REAL=${SLIPGATE:-}

# relayed ARG...: slipgate, with no way but the relay namespace for TCP.
relayed() { start_slipgate --tcp=relay "$@"; }

carrier_is() { api_is ".return.outbound_tcp.carrier == \"$1\"" \
    '{"execute":"get_status"}'; }

# same_answer PROTO ADDR PORT: connect(2) in the guest ends as on the host.
same_answer() {
    local wanted got
    wanted=$(ask user "$@") || true
    got=$(ask guest "$@") || true
    [[ $wanted == "${WANTED:-$wanted}" ]] || fail "the host says $wanted"
    equal "$got" "$wanted"
}

# --- the truth about connections ---

@test "a connection that the host cannot make fails in the guest alike: IPv4" {
    need nft
    remote nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            tcp dport 7001 drop
            tcp dport 7002 reject with icmpx type host-unreachable
            tcp dport 7003 reject with icmpx type admin-prohibited
        }
    }
END
    host ip route add unreachable 192.0.2.1
    relayed
    WANTED=ECONNREFUSED same_answer tcp "$REMOTE4" 7000
    WANTED=timeout same_answer tcp "$REMOTE4" 7001
    WANTED=EHOSTUNREACH same_answer tcp "$REMOTE4" 7002
    WANTED=EHOSTUNREACH same_answer tcp "$REMOTE4" 7003
    WANTED=EHOSTUNREACH same_answer tcp 192.0.2.1 7000
    host ip route del default
    WANTED=ENETUNREACH same_answer tcp 192.0.2.2 7000
    # ICMP has no word for EACCES.
    host ip route add prohibit 192.0.2.3
    ask_is EACCES user tcp 192.0.2.3 7000
    ask_is EHOSTUNREACH guest tcp 192.0.2.3 7000
}

@test "a connection that the host cannot make fails in the guest alike: IPv6" {
    need nft
    remote nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            tcp dport 7001 drop
            tcp dport 7003 reject with icmpx type admin-prohibited
        }
    }
END
    host ip route add unreachable 2001:db8:aa::1
    host ip route add prohibit 2001:db8:aa::2
    relayed --enable-ipv6
    WANTED=ECONNREFUSED same_answer tcp "$REMOTE6" 7000
    WANTED=timeout same_answer tcp "$REMOTE6" 7001
    WANTED=EACCES same_answer tcp "$REMOTE6" 7003
    WANTED=EHOSTUNREACH same_answer tcp 2001:db8:aa::1 7000
    WANTED=EACCES same_answer tcp 2001:db8:aa::2 7000
    host ip -6 route del default
    WANTED=ENETUNREACH same_answer tcp 2001:db8:bb::1 7000
}

@test "a lost SYN delays the connection, and there is one" {
    need nft
    remote nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            tcp dport 7000 tcp flags syn limit rate over 1/day burst 1 packets counter accept
            tcp dport 7000 tcp flags syn counter drop
        }
    }
END
    serve remote 7000 "$REMOTE4"
    relayed
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    equal "$(grep -c "^tcp" "$T/serve-remote.log")" 1
}

syns_again() { guest nstat -asz TcpExtTCPSynRetrans | awk 'END { print $2 }'; }

@test "the same port may be used again at once" {
    local before
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    relayed --enable-ipv6
    # While the guest looks for its router, it may send a SYN again.
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    before=$(syns_again)
    # The server closes first, so that no end in the guest lingers.
    run -0 guest python3 - "$REMOTE4" "$REMOTE6" <<'END'
import socket, sys
for i in range(40):
    with socket.socket((socket.AF_INET, socket.AF_INET6)[i % 2]) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.settimeout(20)
        s.bind(("", 40000))
        s.connect((sys.argv[1 + i % 2], 7000))
        s.sendall(b"%d" % i)
        answer = b""
        while part := s.recv(100):
            answer += part
        assert answer.endswith(b" %d" % i), answer
END
    equal "$(syns_again)" "$before"
}

@test "a guest that gives up leaves nothing behind" {
    need nft
    serve remote 7000 "$REMOTE4"
    relayed
    guest nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            tcp flags & (syn | ack) == (syn | ack) drop
        }
    }
END
    ask_is timeout guest tcp "$REMOTE4" 7000
    guest nft flush ruleset
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    # The host's half-made connection is let go of.
    no_connection() { [[ -z $(remote ss -Htn state established) ]]; }
    wait_for 15 no_connection
}

# The kernel's own count of SYNs whose data was not taken with them.
not_taken() { guest nstat -asz TcpExtTCPFastOpenActiveFail | awk 'END { print $2 }'; }

@test "data that comes with a SYN arrives, once" {
    local addr
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    relayed --enable-ipv6
    # As a client that needs no cookie (RFC 7413).
    guest sh -c 'echo 5 >/proc/sys/net/ipv4/tcp_fastopen'
    for addr in "$REMOTE4" "$REMOTE6"; do
        run -0 guest python3 - "$addr" <<'END'
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family) as s:
    s.settimeout(20)
    s.sendto(b"early", socket.MSG_FASTOPEN, (sys.argv[1], 7000))
    print(s.recv(100).decode())
with socket.socket(family) as s:
    s.settimeout(20)
    try:
        s.sendto(b"early", socket.MSG_FASTOPEN, (sys.argv[1], 7009))
        s.recv(100)
    except ConnectionRefusedError:
        print("refused")
END
        [[ ${lines[0]} =~ ^($HOST4|$HOST6)" early"$ ]] || fail "$output"
        equal "${lines[1]}" refused
    done
    (($(not_taken) >= 2)) || fail "no SYN had data"
}

# connecting WORLD ADDR PORT COUNT: starts COUNT connects, and says so.
connecting() {
    local -n _ns="NS_$1"
    shift
    spawn connecting "${_ns[@]}" python3 -c '
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
kept = []
for _ in range(int(sys.argv[3])):
    kept.append(socket.socket())
    kept[-1].setblocking(False)
    kept[-1].connect_ex((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
time.sleep(3600)' "$@"
}

@test "connections that nobody accepts are bounded, out and in" {
    local pending
    need nft
    serve remote 7000 "$REMOTE4"
    relayed
    remote nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            tcp dport 7001 drop
        }
    }
END
    connecting guest "$REMOTE4" 7001 1500
    # The guest goes on trying, those that were forgotten as well.
    forgotten() { api_is '.return.syns_dropped >= 476' '{"execute":"get_stats"}'; }
    wait_for 20 forgotten
    pending=$(host ss -Htn state syn-sent | wc -l)
    ((pending > 900 && pending <= 1024)) || fail "$pending on the host"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    # Likewise for a guest that does not answer.
    serve guest 7003 0.0.0.0
    guest nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            tcp dport 7002 drop
        }
    }
END
    forward tcp 8080 7002
    forward tcp 8081 7003
    connecting remote "$HOST4" 8080 1500
    reset() { api_is '.return.inbound_refused >= 476' '{"execute":"get_stats"}'; }
    wait_for 20 reset
    pending=$(host ss -Htn state established sport = :8080 | wc -l)
    ((pending <= 1024)) || fail "$pending on the host"
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8081
}

# --- real programs ---

# iperf3 serves one at a time, and may not be done with the one before.
measured() {
    local until=$((SECONDS + 30))
    run "$@"
    while [[ "$output" == *"server is busy"* && $SECONDS -lt $until ]]; do
        run "$@"
    done
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "curl and iperf3, out and in, sandboxed and filtered" {
    need curl
    need iperf3
    relayed --enable-sandbox --enable-seccomp --enable-ipv6
    head -c 3000000 /dev/urandom >"$T/page"
    local web='
import functools, http.server, socket, sys
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 # and IPv4
handler = functools.partial(http.server.SimpleHTTPRequestHandler,
                            directory=sys.argv[1])
server = Server(("::", 7000), handler)
print("ready")
server.serve_forever()'
    spawn web "${NS_remote[@]}" python3 -u -c "$web" "$T"
    spawn inside "${NS_guest[@]}" python3 -u -c "$web" "$T"
    forward tcp 8000 7000
    forward tcp 8001 7000 ',"host_addr":"::"'
    local url way
    for url in "guest http://$REMOTE4:7000" "guest http://[$REMOTE6]:7000" \
        "remote http://$HOST4:8000" "remote http://[$HOST6]:8001"; do
        read -r way url <<<"$url"
        "$way" curl -gsS --max-time 20 "$url/page" -o "$T/got"
        cmp "$T/page" "$T/got"
        rm "$T/got"
    done
    remote iperf3 -s -D -p 7001 -I "$T/iperf-out.pid"
    wait_for 5 remote ss -Htln sport = :7001
    for url in "$REMOTE4" "$REMOTE6"; do
        measured guest timeout 30 iperf3 -c "$url" -p 7001 -n 100M -P 4
        measured guest timeout 30 iperf3 -c "$url" -p 7001 -n 100M -R
    done
    guest iperf3 -s -D -p 7001 -I "$T/iperf.pid"
    forward tcp 8080 7001
    wait_for 5 guest ss -Htln sport = :7001
    local reverse
    for reverse in '' -R; do
        measured remote timeout 30 iperf3 -c "$HOST4" -p 8080 -n 100M -P 4 $reverse
        measured user timeout 30 iperf3 -c 127.0.0.1 -p 8080 -n 100M $reverse
    done
}

@test "1000 flows at once, out and in" {
    spawn out "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    relayed
    spawn in "${NS_guest[@]}" transfer.py serve 7001 10.0.2.100
    forward tcp 8080 7001
    move guest both "$REMOTE4" 7000 30011 1000
    move remote both "$HOST4" 8080 30011 1000
}

# --- true addresses ---

# source_is ADDR PORT WORLD ADDR PORT: whom the guest's server sees.
source_is() {
    local got
    got=$(FROM_PORT=$2 ask "$3" tcp "$4" "$5") || fail "ask: $got"
    equal "$got" "$1 hello"
    contains "$(cat "$T/serve-guest.log")" "$2"
}

@test "a server in the guest sees the client's own address and port" {
    relayed --enable-ipv6
    serve guest 7000 10.0.2.100 fd00::100
    forward tcp 8080 7000
    forward tcp 8081 7000 ',"host_addr":"::"'
    source_is "$REMOTE4" 41001 remote "$HOST4" 8080
    source_is "$REMOTE6" 41002 remote "$HOST6" 8081
    source_is 10.0.2.2 41003 user 127.0.0.1 8080
    source_is fd00::2 41004 user ::1 8081
    source_is "$REMOTE4" 900 remote "$HOST4" 8080
}

@test "a client with an address of the guest's network is served" {
    local client
    relayed
    serve guest 7000 10.0.2.100
    forward tcp 8080 7000
    # A neighbour that is none, and even the guest's own address: the guest
    # could not answer either.
    for client in 10.0.2.50 10.0.2.100; do
        remote ip addr add "$client/32" dev lan1
        host ip route add "$client" via "$REMOTE4"
        remote ip route replace "$ALSO4" dev lan1 src "$client"
        ask_is "10.0.2.2 hello" remote tcp "$ALSO4" 8080
    done
}

@test "a port that is closed in the guest resets the client" {
    relayed
    forward tcp 8080 7000
    ask_is ECONNRESET remote tcp "$HOST4" 8080
}

# --- nothing of ours inside ---

# What an administrator of the guest may look at.
sights() {
    guest sh -c 'ip rule; ip -6 rule; nft list ruleset
        ss -Htuna | sort; ip -br link | sed "s/ .*//; s/@.*//"
        sysctl -a --pattern "^net\." 2>/dev/null | grep -v "[./]tap0"'
}

@test "the guest shows nothing of it" {
    local before after
    serve remote 7000 "$REMOTE4"
    guest ip link set lo up
    guest ip tuntap add tap0 mode tap
    before=$(sights)
    guest ip tuntap del tap0 mode tap
    relayed --enable-ipv6
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    after=$(sights | grep -v TIME-WAIT)
    diff <(echo "$before") <(echo "$after")
}

@test "the guest's own firewall and its own DNAT apply" {
    need nft
    relayed --enable-ipv6
    serve guest 7000 10.0.2.100 fd00::100
    forward tcp 8080 7000
    forward tcp 8081 7001
    forward tcp 8082 7000 ',"host_addr":"::"'
    forward tcp 8083 7001 ',"host_addr":"::"'
    guest nft -f - <<END
    table inet t {
        chain in {
            type filter hook input priority 0;
            iifname tap0 tcp dport 7000 ct original proto-dst 7000 reject with tcp reset
        }
        chain nat {
            type nat hook prerouting priority dstnat;
            iifname tap0 tcp dport 7001 redirect to :7000
        }
        chain out {
            type filter hook output priority 0;
            oifname tap0 tcp dport 7009 reject with icmpx type admin-prohibited
        }
    }
END
    ask_is ECONNRESET remote tcp "$HOST4" 8080
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8081
    ask_is ECONNRESET remote tcp "$HOST6" 8082
    ask_is "$REMOTE6 hello" remote tcp "$HOST6" 8083
    ask_is EHOSTUNREACH guest tcp "$REMOTE4" 7009
    ask_is EACCES guest tcp "$REMOTE6" 7009
}

# during CMD...: while checked transfers go out and in by both families; all
# must be whole.
during() {
    local way i ways=("guest $REMOTE4 7000" "guest $REMOTE6 7000"
        "remote $HOST4 8080" "remote $HOST6 8081")
    spawn out4 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE4"
    spawn out6 "${NS_remote[@]}" transfer.py serve 7000 "$REMOTE6"
    spawn in4 "${NS_guest[@]}" transfer.py serve 7001 10.0.2.100
    spawn in6 "${NS_guest[@]}" transfer.py serve 7001 fd00::100
    forward tcp 8080 7001
    forward tcp 8081 7001 ',"host_addr":"::"'
    for i in "${!ways[@]}"; do
        read -ra way <<<"${ways[i]}"
        "${way[0]}" timeout 100 transfer.py run both "${way[@]:1}" \
            $((150 * MB)) >"$T/going-$i" 2>&1 3>&- &
    done
    # All of them: what is still to connect would meet an interface that is
    # down.
    under_way() {
        guest awk '/tap0:/ { exit $2 + $10 < 50000000 }' /proc/net/dev &&
            guest ss -Htn state established | awk '
                / [^ ]*:7000 *$/ { out++ }
                / [^ ]*:7001 / { into++ }
                END { exit !(out == 2 && into == 2) }'
    }
    wait_for 20 under_way
    "$@"
    for i in "${!ways[@]}"; do
        done_with() { [[ -s $T/going-$i ]]; }
        wait_for 100 done_with
    done
    equal "$(cat "$T"/going-*)" $'ok\nok\nok\nok'
}

@test "flushing the guest's rules in mid-transfer changes nothing" {
    need nft
    relayed --enable-ipv6
    flush() {
        guest nft flush ruleset
        # Back at once: they are the guest's own way out.
        guest sh -c 'for family in -4 -6; do
                ip $family rule add lookup main pref 1
                for pref in $(seq 2 32767); do echo rule del pref $pref; done |
                    ip $family -force -batch - 2>/dev/null
                ip $family rule add lookup main
                ip $family rule del pref 1
            done'
    }
    during flush
}

@test "the interface down and up in mid-transfer only delays" {
    relayed --enable-ipv6
    # Else the kernel would take the address away.
    guest sh -c 'echo 1 >/proc/sys/net/ipv6/conf/tap0/keep_addr_on_down'
    down_and_up() {
        guest ip link set tap0 down
        guest ip link set tap0 up
        guest ip route replace default via 10.0.2.2 dev tap0
        guest ip -6 route replace default via fd00::2 dev tap0
    }
    during down_and_up
}

@test "another MAC address in mid-life is found out" {
    serve remote 7000 "$REMOTE4"
    relayed
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    guest ip link set tap0 down
    guest ip link set tap0 address 02:00:00:00:00:77 up
    guest ip route replace default via 10.0.2.2 dev tap0
    ask_is "$HOST4 again" guest tcp "$REMOTE4" 7000 again
}

# --- what the guest forwards ---

# inner MASQUERADE: a world behind a bridge of the guest.
inner() {
    world inner guest --net
    guest sh -e <<END
    ip link add br0 type bridge
    ip link add ve0 type veth peer name eth0 netns $PID_inner
    ip link set ve0 master br0 up
    ip addr add 172.30.0.1/24 dev br0
    ip addr add fd30::1/64 dev br0 nodad
    ip link set br0 up
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
END
    inner_sh -e <<END
    ip link set lo up
    ip addr add 172.30.0.2/24 dev eth0
    ip addr add fd30::2/64 dev eth0 nodad
    ip link set eth0 up
    ip route add default via 172.30.0.1
    ip route add default via fd30::1
END
    if [[ $1 == yes ]]; then
        guest nft -f - <<END
        table inet n {
            chain post {
                type nat hook postrouting priority srcnat;
                oifname tap0 masquerade
            }
        }
END
    fi
}
inner_sh() { guest nsenter -t "$PID_inner" -n sh "$@"; }

@test "connections of containers inside the guest, masqueraded or not" {
    need nft
    local masquerade
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    relayed --enable-ipv6
    for masquerade in no yes; do
        inner "$masquerade"
        NS_within=("${NS_guest[@]}" nsenter -t "$PID_inner" -n --)
        ask_is "$HOST4 hello" within tcp "$REMOTE4" 7000
        ask_is "$HOST6 hello" within tcp "$REMOTE6" 7000
        ask_is ECONNREFUSED within tcp "$REMOTE4" 7009
        ask_is ECONNREFUSED within tcp "$REMOTE6" 7009
        guest ip link del ve0
        guest ip link del br0
    done
}

# --- where it cannot be ---

# with CMD...: from now on slipgate is started by it.
with() {
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$*" "$REAL" >"$T/slipgate"
    chmod +x "$T/slipgate"
    SLIPGATE=$T/slipgate
}

@test "without nftables, transparent sockets or namespaces libslirp carries it" {
    local what
    serve remote 7000 "$REMOTE4"
    for what in nfnetlink tproxy unshare; do
        echo "without $what"
        : >"$T/err"
        with deny.py "$what" --
        start_slipgate
        carrier_is slirp
        api_is '.return.outbound_tcp.reason | length > 0' \
            '{"execute":"get_status"}'
        equal "$(grep -c "TCP goes through libslirp" "$T/err")" 1
        ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
        equal "$(guest ip -br link | grep -c .)" 2
        stop_slipgate
    done
}

# preloaded NAME [ASSIGNMENT]: from now on slipgate runs with tests/tools/NAME.c
# in place of some functions of the C library.
preloaded() {
    need cc
    [[ -e $T/$1.so ]] ||
        cc -D_GNU_SOURCE -shared -fPIC -o "$T/$1.so" \
            "$top/tests/tools/$1.c" -ldl
    with env "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
        "LD_PRELOAD=$T/$1.so" "${@:2}"
}

# lacking NAMES: slipgate's kernel has no such kinds of interfaces and no such
# nftables expressions.
lacking() { preloaded lacking "LACKING=$1"; }

# What the kernel says without veth, and without an expression of nftables.
NO_VETH='make the veth pair r0 and [a-z0-9]*: .*Operation not supported'
no_expression() { echo "nftables: add a rule of chain $1: No such file or directory"; }

# slirp_serves: everything works, by libslirp, in both directions.
slirp_serves() {
    carrier_is slirp
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    ask_is ECONNREFUSED guest tcp "$REMOTE4" 7009
    api_is '.return.driver == "slirp"' '{"execute":"add_hostfwd","arguments":
        {"proto":"tcp","host_port":8080,"guest_port":7000}}'
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    api_is .error '{"execute":"add_hostfwd","arguments":
        {"proto":"tcp","host_port":8081,"guest_port":7000,"driver":"relay"}}'
}

# falls_back WHAT REASON: without WHAT, libslirp carries TCP, and says why.
falls_back() {
    local reason
    echo "without $1"
    : >"$T/err"
    lacking "$1"
    start_slipgate --enable-ipv6
    reason=$(api '{"execute":"get_status"}' | jq -r .return.outbound_tcp.reason)
    [[ $reason =~ ^$2$ ]] || fail "the reason is '$reason', not '$2'"
    equal "$(grep -c "without a relay namespace: $2\$" "$T/err")" 1
    slirp_serves
    equal "$(guest ip -br link | grep -c .)" 2
    stop_slipgate
}

@test "a kernel without veth, or without an expression of nftables" {
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    serve guest 7000 0.0.0.0 ::
    guest sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
    falls_back veth "$NO_VETH"
    falls_back fwd "$(no_expression from-guest)"
    falls_back socket "$(no_expression steer)"
    falls_back tproxy "$(no_expression steer)"
}

@test "a kernel without veth: a persistent tap is kept as it is" {
    serve remote 7000 "$REMOTE4"
    guest sh -e <<END
    ip tuntap add name tap0 mode tap
    ip link set tap0 address 02:00:00:00:00:42 mtu 4000 up
    ip addr add 10.0.2.100/24 dev tap0
    ip route add default via 10.0.2.2 dev tap0
END
    lacking veth
    launch user --api-socket="$SOCK" --mtu=4000 "$PID_guest" tap0
    carrier_is slirp
    contains "$(guest ip -d addr show tap0)" "link/ether 02:00:00:00:00:42"
    contains "$(guest ip -d addr show tap0)" "tun type tap"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    equal "$(guest ip -br link | grep -c .)" 2
    stop_slipgate
    contains "$(guest ip addr show tap0)" "inet 10.0.2.100/24"
}

# fatal_without WHAT: with nothing else for TCP it does not start.
fatal_without() {
    local before
    echo "without $1"
    before=$(guest ip -br link)
    run -1 --separate-stderr timeout 20 "${NS_user[@]}" \
        "$SLIPGATE" -c --tcp=relay "$PID_guest" tap0
    contains "$stderr" "--tcp=relay: "
    equal "$(guest ip -br link)" "$before"
}

@test "with --tcp=relay a missing step is fatal, and leaves nothing" {
    local what
    for what in nfnetlink tproxy unshare; do
        with deny.py "$what" --
        fatal_without "$what"
    done
    for what in veth fwd socket tproxy; do
        lacking "$what"
        fatal_without "$what"
    done
    guest ip tuntap add name tap0 mode tap
    fatal_without "$what, in place of a tap"
}

@test "a limit of namespaces is told, and libslirp carries it" {
    serve remote 7000 "$REMOTE4"
    guest sh -c 'echo 1 >/proc/sys/user/max_net_namespaces'
    start_slipgate
    carrier_is slirp
    contains "$(cat "$T/err")" "make a network namespace: No space left"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "a read-only /proc/sys is no obstacle, but for IPv6, which libslirp carries" {
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    serve guest 7000 10.0.2.100 ::
    host sh -ec 'mount --rbind /proc/sys /proc/sys
        mount -o remount,ro,bind /proc/sys'
    refute host sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse' 2>/dev/null
    start_slipgate --enable-ipv6
    carrier_is relay
    equal "$(grep -c "TCP by IPv6 goes through libslirp: .*Read-only" "$T/err")" 1
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    ask_is ECONNREFUSED guest tcp "$REMOTE6" 7009
    api_is '.return.driver == "relay"' '{"execute":"add_hostfwd","arguments":
        {"proto":"tcp","host_port":8080,"guest_port":7000}}'
    api_is '.return.driver == "slirp"' '{"execute":"add_hostfwd","arguments":
        {"proto":"tcp","host_addr":"::","host_port":8081,"guest_port":7000}}'
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    ask_is "$REMOTE6 hello" remote tcp "$HOST6" 8081
    stop_slipgate
    run -1 --separate-stderr timeout 20 "${NS_user[@]}" \
        "$SLIPGATE" -c --tcp=relay --enable-ipv6 "$PID_guest" tap0
    contains "$stderr" "--tcp=relay: "
}

@test "--tcp=slirp makes a plain tap" {
    serve remote 7000 "$REMOTE4"
    start_slipgate --tcp=slirp
    carrier_is slirp
    guest sh -c 'ip -d link show tap0 | grep -q tun'
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "a persistent tap is replaced by its like" {
    serve remote 7000 "$REMOTE4"
    guest sh -e <<END
    ip tuntap add name tap0 mode tap
    ip link set tap0 address 02:00:00:00:00:42 up
END
    launch user --tcp=relay --api-socket="$SOCK" --mtu=65520 "$PID_guest" tap0
    # As RootlessKit goes on, after ready.
    guest sh -e <<END
    ip link show tap0 | grep -q 02:00:00:00:00:42
    ip link set tap0 mtu 65520
    ip addr add 10.0.2.100/24 dev tap0
    ip route add default via 10.0.2.2 dev tap0
END
    carrier_is relay
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is ECONNREFUSED guest tcp "$REMOTE4" 7009
    serve guest 7000 10.0.2.100
    api_is '.return.driver == "relay"' '{"execute":"add_hostfwd","arguments":
        {"proto":"tcp","host_port":8080,"guest_port":7000}}'
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    ask_is "10.0.2.2 hello" user tcp 127.0.0.1 8080
}

# --- trouble ---

# standing ADDR PORT: a connection of the guest in which data waits.
standing() {
    mkfifo "$T/go-$2"
    exec {GO}<>"$T/go-$2"
    FDS+=("$GO")
    spawn give "${NS_remote[@]}" transfer.py give listen "$1" "$2" 100000
    spawn late "${NS_guest[@]}" transfer.py late connect "$1" "$2" 100000 \
        "$T/go-$2"
}

# still_stands GO STDOUT: its data is all there.
still_stands() {
    printf '\n\n' >&"$1"
    read -r -t 60 -u "$2" LINE
    equal "$LINE" ok
}

# aims_at PORT WANTED: at the address that the listener has, by both families.
aims_at() {
    equal "$(guest frames.py aim tap0 10.0.2.100 127.0.0.1 "$1")" "$2"
    equal "$(guest frames.py aim tap0 fd00::100 ::1 "$1")" "$2"
}

relays() { api '{"execute":"get_stats"}' | jq .return.relays_opened; }

@test "a guest that aims at the listener's own address goes where policy says" {
    local before go out go6 out6
    preloaded listenport
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    relayed --enable-ipv6
    equal "$(grep -c "^a listener of the relay: port 7777" "$T/err")" 2
    standing "$REMOTE4" 7003
    go=$GO out=$STDOUT
    standing "$REMOTE6" 7004
    go6=$GO out6=$STDOUT
    before=$(relays)
    aims_at 7777 refused
    # The host's own server there may be reached, until it is forbidden.
    serve host 7777 127.0.0.1 ::1
    aims_at 7777 accepted
    api_is .return '{"execute":"set_policy","arguments":
        {"allow_host_loopback":false}}'
    aims_at 7777 refused
    equal "$(relays)" "$before"
    still_stands "$go" "$out"
    still_stands "$go6" "$out6"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    equal "$(relays)" $((before + 2))
}

@test "the agent's death ends it, and connections with it" {
    spawn out "${NS_remote[@]}" net.py hold 7000 "$REMOTE4"
    spawn out6 "${NS_remote[@]}" net.py hold 7000 "$REMOTE6"
    relayed --enable-ipv6
    spawn idle "${NS_guest[@]}" net.py idle "$REMOTE4" 7000 20
    spawn idle6 "${NS_guest[@]}" net.py idle "$REMOTE6" 7000 20
    equal "$(remote ss -Htn state established | grep -c .)" 40
    local agent
    agent=$(api '{"execute":"get_status"}' | jq .return.agent_pid)
    kill -KILL "$agent"
    slipgate_ends
    equal "$STATUS" 1
    contains "$(cat "$T/err")" "is gone: ending"
    none_left() { [[ -z $(remote ss -Htn state established) ]]; }
    wait_for 10 none_left
}

# crowd: more connections than descriptors, out and in; then all is well.
crowd() {
    serve remote 7000 "$REMOTE4"
    serve guest 7000 10.0.2.100
    forward tcp 8080 7000
    "$@"
    guest timeout 20 net.py burst "$REMOTE4" 7000 100 >"$T/burst"
    remote timeout 20 net.py burst "$HOST4" 8080 100 >"$T/burst"
    later() {
        ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
        ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    }
    wait_for 20 later
    carrier_is relay
}

@test "with few descriptors all is well when the crowd has gone" {
    with prlimit --nofile=100:100
    relayed
    crowd :
}

@test "when descriptors run out all is well when the crowd has gone" {
    relayed
    crowd host prlimit --pid "$GATE" --nofile=64:64
}

# full_table ADDR: connections to there fill it.
full_table() {
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    spawn accept "${NS_remote[@]}" floor.py accept 7001 "$1"
    with prlimit --nofile=128:128
    relayed --enable-ipv6
    fill "$1" 7001 100
    ((OPEN > 10 && REFUSED > 10 && OPEN + REFUSED == 100))
    ask_is ECONNREFUSED guest tcp "$REMOTE4" 7000
    ask_is ECONNREFUSED guest tcp "$REMOTE6" 7000
    api_is '.return.version' '{"execute":"get_status"}'
    emptied
    later() {
        ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000 &&
            ask_is "$HOST6 hello" guest tcp "$REMOTE6" 7000
    }
    wait_for 20 later
}

@test "descriptors: a full table refuses at once, and recovers by itself" {
    full_table "$REMOTE4"
}

@test "descriptors: a table that IPv6 has filled does the same" {
    full_table "$REMOTE6"
}
