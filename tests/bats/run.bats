#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# slipgate run: a command in a network of its own.
load helpers

# in_run ARG...: as the plain user on host's machine.
# What the helper says is in the log as well, for sane_log().
in_run() {
    local status=0
    user "$SLIPGATE" run "$@" 3>&- 2>"$T/said" || status=$?
    tee -a "$T/err" <"$T/said" >&2
    return "$status"
}

# begin ARG...: in the background, after $T/started is written by the command.
begin() {
    local -n _ns="NS_user"
    "${_ns[@]}" "$SLIPGATE" run "$@" 3>&- </dev/null >"$T/out" 2>"$T/err" &
    RUN=$!
    PIDS+=("$RUN")
    wait_for 20 test -e "$T/started" || fail "not started: $(logs)"
}

# ends_with STATUS: the run that began does.
ends_with() {
    local status=0
    wait_for 20 gone "$RUN" || return 1
    wait "$RUN" || status=$?
    equal "$status" "$1"
}


@test "the command has a network, and its output and status are passed" {
    serve remote 7000 "$REMOTE4"
    run -0 in_run -- net.py ask tcp "$REMOTE4" 7000
    equal "$output" "$HOST4 hello"
    run -7 in_run -- sh -c 'exit 7'
    equal "$output" ""
}

@test "the interface has the large MTU" {
    run -0 in_run cat /sys/class/net/lo/mtu /proc/net/dev
    contains "$output" "tap0:"
    run -0 in_run ip link show tap0
    contains "$output" "mtu 65520"
}

@test "the command is root, or with --same-user who one is" {
    run -0 in_run sh -c 'echo "$(id -u) $(id -g)"'
    equal "$output" "0 0"
    run -0 in_run --same-user sh -c 'echo "$(id -u) $(id -g)"
        grep CapEff /proc/self/status'
    equal "${lines[0]}" "1000 1000"
    contains "${lines[1]}" 0000000000000000
}

@test "without a command it is the user's shell" {
    run -0 user env SHELL=/bin/echo "$SLIPGATE" run
    equal "$output" ""
    run -3 user env SHELL=/bin/sh "$SLIPGATE" run 3>&- <<<'exit 3'
}

@test "options end at the command, whose own are left alone" {
    run -0 in_run echo --help -- -x
    equal "$output" "--help -- -x"
    run -0 in_run --mtu=1500 -- echo --mtu=9
    equal "$output" "--mtu=9"
}

@test "statuses of a shell: not found, not executable, killed" {
    run -127 --separate-stderr in_run "$T/nothing"
    contains "$stderr" "$T/nothing: No such file"
    run -126 --separate-stderr in_run "$T"
    contains "$stderr" "$T: Permission denied"
    run -143 in_run sh -c 'kill -TERM $$'
}

@test "its own failures are 125, with the reason on stderr alone" {
    run -125 --separate-stderr in_run --no-such-option
    contains "$stderr" "slipgate run: unrecognized option '--no-such-option'"
    equal "$output" ""
    run -125 --separate-stderr in_run --cidr=10.1.2.3/24 true
    contains "$stderr" "CIDR needs to be a network address"
    run -125 --separate-stderr in_run --publish=nonsense true
    contains "$stderr" "--publish"
    run -125 --separate-stderr in_run --configure true
    contains "$stderr" "--configure"
}

@test "help is on stdout and lists what makes sense here" {
    run -0 --separate-stderr in_run --help
    contains "$output" "--same-user"
    contains "$output" "--publish=FORWARD"
    lacks "$output" "--netns-type"
    lacks "$output" "--ready-fd"
}

@test "called slirp4netns it has no subcommand" {
    ln -s "$SLIPGATE" "$T/slirp4netns"
    run -1 --separate-stderr user "$T/slirp4netns" run true
    contains "$stderr" "PID must be a positive integer"
}

@test "resolv.conf names the resolver inside, and nothing changes outside" {
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    printf '%s\n' "nameserver $REMOTE4" "search example.test" \
        "options ndots:2" >"$T/resolv.conf"
    run -0 in_run cat /etc/resolv.conf
    equal "$(grep -v '^#' <<<"$output")" "nameserver 10.0.2.3
search example.test
options ndots:2"
    run -0 host cat /etc/resolv.conf
    contains "$output" "nameserver $REMOTE4"
    run -0 in_run dns.py ask udp 10.0.2.3
    equal "$output" first
    run -0 in_run --cidr=10.9.0.0/16 cat /etc/resolv.conf
    contains "$output" "nameserver 10.9.0.3"
    run -0 in_run --disable-dns cat /etc/resolv.conf
    contains "$output" "nameserver $REMOTE4"
}

@test "what is mounted inside is not seen outside" {
    run -0 in_run sh -c "mkdir $T/m && mount -t tmpfs tmpfs $T/m &&
        echo hidden >$T/m/file && cat $T/m/file"
    equal "$output" hidden
    run -0 user ls "$T/m"
    equal "$output" ""
}

@test "standard input and other open files are the command's" {
    run -0 in_run cat <<<"from outside"
    equal "$output" "from outside"
    echo "by number" >"$T/file"
    run -0 in_run cat /dev/fd/7 7<"$T/file"
    equal "$output" "by number"
}

@test "a pipe ends with the command" {
    # shellcheck disable=SC2016 # the inner shell's variables
    run -0 timeout 20 "${NS_user[@]}" bash -c '
        exec 6> >(cat >/dev/null; echo ended >"$1/ended")
        "$2" run true 6>&6
        exec 6>&-
        until [[ -e $1/ended ]]; do sleep 0.02; done' sh "$T" "$SLIPGATE"
}

