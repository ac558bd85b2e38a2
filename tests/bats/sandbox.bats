#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the gate may still see and do.
load helpers
load networks

status_line() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$GATE/status"; }

# capabilities SET: these and no others are left.
capabilities() {
    equal "$(status_line CapEff)" "$1"
    equal "$(status_line CapPrm)" "$1"
    equal "$(status_line CapInh)" 0000000000000000
    equal "$(status_line CapAmb)" 0000000000000000
    equal "$(status_line CapBnd)" "$1"
}
# To bind low ports: what callers of --enable-sandbox look for.
few_capabilities() { capabilities 0000000000000400; }
no_capabilities() { capabilities 0000000000000000; }

agent_of() { api '{"execute":"get_status"}' | jq .return.agent_pid; }

# see DIR: what the gate sees there; its root is another mount namespace's.
see() { host ls "/proc/$GATE/root$1"; }

# bats test_tags=mended
@test "default: the root is empty and the calls are filtered" {
    start_slipgate
    equal "$(status_line NoNewPrivs)" 1
    equal "$(status_line Seccomp)" 2
    equal "$(see / | tr '\n' ' ')" "etc run "
    equal "$(see /etc)" resolv.conf
    equal "$(see /run)" ""
    no_capabilities
    api_is '.return | .sandbox == "on" and .seccomp == "on"' \
        '{"execute":"get_status"}'
    [[ ! -s $T/err ]] || fail "$(cat "$T/err")"
}

# bats test_tags=mended
@test "default: the agent is confined as well" {
    start_slipgate
    local agent
    agent=$(agent_of)
    api_is '.return.confinement.agent | .sandbox == "on" and .seccomp == "on"' \
        '{"execute":"get_status"}'
    equal "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$agent/status")" 2
    equal "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$agent/status")" \
        0000000000201400
    # It may not be looked into by us either, but root may.
    if ls "/proc/$agent/root/" >"$T/root" 2>/dev/null; then
        equal "$(tr '\n' ' ' <"$T/root")" "dev etc proc run "
        equal "$(ls "/proc/$agent/root/proc/")" sys
        equal "$(ls "/proc/$agent/root/dev/")" net
    fi
}

# all_of: every process of the helper.
all_of() { echo "$GATE"; cat "/proc/$GATE/task/$GATE/children"; }

@test "the guest's root cannot look into any process, nor trace it" {
    local pids
    start_slipgate
    # shellcheck disable=SC2207 # numbers
    pids=($(all_of))
    equal "${#pids[@]}" 4
    equal "$(guest intruder.py "${pids[@]}")" ""
    # That it would tell: a process of the guest's own.
    spawn victim "${NS_guest[@]}" sh -c 'echo ready; exec sleep infinity'
    contains "$(guest intruder.py "$SPAWNED")" "seize"
}

@test "the guest's root cannot look in either where nothing is confined" {
    start_slipgate "${OPEN[@]}"
    # shellcheck disable=SC2046 # numbers
    equal "$(guest intruder.py $(all_of))" ""
}

# --- what an intruder in the running processes can do ---

# may_rule: root in earnest: CAP_SYS_PTRACE and CAP_SYS_ADMIN over everybody.
may_rule() {
    local caps
    caps=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)
    [[ $(</proc/self/uid_map) =~ 4294967295 ]] &&
        (((0x$caps >> 19 & 1) && (0x$caps >> 21 & 1)))
}

need_injection() {
    may_rule || skip_unless_ci "only root may trace them"
    [[ $(uname -m) == x86_64 ]] || skip "not for $(uname -m)"
    # They would let some of these calls through; see base/sanitized.h.
    ! grep -q __asan_init "$SLIPGATE" || skip "a build with sanitizers"
}

@test "intruder: forbidden calls made by the running processes are refused" {
    need_injection
    serve remote 7000 "$REMOTE4"
    start_slipgate
    # The porter makes processes, and a socket pair to talk to them.
    # shellcheck disable=SC2046 # numbers
    equal "$(inject.py refused $(all_of | tr ' ' '\n' |
        grep -vx "$(pgrep -P "$GATE" slipgate-porter)"))" ""
    # They were not harmed.
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "intruder: forbidden calls that kill the running processes" {
    need_injection
    local call
    for call in $(inject.py names); do
        start_slipgate
        equal "$call: $(inject.py deadly "$call" "$GATE")" "$call: killed"
        slipgate_ends
        equal "$STATUS" 159
    done
}

@test "intruder: the running agent dies of them as well, and all with it" {
    need_injection
    local call
    for call in execve ptrace unshare-user mount; do
        start_slipgate
        # Where the filter lets it make namespaces, it refuses other ones.
        if [[ $call == unshare-user ]]; then
            equal "$(inject.py deadly "$call" "$(agent_of)")" "lives: None"
            stop_slipgate
            continue
        fi
        equal "$call: $(inject.py deadly "$call" "$(agent_of)")" "$call: killed"
        slipgate_ends
        equal "$STATUS" 1
    done
}

