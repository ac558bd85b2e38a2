#!/bin/sh
# Usage: man-options.sh check|update MAN_PAGE PRINT_OPTIONS
# The parts of MAN_PAGE between two marks are what PRINT_OPTIONS prints:
# "check" shows the difference and fails on one, "update" makes it so.
set -eu
action=$1 page=$2 tool=$3

tmp=$(mktemp)
trap 'rm -f "$tmp" "$tmp.next"' EXIT
cp "$page" "$tmp"
for part in man run; do
    export begin=".\\\" begin of what print-options $part made"
    export end=".\\\" end of what print-options $part made"
    for mark in "$begin" "$end"; do
        if ! grep -qxF -e "$mark" "$page"; then
            echo "$page has lost its mark: $mark" >&2
            exit 1
        fi
    done
    {
        awk '{ print } $0 == ENVIRON["begin"] { exit }' "$tmp"
        "$tool" "$part"
        awk '$0 == ENVIRON["end"] { on = 1 } on { print }' "$tmp"
    } >"$tmp.next"
    mv "$tmp.next" "$tmp"
done
case $action in
check) diff -u "$page" "$tmp" ;;
update) cat "$tmp" >"$page" ;;
*) exit 1 ;;
esac
