#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes through frames and datagrams: bounds, bursts, and ways out.
load helpers

# limited FILES: from now on slipgate may open that many descriptors.
limited() {
    cat >"$T/limited" <<END
#!/bin/sh
ulimit -n $1
exec $SLIPGATE "\$@"
END
    chmod +x "$T/limited"
    SLIPGATE=$T/limited
}

# fill COUNT: connects from the guest and keeps the connections; $OPEN and
# $REFUSED tell how it went.  `emptied` ends them.
fill() {
    mkfifo "$T/fill"
    exec {FILL}<>"$T/fill"
    guest floor.py fill 10.0.2.2 7001 "$1" <"$T/fill" >"$T/filled" \
        {FILL}>&- 3>&- &
    PIDS+=($!)
    wait_for 30 test -s "$T/filled"
    read -r OPEN REFUSED <"$T/filled"
}
emptied() { kill "${PIDS[-1]}" && exec {FILL}>&-; }

few_descriptors() {
    (($(find "/proc/$GATE/fd" -mindepth 1 | wc -l) < 40))
}

@test "descriptors: a full table refuses at once, and recovers by itself" {
    limited 256
    spawn accept "${NS_host[@]}" floor.py accept 7001 127.0.0.1
    serve host 7000 127.0.0.1
    start_slipgate --tcp=slirp
    fill 400
    ((OPEN > 100 && REFUSED > 100 && OPEN + REFUSED == 400))
    ask_is ECONNREFUSED guest tcp 10.0.2.2 7000
    # The control socket has its own.
    api_is '.return.version' '{"execute":"get_status"}'
    emptied
    wait_for 20 few_descriptors
    ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7000
}

@test "descriptors: a forward waits while the table is full, and does not spin" {
    local before after
    limited 256
    spawn accept "${NS_host[@]}" floor.py accept 7001 127.0.0.1
    serve guest 7002 0.0.0.0
    start_slipgate --tcp=slirp
    forward tcp 8002 7002 ', "driver": "slirp"'
    fill 400
    before=$(cpu_ticks "$GATE")
    ask_is "timeout" host tcp 127.0.0.1 8002
    after=$(cpu_ticks "$GATE")
    # Five seconds of which a busy loop would take four hundred ticks.
    ((after - before < 100)) || fail "$((after - before)) ticks"
    emptied
    wait_for 20 few_descriptors
    ask_is "10.0.2.2 hello" host tcp 127.0.0.1 8002
}

whole_burst() { [[ $(guest floor.py burst "$REMOTE4" 7100 10 $(($1 / 10))) == "$1" ]]; }

@test "udp: a thousand datagrams at once come back, all of them" {
    spawn echo "${NS_remote[@]}" floor.py echo 7100 10 "$REMOTE4"
    start_slipgate
    # Who is where on the LAN is asked before, since that may take time.
    run -0 guest floor.py burst "$REMOTE4" 7100 10 1
    equal "$output" 10
    # The kernel itself queues no more than a thousand, and on a busy machine
    # it may have to: one time of several is enough.
    wait_for 60 whole_burst 1000
}

@test "udp: a forward to all addresses answers from the one that was asked" {
    serve guest 7000 0.0.0.0 ::
    start_slipgate --enable-ipv6
    forward udp 8000 7000
    forward udp 8000 7000 ', "host_addr": "::"'
    # connect(2) of the asking side takes no other answer.
    ask_is "$REMOTE4 hello" remote udp "$HOST4" 8000
    ask_is "$REMOTE4 hello" remote udp "$ALSO4" 8000
    ask_is "$REMOTE6 hello" remote udp "$HOST6" 8000
    ask_is "$REMOTE6 hello" remote udp "$ALSO6" 8000
}

@test "outbound-addr: an interface's new address is taken at once" {
    local tcp
    for tcp in slirp auto; do
        echo "--tcp=$tcp"
        serve remote 7000 "$REMOTE4"
        host ip addr replace 203.0.113.9/24 dev other0
        start_slipgate --outbound-addr=other0 --tcp=$tcp
        ask_is "203.0.113.9 hello" guest tcp "$REMOTE4" 7000
        host ip addr del 203.0.113.9/24 dev other0
        host ip addr add 203.0.113.10/24 dev other0
        ask_is "203.0.113.10 hello" guest tcp "$REMOTE4" 7000
        ask_is "203.0.113.10 hello" guest udp "$REMOTE4" 7000
        host ip addr del 203.0.113.10/24 dev other0
        stop_slipgate
        kill "${PIDS[-2]}"
    done
}

@test "outbound-addr: an address that the machine does not have is told" {
    start_slipgate --outbound-addr="$ALSO4" --outbound-addr6="$ALSO6"
    lacks "$(logs)" "is no address"
    stop_slipgate
    start_slipgate --outbound-addr=192.0.2.99
    contains "$(logs)" "--outbound-addr: 192.0.2.99 is no address of this"
}

@test "outbound-addr: flows leave by an interface that leads out" {
    remote ip addr add 203.0.113.77/32 dev lo
    serve remote 7000 "$REMOTE4" 203.0.113.77
    start_slipgate --outbound-addr=lan0
    ask_is "$HOST4 hello" guest tcp "$REMOTE4" 7000
    # By its route that one would leave through other0.
    host ip route add 203.0.113.77 dev other0
    ask_is "$HOST4 hello" guest tcp 203.0.113.77 7000
    ask_is "$HOST4 hello" guest udp 203.0.113.77 7000
    # The host itself is still there.
    serve host 7001 127.0.0.1
    ask_is "127.0.0.1 hello" guest tcp 10.0.2.2 7001
    ask_is "127.0.0.1 hello" guest udp 10.0.2.2 7001
}
