#!/bin/sh
# Fails when a file under src/ includes a later layer, when modules include each
# other in a circle, or when a library's header is used outside its owner.
set -eu
cd "$(dirname "$0")/../src"
grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]+["<][^">]+' \
    --include='*.[ch]' . |
sed -E 's|^\./||; s|:[[:space:]]*#[[:space:]]*include[[:space:]]+(["<])| \1 |' |
awk '
BEGIN {
    n = split("base kern agent net bridge control app", order, " ")
    for (i = 1; i <= n; i++)
        rank[order[i]] = i
    rank["ctl"] = n + 1 # the client: nobody includes it, and it sees little
    owner["libslirp.h"] = "^net/slirp"
    owner["jansson.h"] = "^control/json"
    owner["seccomp.h"] = "^kern/jail_seccomp"
    owner["libmnl.h"] = "^kern/(rtnl|nft)"
    owner["capability.h"] = "^kern/jail_caps"
}
{
    from = $1; ours = ($2 == "\""); to = $3
    split(from, f, "/"); split(to, t, "/")
    if (!(f[1] in rank))
        bad(from " is in no known layer")
    base = to; sub(".*/", "", base)
    if (!ours && base in owner && to !~ /^linux/ && from !~ owner[base])
        bad(from " must not include " to)
    if (to ~ /^libnftnl\// && from !~ /^kern\/nft/)
        bad(from " must not include " to)
    if (!ours || !(t[1] in rank))
        next
    if (f[1] == "ctl" && t[1] !~ /^(base|ctl)$/ && to != "control/json.h")
        bad(from " must not include " to)
    if (rank[t[1]] > rank[f[1]])
        bad(from " reaches up to " to)
    if (from ~ /_internal\.h$/)
        next # belongs to the modules that share it, whose edges count
    a = from; sub(/\.[ch]$/, "", a)
    b = to; sub(/\.h$/, "", b)
    if (a != b) { edge[a] = edge[a] " " b; node[a]; node[b] }
}
function bad(message) { print "check-layers: " message; failed = 1 }
function visit(v,    k, m, w) {
    if (state[v] == 2) return
    if (state[v] == 1) { bad("circle through " v); return }
    state[v] = 1
    m = split(edge[v], w, " ")
    for (k = 1; k <= m; k++) visit(w[k])
    state[v] = 2
}
END { for (v in node) visit(v); exit failed }'
