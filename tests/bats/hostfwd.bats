#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Ports of the host that lead to ports of the guest.
load helpers

# A guest with a server on 7000.
served() {
    start_slipgate
    serve guest 7000 10.0.2.100
}

add() {
    printf '{"execute":"add_hostfwd","arguments":{%s}}' "$1"
}

@test "TCP and UDP: an outside client keeps its address" {
    served
    forward tcp 8080 7000
    forward udp 8080 7000
    ask_is "$REMOTE4 one" remote tcp "$HOST4" 8080 one
    ask_is "$REMOTE4 two" remote udp "$HOST4" 8080 two
}

@test "a client on the host's loopback is the gateway" {
    served
    forward tcp 8080 7000
    forward udp 8080 7000
    ask_is "10.0.2.2 one" host tcp 127.0.0.1 8080 one
    ask_is "10.0.2.2 two" host udp 127.0.0.1 8080 two
}

@test "ids count from 1 and are not used again" {
    served
    forward tcp 8080 7000
    equal "$ID" 1
    forward udp 8080 7000
    equal "$ID" 2
    api_is '. == {"return":{}}' \
        '{"execute":"remove_hostfwd","arguments":{"id":2}}'
    forward udp 8080 7000
    equal "$ID" 3
}

@test "the answer is an object with return and without error" {
    served
    api_is '(.return.id == 1) and (has("error") | not)' \
        "$(add '"proto":"tcp","host_addr":"0.0.0.0","host_port":8080,
                "guest_addr":"10.0.2.100","guest_port":7000')"
}

@test "host_addr binds one address only" {
    served
    forward tcp 8080 7000 ',"host_addr":"127.0.0.1"'
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8080
    ask_is ECONNREFUSED remote tcp "$HOST4" 8080
    forward tcp 8080 7000 ",\"host_addr\":\"$ALSO4\""
    ask_is "$REMOTE4 hello" remote tcp "$ALSO4" 8080
}

@test "empty addresses are the defaults" {
    served
    forward tcp 8080 7000 ',"host_addr":"","guest_addr":""'
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    api_is '.entries[0] == ({} + .entries[0] + {"host_addr":"0.0.0.0",
        "guest_addr":"10.0.2.100"})' '{"execute":"list_hostfwd"}'
}

@test "cidr: the default guest address follows" {
    start_slipgate --cidr=10.41.0.0/16
    serve guest 7000 10.41.0.100
    forward tcp 8080 7000
    ask_is "10.41.0.2 hello" host tcp 127.0.0.1 8080
}

@test "list: the bare entries that old clients read" {
    served
    forward tcp 8080 7000
    forward udp 8053 53
    api_is '.entries | length == 2' '{"execute":"list_hostfwd"}'
    api_is '.entries[0] | .id == 1 and .proto == "tcp" and
        .host_addr == "0.0.0.0" and .host_port == 8080 and
        .guest_addr == "10.0.2.100" and .guest_port == 7000' \
        '{"execute":"list_hostfwd"}'
    api_is '.entries[1].proto == "udp"' '{"execute":"list_hostfwd"}'
}

# bats test_tags=mended
@test "fault: list_hostfwd does not have the shape of its manual" {
    served
    forward tcp 8080 7000
    api_is '.return.entries[0].host_port == 8080 and
        .entries == .return.entries' '{"execute":"list_hostfwd"}'
}

@test "remove: the port is free again, other forwards stay" {
    served
    forward tcp 8080 7000
    forward tcp 8081 7000
    api_is '. == {"return":{}}' \
        '{"execute":"remove_hostfwd","arguments":{"id":1}}'
    ask_is ECONNREFUSED host tcp 127.0.0.1 8080
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8081
    api_is '[.entries[].id] == [2]' '{"execute":"list_hostfwd"}'
}

@test "remove: UDP too" {
    served
    forward udp 8080 7000
    ask_is "$REMOTE4 one" remote udp "$HOST4" 8080 one
    api_is '. == {"return":{}}' \
        '{"execute":"remove_hostfwd","arguments":{"id":1}}'
    ask_is ECONNREFUSED remote udp "$HOST4" 8080
}