@test "intruder: no file of the host can be opened from the running processes" {
    need_injection
    local paths=(/etc/passwd /etc/hostname /proc/self/maps /proc/1/root/etc
        /dev/null /dev/mem /sys/kernel "$T/out" "$SOCK" ../../../etc/passwd
        /run/.. "$SLIPGATE" /proc/self/root/etc/passwd)
    start_slipgate
    equal "$(inject.py reach "$GATE" "${paths[@]}" /etc/resolv.conf)" \
        /etc/resolv.conf
    equal "$(inject.py reach "$(agent_of)" "${paths[@]}" /etc/resolv.conf \
        /dev/net/tun)" /dev/net/tun
}

@test "intruder: who carries interfaces can open no file, who finds containers can change none" {
    need_injection
    local head bearer
    start_slipgate
    needs_networks
    create n
    head=$(pgrep -P "$GATE" slipgate-porter)
    bearer=$(pgrep -P "$head" slipgate-bearer)
    equal "$(inject.py reach "$bearer" /etc/passwd /proc/self/maps /dev/null \
        "$SLIPGATE" "$SOCK")" ""
    container one
    attach n one
    equal "$(inject.py refused "$(pgrep -P "$head" slipgate-finder)")" ""
}

# As a process says it: test_jail_seccomp.c, "a refused call is told".
@test "a test fails where a call was refused, whatever it looks for itself" {
    echo "WARNING: refused system call 41 (socket): 0x11 0x2 0x8" >"$T/err"
    refute sane_log
    echo "the guest's interface tap0 is gone: ending" >"$T/err"
    sane_log
}

# own_columns TITLE: this row of a table, as far as slipgate's columns go.
own_columns() { grep -F "| $1 |" | cut -d '|' -f 2-9; }

# same_rows TITLE...: $output has these rows as docs/security.md has them.
same_rows() {
    local title here there
    for title; do
        here=$(own_columns "$title" <<<"$output")
        there=$(own_columns "$title" <"$top/docs/security.md")
        equal "$here" "$there"
    done
}

@test "the table of docs/security.md is read off running processes" {
    may_rule || skip_unless_ci "only root may read others' filters"
    cp "$SLIPGATE" "$T/slipgate"
    chmod 755 "$T" "$T/slipgate" "${BATS_RUN_TMPDIR:-$T}"
    run -0 confinement.py "$T/slipgate"
    grep -q '^| .*: gate | .*: agent | .*: copier | .*: porter | .*: finder | .*: bearer | .*: state ' \
        <<<"$output"
    same_rows "user namespace" "network namespace" "mount namespace" \
        "capabilities there" no_new_privs "files in sight"
    # Kernels before 5.13 have no landlock, and strace(1) tells who uses it.
    ! grep -q '^| landlock .*yes' <<<"$output" || same_rows landlock
    # Sanitizers call more; the names of calls are those of this machine.
    grep -q __asan_init "$SLIPGATE" || [[ $(uname -m) != x86_64 ]] ||
        same_rows "system calls allowed"
    local targets=("$top"/tests/fuzz/fuzz_*.c)
    grep -q "^| fuzz targets in the repository | ${#targets[@]} |" \
        "$top/docs/security.md"
}

@test "default: each stage can be left out" {
    start_slipgate --disable-sandbox
    api_is '.return | .sandbox == "off" and .seccomp == "on" and
        .confinement.agent.sandbox == "off"' \
        '{"execute":"get_status"}'
    stop_slipgate
    start_slipgate --disable-seccomp --enable-seccomp
    equal "$(status_line Seccomp)" 0
    api_is '.return | .sandbox == "on" and .seccomp == "off"' \
        '{"execute":"get_status"}'
}

@test "sandbox: no new privileges, one capability" {
    start_slipgate --enable-sandbox
    equal "$(status_line NoNewPrivs)" 1
    few_capabilities
}

@test "sandbox: / shows etc and run, not the user's files" {
    start_slipgate --enable-sandbox
    run -0 see /
    contains "$output" etc
    local name
    for name in home root var tmp proc sys dev usr bin; do
        lacks " ${lines[*]} " " $name "
    done
}

@test "sandbox: traffic, names and forwards work" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    serve remote 7000 "$REMOTE4"
    start_slipgate --enable-sandbox --enable-ipv6
    serve guest 7001 10.0.2.100
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    equal "$(guest dns.py ask udp 10.0.2.3)" first
    forward tcp 8080 7001
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
}

