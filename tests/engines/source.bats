#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/rootlessport-slipgate: clients of ports in bridge networks keep their
# addresses, with podman as it is.
load helpers

setup_file() {
    mkdir -p "$work/helpers"
    ln -sf "$ENGINES_TOP/contrib/rootlessport-slipgate" \
        "$work/helpers/rootlessport"
    printf '[slipgate]\napi-socket=%%t/slipgate-%%i.sock\n' \
        >"$USER_HOME/.config/slipgate.conf"
}

teardown_file() {
    rm -f "$USER_HOME/.config/slipgate.conf"
    podman network rm -f net >/dev/null 2>&1 || true
}

setup() {
    [[ $("$SLIPGATE" --version) == slipgate* ]] || skip "for slipgate alone"
    EXTRA=(CONTAINERS_HELPER_BINARY_DIR="$work/helpers")
    wait_for 10 no_helpers rootless-netns
}

@test "TCP and UDP: the client's address arrives" {
    podman network create net
    keep web --network net -p 18085:80 -p 18086:80/udp -- "${serve[@]}"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18085
    asked_is "$REMOTE4" remote udp "$HOST4" 18086
    # A client on the machine itself is the gateway.
    asked_is 10.0.2.2 here tcp 127.0.0.1 18085
    drop web
    run remote net.py ask tcp "$HOST4" 18085
    contains "$output" ECONNREFUSED
    podman network rm net
}

@test "a port of one address of the host, and a range" {
    podman network create net
    keep web --network net -p "$HOST4:18085:80" -p 18090-18092:80-82 -- \
        "${serve[@]}"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18085
    asked_is "$REMOTE4" remote tcp "$HOST4" 18090
    run remote net.py ask tcp "$ALSO4" 18085
    [[ $status != 0 ]]
    drop web
    podman network rm net
}

@test "network reload, and a second container beside it" {
    podman network create net
    keep web --network net -p 18085:80 -- "${serve[@]}"
    keep other --network net -p 18086:80 -- "${serve[@]}"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18085
    podman network reload web
    asked_is "$REMOTE4" remote tcp "$HOST4" 18085
    asked_is "$REMOTE4" remote tcp "$HOST4" 18086
    drop web
    asked_is "$REMOTE4" remote tcp "$HOST4" 18086
    drop other
    podman network rm net
}

@test "a port that is taken: podman tells the reason" {
    podman network create net
    keep web --network net -p 18085:80 -- sleep infinity
    run keep other --network net -p 18085:80 -- sleep infinity
    [[ $status != 0 ]]
    contains "$output" "bind 0.0.0.0:18085: another forward has it"
    drop web other
    podman network rm net
}

@test "UDP at one address of the host: podman's own helper serves it" {
    podman network create net
    keep web --network net -p "$HOST4:18086:80/udp" -- "${serve[@]}"
    wait_for 10 remote net.py ask udp "$HOST4" 18086
    run remote net.py ask udp "$HOST4" 18086
    contains "$output" "10.89."
    drop web
    podman network rm net
}

@test "other networks have podman's own helper" {
    keep p --network=slirp4netns:port_handler=rootlesskit -p 18085:80 -- \
        "${serve[@]}"
    asked_is 10.0.2.100 remote tcp "$HOST4" 18085
    drop p
}

@test "without a control socket it is podman's own helper, too" {
    rm "$USER_HOME/.config/slipgate.conf"
    podman network create net
    keep web --network net -p 18085:80 -- "${serve[@]}"
    wait_for 10 remote net.py ask tcp "$HOST4" 18085
    run remote net.py ask tcp "$HOST4" 18085
    contains "$output" "10.89."
    drop web
    podman network rm net
}