@test "remove: a connection that stands goes on" {
    start_slipgate
    spawn sink "${NS_guest[@]}" transfer.py serve 7000 10.0.2.100
    forward tcp 8080 7000
    # The client says how much it will send, waits for a word, and sends it.
    mkfifo "$T/go"
    exec {go}<>"$T/go"
    spawn client "${NS_host[@]}" python3 -c '
import hashlib, socket, sys
sock = socket.create_connection(("127.0.0.1", 8080), 10)
sock.sendall(b"up x 4 0\n")
print("ready", flush=True)
open(sys.argv[1]).readline()
sock.sendall(b"last")
sock.shutdown(socket.SHUT_WR)
got = b""
while chunk := sock.recv(4096):
    got += chunk
digest = hashlib.blake2b(b"last", digest_size=16).hexdigest()
print(got.decode() == f"4:{digest}", flush=True)
' "$T/go"
    established() { guest ss -Htn state established sport = :7000 | grep .; }
    wait_for 5 established
    api_is '. == {"return":{}}' \
        '{"execute":"remove_hostfwd","arguments":{"id":1}}'
    echo >&"$go"
    read -r -t 10 -u "$STDOUT" LINE
    equal "$LINE" True
}

@test "errors: the checks come in slirp4netns's order, with its words" {
    served
    local bad='bad request: add_hostfwd: bad arguments.'
    api_is ".error.desc | startswith(\"${bad}proto\")" \
        "$(add '"proto":"sctp"')"
    api_is ".error.desc | startswith(\"${bad}proto\")" \
        "$(add '"proto":"TCP","host_port":1,"guest_port":1')"
    api_is ".error.desc | startswith(\"${bad}host_addr\")" \
        "$(add '"proto":"tcp","host_addr":"localhost","host_port":1')"
    api_is ".error.desc | startswith(\"${bad}host_port\")" \
        "$(add '"proto":"tcp","guest_port":7000')"
    api_is ".error.desc | startswith(\"${bad}guest_addr\")" \
        "$(add '"proto":"tcp","host_port":8080,"guest_addr":"x"')"
    api_is ".error.desc | startswith(\"${bad}guest_port\")" \
        "$(add '"proto":"tcp","host_port":8080')"
    api_is '.error.desc | startswith(
        "bad request: remove_hostfwd: bad arguments.id")' \
        '{"execute":"remove_hostfwd","arguments":{}}'
    api_is '.error.desc | startswith("bad request: remove_hostfwd: ")' \
        '{"execute":"remove_hostfwd","arguments":{"id":77}}'
    api_is '.entries == []' '{"execute":"list_hostfwd"}'
}

@test "errors: a port that is taken; the forward that has it goes on" {
    served
    forward tcp 8080 7000
    api_is '.error.desc | startswith(
        "bad request: add_hostfwd: slirp_add_hostfwd failed")' \
        "$(add '"proto":"tcp","host_port":8080,"guest_port":7000')"
    api_is '.entries | length == 1' '{"execute":"list_hostfwd"}'
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8080
}

# bats test_tags=mended
@test "errors: a failed bind says why" {
    served
    serve host 8080 127.0.0.1
    api_is '.error.desc | test("slirp_add_hostfwd failed: .*8080.*in use")' \
        "$(add '"proto":"tcp","host_addr":"127.0.0.1","host_port":8080,
                "guest_port":7000')"
    api_is '.error.desc | test("192.0.2.1.*annot assign")' \
        "$(add '"proto":"udp","host_addr":"192.0.2.1","host_port":8080,
                "guest_port":7000')"
    api_is '.error.desc | test("denied")' \
        "$(add '"proto":"tcp","host_port":80,"guest_port":7000')"
}

# bats test_tags=mended
@test "fault: a listen backlog of 1" {
    served
    forward tcp 8080 7000
    kill -STOP "$GATE" # whoever connects now must wait in the backlog
    equal "$(host net.py burst 127.0.0.1 8080 64)" 64
    kill -CONT "$GATE"
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8080
}

@test "64 clients at once are all served" {
    served
    forward tcp 8080 7000
    local i clients=()
    for i in {1..64}; do
        ask remote tcp "$HOST4" 8080 "$i" >"$T/client$i" &
        clients+=($!)
    done
    wait "${clients[@]}" || true
    for i in {1..64}; do equal "$(cat "$T/client$i")" "$REMOTE4 $i"; done
}
