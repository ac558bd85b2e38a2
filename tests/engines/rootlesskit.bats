#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# RootlessKit, as Docker, nerdctl and k3s start it.
load helpers

state=$USER_RUN/rk

# What dockerd-rootless.sh says, but for the port driver.
dockers=(--net=slirp4netns --slirp4netns-binary="$HELPER" --mtu=65520
    --slirp4netns-sandbox=auto --slirp4netns-seccomp=auto
    --disable-host-loopback --copy-up=/etc --copy-up=/run
    --propagation=rslave)

# begin OPTION... -- SCRIPT: in the background, until $state/stop appears.  The
# script's output is in $OUT, its last line being "up".
begin() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    OUT=$BATS_TEST_TMPDIR/out
    user rootlesskit --state-dir="$state" "${dockers[@]}" "${options[@]}" \
        bash -c "$2
            echo up
            exec sleep infinity" >"$OUT" 2>&1 &
    KIT=$!
    wait_for 15 grep -qx up "$OUT" || fail "not up: $(<"$OUT")"
}

finish() {
    pkill -TERM -u "$USER_ID" -f '^sleep infinity'
    wait_for 10 not_running "$KIT"
    wait_for 10 no_helpers
}
not_running() { ! kill -0 "$1" 2>/dev/null; }

teardown() {
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || {
        cat "$OUT"
        pkill -KILL -u "$USER_ID" -f '^(sleep|rootlesskit) '
    } >&2 || true
    # RootlessKit 2 leaves what its command left behind.
    pkill -KILL -u "$USER_ID" -f 'net\.py serve 80 ' || true
    rm -rf "$state"
}

ctl() { user rootlessctl --socket="$state/api.sock" "$@"; }

guest_serves='net.py serve 80 0.0.0.0 &'

@test "Docker's way: the builtin port driver" {
    begin --port-driver=builtin -p 0.0.0.0:18088:80/tcp -- \
        "cat /etc/resolv.conf; ip addr show tap0
        net.py ask tcp $REMOTE4 7000; net.py ask tcp 10.0.2.2 7001
        getent ahostsv4 host.test; $guest_serves"
    output=$(<"$OUT")
    contains "$output" "nameserver 10.0.2.3"
    contains "$output" "mtu 65520"
    contains "$output" "inet 10.0.2.100/24"
    contains "$output" "$HOST4 hello"
    contains "$output" ENETUNREACH
    contains "$output" "$REMOTE4 "
    wait_for 10 remote net.py ask tcp "$HOST4" 18088
    finish
}

@test "the slirp4netns port driver: list, add, remove; addresses are kept" {
    begin --port-driver=slirp4netns -p 0.0.0.0:18088:80/tcp -- "$guest_serves"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18088
    run -0 ctl list-ports
    contains "$output" 18088
    run -0 ctl add-ports 0.0.0.0:18089:80/tcp 0.0.0.0:18090:80/udp
    asked_is "$REMOTE4" remote tcp "$HOST4" 18089
    asked_is "$REMOTE4" remote udp "$HOST4" 18090
    run -0 ctl remove-ports 1
    run remote net.py ask tcp "$HOST4" 18088
    contains "$output" ECONNREFUSED
    net.py serve 18091 0.0.0.0 >"$BATS_TEST_TMPDIR/taken" 2>&1 3>&- &
    wait_for 10 grep ready "$BATS_TEST_TMPDIR/taken"
    run ctl add-ports 0.0.0.0:18091:81/tcp
    [[ $status != 0 ]]
    contains "$output" "slirp_add_hostfwd failed"
    kill %%
    finish
}

@test "IPv6" {
    begin --port-driver=builtin --ipv6 -- "
        for _ in \$(seq 100); do
            net.py ask tcp $REMOTE6 7000 && break
            sleep 0.1
        done"
    contains "$(<"$OUT")" "$HOST6 hello"
    finish
}

@test "another network, as k3s has it" {
    begin --cidr=10.41.0.0/16 --port-driver=builtin -- \
        "ip addr show tap0; cat /etc/resolv.conf
        net.py ask udp $REMOTE4 7000"
    contains "$(<"$OUT")" 10.41.0.100/16
    contains "$(<"$OUT")" "nameserver 10.41.0.3"
    contains "$(<"$OUT")" "$HOST4 hello"
    finish
}

@test "detached network namespace" {
    local driver net=$state/netns
    user rootlesskit --help | grep -q -- --detach-netns ||
        skip "RootlessKit $(version rootlesskit) has none"
    for driver in builtin slirp4netns; do
        begin --detach-netns --port-driver="$driver" \
            -p 0.0.0.0:18088:80/tcp -- "
            nsenter -n$net ip addr show tap0
            nsenter -n$net net.py ask tcp $REMOTE4 7000
            nsenter -n$net $guest_serves"
        contains "$(<"$OUT")" "inet 10.0.2.100/24"
        contains "$(<"$OUT")" "$HOST4 hello"
        wait_for 10 remote net.py ask tcp "$HOST4" 18088
        finish
    done
}

@test "killed, it leaves neither process nor port" {
    begin --port-driver=slirp4netns -p 0.0.0.0:18088:80/tcp -- "$guest_serves"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18088
    pkill -KILL -u "$USER_ID" -x rootlesskit
    wait_for 10 no_helpers
    run remote net.py ask tcp "$HOST4" 18088
    contains "$output" ECONNREFUSED
}

@test "it calls as it was recorded" {
    begin --port-driver=slirp4netns -- true
    as_recorded rootlesskit port-driver
    finish
}
