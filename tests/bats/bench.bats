# SPDX-License-Identifier: GPL-2.0-or-later
load helpers

# The benchmark suite itself, with the shortest of its rows.

setup() { need_tun; }
teardown() { :; }

bench() {
    "$BATS_TEST_DIRNAME/../bench/run" --quick --out "$BATS_TEST_TMPDIR" "$@"
}

@test "the benchmark leaves a table, a file of results and a picture" {
    bench --peers slirp4netns,plain connect-out
    grep -q '^connect-out  1/s .*x)' "$BATS_TEST_TMPDIR/report.txt"
    [ "$(cut -f 1,4 "$BATS_TEST_TMPDIR/results.tsv" | tail -n +2)" = \
        $'connect-out\tslirp4netns\nconnect-out\tplain' ]
    [ "$(head -c 4 "$BATS_TEST_TMPDIR/plot.png" | tail -c 3)" = PNG ]
}

@test "the delay line of the benchmark carries frames" {
    bench --peers plain delayed-out-1500
    grep -q '^delayed-out-1500  Gbit/s ' "$BATS_TEST_TMPDIR/report.txt"
    run ! grep failed "$BATS_TEST_TMPDIR/report.txt"
}

@test "the benchmark refuses a row and a peer that it does not know" {
    run -1 bench --peers plain no-such-row
    [[ $output == *"no such row: no-such-row"* ]]
    run -1 bench --peers nobody connect-out
    [[ $output == *"no such peer: nobody"* ]]
}

@test "the benchmark does not do without slipgate, unless it is told to" {
    run -1 bench --slipgate=/nowhere/slipgate connect-out
    [[ $output == *"no slipgate at /nowhere/slipgate"* ]]
}

# running WORD: a process with the word, and the suite's scratch directory, in
# its command line.
running() {
    printf '%s/slipgate-bench.' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/name"
    grep -lsaFf "$BATS_TEST_TMPDIR/name" /proc/[0-9]*/cmdline |
        xargs -r grep -lsaF -e "$1" | grep -q .
}

@test "nothing of a killed benchmark goes on" {
    local end=$((SECONDS + 30)) suite
    (
        export TMPDIR=$BATS_TEST_TMPDIR
        exec "$BATS_TEST_DIRNAME/../bench/run" --out "$TMPDIR" --seconds 60 \
            --peers plain connect-out >/dev/null 2>&1 3>&-
    ) &
    suite=$!
    until running connects; do
        ((SECONDS < end))
        sleep 0.05
    done
    kill -KILL "$suite"
    while running ""; do
        ((SECONDS < end))
        sleep 0.05
    done
}