@test "signals are passed on" {
    # shellcheck disable=SC2016 # the inner shell's variables
    begin sh -c "trap 'exit 9' TERM; >$T/started
        while :; do sleep 0.05; done"
    kill -TERM "$RUN"
    ends_with 9
}

@test "the command has the signal actions that a shell gives it" {
    run -0 in_run grep -E '^Sig(Blk|Ign)' /proc/self/status
    equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" 0000000000000000
}

@test "the terminal's Ctrl-C reaches the command, once, and not the gate" {
    serve remote 7000 "$REMOTE4"
    cat >"$T/inside.sh" <<END
trap 'echo int >>$T/ints' INT
>$T/started
until [ -s $T/ints ]; do sleep 0.05; done
net.py ask tcp $REMOTE4 7000 >$T/answer
[ -t 0 ] && [ -t 1 ] && echo tty >>$T/answer
exit 4
END
    cat >"$T/terminal.py" <<'END'
import os, pty, sys
started, argv = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
import select, time
sent, end = False, time.time() + 30
while time.time() < end:
    if not sent and os.path.exists(started):
        os.write(fd, b"\x03")
        sent = True
    if select.select([fd], [], [], 0.05)[0]:
        try:
            if not os.read(fd, 4096):
                break
        except OSError:
            break
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
    run -4 user python3 "$T/terminal.py" "$T/started" \
        "$SLIPGATE" run sh "$T/inside.sh" 3>&-
    equal "$(cat "$T/ints")" int
    equal "$(cat "$T/answer")" "$HOST4 hello
tty"
}

@test "the host's loopback is closed, and open on demand" {
    serve host 7000 127.0.0.1
    run -1 in_run net.py ask tcp 10.0.2.2 7000
    equal "$output" ENETUNREACH
    run -1 in_run --no-host-loopback net.py ask tcp 10.0.2.2 7000
    run -0 in_run --allow-host-loopback net.py ask tcp 10.0.2.2 7000
    equal "$output" "127.0.0.1 hello"
}

@test "--deny-outbound refuses what the command begins, but names" {
    serve remote 7000 "$REMOTE4"
    spawn dns "${NS_remote[@]}" dns.py serve "$REMOTE4" first
    run -1 in_run --deny-outbound net.py ask tcp "$REMOTE4" 7000
    equal "$output" ENETUNREACH
    run -0 in_run --deny-outbound dns.py ask udp 10.0.2.3
    equal "$output" first
}

@test "--ipv6: both families, from the start" {
    serve remote 7000 "$REMOTE6"
    run -0 in_run --ipv6 net.py ask tcp "$REMOTE6" 7000
    equal "$output" "$HOST6 hello"
    run -1 in_run net.py ask tcp "$REMOTE6" 7000
}

@test "--publish leads to the command, and the control socket tells so" {
    begin -p "$HOST4:8080:80" --publish=8081:81/udp --api-socket="$SOCK" -- \
        sh -c "net.py serve 80 0.0.0.0 >$T/started"
    wait_for 20 grep -q ready "$T/started"
    ask_is "$REMOTE4 hello" remote tcp "$HOST4" 8080
    api_is '.return.entries | length == 2' '{"execute":"list_hostfwd"}'
    kill -TERM "$RUN"
    ends_with 143
    [[ ! -e $SOCK ]]
    ask_is ECONNREFUSED remote tcp "$HOST4" 8080
}

@test "the gate is confined as far as the machine allows" {
    local gate
    begin --api-socket="$SOCK" sh -c "echo >$T/started; exec sleep infinity"
    api_is '.return.sandbox == "on" and .return.seccomp == "on"' \
        '{"execute":"get_status"}'
    gate=$(api '{"execute":"get_status"}' | jq .return.pid)
    contains "$(grep CapEff "/proc/$gate/status")" 0000000000000
    contains "$(grep Seccomp: "/proc/$gate/status")" 2
    kill -TERM "$RUN"
    ends_with 143
}

@test "nothing outlives it, even if it is killed" {
    local pids
    begin --api-socket="$SOCK" sh -c "echo >$T/started; exec sleep infinity"
    pids=$(api '{"execute":"get_status"}' | jq -r '.return |
        "\(.pid) \(.agent_pid) \(.target | ltrimstr("pid "))"')
    [[ $(wc -w <<<"$pids") == 3 ]]
    kill -KILL "$RUN"
    for pid in $pids; do wait_for 10 gone "$pid"; done
}

@test "a command that loses its network is told, and goes on" {
    begin --api-socket="$SOCK" \
        sh -c "trap 'exit 9' TERM; echo >$T/started; sleep infinity & wait"
    api '{"execute":"shutdown"}'
    wait_for 10 grep -q "goes on without a network" "$T/err"
    kill -TERM "$RUN"
    ends_with 9
    # One that ends first has lost nothing.
    run -0 --separate-stderr in_run true
    equal "$stderr" ""
}

@test "without a way to have a network the command is not run" {
    # A mount of its own hides the device.
    run -125 --separate-stderr user unshare --user --map-root-user --mount \
        sh -c "mount -t tmpfs tmpfs /dev/net && exec \"\$@\"" sh \
        "$SLIPGATE" run touch "$T/ran" 3>&-
    contains "$stderr" "/dev/net/tun"
    contains "$stderr" "slipgate doctor"
    [[ ! -e $T/ran ]]
}
