#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bridge networks: what passes between containers, and to and from the world.
load helpers
load networks


@test "two containers reach each other, in both families" {
    start_networks
    create web ',"ipv6_enabled":true'
    container one
    container two
    attach web one
    serve one 80 "$ADDR4" "$ADDR6"
    local addr4=$ADDR4 addr6=$ADDR6
    attach web two
    ask_is "$ADDR4 hello" two tcp "$addr4" 80
    ask_is "$ADDR4 hello" two udp "$addr4" 80
    ask_is "$ADDR6 hello" two tcp "$addr6" 80
    ask_is "$ADDR6 hello" two udp "$addr6" 80
}

@test "containers reach the world, and come from the host's address" {
    start_networks
    create web ',"ipv6_enabled":true'
    container one
    attach web one
    serve remote 7000 "$REMOTE4" "$REMOTE6"
    ask_is "$HOST4 hello" one tcp "$REMOTE4" 7000
    ask_is "$HOST4 hello" one udp "$REMOTE4" 7000
    ask_is "$HOST6 hello" one tcp "$REMOTE6" 7000
    ask_is ECONNREFUSED one tcp "$REMOTE4" 7001
}

@test "containers of user namespaces beside the guest's" {
    start_networks
    create web
    container one user
    container two user
    attach web one
    serve one 80 "$ADDR4"
    local addr=$ADDR4
    attach web two
    ask_is "$ADDR4 hello" two tcp "$addr" 80
}

@test "networks are strangers, unless both say otherwise" {
    start_networks
    create a
    create b
    create c ',"options":{"isolate":"false"}'
    create d ',"options":{"isolate":"false"}'
    container one
    container two
    container three
    container four
    attach a one
    serve one 80 "$ADDR4"
    local one=$ADDR4
    attach c three
    serve three 80 "$ADDR4"
    local three=$ADDR4
    attach b two
    attach d four
    refute ask two tcp "$one" 80
    refute ask four tcp "$one" 80
    refute ask two tcp "$three" 80
    contains "$(ask four tcp "$three" 80)" hello
}

@test "icc=false: containers of one network are strangers, too" {
    start_networks
    create a ',"options":{"icc":"false"}'
    container one
    container two
    attach a one
    serve one 80 "$ADDR4"
    local one=$ADDR4
    attach a two
    refute ask two tcp "$one" 80
    serve remote 7000 "$REMOTE4"
    contains "$(ask two tcp "$REMOTE4" 7000)" hello
}

@test "internal: no way out, but published all the same" {
    start_networks
    create in ',"internal":true'
    container one
    container two
    serve remote 7000 "$REMOTE4"
    attach in one
    serve one 80 "$ADDR4"
    local one=$ADDR4
    attach in two
    contains "$(ask two tcp "$one" 80)" hello
    refute ask two tcp "$REMOTE4" 7000
    equal "$(two ip route show default)" ""
    forward tcp 8080 80 ',"container":"one","source":"gateway"'
    contains "$(ask remote tcp "$HOST4" 8080)" hello
}

@test "publish: the container sees the client, in both families" {
    start_networks
    create web ',"ipv6_enabled":true'
    container one
    attach web one
    serve one 80 "$ADDR4" "$ADDR6"
    forward tcp 8080 80 ',"container":"one","network":"web"'
    forward udp 8080 80 ',"container":"one"'
    forward tcp 8081 80 ',"container":"one","host_addr":"::"'
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    ask_is "$REMOTE4 hello" remote udp "$HOST4" 8080
    ask_is "$REMOTE6 hello" remote tcp "$HOST6" 8081
    api_is '.entries | map(select(.container == "one")) | length == 3' \
        '{"execute":"list_hostfwd"}'
    done_as true detach '{"network":"web","container":"one"}'
    api_is '.entries == []' '{"execute":"list_hostfwd"}'
    refute ask remote tcp "$HOST4" 8080
}

@test "hairpin: a container reaches its own network's published port" {
    start_networks
    create web
    container one
    container two
    attach web one
    serve one 80 "$ADDR4"
    attach web two
    forward tcp 8080 80 ',"container":"one"'
    contains "$(ask two tcp "$HOST4" 8080)" hello
    contains "$(ask one tcp "$HOST4" 8080)" hello
}

@test "death: the address, the names and the forwards are free" {
    start_networks
    create tiny ',"subnets":[{"subnet":"10.77.0.0/30"}]'
    container one
    container two
    attach tiny one
    equal "$ADDR4" 10.77.0.2
    forward tcp 8080 80 ',"container":"one"'
    refused attach '{"network":"tiny","container":"two","pid":'"$PID_two"'}' \
        unavailable 'all addresses of the subnet 10.77.0.0/30'
    kill -KILL "$PID_one"
    wait_for 10 api_is '.entries == []' '{"execute":"list_hostfwd"}'
    done_as '.containers == {}' inspect '{"name":"tiny"}'
    attach tiny two
    equal "$ADDR4" 10.77.0.2
}

@test "one container in two networks: the first one leads out" {
    start_networks
    create a
    create b
    container one
    attach a one
    local gateway
    gateway=$(gateway a)
    attach b one ',"aliases":["only-b"]'
    contains "$(one ip -o -4 addr show)" " eth0 "
    contains "$(one ip -o -4 addr show)" " eth1 "
    contains "$(one ip route show default | sort -t ' ' -k 7 -n | head -n 1)" \
        "via $gateway "
    serve remote 7000 "$REMOTE4"
    contains "$(ask one tcp "$REMOTE4" 7000)" hello
}

