#!/bin/sh
# Usage: man-options.sh check|update MAN_PAGE PRINT_OPTIONS
# The part of MAN_PAGE between its two marks is what PRINT_OPTIONS prints:
# "check" shows the difference and fails on one, "update" makes it so.
set -eu
action=$1 page=$2 tool=$3
export begin='.\" begin of what print-options made'
export end='.\" end of what print-options made'

tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
{
    awk '{ print } $0 == ENVIRON["begin"] { exit }' "$page"
    "$tool" man
    awk '$0 == ENVIRON["end"] { on = 1 } on { print }' "$page"
} >"$tmp"
for mark in "$begin" "$end"; do
    if ! grep -qxF -e "$mark" "$page"; then
        echo "$page has lost its mark: $mark" >&2
        exit 1
    fi
done
case $action in
check) diff -u "$page" "$tmp" ;;
update) cat "$tmp" >"$page" ;;
*) exit 1 ;;
esac
