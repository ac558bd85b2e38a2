#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# slipgate's bridge networks as a driver of podman's, by netavark's plugins.
load helpers

setup() {
    at_least podman 4.5 ||
        skip "podman $(version podman) knows no plugins of netavark"
    local plugins=$USER_HOME/plugins socket=$USER_RUN/slipgate/bridge.sock
    user mkdir -p "$plugins" "$USER_RUN/slipgate"
    install -m 755 "$ENGINES_TOP/contrib/netavark-plugin" "$plugins/slipgate"
    sed "s|^\[network\]|&\nnetavark_plugin_dirs = [\"$plugins\"]|" \
        "$USER_HOME/.config/containers/containers.conf" >"$work/plugins.conf"
    EXTRA=(CONTAINERS_CONF="$work/plugins.conf")
    user "$SLIPGATE" bridge --api-socket="$socket" 2>"$BATS_TEST_TMPDIR/err" &
    BRIDGE=$!
    wait_for 10 test -S "$socket"
    ctl=(user "${SLIPGATE}ctl" "--socket=$socket")
}

teardown() {
    [[ -n ${BATS_TEST_COMPLETED:-} || -z ${BRIDGE:-} ]] || kill "$BRIDGE" || true
    leave_clean
}

bridge_ends() {
    "${ctl[@]}" shutdown
    wait "$BRIDGE"
    equal "$(<"$BATS_TEST_TMPDIR/err")" "a client asked for the end"
}

@test "containers of podman in a network of slipgate" {
    podman network create --driver slipgate --ipv6 web
    keep db --network web -- "${serve[@]}"
    run -0 in_container --network web -- sh -c "
        /tools/net.py ask tcp $REMOTE4 7000
        until /tools/net.py ask tcp \$(getent ahostsv4 db |
            head -n 1 | cut -d' ' -f1) 80
        do sleep 0.1; done"
    contains "$output" "$HOST4 hello"
    contains "$output" "10.89."
    equal "$("${ctl[@]}" --json network inspect web |
        jq -r '.containers[].container_name')" db
    drop db
    equal "$("${ctl[@]}" --json network inspect web |
        jq '.containers | length')" 0
    podman network rm web
    bridge_ends
}

@test "a forward to one of them: it sees the client" {
    podman network create --driver slipgate web
    keep db --network web -- "${serve[@]}"
    "${ctl[@]}" forward add 18087:80 --network=web \
        --container="$(podman inspect --format '{{.Id}}' db)"
    asked_is "$(remote ip -4 -j addr show lan1 |
        jq -r '.[0].addr_info[0].local')" remote tcp "$HOST4" 18087
    drop db
    podman network rm web
    bridge_ends
}
