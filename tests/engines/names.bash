# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# Names that the machine and the tests on it share.
export PATH=$ENGINES_TOP/tests/tools:$PATH

HOST4=198.51.100.2 HOST6=2001:db8:51::2     # the machine, on its LAN
ALSO4=198.51.100.3                          # its second address
REMOTE4=198.51.100.1 REMOTE6=2001:db8:51::1 # the other machine there

work=$ENGINES_WORK
USER_NAME=dweller USER_ID=47011
USER_HOME=$work/home USER_RUN=/run/user/$USER_ID
HELPER=$work/bin/slipgate-recorded
IMAGE=localhost/machine:1

# user COMMAND...: as the unprivileged user, with nothing of our environment.
# EXTRA holds more NAME=VALUE words.
user() {
    setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
        env -i -C "$USER_HOME" HOME="$USER_HOME" USER="$USER_NAME" \
        LOGNAME="$USER_NAME" XDG_RUNTIME_DIR="$USER_RUN" LANG=C.UTF-8 \
        PATH="$work/bin:$ENGINES_TOP/tests/tools:/usr/local/bin:/usr/bin:/usr/sbin" \
        "${EXTRA[@]}" "$@" 3>&- 4>&- </dev/null
}
EXTRA=()

# remote COMMAND...: on the other machine.
remote() { nsenter -t "$(<"$work/remote.pid")" -n -- "$@"; }

version() { "$1" --version | grep -o '[0-9][0-9.]*' | head -n 1; }

# at_least PROGRAM VERSION
at_least() {
    [[ $(printf '%s\n' "$2" "$(version "$1")" | sort -V | head -n 1) == "$2" ]]
}
