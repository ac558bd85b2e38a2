#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What add_hostfwd can do besides what slirp4netns does; and --publish.
load helpers

# add MEMBERS: the answer of add_hostfwd.
add() { api '{"execute":"add_hostfwd","arguments":{'"$1"'}}'; }

added() {
    jq -e .return.id <<<"$1" >/dev/null || fail "add_hostfwd: $1"
}

# served [ARG...]: a guest with a server on 7000 to 7002.
served() {
    start_slipgate "$@"
    serve guest 7000 10.0.2.100 127.0.0.1
}

@test "the kernel picks a port, and the answer tells which" {
    local answer port
    served
    for proto in tcp udp; do
        answer=$(add '"proto":"'$proto'","host_port":0,"guest_port":7000')
        added "$answer"
        port=$(jq .return.host_port <<<"$answer")
        ((port > 0))
        ask_is "$REMOTE4 hello" remote $proto "$HOST4" "$port"
        api_is ".entries[-1].host_port == $port" '{"execute":"list_hostfwd"}'
    done
}

@test "both families behind one entry, each with its client's address" {
    local answer
    start_slipgate --enable-ipv6
    serve guest 7000 10.0.2.100 fd00::100
    for proto in tcp udp; do
        added "$(add '"proto":"'$proto'","host_addr":"*","host_port":8080,
            "guest_port":7000')"
        ask_is "$REMOTE4 hello" remote $proto "$HOST4" 8080
        ask_is "$REMOTE6 hello" remote $proto "$HOST6" 8080
    done
    api_is '.entries | length == 2' '{"execute":"list_hostfwd"}'
    answer='{"execute":"remove_hostfwd","arguments":{"proto":"tcp",
        "host_addr":"*","host_port":8080}}'
    api_is '.return == {}' "$answer"
    ask_is ECONNREFUSED remote tcp "$HOST4" 8080
    ask_is ECONNREFUSED remote tcp "$HOST6" 8080
}

@test "UDP: the answer comes from the address that was asked" {
    local addr
    start_slipgate --enable-ipv6
    serve guest 7000 10.0.2.100 fd00::100
    added "$(add '"proto":"udp","host_addr":"*","host_port":8080,
        "guest_port":7000')"
    for addr in "$HOST4" "$ALSO4"; do
        ask_is "$REMOTE4 hello" remote udp "$addr" 8080
    done
    for addr in "$HOST6" "$ALSO6"; do
        ask_is "$REMOTE6 hello" remote udp "$addr" 8080
    done
}

@test "a range is had whole, or not at all" {
    local taken='"proto":"tcp","host_port":8085,"guest_port":1'
    served
    added "$(add "$taken")"
    api_is '.error.code == "conflict"' '{"execute":"add_hostfwd","arguments":
        {"proto":"tcp","host_port":8080,"guest_port":6995,"range":10}}'
    api_is '.entries | length == 1' '{"execute":"list_hostfwd"}'
    ask_is ECONNREFUSED remote tcp "$HOST4" 8084
    added "$(add '"proto":"tcp","host_port":8070,"guest_port":6991,
        "range":10')"
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8079
    api_is '.entries[1].range == 10' '{"execute":"list_hostfwd"}'
}

@test "a thousand ports in one request" {
    served
    added "$(add '"proto":"tcp","host_port":20000,"guest_port":6001,
        "range":1000')"
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 20999
    api_is '.return == {}' '{"execute":"remove_hostfwd","arguments":
        {"proto":"tcp","host_port":20000}}'
    ask_is ECONNREFUSED remote tcp "$HOST4" 20999
}

@test "a UNIX socket of the host leads to the guest, and goes with its forward" {
    local answer
    served "${OPEN[@]}"
    for driver in relay slirp; do
        [[ $driver == slirp ]] || need_relay
        added "$(add '"proto":"tcp","host_path":"'"$T/web"'",
            "guest_port":7000,"driver":"'$driver'"')"
        equal "$(stat -c %a "$T/web")" 600
        answer=$(user socat -t 5 - "UNIX-CONNECT:$T/web" <<<hi)
        equal "$answer" "10.0.2.2 hi"
        api_is '.error.code == "conflict"' '{"execute":"add_hostfwd",
            "arguments":{"proto":"tcp","host_path":"'"$T/web"'",
            "guest_port":7000}}'
        api_is '.return == {}' '{"execute":"remove_hostfwd","arguments":
            {"proto":"tcp","host_path":"'"$T/web"'"}}'
        [[ ! -e $T/web ]] || fail "the socket is still there"
    done
}

@test "a UNIX socket of the host leads to the guest by IPv6, or is refused" {
    local answer
    start_slipgate --enable-ipv6 "${OPEN[@]}"
    serve guest 7000 fd00::100
    need_relay
    added "$(add '"proto":"tcp","host_path":"'"$T/web"'",
        "guest_addr":"fd00::100","guest_port":7000')"
    answer=$(user socat -t 5 - "UNIX-CONNECT:$T/web" <<<hi)
    equal "$answer" "fd00::2 hi"
    # The stack reaches IPv4 only from there.
    api_is '.error.code == "unavailable"' '{"execute":"add_hostfwd",
        "arguments":{"proto":"tcp","host_path":"'"$T/web6"'",
        "guest_addr":"fd00::100","guest_port":7000,"driver":"slirp"}}'
    [[ ! -e $T/web6 ]] || fail "the socket is there"
}

