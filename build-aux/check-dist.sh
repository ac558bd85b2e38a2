#!/bin/sh
# Fails when a file that git has would be missing in the tarball.
#
#   check-dist.sh SRCDIR FILE...    what automake distributes; may be folders
#
# Says nothing outside of a checkout.
set -eu
cd "$1"
top=$(pwd -P)
srcdir=$1
shift
[ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$top" ] || exit 0
for file; do
    printf 'has %s\n' "${file#"$srcdir"/}"
done | {
    cat
    git ls-files | sed 's/^/git /'
} | awk '
$1 == "has" { has[$2] = 1; next }
$2 == ".gitignore" { next }
{
    n = split($2, part, "/")
    path = ""
    for (i = 1; i <= n; i++) {
        path = path (i > 1 ? "/" : "") part[i]
        if (path in has)
            next
    }
    print "make dist leaves out " $2 " (see EXTRA_DIST in Makefile.am)"
    missing = 1
}
END { exit missing }' >&2
