#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# buildah takes the helper from PATH, or asks podman's libraries to.
load helpers

buildah() { user buildah "$@"; }

# calls_us: in one of the two ways that versions have.
calls_us() {
    [[ $(last_argv) =~ ^--mtu\ 65520\ -r\ 3\ -c\ [0-9]+\ tap0$ ||
        $(last_argv) =~ ^--dis.*\ -c\ -r\ 3\ --netns-type=path\ /proc/ ]] ||
        fail "called with: $(last_argv)"
}

@test "buildah bud: RUN has the network" {
    printf 'FROM %s\nRUN ip -br -4 addr; /tools/net.py ask tcp %s 7000\n' \
        "$IMAGE" "$REMOTE4" >"$work/Containerfile"
    run -0 buildah bud --isolation=rootless --volume /usr:/usr:ro \
        --volume "$ENGINES_TOP/tests/tools:/tools:ro" \
        -f "$work/Containerfile" "$USER_HOME"
    contains "$output" 10.0.2.100/24
    contains "$output" "$HOST4 hello"
    calls_us
    wait_for 10 no_helpers
}

@test "buildah run: a container by hand" {
    container=$(buildah from "$IMAGE")
    run -0 buildah run --isolation=rootless --volume /usr:/usr:ro \
        --volume "$ENGINES_TOP/tests/tools:/tools:ro" \
        "$container" /tools/net.py ask udp "$REMOTE4" 7000
    equal "$output" "$HOST4 hello"
    calls_us
    as_recorded buildah run
    buildah rm "$container"
}

@test "many builds in a row: ready in time, every time" {
    container=$(buildah from "$IMAGE")
    for _ in 1 2 3 4 5; do
        run -0 buildah run --isolation=rootless --volume /usr:/usr:ro \
            "$container" true
    done
    buildah rm "$container"
}
