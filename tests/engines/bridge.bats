#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# podman's bridge networks: one helper serves the namespace that holds them.
load helpers

teardown_file() {
    podman network rm -f net >/dev/null 2>&1 || true
}

# Nothing of the test before, which podman takes down in its own time.
setup() { wait_for 10 no_helpers rootless-netns; }

bridge() { podman network create "$@" net; }

@test "containers find each other by name and reach the world" {
    bridge
    keep web --network net -- "${serve[@]}"
    run -0 in_container --network net -- sh -c "
        getent ahostsv4 host.test | head -n 1
        /tools/net.py ask tcp $REMOTE4 7000
        until /tools/net.py ask tcp \$(getent hosts web | cut -d' ' -f1) 80
        do sleep 0.1; done"
    contains "$output" "$REMOTE4 "
    contains "$output" "$HOST4 hello"
    contains "$output" "10.89."
    drop web
    podman network rm net
}

@test "the helper is one for all, and gone with the last container" {
    bridge
    keep a --network net -- sleep infinity
    keep b --network net -- sleep infinity
    equal "$(helpers rootless-netns | wc -l)" 1
    lacks "$(last_argv)" " -e "
    drop a
    [[ -n $(helpers rootless-netns) ]]
    drop b
    wait_for 10 no_helpers rootless-netns
    podman network rm net
}

@test "published ports, and network reload keeps them" {
    bridge
    keep web --network net -p 18085:80 -- "${serve[@]}"
    wait_for 10 remote net.py ask tcp "$HOST4" 18085
    run remote net.py ask tcp "$HOST4" 18085
    contains "$output" "10.89.0."
    podman network reload web
    run remote net.py ask tcp "$HOST4" 18085
    contains "$output" "10.89.0."
    drop web
    podman network rm net
}

@test "IPv6 networks lead out" {
    bridge --ipv6
    run -0 in_container --network net -- /tools/net.py ask tcp "$REMOTE6" 7000
    contains "$output" "$HOST6 hello"
    podman network rm net
}
