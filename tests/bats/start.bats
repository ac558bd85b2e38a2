#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where it is started from, and how its target is named.
load helpers

setup() {
    world_up
    serve remote 7000 "$REMOTE4"
}

# works_in WORLD: traffic of that guest leaves by host, and all processes are
# confined, whatever they were started from.
works_in() {
    local pid
    ask_is "$HOST4 hello" "$1" tcp "$REMOTE4" 7000
    for pid in "$GATE" $(cat "/proc/$GATE/task/$GATE/children"); do
        grep -qx $'Seccomp:\t2' "/proc/$pid/status"
        grep -qx $'NoNewPrivs:\t1' "/proc/$pid/status"
    done
    grep -qxE $'CapPrm:\t0000000000000(0|4)00' "/proc/$GATE/status"
    lacks "$(cat "$T/err")" "on without"
}

# engine_world: a container engine's user namespace in host's network, and in
# it a container without a user namespace of its own: its network namespace is
# `inner`, and the file $T/netns.
engine_world() {
    world engine user --user --map-root-user --mount --propagation private
    world inner engine --net
    "${NS_engine[@]}" sh -ec "touch $T/netns
        mount --bind /proc/$PID_inner/ns/net $T/netns"
}

# --- host's user namespace, no capabilities: RootlessKit, scripts ---

@test "as a plain user: target by PID" {
    start_slipgate
    works_in guest
}

@test "as a plain user: --userns-path and --netns-type=path" {
    launch user -c --userns-path="/proc/$PID_guest/ns/user" \
        --netns-type=path "/proc/$PID_guest/ns/net" tap0
    works_in guest
}

@test "as a plain user: --userns-path and a PID" {
    launch user -c --userns-path="/proc/$PID_guest/ns/user" "$PID_guest" tap0
    works_in guest
}

@test "as a plain user: paths below /proc/PID/root, opened before any join" {
    guest sh -ec "mount -t tmpfs tmpfs $T && touch $T/netns
        mount --bind /proc/self/ns/net $T/netns"
    launch user -c --userns-path="/proc/$PID_guest/ns/user" \
        --netns-type=path "/proc/$PID_guest/root$T/netns" tap0
    works_in guest
}

@test "as a plain user: RootlessKit's way, on a tap that is there and up" {
    guest sh -ec 'ip tuntap add name tap0 mode tap; ip link set tap0 up'
    launch user --mtu 65520 --disable-host-loopback --api-socket "$SOCK" \
        "$PID_guest" tap0
    guest sh -ec 'ip link set tap0 mtu 65520
        ip addr add 10.0.2.100/24 dev tap0
        ip route add default via 10.0.2.2'
    works_in guest
}

@test "as a plain user: a target that is not ours is refused" {
    run -1 --separate-stderr user "$SLIPGATE" -c 1 tap0
    [[ -n $stderr ]]
}

# --- inside an engine's user namespace, all capabilities: podman ---

@test "inside an engine: --netns-type=path" {
    engine_world
    launch engine -c --mtu=65520 --disable-host-loopback --enable-ipv6 \
        --netns-type=path "$T/netns" tap0
    works_in inner
}

@test "inside an engine: a PID in the same user namespace" {
    engine_world
    launch engine -c "$PID_inner" tap0
    works_in inner
}

@test "inside an engine: a container with a user namespace of its own" {
    engine_world
    world contained engine --user --map-root-user --net
    launch engine -c "$PID_contained" tap0
    works_in contained
}

@test "inside an engine: its own user namespace by --userns-path is no error" {
    engine_world
    launch engine -c --userns-path=/proc/self/ns/user --netns-type=path \
        "$T/netns" tap0
    works_in inner
}

@test "inside an engine: podman's way, sandbox and seccomp" {
    engine_world
    launch engine --disable-host-loopback --mtu=65520 --enable-sandbox \
        --enable-seccomp --enable-ipv6 -c --netns-type=path "$T/netns" tap0
    works_in inner
}

# --- real root ---

@test "as root of the machine: path, PID, sandbox" {
    [[ $(id -u) == 0 && $(</proc/self/uid_map) =~ 4294967295 ]] ||
        skip_unless_ci "this is not the real root"
    NS_root=(nsenter -t "$PID_host" -n -m --)
    world rootless root --net
    NS_rootless=(nsenter -t "$PID_rootless" -n --)
    launch root -c "$PID_rootless" tap0
    works_in rootless
    stop_slipgate
    launch root -c --netns-type=path "/proc/$PID_rootless/ns/net" tap0
    works_in rootless
    stop_slipgate
    launch root -c --enable-sandbox --enable-seccomp \
        --netns-type=path "/proc/$PID_rootless/ns/net" tap0
    works_in rootless
}

@test "as root of the machine: a user's namespaces" {
    [[ $(id -u) == 0 && $(</proc/self/uid_map) =~ 4294967295 ]] ||
        skip_unless_ci "this is not the real root"
    NS_root=(nsenter -t "$PID_host" -n -m --)
    launch root -c "$PID_guest" tap0
    works_in guest
}

# --- a tap that is open already ---

@test "tapfd: a descriptor of a tap is the whole target" {
    "$SLIPGATE" --help | grep -q tapfd || skip "this slirp4netns is too old"
    adopt_tap 0x1002
    guest sh -ec 'ip link set tap0 up
        ip addr add 10.0.2.100/24 dev tap0
        ip route add default via 10.0.2.2'
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "tapfd: what is no descriptor is refused" {
    "$SLIPGATE" --help | grep -q tapfd || skip "this slirp4netns is too old"
    run -1 --separate-stderr "$SLIPGATE" --netns-type=tapfd x
    contains "$stderr" "TAPFD must a file descriptor"
    run -1 --separate-stderr "$SLIPGATE" --netns-type=tapfd 77
    [[ -n $stderr ]]
}

# --- the pid that was started ---

@test "the process that was started is the one that stays" {
    local pid
    start_slipgate
    pid=$GATE
    works_in guest
    equal "$(readlink "/proc/$pid/exe")" "$SLIPGATE"
    equal "$(readlink "/proc/$pid/ns/net")" \
        "$(readlink "/proc/$PID_host/ns/net")"
}

@test "called by another name and through a wrapper" {
    ln -s "$SLIPGATE" "$T/slirp4netns"
    SLIPGATE=$T/slirp4netns start_slipgate
    works_in guest
}

@test "with --configure its own namespace is refused, and keeps its route" {
    local before tcp
    before=$(host ip route)
    contains "$before" "default via $REMOTE4"
    for tcp in auto slirp; do
        run -1 --separate-stderr host timeout 20 "$SLIPGATE" --configure \
            --tcp="$tcp" "$PID_host" tap0
        contains "$stderr" "own network namespace"
        equal "$(host ip route)" "$before"
    done
}
