# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of bridge networks share; after helpers.bash.

# request VERB ARGUMENTS: prints the answer.
request() {
    local verb
    # Whole, so that each verb can be found here.
    for verb in '"execute":"network_create"' '"execute":"network_list"' \
        '"execute":"network_inspect"' '"execute":"network_update"' \
        '"execute":"network_remove"' '"execute":"network_attach"' \
        '"execute":"network_detach"'; do
        [[ "$verb" != *"_$1\"" ]] || api "{$verb,\"arguments\":$2}"
    done
}

# refused VERB ARGUMENTS CODE TEXT: the error has this code and this text in it.
refused() {
    local answer
    answer=$(request "$1" "$2") || fail "no answer to $1 $2: $(logs)" ||
        return 1
    jq -e --arg code "$3" --arg text "$4" \
        '.error | .code == $code and (.desc | contains($text))' \
        <<<"$answer" >/dev/null || fail "$1 $2: $answer"
}

# done_as FILTER VERB ARGUMENTS: the result makes the filter true; it is left in
# $RESULT.
done_as() {
    local answer
    answer=$(request "$2" "$3") || fail "no answer to $2 $3: $(logs)" ||
        return 1
    RESULT=$(jq -ec .return <<<"$answer") || fail "$2 $3: $answer" || return 1
    jq -e "$1" <<<"$RESULT" >/dev/null || fail "$2 $3: $RESULT is not $1"
}

# Where this machine can make no networks, in slipgate's words.
needs_networks() {
    local answer
    answer=$(request create '{"name":"probe"}') || return 1
    [[ $(jq -r .error.code <<<"$answer") != unavailable ]] ||
        skip_unless_ci "$(jq -r .error.desc <<<"$answer")"
    done_as true remove '{"name":"probe"}'
}

# container NAME [user]: a network namespace in the guest's user namespace, or in
# one of its own that belongs to the same user; NAME runs a command there.
container() {
    case ${2:-guest} in
    user) world "$1" user --user --map-root-user --net ;;
    *) world "$1" guest --net ;;
    esac
    eval "$1() { \"\${NS_$1[@]}\" \"\$@\"; }"
}

# create NAME [MORE-JSON]
create() { done_as .network.id create '{"name":"'"$1"'"'"${2:-}"'}'; }

# attach NETWORK CONTAINER [MORE-JSON]: its addresses are left in $ADDR4 and
# $ADDR6.
attach() {
    local -n _pid="PID_$2"
    done_as .interfaces attach '{"network":"'"$1"'","container":"'"$2"'",
        "pid":'"$_pid${3:-}"'}' || return 1
    ADDR4=$(addresses | sed -n '/\./{p;q}')
    ADDR6=$(addresses | sed -n '/:/{p;q}')
}

addresses() {
    jq -r '.interfaces[].subnets[].ipnet | sub("/.*"; "")' <<<"$RESULT"
}

# gateway NAME [INDEX]: of a network's subnet.
gateway() {
    request inspect '{"name":"'"$1"'"}' |
        jq -r ".return.network.subnets[${2:-0}].gateway"
}

# addresses_of NETWORK CONTAINER: all it has there.
addresses_of() {
    request inspect '{"name":"'"$1"'"}' |
        jq -r ".return.containers[\"$2\"].static_ips[]"
}

# start_networks ARG...: networks beside a guest, or, in a file X_bridge.bats,
# without one.
start_networks() {
    case $BATS_TEST_FILENAME in
    *_bridge.bats)
        launch user bridge --api-socket="$SOCK" --enable-ipv6 "$@"
        ;;
    *) start_slipgate --enable-ipv6 "$@" ;;
    esac
    needs_networks
}

# name_of WORLD SERVER NAME [A|AAAA|PTR]: the answer of a name server.
name_of() { "$1" dns.py find "${@:2}"; }