# bats test_tags=mended
@test "sandbox: --userns-path with --netns-type=path" {
    serve remote 7000 "$REMOTE4"
    launch user -c --enable-sandbox --userns-path="/proc/$PID_guest/ns/user" \
        --netns-type=path "/proc/$PID_guest/ns/net" tap0
    equal "$(status_line NoNewPrivs)" 1
    few_capabilities
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

# bats test_tags=mended
@test "sandbox: the sockets below /run are out of reach" {
    local dir=/run/slipgate-test.$$
    host sh -ec "mount -t tmpfs tmpfs /run; mkdir -p $dir; echo x >$dir/secret"
    start_slipgate --enable-sandbox
    refute see "$dir"
}

# private_etc: host gets an /etc whose files can be renamed.
private_etc() {
    host sh -ec "mkdir $T/etc; mount --bind /etc $T/etc
        mount -t tmpfs tmpfs /etc; ln -s $T/etc/* /etc/
        rm -f /etc/resolv.conf; echo nameserver 127.0.0.51 >/etc/resolv.conf"
}

# two_servers: which one answers tells which resolv.conf is in use.
two_servers() {
    spawn old "${NS_host[@]}" dns.py serve 127.0.0.51 old
    spawn new "${NS_host[@]}" dns.py serve 127.0.0.52 new
}

answers() { [[ $(guest dns.py ask udp 10.0.2.3) == "$1" ]]; }

@test "resolv.conf: a change is noticed" {
    private_etc
    two_servers
    start_slipgate
    answers old
    host sh -c 'echo nameserver 127.0.0.52 >/etc/resolv.conf'
    wait_for 10 answers new
}

@test "sandbox: resolv.conf replaced by rename is still used" {
    private_etc
    two_servers
    start_slipgate --enable-sandbox
    answers old
    host sh -ec 'echo nameserver 127.0.0.52 >/etc/new; mv /etc/new /etc/resolv.conf'
    wait_for 10 answers new
}

# bats test_tags=mended
@test "sandbox: resolv.conf that links to a file elsewhere, replaced" {
    private_etc
    two_servers
    host sh -ec 'mkdir -p /run; mount -t tmpfs tmpfs /mnt; mkdir /mnt/net
        mv /etc/resolv.conf /mnt/net/resolv.conf
        ln -s /mnt/net/resolv.conf /etc/resolv.conf'
    start_slipgate --enable-sandbox
    answers old
    host sh -ec 'echo nameserver 127.0.0.52 >/mnt/net/new
        mv /mnt/net/new /mnt/net/resolv.conf'
    wait_for 10 answers new
}

@test "sandbox: resolv.conf that links into /run, replaced" {
    private_etc
    two_servers
    host sh -ec 'mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/resolve
        mv /etc/resolv.conf /run/systemd/resolve/stub-resolv.conf
        ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf'
    start_slipgate --enable-sandbox
    answers old
    host sh -ec 'cd /run/systemd/resolve; echo nameserver 127.0.0.52 >new
        mv new stub-resolv.conf'
    wait_for 10 answers new
}

# bats test_tags=mended
@test "sandbox: the socket file is removed at the end" {
    start_slipgate --enable-sandbox
    stop_slipgate
    [[ ! -e $SOCK ]]
}

# bats test_tags=mended
@test "sandbox: neither /etc nor what is beside resolv.conf is shown" {
    private_etc
    host sh -ec 'mkdir /etc/other; echo secret >/etc/passwd.bak'
    start_slipgate
    equal "$(see /etc)" resolv.conf
}

@test "sandbox: without the process that copies resolv.conf all else goes on" {
    serve remote 7000 "$REMOTE4"
    start_slipgate
    pkill -KILL -P "$GATE" slipgate-copier
    wait_for 10 grep -q 'name servers stay as they are' "$T/err"
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
}

@test "sandbox: mounts of others stay" {
    host sh -ec 'mount -t tmpfs tmpfs /run; mount --make-rshared /run
        mkdir /run/foo; mount -t tmpfs tmpfs /run/foo; echo x >/run/foo/file'
    start_slipgate --enable-sandbox
    stop_slipgate
    host cat /run/foo/file
}

@test "seccomp: a filter is on, traffic flows" {
    serve remote 7000 "$REMOTE4"
    start_slipgate --enable-seccomp
    equal "$(status_line Seccomp)" 2
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    ask_is "$HOST4 hello" guest udp "$REMOTE4" 7000
    guest busybox ping -c 1 -W 5 "$REMOTE4"
}

@test "seccomp and sandbox: everything at once, up to the end" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    serve remote 7000 "$REMOTE4"
    start_slipgate --enable-seccomp --enable-sandbox --enable-ipv6 \
        --mtu=65520 --disable-host-loopback
    serve guest 7001 10.0.2.100
    equal "$(status_line Seccomp)" 2
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    equal "$(guest dns.py ask tcp 10.0.2.3)" first
    forward tcp 8080 7001
    forward udp 8080 7001
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    ask_is "$REMOTE4 hello" remote udp "$HOST4" 8080
    api_is .return '{"execute":"remove_hostfwd","arguments":{"id":1}}'
    api_is '.entries | length == 1' '{"execute":"list_hostfwd"}'
    refute gone "$GATE"
}

# bats test_tags=mended
@test "without either the gate gives up capabilities all the same" {
    world engine user --user --map-root-user --mount --propagation private
    world inner engine --net
    launch engine "${OPEN[@]}" -c "$PID_inner" tap0
    no_capabilities
}
