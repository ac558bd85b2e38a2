#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line, as programs that start slirp4netns use it.
load helpers

# Most of it needs no namespaces: those tests only make a place for files.
setup() {
    T=$BATS_TEST_TMPDIR SOCK=$BATS_TEST_TMPDIR/api
    PIDS=() FDS=() NETNS=() GATE=
    cd "$T" || return
}

# refused MESSAGE ARG...: exit 1, the message on stderr.
refused() {
    local message=$1
    shift
    run -1 --separate-stderr "$SLIPGATE" "$@"
    contains "$stderr" "$message"
}

# usage_after MESSAGE ARG...: the same, and the usage on stdout.
usage_after() {
    refused "$@"
    contains "$output" "Usage: "
}

@test "help: stdout, exit 0, every option that engines look for" {
    local option
    for option in --help -h; do
        run -0 --separate-stderr "$SLIPGATE" "$option"
        contains "$output" "Usage: "
        equal "$stderr" ""
    done
    for option in --configure --exit-fd --ready-fd --mtu --enable-ipv6 \
        --api-socket --cidr --disable-host-loopback --netns-type \
        --userns-path --enable-sandbox --enable-seccomp --outbound-addr \
        --outbound-addr6 --disable-dns --macaddress --target-type \
        --help --version; do
        grep -qw -- "$option" <<<"$output" || fail "no $option in --help"
    done
}

@test "help: tells of the commands, which slirp4netns does not have" {
    local command
    run -0 --separate-stderr "$SLIPGATE" --help
    for command in run bridge doctor; do
        grep -q "^slipgate $command " <<<"$output" || fail "no $command in --help"
    done
    ln -s "$SLIPGATE" slirp4netns
    run -0 --separate-stderr ./slirp4netns --help
    lacks "$output" "slipgate run"
}

@test "help: comes at once when met, but an earlier mistake wins" {
    run -0 "$SLIPGATE" --help --mtu=0
    contains "$output" "Usage: "
    refused "MTU must be a positive integer" --mtu=0 --help
}

