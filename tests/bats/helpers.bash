# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# Every test gets a world of its own, made of namespaces only, so that nothing
# needs root and nothing outside is touched:
#
#   host    network, mount and user namespace; plays the user's machine
#   user    a plain user (uid 1000, no capabilities) on that machine
#   remote  another machine on host's LAN
#   guest   what slipgate serves: made by user, no network of its own
#
# host, user, remote and guest run a command there: `guest ip addr`.
# $T is the test's directory, $SOCK the control socket, $GATE the gate's pid.
bats_require_minimum_version 1.8.0
set -uo pipefail

top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
export SLIPGATE_CONFIG=/dev/null # this machine's files say nothing here
export PATH="$top/tests/tools:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"

HOST4=198.51.100.2 HOST6=2001:db8:51::2       # host, on the LAN
ALSO4=198.51.100.3 ALSO6=2001:db8:51::3       # its second addresses
OTHER4=203.0.113.9 OTHER6=2001:db8:9::9       # on its interface other0
REMOTE4=198.51.100.1 REMOTE6=2001:db8:51::1   # remote
# Known to each other by number: a link that has just come up often answers the
# first neighbour solicitation a second late.
HOST_MAC=02:00:00:00:51:02 REMOTE_MAC=02:00:00:00:51:01

setup() { world_up; }
teardown() { world_down; }

# --- small tools ---

fail() {
    echo "$*" >&2
    return 1
}

# Where a feature must be there (CI), its absence is a failure.
skip_unless_ci() {
    [[ ${CI:-} != true ]] || fail "CI must not skip: $*"
    skip "$*"
}

need() {
    command -v "$1" >/dev/null || skip_unless_ci "$1 is not installed"
}

# Says why in the machine's words.
need_tun() {
    local why
    why=$(: 2>&1 <>/dev/net/tun) || skip_unless_ci "${why#*: line *: }"
}

# refute CMD...: passes when the command fails ("!" escapes errexit).
refute() {
    if "$@"; then fail "unexpectedly succeeded: $*"; fi
}

# wait_for SECONDS CMD...: until the command succeeds, or fail.
wait_for() {
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "waited in vain for: $*" || return 1
        sleep 0.02
    done
}

gone() { [[ ! -e /proc/$1 ]]; }

contains() { [[ $1 == *"$2"* ]] || fail "no '$2' in: $1"; }
lacks() { [[ $1 != *"$2"* ]] || fail "unwanted '$2' in: $1"; }
equal() { [[ $1 == "$2" ]] || fail "got '$1', wanted '$2'"; }

# --- worlds ---

NS_host=() NS_user=() NS_remote=() NS_guest=() # how to enter each
PID_host='' PID_user='' PID_remote='' PID_guest=''

host() { "${NS_host[@]}" "$@"; }
user() { "${NS_user[@]}" "$@"; }
remote() { "${NS_remote[@]}" "$@"; }
guest() { "${NS_guest[@]}" "$@"; }

# spawn NAME CMD...: starts a process and waits for its first line, which is
# left in $LINE; its pid is in $SPAWNED, its errors in $T/NAME.log.
spawn() {
    local name=$1 fd
    shift
    exec {fd}< <(exec "$@" 2>"$T/$name.log" 3>&- </dev/null)
    SPAWNED=$!
    PIDS+=("$SPAWNED")
    read -r -t 20 -u "$fd" LINE ||
        fail "$name did not start: $(cat "$T/$name.log")" || return 1
    FDS+=("$fd") # closing it now would SIGPIPE a later line
    STDOUT=$fd
}

# world NAME WHERE UNSHARE-OPTION...: makes a world inside the world WHERE.
world() {
    local name=$1 where=$2 enter=() flags=(-U -n)
    shift 2
    [[ $where == none ]] || { local -n _ns="NS_$where" && enter=("${_ns[@]}"); }
    spawn "$name" "${enter[@]}" unshare "$@" \
        sh -c 'echo ready; exec sleep infinity' || return 1
    printf -v "PID_$name" %s "$SPAWNED"
    NETNS+=("$(readlink "/proc/$SPAWNED/ns/net")")
    case $name in
    user | engine) flags=(-U) ;; # stays in host's network
    esac
    [[ "$*" != *--mount* ]] || flags+=(-m)
    case $name in
    user | engine) ;;
    *) enter=() ;;
    esac
    eval "NS_$name=(\"\${enter[@]}\" nsenter -t $SPAWNED \"\${flags[@]}\"
        --preserve-credentials --)"
}

