#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes over bridge networks: containers in user namespaces of their own,
# beside the guest's, on a helper that has no capabilities.
load helpers

# container NAME...: makes worlds for them.
container() {
    local name
    for name; do
        world "$name" user --user --map-root-user --net || return 1
    done
}

c1() { "${NS_c1[@]}" "$@"; }
c2() { "${NS_c2[@]}" "$@"; }
c3() { "${NS_c3[@]}" "$@"; }

network() { # NAME JSON
    api_is '.return.network.name == "'"$1"'"' \
        '{"execute":"network_create","arguments":{"name":"'"$1"'",
        "ipv6_enabled":true,"subnets":'"$2"'}}'
}

attach() { # NETWORK CONTAINER [JSON]
    local pid="PID_$2"
    api_is '.return.interfaces | length == 1' \
        '{"execute":"network_attach","arguments":{"network":"'"$1"'",
        "container":"'"$2"'","pid":'"${!pid}${3:-}"'}}'
}

start_with_networks() {
    start_slipgate --enable-ipv6 --mtu=65520 "$@"
    network a '[{"subnet":"10.89.0.0/24"},{"subnet":"fd00:89::/64"}]
        '"${NETWORK:-}"
}

links() { "$@" ip -br link | grep -c '^eth' || true; }
no_links() { [[ $(links "$@") == 0 ]]; }

attached() { # NETWORK: how many
    api '{"execute":"network_inspect","arguments":{"name":"'"$1"'"}}' |
        jq '.return.containers | length'
}
nobody_in() { [[ $(attached "$1") == 0 ]]; }

@test "two containers talk, by both families, with their own addresses" {
    container c1 c2
    start_with_networks
    attach a c1
    attach a c2
    serve c2 80 10.89.0.3 fd00:89::3
    ask_is "10.89.0.2 x" c1 tcp 10.89.0.3 80 x
    ask_is "10.89.0.2 x" c1 udp 10.89.0.3 80 x
    ask_is "fd00:89::2 x" c1 tcp fd00:89::3 80 x
    ask_is "fd00:89::2 x" c1 udp fd00:89::3 80 x
    contains "$(c1 ip link show eth0)" "mtu 65520"
}

@test "containers reach the world, and hear the truth about it" {
    container c1
    start_with_networks
    attach a c1
    serve remote 80 $REMOTE4 $REMOTE6
    serve host 81 127.0.0.1
    ask_is "$HOST4 x" c1 tcp $REMOTE4 80 x
    ask_is "$HOST4 x" c1 udp $REMOTE4 80 x
    ask_is "$HOST6 x" c1 tcp $REMOTE6 80 x
    ask_is "127.0.0.1 x" c1 tcp 10.0.2.2 81 x
    ask_is ECONNREFUSED c1 tcp $REMOTE4 82 x
    # Whose connection it was is told as the network says.
    spawn idle "${NS_c1[@]}" net.py idle $REMOTE4 80 1
    api_is '.return.entries | any(.guest_addr == "10.89.0.1")' \
        '{"execute":"list_connections"}'
    api_is '.return' '{"execute":"network_update",
        "arguments":{"name":"a","masquerade":false}}'
    api_is '.return.entries | any(.guest_addr == "10.89.0.2")' \
        '{"execute":"list_connections"}'
}

@test "networks, and the guest, are apart" {
    container c1 c2
    start_with_networks
    network b '[{"subnet":"10.89.1.0/24"}]'
    attach a c1
    attach b c2
    serve c1 80 10.89.0.2
    serve c2 80 10.89.1.2
    ask_is ENETUNREACH c1 tcp 10.89.1.2 80 x
    ask_is ENETUNREACH c2 tcp 10.89.0.2 80 x
    ask_is ENETUNREACH guest tcp 10.89.0.2 80 x
    ask_is ENETUNREACH c1 tcp 10.0.2.100 80 x
}

@test "an internal network has no way out, but may be published" {
    container c1
    start_slipgate
    api_is '.return.network.internal' '{"execute":"network_create",
        "arguments":{"name":"i","internal":true,
        "subnets":[{"subnet":"10.89.2.0/24"}]}}'
    attach i c1
    serve c1 80 10.89.2.2
    serve remote 80 $REMOTE4
    ask_is ENETUNREACH c1 tcp $REMOTE4 80 x
    # Also when it makes itself a way.
    c1 ip route add default via 10.89.2.1
    ask_is ENETUNREACH c1 tcp $REMOTE4 80 x
    forward tcp 8080 80 ',"network":"i","container":"c1"'
    ask_is "10.89.2.1 x" remote tcp $HOST4 8080 x
}

