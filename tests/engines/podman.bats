#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Rootless podman, --network=slirp4netns with all it can say.
load helpers

net=--network=slirp4netns

@test "podman info shows the helper and what it says of itself" {
    run podman info --format json
    contains "$output" "$HELPER"
    contains "$output" "slirp4netns version 1."
}

@test "a container gets its addresses, its route and its resolver" {
    run -0 in_container "$net" -- sh -c 'ip -br -4 addr; ip route
        cat /etc/resolv.conf /etc/hosts'
    grep -Eq '^tap0(@if[0-9]+)? +U.* 10\.0\.2\.100/24' <<<"$output"
    contains "$output" "default via 10.0.2.2 dev tap0"
    equal "$(grep nameserver <<<"$output" | head -n 1)" "nameserver 10.0.2.3"
    grep -q '^10\.0\.2\.100' <<<"$output"
}

@test "TCP and UDP go out by the host's address, and ping is answered" {
    run -0 in_container --cap-add=NET_RAW "$net" -- sh -c "
        /tools/net.py ask tcp $REMOTE4 7000
        /tools/net.py ask udp $REMOTE4 7000
        busybox ping -c 1 -W 5 $REMOTE4"
    equal "${lines[0]}" "$HOST4 hello"
    equal "${lines[1]}" "$HOST4 hello"
    contains "$output" "1 packets received"
}

@test "names are resolved at 10.0.2.3" {
    run -0 in_container "$net" -- sh -c "/tools/dns.py ask udp 10.0.2.3
        getent ahostsv4 host.test"
    equal "${lines[0]}" first
    contains "$output" "$REMOTE4"
    run -1 in_container "$net" -- /tools/dns.py ask udp 10.0.2.3 no.test
    contains "$output" 3
}

@test "allow_host_loopback=true opens the host's loopback, nothing else does" {
    run -0 in_container "$net:allow_host_loopback=true" -- \
        /tools/net.py ask tcp 10.0.2.2 7001
    equal "$output" "127.0.0.1 hello"
    lacks "$(last_argv)" --disable-host-loopback
    run in_container "$net" -- /tools/net.py ask tcp 10.0.2.2 7001
    contains "$output" ENETUNREACH
    contains "$(last_argv)" --disable-host-loopback
}

@test "IPv6 is there at once, and not with enable_ipv6=false" {
    run -0 in_container "$net" -- sh -c "/tools/net.py ask tcp $REMOTE6 7000
        cat /proc/sys/net/ipv6/conf/default/accept_dad"
    equal "$output" "$HOST6 hello
1"
    run -0 in_container "$net:enable_ipv6=false" -- ip -6 addr show dev tap0
    lacks "$output" fd00::
}

@test "mtu and cidr: interface, addresses and resolver follow" {
    run -0 in_container "$net:mtu=1400,cidr=10.77.0.0/16" -- sh -c \
        'ip addr show tap0; cat /etc/resolv.conf'
    contains "$output" "mtu 1400"
    contains "$output" 10.77.0.100/16
    contains "$output" "nameserver 10.77.0.3"
}

@test "outbound_addr: an address, or an interface" {
    run -0 in_container "$net:outbound_addr=$ALSO4" -- \
        /tools/net.py ask tcp "$REMOTE4" 7000
    equal "$output" "$ALSO4 hello"
    run -0 in_container "$net:outbound_addr=lan0" -- \
        /tools/net.py ask tcp "$REMOTE4" 7000
    equal "$output" "$HOST4 hello"
}

@test "a mistake comes back to the user in slipgate's words" {
    run in_container "$net:cidr=10.77.1.1/16" -- true
    [[ $status != 0 ]]
    contains "$output" "CIDR needs to be a network address"
}

@test "port_handler=slirp4netns: TCP and UDP, the client's address is kept" {
    keep p "$net:port_handler=slirp4netns" -p 18080:80 -p 18081:80/udp \
        -p 127.0.0.1:18082:80 -- "${serve[@]}"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18080
    asked_is "$REMOTE4" remote udp "$HOST4" 18081
    asked_is 10.0.2.2 here tcp 127.0.0.1 18080
    asked_is 10.0.2.2 here tcp 127.0.0.1 18082
    run remote net.py ask tcp "$HOST4" 18082
    contains "$output" ECONNREFUSED
    contains "$(last_argv)" --api-socket
    drop p
}