world_up() {
    T=$BATS_TEST_TMPDIR SOCK=$BATS_TEST_TMPDIR/api
    export TEST_WORLD=$T
    PIDS=() FDS=() NETNS=() GATE=
    need_tun
    local mapped=(--map-user=1000 --map-group=1000)
    world host none --user --map-root-user --net --mount \
        --propagation private ||
        skip_unless_ci "no user namespaces here: $(cat "$T/host.log")"
    world remote host --net
    host sh -e <<END
    ip link set lo up
    ip link add lan0 address $HOST_MAC type veth \
        peer name lan1 address $REMOTE_MAC netns $PID_remote
    ip link add other0 type veth peer name other1
    echo 0 2000 >/proc/sys/net/ipv4/ping_group_range 2>/dev/null ||
        echo 0 0 >/proc/sys/net/ipv4/ping_group_range
    ip addr add $HOST4/24 dev lan0
    ip addr add $ALSO4/32 dev lan0
    ip addr add $HOST6/64 dev lan0 nodad
    ip addr add $ALSO6/128 dev lan0 nodad preferred_lft 0
    ip addr add $OTHER4/24 dev other0
    ip addr add $OTHER6/64 dev other0 nodad
    ip link set lan0 up
    ip neigh add $REMOTE6 lladdr $REMOTE_MAC dev lan0
    ip link set other0 up
    ip link set other1 up
    ip route add default via $REMOTE4
    ip -6 route add default via $REMOTE6
    echo "nameserver $REMOTE4" >$T/resolv.conf
    mount --bind $T/resolv.conf "\$(readlink -f /etc/resolv.conf)"
END
    remote sh -e <<END
    ip link set lo up
    ip addr add $REMOTE4/24 dev lan1
    ip addr add $REMOTE6/64 dev lan1 nodad
    ip link set lan1 up
    ip neigh add $HOST6 lladdr $HOST_MAC dev lan1
    ip route add default via $HOST4
    ip -6 route add default via $HOST6
END
    world user host --user "${mapped[@]}"
    world guest user --user --map-root-user --net --mount
}

# Another test's, though in a namespace that has the number of one that is gone.
another_tests() {
    grep -qz '^TEST_WORLD=' "/proc/$1/environ" 2>/dev/null &&
        ! grep -qzFx "TEST_WORLD=$T" "/proc/$1/environ"
}