@test "a published port shows the client's own address" {
    container c1
    start_with_networks
    attach a c1
    serve c1 80 10.89.0.2 fd00:89::2
    forward tcp 8080 80 ',"network":"a","container":"c1"'
    forward udp 8080 80 ',"guest_addr":"10.89.0.2"'
    forward tcp 8086 80 ',"host_addr":"::","guest_addr":"fd00:89::2"'
    ask_is "$REMOTE4 x" remote tcp $HOST4 8080 x
    ask_is "$REMOTE4 x" remote udp $HOST4 8080 x
    ask_is "$REMOTE6 x" remote tcp $HOST6 8086 x
    ask_is "10.89.0.1 x" host tcp 127.0.0.1 8080 x
}

@test "a container reaches what its own network publishes" {
    container c1 c2
    start_with_networks --disable-host-loopback
    attach a c1
    attach a c2
    serve c2 80 10.89.0.3
    forward tcp 8080 80 ',"network":"a","container":"c2"'
    ask_is "10.89.0.1 x" c1 tcp 10.89.0.1 8080 x
    ask_is "10.89.0.1 x" c2 tcp 10.89.0.1 8080 x
    ask_is "10.89.0.1 x" c1 tcp 10.0.2.100 8080 x
    refute ask c1 tcp 10.89.0.1 8081 x
    forward udp 8080 80 ',"network":"a","container":"c2"'
    ask_is "10.89.0.1 x" c1 udp 10.89.0.1 8080 x
    ask_is "10.89.0.1 y" c1 udp 10.0.2.100 8080 y
}

@test "nobody takes another's address" {
    container c1 c2 c3
    start_with_networks
    attach a c1
    attach a c2
    serve c2 80 10.89.0.3
    ask_is "10.89.0.2 x" c1 tcp 10.89.0.3 80 x
    c1 ip addr add 10.89.0.9/32 dev eth0
    c1 ip route replace 10.89.0.3/32 dev eth0 src 10.89.0.9
    refute ask c1 udp 10.89.0.3 80 x
    c1 ip route replace 10.89.0.3/32 dev eth0 src 10.89.0.2
    ask_is "10.89.0.2 x" c1 udp 10.89.0.3 80 x
    c1 ip link set eth0 address 02:00:00:00:00:99
    refute ask c1 udp 10.89.0.3 80 x
}

@test "detach and death free what was taken; a failed attach leaves nothing" {
    local pid
    container c1 c2 c3
    start_with_networks
    attach a c1
    attach a c2
    api_is '.return' '{"execute":"network_detach","arguments":{
        "network":"a","container":"c1"}}'
    wait_for 5 no_links c1
    kill -KILL "$PID_c2"
    wait_for 5 nobody_in a
    attach a c3 ',"static_ips":["10.89.0.3","fd00:89::3"]'
    pid=$PID_c3
    api_is '.error.code == "conflict"' '{"execute":"network_attach",
        "arguments":{"network":"a","container":"again","pid":'"$pid"',
        "interface_name":"eth0"}}'
    equal "$(attached a)" 1
    equal "$(links c3)" 1
    api_is '.error.code == "not-found"' '{"execute":"network_attach",
        "arguments":{"network":"a","container":"no","pid":4194000}}'
}

@test "several networks for one container, by path and live" {
    container c1 c2
    start_with_networks
    network b '[{"subnet":"10.89.1.0/24"}]'
    attach a c1
    api_is '.return.interfaces.eth1' '{"execute":"network_attach",
        "arguments":{"network":"b","container":"c1",
        "netns":"/proc/'"$PID_c1"'/ns/net","default_route":false}}'
    attach b c2
    serve c1 80 10.89.1.2
    ask_is "10.89.1.3 x" c2 tcp 10.89.1.2 80 x
    equal "$(c1 ip route show default | wc -l)" 1
}

