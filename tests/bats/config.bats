#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Options from files and from the environment: what engines cannot pass.
load helpers

setup() {
    world_up
    unset SLIPGATE_CONFIG
    # The machine's own /etc, here only.
    mkdir -p "$T/etc" "$T/home/.config"
    cp "$T/resolv.conf" "$T/etc/resolv.conf"
    host mount --bind "$T/etc" /etc
    export HOME=$T/home
    unset XDG_CONFIG_HOME
}

system_file() { printf '%s\n' "$@" >"$T/etc/slipgate.conf"; }
user_file() { printf '%s\n' "$@" >"$HOME/.config/slipgate.conf"; }

# shown OPTION [ARG]...: its line of --show-config.
shown() {
    local name=$1
    shift
    user "$SLIPGATE" "$@" --show-config | grep "^$name  *=" | tr -s ' '
}

@test "system, user, environment, command line: the later wins" {
    [[ $("$SLIPGATE" --show-config | wc -l) -ge 10 ]]
    equal "$(shown mtu)" "mtu = 1500 (default)"
    system_file '[slipgate]' mtu=1401 disable-dns=true
    equal "$(shown mtu)" "mtu = 1401 (/etc/slipgate.conf)"
    user_file '[slipgate]' mtu=1402
    equal "$(shown mtu)" "mtu = 1402 ($HOME/.config/slipgate.conf)"
    equal "$(shown disable-dns)" "disable-dns = true (/etc/slipgate.conf)"
    export SLIPGATE_MTU=1403
    equal "$(shown mtu)" "mtu = 1403 (SLIPGATE_MTU)"
    equal "$(shown mtu --mtu=1404)" "mtu = 1404 (command line)"
}

@test "XDG_CONFIG_HOME names the user's directory" {
    mkdir "$T/xdg"
    printf '[slipgate]\nmtu=1402\n' >"$T/xdg/slipgate.conf"
    export XDG_CONFIG_HOME=$T/xdg
    equal "$(shown mtu)" "mtu = 1402 ($T/xdg/slipgate.conf)"
}

@test "--config=FILE and SLIPGATE_CONFIG stand for all files" {
    system_file '[slipgate]' mtu=1401
    user_file '[slipgate]' mtu=1402
    printf '[slipgate]\ntcp=slirp\n' >"$T/only"
    equal "$(shown mtu --config="$T/only")" "mtu = 1500 (default)"
    equal "$(shown tcp --config="$T/only")" "tcp = slirp ($T/only)"
    export SLIPGATE_CONFIG=/dev/null
    equal "$(shown mtu)" "mtu = 1500 (default)"
    equal "$(shown tcp --config="$T/only")" "tcp = slirp ($T/only)"
}

@test "--config alone is what it has always been" {
    launch user --config "$PID_guest" tap0
    contains "$(guest ip -4 addr show tap0)" 10.0.2.100/24
}

@test "an engine's helper has what the user's file says" {
    ln -s "$SLIPGATE" "$T/slirp4netns"
    serve remote 7000 "$REMOTE4"
    serve guest 80 0.0.0.0
    user_file '[slipgate]' 'deny-outbound=true' 'publish=8080:80' \
        "api-socket=$T/%i.sock"
    SLIPGATE=$T/slirp4netns launch user --mtu=65520 -c "$PID_guest" tap0
    ask_is ENETUNREACH guest tcp "$REMOTE4" 7000
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    SOCK=$T/$(stat -Lc %i "/proc/$PID_guest/ns/net").sock
    api_is '.return.mtu == 65520' '{"execute":"get_status"}'
}

@test "what an engine says itself is not undone" {
    serve host 7000 127.0.0.1
    user_file '[slipgate]' disable-host-loopback=false mtu=1400
    start_slipgate --disable-host-loopback --mtu=9000
    ask_is ENETUNREACH guest tcp 10.0.2.2 7000
    api_is '.return.mtu == 9000' '{"execute":"get_status"}'
}

@test "[run] is for slipgate run alone" {
    user_file '[run]' same-user=true
    equal "$(user "$SLIPGATE" run id -u 3>&-)" 1000
    lacks "$(user "$SLIPGATE" --show-config)" same-user
    contains "$(user "$SLIPGATE" run --show-config)" "same-user "
}

@test "a mistake stops it, with file, key and reason" {
    user_file '[slipgate]' mtu=large
    run -1 --separate-stderr user "$SLIPGATE" -c "$PID_guest" tap0
    contains "$stderr" "$HOME/.config/slipgate.conf: [slipgate] mtu: MTU must"
    run -125 --separate-stderr user "$SLIPGATE" run true 3>&-
    contains "$stderr" "slipgate.conf: [slipgate] mtu: MTU must"
    # Even so engines can ask.
    run -0 user "$SLIPGATE" --help
    run -0 user "$SLIPGATE" --version
}

@test "a home that is not ours is no mistake" {
    mkdir -m 0 "$T/closed"
    HOME=$T/closed run -0 user "$SLIPGATE" --show-config
}