@test "version: five lines that programs parse" {
    ln -s "$SLIPGATE" slirp4netns
    run -0 --separate-stderr ./slirp4netns --version
    equal "${#lines[@]}" 5
    [[ ${lines[0]} =~ ^slirp4netns\ version\ ([0-9]+)\.([0-9]+)\.([0-9]+) ]]
    ((BASH_REMATCH[1] * 10000 + BASH_REMATCH[2] * 100 >= 10200))
    [[ ${lines[1]} =~ ^commit:\ [^\ ]+$ ]]
    [[ ${lines[2]} =~ ^libslirp:\ [0-9]+\.[0-9]+\.[0-9]+ ]]
    [[ ${lines[3]} =~ ^SLIRP_CONFIG_VERSION_MAX:\ [0-9]+$ ]]
    [[ ${lines[4]} =~ ^libseccomp:\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    equal "$(grep -c version <<<"$output")" 1
    run -0 "$SLIPGATE" -v
    equal "${#lines[@]}" 5
}

# bats test_tags=mended
@test "version: under its own name it is slipgate" {
    run -0 "$SLIPGATE" --version
    [[ ${lines[0]} =~ ^slipgate\ version\ [0-9]+\.[0-9]+\.[0-9]+ ]]
}

@test "errors of parsing: message on stderr, usage on stdout, exit 1" {
    usage_after "exit-fd must be a non-negative integer" -e -1 1
    usage_after "exit-fd must be a non-negative integer" --exit-fd=x 1
    usage_after "ready-fd must be a non-negative integer" -r -1 1
    usage_after "ready-fd must be a non-negative integer" -r 3x 1
    usage_after "--macaddr cannot be specified when --configure or -c" \
        --macaddress=02:00:00:00:00:01 1 tap0
    usage_after "userns path doesn't exist: /nowhere" \
        --userns-path=/nowhere 1 tap0
    usage_after "PID must be a positive integer" 0 tap0
    usage_after "PID must be a positive integer" 12a tap0
    usage_after "existing path expected when --netns-type=path" \
        --netns-type=path /nowhere tap0
    usage_after "existing path expected when --netns-type=path" \
        --netns-type=unknown /nowhere tap0
}

@test "errors of parsing: MTU is 1 to 65521" {
    local mtu
    for mtu in 0 -1 65522 1500x ''; do
        usage_after "MTU must be a positive integer (< 65522)" \
            --mtu="$mtu" 1 tap0
    done
}

@test "errors of getopt: unknown option, missing argument, ambiguous prefix" {
    usage_after "unrecognized option '--no-such'" --no-such
    usage_after "invalid option -- 'x'" -x
    usage_after "requires an argument" --mtu
    usage_after "is ambiguous" --enable-s 1 tap0
}

@test "errors of parsing: no target or no interface shows the usage" {
    usage_after "what to serve is missing"
    usage_after 'TAPNAME is missing behind "1"' 1
    usage_after '"ruun" is neither a command nor a PID' ruun
}

@test "errors of --cidr keep slirp4netns's words" {
    refused "invalid CIDR: 24" --cidr=24 1 tap0
    refused "invalid CIDR: foo" --cidr=foo 1 tap0
    refused "invalid CIDR: 10.0.2.0" --cidr=10.0.2.0 1 tap0
    refused "invalid network address: 300.0.0.0" --cidr=300.0.0.0/24 1 tap0
    refused "prefix length needs to be 1-25" --cidr=10.0.2.0/26 1 tap0
    refused "prefix length needs to be 1-25" --cidr=10.0.2.100/26 1 tap0
    refused "prefix length needs to be 1-25" --cidr=10.0.2.0/0 1 tap0
    refused "CIDR needs to be a network address like 10.0.2.0/24, not like \
10.0.2.100/24" --cidr=10.0.2.100/24 1 tap0
}

@test "errors of addresses keep slirp4netns's words" {
    refused "outbound-addr has to be valid ipv4 address or interface name." \
        --outbound-addr=1.2.3 1 tap0
    refused "outbound-addr has to be valid ipv4 address or iterface name." \
        --outbound-addr6=nowhere0 1 tap0
    refused '"zz" is an invalid MAC address.' -c --macaddress=zz 1 tap0
    refused "macaddress has to be a valid MAC address" \
        -c --macaddress=zz 1 tap0
}

@test "errors of --target-type=bess" {
    usage_after '--target-type must be either "netns" or "bess"' \
        --target-type=vde x
    usage_after "--configure conflicts with --target-type=bess" \
        --target-type=bess -c "$T/bess"
    usage_after "conflicts with --target-type=bess" \
        --target-type=bess --userns-path=/proc/self/ns/user "$T/bess"
    usage_after "conflicts with --target-type=bess" \
        --target-type=bess --netns-type=path "$T/bess"
    usage_after "too many arguments" --target-type=bess "$T/bess" tap0
}

@test "errors at start: a process that is gone, exit 1" {
    local pid
    pid=$(sh -c 'echo $$')
    refused "there is no process $pid: /proc/$pid/ns/net: No such file" \
        "$pid" tap0
}

@test "errors at start: a process of somebody else is named" {
    world_up
    run -1 --separate-stderr user "$SLIPGATE" "$PID_host" tap0
    equal "$stderr" "look at process $PID_host: /proc/$PID_host/ns/net: \
Permission denied"
}

@test "ready-fd: a number that is not open is told" {
    world_up
    run -0 --separate-stderr user "$SLIPGATE" --ready-fd=99 --exit-fd=98 \
        "$PID_guest" tap0
    contains "$stderr" "--ready-fd=99 is not open"
}

@test "the API path: 107 bytes at most, said before anything is changed" {
    world_up
    local long
    long=$T/$(printf '%0100d' 0)
    run -1 --separate-stderr user "$SLIPGATE" -c -a "$long" \
        "$PID_guest" tap0
    contains "$stderr" "the specified API socket path is too long (>= 108)"
}

@test "options may follow positionals; unique prefixes are options" {
    world_up
    launch user "$PID_guest" --conf tap0 --mt 1400 --api="$SOCK"
    run -0 guest ip addr show tap0
    contains "$output" "mtu 1400"
    contains "$output" "10.0.2.100/24"
    [[ -S $SOCK ]]
}

@test "prefixes that scripts use stay unique" {
    world_up
    launch user --configur --disable-host --exit=77 --api "$SOCK" \
        --enable-i -- "$PID_guest" tap0
    slipgate_ends
    equal "$STATUS" 0
}

@test "hidden names of old versions still work, with a warning" {
    world_up
    launch user -c --no-host-loopback "$PID_guest" tap0
    ask_is ENETUNREACH guest tcp 10.0.2.2 7
    stop_slipgate
    contains "$(logs)" "--no-host-loopback"
}

@test "a third positional is only warned about" {
    world_up
    launch user -c "$PID_guest" tap0 "$PID_guest"
    guest ip addr show tap0 | grep 10.0.2.100
    stop_slipgate
    contains "$(logs)" "too many arguments"
}

@test "the banner names the addresses" {
    world_up
    start_slipgate --cidr=10.5.0.0/16 --mtu=9000 --exit-fd=77
    slipgate_ends
    for line in 'Starting slirp' 'MTU: +9000' 'Network: +10\.5\.0\.0' \
        'Netmask: +255\.255\.0\.0' 'Gateway: +10\.5\.0\.2' \
        'DNS: +10\.5\.0\.3' 'DHCP begin: +10\.5\.0\.15' \
        'DHCP end: +10\.5\.0\.30' 'Recommended IP: +10\.5\.0\.100' \
        "API Socket: +$SOCK" 'WARNING: 127\.0\.0\.1'; do
        grep -E "$line" "$T/out"
    done
}

# bats test_tags=mended
@test "fault: stdout is lost or doubled" {
    world_up
    start_slipgate --enable-ipv6
    # It runs, and what it said is in the file, once.
    equal "$(grep -c 'Starting slirp' "$T/out")" 1
    stop_slipgate KILL
    equal "$(grep -c 'Recommended IP' "$T/out")" 1
    equal "$(sort "$T/out" | grep WARNING | uniq -d)" ""
}

@test "ready-fd: one byte 1, then the end of the pipe" {
    world_up
    mkfifo pipe
    exec {pipe}<>pipe
    # Not by user(): its shell would hold the pipe, too.
    "${NS_user[@]}" "$SLIPGATE" -c -r 9 -a "$SOCK" "$PID_guest" tap0 \
        9>pipe {pipe}>&- 3>&- >out 2>err &
    PIDS+=($!)
    exec {read}<pipe {pipe}>&-
    run -0 timeout 10 cat <&"$read" # only returns at its end
    equal "$output" 1
    # Everything is up at that moment.
    [[ -S $SOCK ]]
    guest ip addr show tap0 | grep 10.0.2.100
    api '{"execute":"list_hostfwd"}' | grep entries
}

@test "ready-fd: nothing is written when the start fails" {
    world_up
    guest ip tuntap add mode tun name tap0
    run -1 user sh -c \
        "exec '$SLIPGATE' -c -r 9 '$PID_guest' tap0 9>'$T/ready'"
    equal "$(cat ready)" ""
}

# exit_fd_world: a slipgate whose exit-fd is the read end of the fifo `exit.pipe`;
# the write end is $EXIT.
exit_fd_world() {
    world_up
    mkfifo exit.pipe
    exec {EXIT}<>exit.pipe
    exec {read}<exit.pipe {write}>exit.pipe {EXIT}<&-
    EXIT=$write
    FDS+=("$read")
}

@test "exit-fd: the last writer's end is a clean exit 0" {
    exit_fd_world
    launch user -c -a "$SOCK" --exit-fd="$read" "$PID_guest" tap0 \
        {EXIT}>&-
    echo "data alone does nothing" >&"$EXIT"
    guest busybox ping -c 1 -W 5 10.0.2.2
    refute gone "$GATE"
    exec {EXIT}>&-
    slipgate_ends
    equal "$STATUS" 0
    [[ ! -e $SOCK ]]
}

@test "exit-fd: a socket whose peer closes is an end, a half-close is not" {
    world_up
    # The pair lives in a python that starts the program itself.
    run -0 user python3 - "$SLIPGATE" "$PID_guest" <<'END'
import os, select, socket, subprocess, sys
ours, theirs = socket.socketpair()
ready, write = os.pipe()
gate = subprocess.Popen(
    [sys.argv[1], "-c", f"-r{write}", f"-e{theirs.fileno()}", sys.argv[2],
     "tap0"], pass_fds=[write, theirs.fileno()], stderr=subprocess.DEVNULL)
os.close(write)
theirs.close()
assert os.read(ready, 1) == b"1"
ours.shutdown(socket.SHUT_WR)
try:
    gate.wait(0.5)
    sys.exit("a half-close ended it")
except subprocess.TimeoutExpired:
    ours.close()
sys.exit(gate.wait(10))
END
}

@test "exit-fd: a number that is not open ends it at once, after ready" {
    world_up
    launch user -c --exit-fd=77 "$PID_guest" tap0
    slipgate_ends
    equal "$STATUS" 0
}