@test "a UNIX socket is removed at the end, but not another in its place" {
    served "${OPEN[@]}"
    added "$(add '"proto":"tcp","host_path":"'"$T/a"'","guest_port":7000')"
    added "$(add '"proto":"tcp","host_path":"'"$T/b"'","guest_port":7000')"
    mv "$T/b" "$T/moved"
    touch "$T/b"
    stop_slipgate
    [[ ! -e $T/a && -e $T/b && -e $T/moved ]] || fail "$(ls "$T")"
}

@test "the sandbox has no paths, and says so" {
    served
    api_is '.error.code == "unavailable" and
        (.error.desc | endswith("out of reach; send a descriptor"))' \
        '{"execute":"add_hostfwd","arguments":{"proto":"tcp",
        "host_path":"/tmp/web","guest_port":7000}}'
}

@test "a descriptor that is no UNIX socket is refused" {
    local request='{"execute":"add_hostfwd","arguments":{"proto":"tcp",
        "host_path":"/tmp/web","guest_port":7000}}' answer
    served
    need_relay
    for answer in "$(api --send 5 "$request" 5</dev/null)" \
        "$(api --send 5 --send 6 "$request" 5</dev/null 6</dev/null)" \
        "$(api --send 5 "${request/host_path\":\"\/tmp\/web\"/host_port\":80}" \
            5</dev/null)"; do
        jq -e '.error.code == "bad-request" and
            (.error.desc | contains("descriptor"))' <<<"$answer" ||
            fail "$answer"
    done
    api_is '.return.entries == []' '{"execute":"list_hostfwd"}'
}

@test "the guest's own loopback can be reached" {
    served
    need_relay
    added "$(add '"proto":"tcp","host_port":8080,"guest_addr":"127.0.0.1",
        "guest_port":7000')"
    ask_is "127.0.0.1 hello" remote tcp "$HOST4" 8080
}

@test "an address behind the guest's interface can be reached" {
    local answer
    served
    guest ip addr add 10.0.2.77/24 dev tap0
    serve guest 7077 10.0.2.77
    for driver in relay slirp; do
        [[ $driver == slirp ]] || need_relay
        answer=$(add '"proto":"tcp","host_port":0,"guest_addr":"10.0.2.77",
            "guest_port":7077,"driver":"'$driver'"')
        ask_is "$REMOTE4 hello" remote tcp "$HOST4" \
            "$(jq .return.host_port <<<"$answer")"
    done
}

@test "the gateway as source, where that is asked for" {
    served
    need_relay
    added "$(add '"proto":"tcp","host_port":8080,"guest_port":7000,
        "source":"gateway"')"
    ask_is "10.0.2.2 hello" remote tcp "$HOST4" 8080
}

@test "a client of the other family comes from the gateway" {
    served
    need_relay
    added "$(add '"proto":"tcp","host_addr":"'"$HOST6"'","host_port":8080,
        "guest_port":7000')"
    ask_is "10.0.2.2 hello" remote tcp "$HOST6" 8080
}

@test "connections are counted, and ended on request" {
    local byte rest
    start_slipgate
    spawn hold "${NS_guest[@]}" net.py hold 7000 10.0.2.100
    for driver in relay slirp; do
        [[ $driver == slirp ]] || need_relay
        added "$(add '"proto":"tcp","host_port":8080,"guest_port":7000,
            "driver":"'$driver'"')"
        spawn idle "${NS_remote[@]}" net.py idle "$HOST4" 8080 3
        wait_for 5 api_is '.entries[0].connections == 3' \
            '{"execute":"list_hostfwd"}'
        api_is '.return == {"closed":3}' '{"execute":"remove_hostfwd",
            "arguments":{"proto":"tcp","host_port":8080,"close":true}}'
        wait_for 5 no_connections remote
        wait_for 5 no_connections guest
    done
}

no_connections() {
    local -n _ns="NS_$1"
    [[ -z $("${_ns[@]}" ss -Htn state established) ]]
}

@test "a driver that cannot is named" {
    start_slipgate
    api_is '.error | .code == "unavailable" and (.desc | endswith(
        "the driver \"slirp\" cannot carry 0.0.0.0:8080 to 127.0.0.1:80"))' \
        '{"execute":"add_hostfwd","arguments":{"proto":"tcp","host_port":8080,
        "guest_addr":"127.0.0.1","guest_port":80,"driver":"slirp"}}'
}

# --- at start ---

@test "publish: forwards are there at ready" {
    start_slipgate --publish 8080:7000 --publish 8081:7000/udp \
        --publish '*:9000-9001:6999-7000'
    serve guest 7000 10.0.2.100
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    ask_is "$REMOTE4 hello" remote udp "$HOST4" 8081
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 9001
    api_is '[.entries[].id] == [1,2,3]' '{"execute":"list_hostfwd"}'
}

@test "publish: a forward that cannot be had fails the start with the reason" {
    spawn taken "${NS_host[@]}" net.py serve 8080 "$HOST4"
    refute start_slipgate --publish "$HOST4:8080:80"
    contains "$(logs)" \
        "--publish $HOST4:8080:80: bind $HOST4:8080: Address already in use"
    [[ ! -s $T/ready ]] || fail "it said that it is ready"
}

@test "publish: what is no forward is refused before anything is done" {
    refute start_slipgate --publish 80
    contains "$(logs)" '--publish: "80" is not of the form'
}
