#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# slipgate doctor: what this machine offers, and the command that mends it.
load helpers

doctor() { user "$SLIPGATE" doctor 3>&-; }

# verdict WORD WHAT: the line of the last run's output.
verdict() {
    grep -Eq "^$1 +$2(:|\$)" <<<"$output" || fail "no '$1 $2' in: $output"
}

# advice WHAT TEXT: what follows that line.
advice() {
    local after
    after=$(awk -v what="^[a-z]+ +$1" '/^[a-z]/ { on = $0 ~ what; next } on' \
        <<<"$output")
    contains "$after" "$2"
}

@test "a machine that has everything" {
    run -0 doctor
    verdict ok /dev/net/tun
    verdict ok "user namespaces"
    verdict ok "a tap in a namespace"
    verdict ok "veth pairs"
    verdict ok "nftables with tproxy"
    verdict ok "relay namespace \(fast TCP\)"
    verdict ok seccomp
    verdict ok "name servers"
    verdict ok configuration
    contains "$output" " 0 missing"
}

@test "no /dev/net/tun" {
    host mount -t tmpfs tmpfs /dev/net
    run -1 doctor
    verdict missing /dev/net/tun
    advice /dev/net/tun "modprobe tun"
    verdict missing "a tap in a namespace"
    verdict ok "user namespaces"
    contains "$output" "there is no network to be had"
}

@test "a /dev/net/tun that is root's" {
    host sh -ec "mount -t tmpfs tmpfs /dev/net
        : >/dev/net/tun
        chmod 000 /dev/net/tun"
    run -1 doctor
    verdict missing "/dev/net/tun: Permission denied"
    advice /dev/net/tun "chmod 0666 /dev/net/tun"
}

@test "user namespaces off" {
    host sh -c 'echo 0 >/proc/sys/user/max_user_namespaces'
    run -1 host "$SLIPGATE" doctor 3>&-
    verdict missing "user namespaces"
    advice "user namespaces" "sysctl -w user.max_user_namespaces="
    verdict ok /dev/net/tun
    # Whether there is veth cannot be seen then.
    advice "veth pairs" "mend what is missing above first"
    lacks "$output" modprobe
    run -125 --separate-stderr host "$SLIPGATE" run true 3>&-
    contains "$stderr" "the limit of user.max_user_namespaces"
}

@test "network namespaces off" {
    host sh -c 'echo 0 >/proc/sys/user/max_net_namespaces'
    run -1 host "$SLIPGATE" doctor 3>&-
    verdict missing "user namespaces"
    advice "user namespaces" "sysctl -w user.max_net_namespaces="
}

@test "no nftables: it works, slower" {
    run -0 user deny.py nfnetlink -- "$SLIPGATE" doctor 3>&-
    verdict less "nftables with tproxy"
    advice "nftables with tproxy" "modprobe -a nf_tables nft_tproxy"
    verdict less "relay namespace \(fast TCP\)"
    verdict ok "a tap in a namespace"
    # And so it does.
    serve remote 7000 "$REMOTE4"
    run -0 user deny.py nfnetlink -- "$SLIPGATE" run \
        net.py ask tcp "$REMOTE4" 7000 3>&-
    equal "$output" "$HOST4 hello"
}

@test "no landlock" {
    run -0 user deny.py landlock -- "$SLIPGATE" doctor 3>&-
    verdict less landlock
    advice landlock lsm=
}

@test "ping is for other groups" {
    # As in every network namespace that nobody has set up.
    run -0 remote "$SLIPGATE" doctor 3>&-
    verdict less ping
    advice ping net.ipv4.ping_group_range
    run -0 doctor
    verdict ok ping
}

@test "low ports" {
    run -0 doctor
    verdict less "low ports"
    advice "low ports" "net.ipv4.ip_unprivileged_port_start=80"
    host sh -c 'echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
    run -0 doctor
    verdict ok "low ports"
}

@test "no name servers" {
    echo "search example.test" >"$T/resolv.conf"
    run -0 doctor
    verdict less "name servers"
    advice "name servers" "/etc/resolv.conf"
}

@test "no newuidmap, and one that has no privileges" {
    run -0 user env PATH="$T" "$SLIPGATE" doctor 3>&-
    verdict less "newuidmap, newgidmap"
    advice "newuidmap, newgidmap" "apt-get install uidmap"
    cp "$(type -P true)" "$T/newuidmap"
    run -0 user env PATH="$T" "$SLIPGATE" doctor 3>&-
    advice "newuidmap, newgidmap" "chmod u+s"
}

@test "a mistake in the configuration" {
    mkdir "$T/.config"
    printf '[run]\nmtu=x\n' >"$T/.config/slipgate.conf"
    HOME=$T XDG_CONFIG_HOME='' SLIPGATE_CONFIG=$T/.config/slipgate.conf \
        run -1 doctor
    verdict missing configuration
    contains "$output" "slipgate.conf: [run] mtu: MTU must be"
}

@test "it takes no arguments, and says so" {
    run -0 "$SLIPGATE" doctor --help
    contains "$output" "Usage: slipgate doctor"
    run -1 --separate-stderr "$SLIPGATE" doctor x
    contains "$stderr" "Usage: slipgate doctor"
}
