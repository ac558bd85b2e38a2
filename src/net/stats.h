/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stdint.h>

/* What the data plane counts since start; never reset.  X(name, meaning). */
#define STATS_COUNTERS(X)                                                     \
    X(frames_from_guest, "frames read from the guest")                        \
    X(bytes_from_guest, "their bytes")                                        \
    X(frames_to_guest, "frames written to the guest")                         \
    X(bytes_to_guest, "their bytes")                                          \
    X(frames_to_guest_lost, "frames that the guest's device refused")         \
    X(frames_merged, "frames joined to a larger one before writing")          \
    X(acks_thinned, "acknowledgements overtaken before writing")              \
    X(drop_malformed, "frames whose lengths or versions are impossible")      \
    X(drop_ethertype, "frames neither ARP nor IPv4 nor IPv6")                 \
    X(drop_vnet_header, "frames with an impossible offload request")          \
    X(drop_options, "packets with IPv4 options")                              \
    X(drop_fragment, "fragments that are refused or never completed")         \
    X(drop_policy, "packets that the policy drops silently")                  \
    X(drop_out_of_order, "TCP segments beyond what was received or offered")  \
    X(drop_source, "packets from addresses that no guest can have")           \
    X(drop_flags, "TCP segments with impossible flags")                       \
    X(drop_protocol, "packets of transports that are not carried")            \
    X(drop_icmp, "ICMP messages that ask for nothing")                        \
    X(drop_checksum, "datagrams whose checksum is wrong")                     \
    X(drop_echo_rate, "echo requests beyond the rate that is let through")    \
    X(drop_answer, "spurious ICMP errors kept from the guest")                \
    X(refused, "packets answered with a reset or an ICMP error")              \
    X(urgent_cleared, "TCP segments whose urgent pointer was removed")        \
    X(packets_reassembled, "IPv4 packets put together from fragments")        \
    X(datagrams_from_guest, "datagrams and echo requests sent for the guest") \
    X(datagrams_to_guest, "datagrams and echo replies for the guest")         \
    X(datagrams_lost, "datagrams that a host socket did not take")            \
    X(flows_opened, "flows opened, whatever carries them")                    \
    X(flows_evicted, "idle ones among them that had to give way")             \
    X(flows_refused, "flows refused for want of room or descriptors")         \
    X(flows_probed, "keepalive probes to idle or half-closed guests")         \
    X(flows_reaped, "abandoned flows ended")                                  \
    X(syns_held, "connections of the guest held for the host's answer")       \
    X(syns_refused, "of these, refused as the host's connect was")            \
    X(syns_dropped, "of these, given up without an answer")                   \
    X(names_passed_on, "questions passed on to name servers")                 \
    X(names_unanswered, "of these, answered by none of them")                 \
    X(names_dropped, "of these, given up for others")                         \
    X(inbound_refused, "connections to the guest that it did not take")       \
    X(relays_opened, "relayed connections, in both directions")               \
    X(relays_reset, "of these, ended by a failure of one side")               \
    X(relay_bytes_from_guest, "bytes of relays that have closed")             \
    X(relay_bytes_to_guest, "the same, to the guest")

struct stats {
#define STATS_FIELD(name, meaning) uint64_t name;
    STATS_COUNTERS(STATS_FIELD)
#undef STATS_FIELD
};