@test "what is asked for is what a container gets" {
    start_networks
    create a ',"subnets":[{"subnet":"10.77.0.0/24"},{"subnet":"fd77::/64"}],
        "routes":[{"destination":"10.78.0.0/16","gateway":"10.77.0.9"}],
        "options":{"mtu":"1400"}'
    container one
    attach a one ',"static_ips":["10.77.0.50","fd77::50"],
        "static_mac":"52:73:12:34:56:78","interface_name":"net0","metric":7'
    equal "$ADDR4" 10.77.0.50
    equal "$ADDR6" fd77::50
    contains "$(one ip link show net0)" "mtu 1400 "
    contains "$(one ip link show net0)" 52:73:12:34:56:78
    contains "$(one ip -4 addr show net0)" "inet 10.77.0.50/24"
    contains "$(one ip -6 addr show net0)" "inet6 fd77::50/64"
    contains "$(one ip route show default)" "via 10.77.0.1 dev net0"
    contains "$(one ip route show default)" "metric 7"
    contains "$(one ip -6 route show default)" "via fd77::1 dev net0"
    contains "$(one ip route show 10.78.0.0/16)" "via 10.77.0.9 dev net0"
    done_as true detach '{"network":"a","container":"one"}'
    refute one ip link show net0
}

@test "attach: a failure leaves nothing" {
    start_networks
    create a
    container one
    container two
    attach a one ',"static_ips":["10.89.0.50"]'
    refused attach '{"network":"a","container":"two","pid":'"$PID_two"',
        "static_ips":["10.89.0.50"]}' conflict \
        'the container one has the address 10.89.0.50'
    refused attach '{"network":"a","container":"two","pid":'"$PID_two"',
        "static_ips":["10.90.0.5"]}' bad-request 'is outside the subnets'
    refused attach '{"network":"a","container":"two","pid":'"$PID_two"',
        "interface_name":"lo"}' conflict lo
    kill -KILL "$PID_two"
    wait_for 5 gone "$PID_two"
    refused attach '{"network":"a","container":"two","pid":'"$PID_two"'}' \
        not-found ''
    done_as '.containers | keys == ["one"]' inspect '{"name":"a"}'
    refused remove '{"name":"a"}' conflict \
        '1 container is attached to the network a: one'
    done_as true remove '{"name":"a","force":true}'
    equal "$(one ip -o link | grep -vc ' lo:')" 0
}

@test "restart with --state: networks, containers and forwards are back" {
    local before
    start_networks --state="$T/state"
    create web ',"ipv6_enabled":true,"labels":{"k":"v"}'
    container one
    attach web one ',"aliases":["www"]'
    serve one 80 "$ADDR4"
    local server=$SPAWNED
    forward tcp 8080 80 ',"container":"one"'
    before=$(request inspect '{"name":"web"}')
    stop_slipgate
    start_networks --state="$T/state"
    equal "$(request inspect '{"name":"web"}')" "$before"
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    kill -KILL "$PID_one" "$server"
    wait_for 10 api_is '.entries == []' '{"execute":"list_hostfwd"}'
    stop_slipgate
    jq -e '.networks[0].containers == [] and .forwards == []' "$T/state"
}

@test "a container by its path, and found again by that" {
    start_networks --state="$T/state"
    create web
    container one
    touch "$T/one"
    host mount --bind "/proc/$PID_one/ns/net" "$T/one"
    done_as '.interfaces.eth0' attach \
        '{"network":"web","container":"one","netns":"'"$T"'/one"}'
    equal "$(addresses)" "$(addresses_of web one)"
    refused attach '{"network":"web","container":"two","netns":"'"$T"'/two"}' \
        not-found "$T/two"
    refused attach '{"network":"web","container":"two","netns":"/dev/null"}' \
        bad-request /dev/null
    stop_slipgate
    wait_for 5 refute one ip link show eth0
    start_networks --state="$T/state"
    contains "$(one ip -4 addr show eth0)" "inet $(addresses_of web one)/24"
    # Another namespace in its place is not that container.
    stop_slipgate
    container two
    host umount "$T/one"
    host mount --bind "/proc/$PID_two/ns/net" "$T/one"
    start_networks --state="$T/state"
    done_as '.containers == {}' inspect '{"name":"web"}'
    contains "$(logs)" "the container one of the network web is not restored"
    equal "$(two ip -o link | grep -vc ' lo:')" 0
}

@test "names: of containers, aliases and addresses, for their network alone" {
    local addr
    start_networks
    create web ',"ipv6_enabled":true'
    create other
    container one
    container two
    container three
    attach web one ',"container_name":"Front","aliases":["www"]'
    addr=$ADDR4
    attach web two
    attach other three
    equal "$(name_of two "$(gateway web)" front A)" "$addr"
    equal "$(name_of two "$(gateway web)" www.dns.podman A)" "$addr"
    equal "$(name_of two "$(gateway web 1)" WWW AAAA)" \
        "$(addresses_of web one | grep :)"
    contains "$(name_of two "$(gateway web)" "$addr" PTR)" Front
    lacks "$(name_of three "$(gateway other)" front.dns.podman A || true)" \
        "$addr"
}

@test "names: a container in two networks finds all in both" {
    start_networks
    create a
    create b
    container one
    container two
    container three
    attach a one
    attach b three
    attach a two
    attach b two
    equal "$(name_of two "$(gateway a)" three A)" "$(addresses_of b three)"
    equal "$(name_of two "$(gateway b)" one A)" "$(addresses_of a one)"
    lacks "$(name_of one "$(gateway a)" three.dns.podman A || true)" 10.89.
    done_as true detach '{"network":"b","container":"two"}'
    lacks "$(name_of two "$(gateway a)" three.dns.podman A || true)" 10.89.
}
