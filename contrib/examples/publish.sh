#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# publish.sh SOCKET HOST-PORT GUEST-PORT: leads a TCP port of 127.0.0.1 to the
# guest.  The request is one line, and so is the answer.
set -eu
[ $# = 3 ] || { echo "usage: $0 SOCKET HOST-PORT GUEST-PORT" >&2; exit 2; }
printf '{"execute":"add_hostfwd","arguments":{"proto":"tcp","host_addr":"127.0.0.1","host_port":%d,"guest_port":%d}}' "$2" "$3" | socat -t 5 - "UNIX-CONNECT:$1"
