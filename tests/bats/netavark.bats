#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/netavark-plugin against the JSON of netavark's plugin protocol 1.0.0.
load helpers
load networks

PLUGIN=$BATS_TEST_DIRNAME/../../contrib/netavark-plugin
ID=2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9
CONTAINER=6ce776ea58b5af2fa9dec1ff4a2a0a5c2bd5f3de1b1c4ac6f8d29ac7a2e7ac6b

# As netavark sends a network that podman wants made.
NETWORK='{"name":"web","id":"'$ID'","driver":"slipgate",
    "network_interface":"","created":"2026-11-22T04:05:06.789012345+01:00",
    "subnets":null,"routes":null,"ipv6_enabled":false,"internal":false,
    "dns_enabled":true,"network_dns_servers":[],"labels":{},
    "options":{"mtu":"1400"},"ipam_options":{"driver":"host-local"}}'

# plugin ARG...: with stdin; stdout is left in $output, the status checked.
plugin() {
    run "$1" --separate-stderr user env SLIPGATE_SOCKET="$SOCK" \
        SLIPGATE_PUBLISH="${PUBLISH:-no}" "$PLUGIN" "${@:2}"
}

# task NETWORK: what setup and teardown get.
task() {
    jq -n --argjson network "$1" --arg id "$CONTAINER" '{
        container_id: $id, container_name: "db", network: $network,
        port_mappings: [{container_port: 80, host_port: 8080, host_ip: "",
            protocol: "tcp", range: 1}],
        network_options: {interface_name: "eth7", static_ips: null,
            static_mac: null, aliases: ["sql", "not-."], options: {}}}'
}

@test "info: the version of the protocol" {
    plugin -0 info
    jq -e '.api_version == "1.0.0" and (.version | length > 0)' <<<"$output"
    plugin -0
    jq -e '.api_version == "1.0.0"' <<<"$output"
}

@test "errors are one member, with status 1" {
    local text
    start_slipgate
    for text in '' '{' '[]' '{}' '{"name":"a/b"}' \
        '{"name":"a","options":{"vlan":"3"}}'; do
        plugin -1 create <<<"$text"
        jq -e 'keys == ["error"] and (.error | length > 0)' <<<"$output"
    done
    contains "$output" "there is no such option"
    plugin -1 setup /nowhere <<<"$(task "$NETWORK")"
    jq -e 'keys == ["error"]' <<<"$output"
    plugin -1 nonsense
    SOCK=$T/nothing plugin -1 create <<<"$NETWORK"
    contains "$output" "No such file or directory"
}

@test "create, setup, teardown: as netavark wants them" {
    local made
    start_slipgate
    needs_networks
    plugin -0 create <<<"$NETWORK"
    made=$output
    # What was asked for is unchanged, and what was open is not.
    jq -e --argjson asked "$NETWORK" '.name == "web" and
        .id == $asked.id and .driver == "slipgate" and
        .created == $asked.created and .options == $asked.options and
        (.subnets[0].gateway | startswith("10.89.")) and
        .network_interface != "" and (has("masquerade") | not)' <<<"$made"
    # What is changed here since is no other network.
    done_as true update '{"name":"web","network_dns_servers":["9.9.9.9"]}'
    container a
    plugin -0 setup "/proc/$PID_a/ns/net" <<<"$(task "$made")"
    jq -e '(keys == ["dns_search_domains", "dns_server_ips", "interfaces"]) and
        (.interfaces.eth7.subnets[0].ipnet | endswith("/24"))' <<<"$output"
    contains "$(a ip -4 addr show eth7)" "inet 10.89."
    equal "$(api '{"execute":"list_hostfwd"}' | jq '.entries | length')" 0
    plugin -0 teardown "/proc/$PID_a/ns/net" <<<"$(task "$made")"
    equal "$output" ""
    plugin -0 teardown "/proc/$PID_a/ns/net" <<<"$(task "$made")"
    plugin -1 setup "/proc/$PID_a/ns/net" \
        <<<"$(task "${made/$ID/${ID//2/3}}")"
    contains "$output" "another network web"
    # Created anew after podman has forgotten it, which no plugin hears of.
    plugin -0 create <<<"${NETWORK/$ID/${ID//2/3}}"
}

@test "ports are published where that is the plugin's matter" {
    local made
    start_slipgate
    needs_networks
    plugin -0 create <<<"$NETWORK"
    made=$output
    container a
    PUBLISH=yes plugin -0 setup "/proc/$PID_a/ns/net" <<<"$(task "$made")"
    equal "$(api '{"execute":"list_hostfwd"}' |
        jq -r '.entries[0] | "\(.host_port) \(.container)"')" \
        "8080 $CONTAINER"
    # A port that is taken: nothing is left of the second one.
    container b
    PUBLISH=yes plugin -1 setup "/proc/$PID_b/ns/net" \
        <<<"$(task "$made" | jq '.container_id |= ltrimstr("6")')"
    contains "$output" "another forward has it"
    equal "$(api '{"execute":"network_list"}' |
        jq '.return.networks[0].containers')" 1
}