@test "port_handler=slirp4netns: ranges, and a port that is taken" {
    keep p "$net:port_handler=slirp4netns" -p 18080-18082:80-82 -- \
        "${serve[@]}"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18080
    run keep q "$net:port_handler=slirp4netns" -p 18081:80 -- true
    [[ $status != 0 ]]
    contains "$output" "Address already in use"
    drop p q
}

@test "port_handler=rootlesskit: ports work as podman's own helper has it" {
    keep p "$net:port_handler=rootlesskit" -p 18080:80 -- "${serve[@]}"
    asked_is 10.0.2.100 remote tcp "$HOST4" 18080
    lacks "$(last_argv)" --api-socket
    drop p
}

@test "user namespaces of the container's own: keep-id and auto" {
    local mode
    for mode in keep-id auto; do
        run -0 in_container "$net" "--userns=$mode" -- \
            /tools/net.py ask tcp "$REMOTE4" 7000
        equal "$output" "$HOST4 hello"
    done
}

@test "restart=always: a new helper in the same namespace, ports and all" {
    keep r --restart=always "$net:port_handler=slirp4netns" -p 18080:80 -- \
        sh -c "/tools/net.py serve 80 0.0.0.0 & echo \$! >/tmp/server; wait"
    asked_is "$REMOTE4" remote tcp "$HOST4" 18080
    first=$(helpers)
    # The container may end before podman has its answer.
    podman exec r sh -c 'kill "$(cat /tmp/server)"' || true
    again() { [[ -n $(helpers) && $(helpers) != *"$first"* ]]; }
    wait_for 15 again
    asked_is "$REMOTE4" remote tcp "$HOST4" 18080
    drop r
}

@test "the helper ends with its container, and its socket goes with it" {
    keep c "$net:port_handler=slirp4netns" -p 18080:80 -- sleep infinity
    [[ -n $(helpers) ]]
    [[ -n $(find "$USER_RUN/libpod/tmp" -name '*.net') ]]
    drop c
    wait_for 10 no_helpers
    [[ -z $(find "$USER_RUN/libpod/tmp" -name '*.net') ]]
}

@test "the helper ends when conmon is killed" {
    keep c "$net" -- sleep infinity
    pkill -KILL -u "$USER_ID" -x conmon
    wait_for 10 no_helpers
    # Podman 5 calls it an error that it cannot know how the container ended.
    drop c || at_least podman 5
}

@test "pods share one network" {
    podman pod create --name pod "$net" -p 18086:80 --infra-image "$IMAGE" \
        --infra-command '/usr/bin/sleep infinity'
    # Before Podman 5, its members get the volumes of the first, and no others.
    at_least podman 5 ||
        EXTRA=(CONTAINERS_CONF="$USER_HOME/.config/containers/bare.conf")
    keep a --pod pod -- "${serve[@]}"
    asked_is 10.0.2.100 remote tcp "$HOST4" 18086
    run -0 in_container --pod pod -- /tools/net.py ask tcp 127.0.0.1 80
    equal "$output" "127.0.0.1 hello"
    podman pod rm -f -t 0 pod
}

@test "six containers at once" {
    local i pids=()
    for i in 1 2 3 4 5 6; do
        in_container "$net" -- /tools/net.py ask tcp "$REMOTE4" 7000 \
            >"$BATS_TEST_TMPDIR/$i" 2>"$BATS_TEST_TMPDIR/$i.err" &
        pids+=("$!")
    done
    for i in 1 2 3 4 5 6; do
        wait "${pids[i - 1]}" || cat "$BATS_TEST_TMPDIR/$i.err"
        equal "$(<"$BATS_TEST_TMPDIR/$i")" "$HOST4 hello"
    done
}

@test "podman calls, and its log of us is, as it was recorded" {
    keep c "$net:port_handler=slirp4netns" -p 18080:80 -- sleep infinity
    as_recorded podman container
    as_recorded podman log cat "/proc/$(helpers)/fd/1"
    drop c
    podman network create net
    keep c --network net -- sleep infinity
    as_recorded podman bridge
    drop c
    podman network rm net
}