@test "slipgate bridge: networks without a guest" {
    local netns pid
    container c1 c2
    launch user bridge --ipv6 --api-socket="$SOCK"
    netns=$(api '{"execute":"get_status"}' | jq -r .return.networks.netns)
    network a '[{"subnet":"10.89.0.0/24"},{"subnet":"fd00:89::/64"}]'
    attach a c1
    attach a c2
    serve c2 80 10.89.0.3 fd00:89::3
    serve remote 80 $REMOTE4
    ask_is "10.89.0.2 x" c1 tcp 10.89.0.3 80 x
    ask_is "fd00:89::2 x" c1 tcp fd00:89::3 80 x
    ask_is "$HOST4 x" c1 tcp $REMOTE4 80 x
    forward tcp 8080 80 ',"network":"a","container":"c2"'
    ask_is "$REMOTE4 x" remote tcp $HOST4 8080 x
    api_is '.error.desc | contains("there is no guest")' \
        '{"execute":"add_hostfwd","arguments":{"proto":"tcp",
        "host_port":8081,"guest_port":80}}'
    # Whoever made it may look into it, and find the containers from there.
    pid=${netns#/proc/}
    contains "$(user nsenter -t "${pid%%/*}" -U -n --preserve-credentials \
        ip -br link)" port1
    stop_slipgate
    equal "$STATUS" 0
    wait_for 5 no_links c1
    wait_for 5 gone "${pid%%/*}"
}

@test "slipgate bridge: ends with its exit descriptor, and needs a socket" {
    run -1 --separate-stderr user "$SLIPGATE" bridge
    contains "$stderr" "--api-socket is needed"
    mkfifo "$T/exit"
    exec {EXIT}<>"$T/exit"
    launch user bridge --api-socket="$SOCK" --exit-fd=8 8<"$T/exit" {EXIT}>&-
    api_is '.return.networks.available' '{"execute":"get_status"}'
    exec {EXIT}>&-
    slipgate_ends
    equal "$STATUS" 0
    [[ ! -e $SOCK ]]
}

@test "slipgate bridge: leaves one that lives its socket and its networks" {
    launch user bridge --api-socket="$SOCK"
    api_is '.return.network' '{"execute":"network_create","arguments":{
        "name":"a","subnets":[{"subnet":"10.89.0.0/24"}]}}'
    run -1 --separate-stderr user "$SLIPGATE" bridge --api-socket="$SOCK"
    contains "$stderr" "$SOCK: process "
    contains "$stderr" "listens there already"
    api_is '.return.networks[0].name == "a"' '{"execute":"network_list"}'
    stop_slipgate KILL
    launch user bridge --api-socket="$SOCK"
    api_is '.return.networks | length == 0' '{"execute":"network_list"}'
}

@test "slipgate bridge: --state brings networks and containers back" {
    container c1
    launch user bridge --api-socket="$SOCK" --state="$T/state"
    api_is '.return.network' '{"execute":"network_create","arguments":{
        "name":"a","subnets":[{"subnet":"10.89.0.0/24"}]}}'
    attach a c1
    forward tcp 8080 80 ',"network":"a","container":"c1"'
    stop_slipgate KILL
    wait_for 5 no_links c1
    launch user bridge --api-socket="$SOCK" --state="$T/state"
    equal "$(attached a)" 1
    serve c1 80 10.89.0.2
    ask_is "$REMOTE4 x" remote tcp $HOST4 8080 x
}

@test "fifty containers on one network; a hundred networks come and go" {
    local pids=() i out
    start_slipgate
    api_is '.return.network' '{"execute":"network_create","arguments":{
        "name":"a","subnets":[{"subnet":"10.89.0.0/24"}]}}'
    for i in {1..50}; do
        spawn "many$i" "${NS_user[@]}" unshare -Urn \
            sh -c 'echo ready; exec sleep infinity'
        NETNS+=("$(readlink "/proc/$SPAWNED/ns/net")")
        pids+=("$SPAWNED")
        api_is '.return.interfaces.eth0' '{"execute":"network_attach",
            "arguments":{"network":"a","container":"c'"$i"'",
            "pid":'"$SPAWNED"'}}'
    done
    equal "$(attached a)" 50
    NS_first=(nsenter -t "${pids[0]}" -U -n --preserve-credentials --)
    NS_last=(nsenter -t "${pids[49]}" -U -n --preserve-credentials --)
    serve last 80 10.89.0.51
    pids+=("$SPAWNED") # its server is in the namespace as well
    ask_is "10.89.0.2 x" first tcp 10.89.0.51 80 x
    # All at once.
    kill -KILL "${pids[@]}"
    wait_for 10 nobody_in a
    for i in {1..100}; do
        out=$(api '{"execute":"network_create","arguments":{"name":"n'"$i"'",
            "subnets":[{"subnet":"10.90.'"$i"'.0/24"}]}}')
        contains "$out" '"network"'
    done
    for i in {1..100}; do
        out=$(api '{"execute":"network_remove","arguments":{
            "name":"n'"$i"'"}}')
        contains "$out" '"return"'
    done
    api_is '.return.networks | length == 1' '{"execute":"network_list"}'
}