# Processes that live in network namespaces which this test made.
leftovers() {
    local net pid args=()
    for net in "${NETNS[@]}"; do
        net=${net//[/\\[}
        args+=(-lname "${net//]/\\]}" -o)
    done
    find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/net' \
        \( "${args[@]}" -false \) -printf '%h\n' 2>/dev/null |
        grep -o '[0-9]*' |
        while read -r pid; do
            another_tests "$pid" || echo "$pid"
        done || true # a process may go while find looks at it
}

# What a failed test leaves to be read.
post_mortem() {
    if gone "$GATE"; then
        slipgate_ends
        echo "slipgate had ended with status $STATUS"
    fi
    logs
}

world_down() {
    local failed=0 pids fd
    [[ -n ${BATS_TEST_COMPLETED:-} || -z ${GATE:-} ]] || post_mortem
    [[ -z ${GATE:-} ]] || gone "$GATE" || stop_slipgate TERM || failed=1
    [[ ! -e $T/err ]] || sane_log || failed=1
    mapfile -t pids < <(((${#NETNS[@]} == 0)) || leftovers)
    kill -KILL "${pids[@]}" "${PIDS[@]}" 2>/dev/null
    for fd in "${FDS[@]}"; do exec {fd}<&-; done
    ((${#PIDS[@]} == 0)) || wait "${PIDS[@]}" 2>/dev/null
    return "$failed"
}

# --- the program under test ---

# X_slirp.bats is X.bats once more, with TCP through libslirp alone: what is
# left where there can be no relay namespace.
CARRIER=()
[[ $BATS_TEST_FILENAME != *_slirp.bats ]] || CARRIER=(--tcp=slirp)

# For what needs the host's files while it runs.
OPEN=(--disable-sandbox --disable-seccomp)

# launch WORLD [bridge] ARG...: starts $SLIPGATE there and returns at its ready byte.
launch() {
    local -n _ns="NS_$1"
    local byte='' end=$((SECONDS + 20)) word=()
    shift
    [[ $1 != bridge ]] || { word=(bridge) && shift; }
    STATUS=
    rm -f "$T/ready"
    mkfifo "$T/ready"
    exec {READY}<>"$T/ready"
    set -m # its own process group, and SIGINT as usual
    "${_ns[@]}" "$SLIPGATE" "${word[@]}" --ready-fd=9 "${CARRIER[@]}" "$@" \
        9>"$T/ready" 3>&- {READY}>&- </dev/null >>"$T/out" 2>>"$T/err" &
    GATE=$!
    set +m
    PIDS+=("$GATE")
    # A read that times out may have got the byte all the same.
    while ! read -r -N 1 -t 0.1 -u "$READY" byte && [[ $byte != 1 ]]; do
        if gone "$GATE"; then slipgate_ends && break; fi
        ((SECONDS < end)) || break
    done
    [[ $byte == 1 ]] ||
        fail "slipgate did not get ready (${STATUS:-still there}): $(logs)" ||
        return 1
    exec {READY}<&-
}

# What most tests want: the plain user serves the guest, configured.
start_slipgate() {
    launch user --configure --api-socket="$SOCK" "$@" "$PID_guest" tap0
}

# adopt_tap FLAGS ARG...: it serves a tap that somebody else has opened in the
# guest; FLAGS are TUNSETIFF's, 0x1002 for a plain one.
adopt_tap() {
    local tap_flags=$1 real=$SLIPGATE
    shift
    printf '#!/bin/sh\nexec tapfd.py %s %s %s "$@"\n' "$PID_guest" \
        "$tap_flags" "$real" >"$T/tapfd.sh"
    chmod +x "$T/tapfd.sh"
    SLIPGATE=$T/tapfd.sh launch user --netns-type=tapfd "$@" 5
}

# stop_slipgate [SIGNAL]: ends it; its exit status is left in $STATUS.
# shellcheck disable=SC2120
stop_slipgate() {
    kill -CONT "$GATE" 2>/dev/null # a test may have stopped it
    kill -"${1:-TERM}" "$GATE" 2>/dev/null
    slipgate_ends
}

slipgate_ends() {
    wait_for 10 gone "$GATE" || return 1
    STATUS=0
    wait "$GATE" 2>/dev/null || STATUS=$?
    GATE=
}

logs() { cat "$T/out" "$T/err" 2>/dev/null; }

# No sanitizer report, no failed assertion and no system call that the filters
# do not list may hide in a passing test.
sane_log() {
    local bad='Sanitizer|runtime error:|assertion|CRITICAL'
    if grep -qE "$bad|refused system call" "$T/err"; then
        fail "$(cat "$T/err")"
    fi
}

# --- what runs beside it ---

# serve WORLD PORT ADDR...: TCP and UDP, answers "PEER-ADDRESS TEXT".
serve() {
    local -n _ns="NS_$1"
    local world=$1
    shift
    spawn "serve-$world" "${_ns[@]}" net.py serve "$@"
}

# ask WORLD PROTO ADDR PORT [TEXT]: the answer, or the name of the error.
ask() {
    local -n _ns="NS_$1"
    shift
    "${_ns[@]}" net.py ask "$@"
}

# ask_is WANTED WORLD PROTO ADDR PORT [TEXT]
ask_is() {
    local wanted=$1 got
    shift
    got=$(ask "$@") || true
    [[ $got == "$wanted" ]] || fail "ask $*: got '$got', wanted '$wanted'"
}

MB=1000000

# What a sanitizer looks for does not come with the number: there, a tenth.
plenty() { echo $(($1 / 1${ASAN_OPTIONS:+0})); }

# move WORLD MODE ADDR PORT BYTES [FLOWS]: a checked transfer.
move() {
    local -n _ns="NS_$1"
    shift
    run timeout 100 "${_ns[@]}" transfer.py run "$@"
    equal "$output" ok
}

# fill ADDR PORT COUNT: connections of the guest to floor.py's `accept`, which
# last until emptied().  $OPEN and $REFUSED tell how many were made and refused.
fill() {
    mkfifo "$T/fill"
    exec {FILL}<>"$T/fill"
    guest floor.py fill "$@" <"$T/fill" >"$T/filled" {FILL}>&- 3>&- &
    PIDS+=($!)
    wait_for 30 test -s "$T/filled"
    read -r OPEN REFUSED <"$T/filled"
}
emptied() { kill "${PIDS[-1]}" && exec {FILL}>&-; }

# api ARG...: one request (see tools/api.py), answer on stdout.
api() { api.py --half-close "$SOCK" "$@"; }

# api_is JQ-FILTER REQUEST: the answer makes the filter true.
api_is() {
    local answer
    answer=$(api "$2") || fail "no answer to $2: $(logs)" || return 1
    jq -e "$1" <<<"$answer" >/dev/null || fail "$2: $answer is not $1"
}

# forward PROTO HOST-PORT GUEST-PORT [MORE-JSON]: its id is left in $ID.
forward() {
    ID=$(api '{"execute":"add_hostfwd","arguments":{"proto":"'"$1"'",
        "host_port":'"$2"',"guest_port":'"$3${4:-}"'}}' | jq -e .return.id) ||
        fail "add_hostfwd $*: refused"
}

need_relay() {
    [[ $(api '{"execute":"get_status"}' |
        jq -r .return.outbound_tcp.carrier) == relay ]] ||
        skip_unless_ci "no relay namespace here"
}

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
