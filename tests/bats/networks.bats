#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bridge networks: requests that are refused, state, and many at once.
load helpers
load networks

@test "bad definitions: each gets its error, and nothing is made" {
    start_slipgate
    refused create '{}' bad-request 'arguments.name: missing'
    refused create '{"name":"a/b"}' bad-request '"a/b" is no name for a network'
    refused create '{"name":"a","subnets":[{"subnet":"10.5.0.0/31"}]}' \
        bad-request 'the subnet 10.5.0.0/31 is too small'
    refused create '{"name":"a","subnets":[{"subnet":"10.5.0.0/24",
        "gateway":"10.6.0.1"}]}' bad-request \
        'the gateway 10.6.0.1 is not an address inside the subnet 10.5.0.0/24'
    refused create '{"name":"a","subnets":[{"subnet":"10.0.0.0/8"}]}' \
        conflict "overlaps with the guest's own network"
    refused create '{"name":"a","options":{"vlan":"3"}}' bad-request \
        'options.vlan: there is no such option'
    api_is '.return.networks == []' '{"execute":"network_list"}'
}

@test "what is not there: networks and containers are named" {
    start_slipgate
    refused inspect '{"name":"a"}' not-found 'there is no network a'
    refused update '{"name":"a"}' not-found 'there is no network a'
    refused remove '{"name":"a"}' not-found 'there is no network a'
    refused attach '{"network":"a","container":"c","pid":1}' not-found \
        'there is no network a'
    refused detach '{"network":"a","container":"c"}' not-found \
        'there is no network a'
}

@test "slipgatectl tells which keys there are" {
    start_slipgate
    run -2 "${SLIPGATE}ctl" --socket="$SOCK" network attach a c $$ aliases=b
    contains "$output" 'there is no key "aliases" here, but ip, mac,'
}

# --- --state ---

# A range, both families, a path and a closed port: what a forward can be.
publish_some() {
    forward tcp 8080 80
    forward udp 8081 53 ',"host_addr":"*","range":2'
    forward tcp 8090 81 ',"host_addr":"127.0.0.1","guest_addr":"10.0.2.7"'
}

forwards() {
    api '{"execute":"list_hostfwd"}' | jq -c '.return.entries |
        map(del(.id, .driver, .connections))'
}

@test "--state: forwards outlive the gate, in the sandbox too" {
    local before
    start_slipgate --state="$T/state" --publish=8070:70
    publish_some
    before=$(forwards)
    stop_slipgate
    equal "$STATUS" 0
    equal "$(stat -c %a "$T/state")" 600
    # Those of the command line are not in it.
    jq -e '.forwards | length == 3' "$T/state"
    start_slipgate --state="$T/state" --publish=8070:70
    equal "$(forwards)" "$before"
    # A crash loses nothing.
    forward tcp 8091 82
    before=$(forwards)
    stop_slipgate KILL
    wait_for 5 grep -q 8091 "$T/state"
    start_slipgate --state="$T/state" --publish=8070:70
    equal "$(forwards)" "$before"
    stop_slipgate
    equal "$(find "$T" -maxdepth 1 -name '.state*')" ""
}

@test "--state: a broken file is an error, and stays as it is" {
    local text
    for text in '{' '[]' '{"slipgate_state":7}' \
        '{"slipgate_state":1,"networks":[{"name":"a/b"}],"forwards":[]}'; do
        echo "$text" >"$T/state"
        chmod 666 "$T/state"
        run -1 --separate-stderr user "$SLIPGATE" -c --state="$T/state" \
            "$PID_guest" tap0
        contains "$stderr" "--state $T/state: "
        equal "$(cat "$T/state")" "$text"
    done
    run -1 --separate-stderr user "$SLIPGATE" -c --state="$T/no/state" \
        "$PID_guest" tap0
    contains "$stderr" "--state $T/no/state: write to $T/no: No such file"
}

# --- many ---

@test "fifty containers: each finds each" {
    local i
    start_networks
    create many
    for i in {1..50}; do
        container "c$i"
        attach many "c$i"
        equal "$ADDR4" "10.89.0.$((i + 1))"
    done
    serve c50 80 "$ADDR4"
    for i in 1 17 49; do
        contains "$(ask "c$i" tcp "$ADDR4" 80)" hello
        equal "$(name_of "c$i" 10.89.0.1 c50 A)" "$ADDR4"
    done
    done_as '.networks[0].containers == 50' list '{}'
    done_as true remove '{"name":"many","force":true}'
}

@test "five hundred networks come and go, and nothing is left" {
    local i
    start_networks
    for i in {1..500}; do
        printf '{"execute":"network_create","arguments":{"name":"n%d"},"id":%d}\n' \
            "$i" "$i"
    done >"$T/create"
    sed 's/_create/_remove/' "$T/create" >"$T/remove"
    socat -t 60 - "UNIX-CONNECT:$SOCK" <"$T/create" >"$T/created"
    equal "$(grep -c '"return"' "$T/created")" 500
    equal "$(jq -r '.return.network.subnets[0].subnet' "$T/created" |
        sort -u | wc -l)" 500
    before=$(find "/proc/$GATE/fd" | wc -l)
    socat -t 60 - "UNIX-CONNECT:$SOCK" <"$T/remove" >"$T/removed"
    equal "$(grep -c '"return":{}' "$T/removed")" 500
    done_as '.networks == []' list '{}'
    (($(find "/proc/$GATE/fd" | wc -l) <= before - 1000)) ||
        fail "descriptors are left: $before"
    done_as '.network.network_interface == "br0"' create '{"name":"last"}'
}
