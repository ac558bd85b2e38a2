# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Runs once: finds the program under test and shows what it runs on.

setup_suite() {
    local top file
    top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    for file in ${SLIPGATE:+"$SLIPGATE"} "$top/build/slipgate" "$top/slipgate"; do
        [[ -x $file ]] && break
    done
    [[ -x $file ]] || {
        echo "no slipgate to test: build it, or set SLIPGATE=/path/to/it" >&2
        return 1
    }
    SLIPGATE=$(readlink -f "$file")
    export SLIPGATE
    : "${BATS_TEST_TIMEOUT:=300}"
    export BATS_TEST_TIMEOUT
    {
        uname -srm
        sed -n 's/^PRETTY_NAME=//p' /etc/os-release
        "$SLIPGATE" --version | head -n 3
        bash --version | head -n 1
        bats --version
        python3 --version
        unshare --version
        ip -V
        id
    } 2>&1 | sed 's/^/# /' >&3
}
