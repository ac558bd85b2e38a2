# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by quickstart and test: gets the packages they need, by apt, dnf or
# apk, and only if something is missing.

BUILD_COMMANDS='gcc make autoreconf automake pkg-config'
BUILD_MODULES='glib-2.0 slirp libseccomp libcap jansson libmnl libnftnl'
RUN_COMMANDS='ip unshare nsenter python3'
TEST_COMMANDS='bash bats busybox jq shellcheck ss'
STATIC_COMMANDS='clang-format clang-tidy cppcheck'
FUZZ_COMMANDS='clang'
COVERAGE_COMMANDS='clang llvm-cov llvm-profdata'
ENGINES_COMMANDS='podman buildah rootlesskit crun catatonit newuidmap iptables'

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# What of the given kinds (those below: build, run, test...) is not there.
missing_for() {
    for kind; do
        case $kind in
        build) commands=$BUILD_COMMANDS ;;
        run) commands=$RUN_COMMANDS ;;
        test) commands=$TEST_COMMANDS ;;
        static) commands=$STATIC_COMMANDS ;;
        fuzz) commands=$FUZZ_COMMANDS ;;
        coverage) commands=$COVERAGE_COMMANDS ;;
        engines) commands=$ENGINES_COMMANDS ;;
        esac
        for command in $commands; do
            command -v "$command" >/dev/null 2>&1 || printf '%s ' "$command"
        done
        [ "$kind" = build ] || continue
        for module in $BUILD_MODULES; do
            pkg-config --exists "$module" 2>/dev/null ||
                printf '%s ' "$module"
        done
    done
}

# package_command KIND...: the command that installs them here.
package_command() {
    if command -v apt-get >/dev/null; then
        set -- apt "$@"
    elif command -v dnf >/dev/null; then
        set -- dnf "$@"
    elif command -v apk >/dev/null; then
        set -- apk "$@"
    else
        return 1
    fi
    manager=$1 packages=
    shift
    for kind; do
        packages="$packages $(packages_of "$manager-$kind")" || return 1
    done
    case $manager in
    apt) echo "apt-get install -y --no-install-recommends$packages" ;;
    dnf) echo "dnf install -y$packages" ;;
    apk) echo "apk add$packages" ;;
    esac
}

packages_of() {
    case $1 in
    apt-build) echo gcc make autoconf automake pkg-config libc6-dev \
        libglib2.0-dev libslirp-dev libseccomp-dev libcap-dev \
        libjansson-dev libmnl-dev libnftnl-dev ;;
    dnf-build) echo gcc make autoconf automake pkgconf-pkg-config \
        glib2-devel libslirp-devel libseccomp-devel libcap-devel \
        jansson-devel libmnl-devel libnftnl-devel ;;
    apk-build) echo build-base autoconf automake pkgconf linux-headers \
        glib-dev libslirp-dev libseccomp-dev libcap-dev jansson-dev \
        libmnl-dev libnftnl-dev ;;
    apt-run) echo iproute2 util-linux python3 ;;
    dnf-run) echo iproute util-linux python3 ;;
    apk-run) echo iproute2 util-linux-misc python3 ;;
    # busybox-static does as well, and apt would replace it.
    apt-test) echo bash bats jq shellcheck \
        "$(command -v busybox >/dev/null || echo busybox)" ;;
    dnf-test) echo bash bats busybox jq ShellCheck libasan libubsan ;;
    apk-test) echo bash bats busybox jq shellcheck coreutils \
        findutils grep iproute2-ss ;;
    apt-static) echo clang-format clang-tidy cppcheck ;;
    dnf-static) echo clang-tools-extra cppcheck ;;
    apk-static) echo clang-extra-tools cppcheck ;;
    apt-fuzz) echo clang ;;
    dnf-fuzz) echo clang compiler-rt ;;
    apk-fuzz) echo clang compiler-rt ;;
    apt-coverage) echo clang llvm ;;
    dnf-coverage) echo clang compiler-rt llvm ;;
    apk-coverage) echo clang compiler-rt llvm ;;
    apt-engines) echo podman buildah rootlesskit crun conmon catatonit \
        uidmap iptables netavark aardvark-dns ;;
    *) return 1 ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@" # it may ask for the password
    else
        sudo -n "$@"
    fi
}

# need_packages KIND...: has everything, or gets it, or says how to.
need_packages() {
    missing=$(missing_for "$@")
    [ -n "$missing" ] || return 0
    install=$(package_command "$@") ||
        die "missing: $missing; no apt-get, dnf or apk here to get it"
    say "missing: $missing"
    say "running: $install"
    case $install in
    apt-get*) as_root apt-get update -q >&2 ;;
    esac
    # shellcheck disable=SC2086 # a command line in words
    as_root env DEBIAN_FRONTEND=noninteractive $install >&2 || true
    missing=$(missing_for "$@")
    [ -z "$missing" ] || die "still missing: $missing; try: $install"
}

# configure_in DIR OPTION...: an out-of-tree build below the checkout.
configure_in() {
    [ -x configure ] || ./autogen.sh >&2
    mkdir -p "$1"
    (cd "$1" && shift && ../../configure -q "$@")
}
