#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The way of a person who tries slipgate with podman, and goes back: see
# contrib/install.md and docs/tour.md.
load helpers

setup_file() {
    local conf=$USER_HOME/.config/containers
    cp -p "$conf/containers.conf" "$work/containers.conf.kept"
    sed -i '/^network_cmd_path/d' "$conf/containers.conf"
    user mkdir -p "$conf/containers.conf.d"
}

teardown_file() {
    cp -p "$work/containers.conf.kept" \
        "$USER_HOME/.config/containers/containers.conf"
    rm -rf "$USER_HOME/.config/containers/containers.conf.d"
}

# Without the directory in which the machine has slipgate as slirp4netns.
setup() {
    [[ $("$SLIPGATE" --version) == slipgate* ]] || skip "for slipgate alone"
    EXTRA=(PATH=/usr/bin:/usr/sbin)
}

snippet=$USER_HOME/.config/containers/containers.conf.d/slipgate.conf

put_snippet() {
    sed "s|/usr/bin/slipgate|$SLIPGATE|" \
        "$ENGINES_TOP/contrib/containers.conf.d/slipgate.conf" >"$snippet"
}

helper_version() {
    podman info --format '{{.Host.Slirp4NetNS.Version}}' | head -n 1
}

@test "the snippet switches podman to slipgate, and its end back" {
    lacks "$(helper_version)" slipgate
    put_snippet
    contains "$(helper_version)" "slip"
    run podman info --format '{{.Host.Slirp4NetNS.Executable}}'
    equal "$output" "$SLIPGATE"
    run -0 in_container --network=slirp4netns -- \
        /tools/net.py ask tcp "$REMOTE4" 7000
    equal "$output" "$HOST4 hello"
    rm "$snippet"
    lacks "$(helper_version)" slipgate
}

@test "a published port, looked at by slipgatectl" {
    put_snippet
    keep web --network=slirp4netns:port_handler=slirp4netns -p 18080:80 -- \
        "${serve[@]}"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18080
    EXTRA+=(SLIPGATE_SOCKET="$(echo "$USER_RUN"/libpod/tmp/*.net)")
    run -0 user "${SLIPGATE}ctl" forward list
    contains "$output" "0.0.0.0:18080"
    podman exec -d web /tools/net.py idle "$REMOTE4" 7000 1
    listed() { user "${SLIPGATE}ctl" connections | grep -F "$REMOTE4:7000"; }
    wait_for 10 listed
    drop web
}
