/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/option_table.h"

#include <glib.h>
#include <limits.h>

/* An unknown word means path: slirp4netns takes it so, and callers rely on it.
 */
static const struct option_words netns_types = { { "pid", "path", "tapfd" },
                                                 NETNS_TYPE_PATH };
static const struct option_words target_types = { { "netns", "bess" }, -1 };
static const struct option_words tcp_modes = { { "auto", "relay", "slirp" },
                                               -1 };

#define FIELD(member) .offset = offsetof(struct options, member)

/*
 * In the order of the usage text.  A new option is marked OPTION_OURS; where
 * it takes a unique prefix away from an option of slirp4netns, a hidden row
 * gives it back (see "t").  tests/unit/test_options.c watches over that.
 */
/* clang-format off */
const struct option_spec option_specs[] = {
    { "configure", 'c', OPTION_SWITCH, FIELD(configure),
      .help = "bring the interface up with address and default route",
      .manual =
        "Set up the namespace: loopback and tap up, MTU and MAC address of\n"
        "the tap, its address (see\n.BR ADDRESSES )\nand a default route.\n"
        "Without it the tap is there, and the rest is left to the caller or\n"
        "to DHCP.  The network namespace that slipgate itself is in is refused\n"
        "with this option.",
      .flags = OPTION_NOT_WITH_BESS | OPTION_CALL },
    { "exit-fd", 'e', OPTION_NUMBER, FIELD(exit_fd), .max = INT_MAX,
      .metavar = "FD", .help = "end when the other side of FD is closed",
      .manual =
        "End with status 0 when the other end of this descriptor is closed.\n"
        "See\n.BR \"FILE DESCRIPTORS\" .",
      .refusal = "exit-fd must be a non-negative integer",
      .flags = OPTION_BRIDGE | OPTION_CALL },
    { "ready-fd", 'r', OPTION_NUMBER, FIELD(ready_fd), .max = INT_MAX,
      .metavar = "FD", .help = "write \"1\" to FD when the network is ready",
      .manual =
        "Write one byte, the digit 1, to this descriptor when the network is\n"
        "ready, and close it.  See\n.BR \"FILE DESCRIPTORS\" .",
      .refusal = "ready-fd must be a non-negative integer",
      .flags = OPTION_BRIDGE | OPTION_CALL },
    { "mtu", 'm', OPTION_NUMBER, FIELD(mtu), .min = 1, .max = 65521,
      .metavar = "MTU", .help = "MTU of the tap (default=1500, max=65521)",
      .manual =
        "The MTU of the tap, 1 to 65521; 1500 if not given.  The kernel\n"
        "refuses values below 68 with\n.BR \\-c .",
      .refusal = "MTU must be a positive integer (< 65522)" },
    { "enable-ipv6", '6', OPTION_SWITCH, FIELD(enable_ipv6),
      .help = "give the guest IPv6 too (experimental)",
      .manual =
        "Give the guest IPv6 as well as IPv4.",
      .flags = OPTION_EXPERIMENTAL },
    { "ipv6", 0, OPTION_SWITCH, FIELD(enable_ipv6),
      .help = "the same",
      .manual = "The same as\n.BR \\-\\-enable\\-ipv6 .",
      .flags = OPTION_RUN_ONLY },
    { "same-user", 0, OPTION_SWITCH, FIELD(same_user),
      .help = "run the command as who you are, not as root",
      .manual =
        "Run the command under your own user and group id; otherwise it is\n"
        "root, which inside is another name for you.",
      .flags = OPTION_NO_BRIDGE | OPTION_RUN_ONLY },
    { "api-socket", 'a', OPTION_TEXT, FIELD(api_socket),
      .metavar = "PATH", .help = "serve the control protocol at PATH",
      .manual =
        "Serve the control protocol of\n.BR slipgate\\-api (7)\n"
        "on a UNIX socket at this path.  A socket file that is there\n"
        "already is replaced; the path has at most 107 bytes." },
    { "cidr", 0, OPTION_TEXT, FIELD(cidr),
      .metavar = "CIDR",
      .help = "the guest's IPv4 network (default=10.0.2.0/24)",
      .manual =
        "The IPv4 network from which all addresses are taken, with a prefix\n"
        "length of 1 to 25; 10.0.2.0/24 if not given.  It must name the\n"
        "network itself, not a host in it." },
    { "disable-host-loopback", 0, OPTION_SWITCH, FIELD(disable_host_loopback),
      .help = "keep the guest from the host's 127.0.0.1",
      .manual =
        "Refuse what the guest sends to the gateway address, which otherwise\n"
        "leads to the host's loopback addresses." },
    { "no-host-loopback", 0, OPTION_SWITCH, FIELD(disable_host_loopback),
      .instead = "disable-host-loopback",
      .flags = OPTION_HIDDEN | OPTION_CALL },
    { "no-host-loopback", 0, OPTION_SWITCH, FIELD(disable_host_loopback),
      .help = "the same; so it is here if nothing is said",
      .manual =
        "The same as\n.BR \\-\\-disable\\-host\\-loopback ,\n"
        "and what holds if nothing is said.",
      .flags = OPTION_RUN_ONLY },
    { "allow-host-loopback", 0, OPTION_UNSET, FIELD(disable_host_loopback),
      .help = "let the command reach the host's 127.0.0.1 as 10.0.2.2",
      .manual =
        "Let the command reach the services on the host's loopback\n"
        "addresses, at the gateway address.",
      .flags = OPTION_RUN_ONLY },
    { "deny-outbound", 0, OPTION_SWITCH, FIELD(deny_outbound),
      .help = "refuse all that the guest begins",
      .manual =
        "Refuse what the guest sends to other machines of its own accord.\n"
        "The resolver still answers, forwards to the guest work, and the\n"
        "host's loopback is a matter of its own.",
      .flags = OPTION_OURS },
    { "netns-type", 0, OPTION_CHOICE, FIELD(netns_type),
      .words = &netns_types, .metavar = "TYPE",
      .help = "how the namespace is named ([path|pid|tapfd], default=pid)",
      .manual =
        "What the first argument is:\n.B pid\n(if not given), a process in\n"
        "the namespace;\n.BR path ,\nthe file of a network namespace;\n"
        ".BR tapfd ,\nthe inherited descriptor of an open tap, in which case\n"
        "no namespace is entered and\n.B \\-c\ndoes nothing.  Any other word\n"
        "is taken for\n.BR path .",
      .flags = OPTION_NOT_WITH_BESS | OPTION_CALL },
    { "userns-path", 0, OPTION_PATH, FIELD(userns_path),
      .metavar = "PATH", .help = "the user namespace to join first",
      .manual =
        "The file of the user namespace to join before the network\n"
        "namespace.  If not given, that of PID is joined, and none for a\n"
        "PATH.",
      .refusal = "userns path doesn't exist",
      .flags = OPTION_BRIDGE | OPTION_NOT_WITH_BESS | OPTION_CALL },
    { "enable-sandbox", 0, OPTION_SWITCH, FIELD(enable_sandbox),
      .help = "do not start without the sandbox",
      .manual =
        "Before it is ready, slipgate leaves the host's file system for an\n"
        "empty one that shows only what name resolution needs, drops all\n"
        "capabilities but\n.BR CAP_NET_BIND_SERVICE ,\n"
        "and confines its process in the namespace likewise.\n"
        "It does so by default, and goes on with a warning where the\n"
        "machine refuses it.  With this option it does not start then." },
    { "create-sandbox", 0, OPTION_SWITCH, FIELD(enable_sandbox),
      .instead = "enable-sandbox", .flags = OPTION_HIDDEN },
    { "disable-sandbox", 0, OPTION_SWITCH, FIELD(disable_sandbox),
      .help = "no sandbox, even if enabled",
      .manual =
        "Do without the sandbox even if\n.B \\-\\-enable\\-sandbox\n"
        "is given, as engines do by habit.  Forwards from paths and captures\n"
        "to paths need this, and\n.BR \\-\\-disable\\-seccomp .",
      .flags = OPTION_OURS },
    { "enable-seccomp", 0, OPTION_SWITCH, FIELD(enable_seccomp),
      .help = "do not start without seccomp (experimental)",
      .manual =
        "Before it is ready, slipgate gives up by\n.BR seccomp (2)\n"
        "all system calls that the work does not need.  It does so by\n"
        "default, and goes on with a warning where the machine refuses it.\n"
        "With this option it does not start then.",
      .flags = OPTION_EXPERIMENTAL },
    { "disable-seccomp", 0, OPTION_SWITCH, FIELD(disable_seccomp),
      .help = "no system call filter, even if enabled",
      .manual =
        "Do without the system call filter even if\n"
        ".B \\-\\-enable\\-seccomp\nis given.",
      .flags = OPTION_OURS },
    { "outbound-addr", 0, OPTION_TEXT, FIELD(outbound_addr),
      .metavar = "IPv4",
      .help = "source address, or its interface (experimental)",
      .manual =
        "The host's IPv4 address from which connections of the guest go\n"
        "out, or the name of the interface that has it now.",
      .flags = OPTION_EXPERIMENTAL },
    { "outbound-addr6", 0, OPTION_TEXT, FIELD(outbound_addr6),
      .metavar = "IPv6",
      .help = "the same for IPv6 (experimental)",
      .manual =
        "The same for IPv6.  Of an interface, the first address that is not\n"
        "link-local is taken.",
      .flags = OPTION_EXPERIMENTAL },
    { "disable-dns", 0, OPTION_SWITCH, FIELD(disable_dns),
      .help = "no name resolution at 10.0.2.3 (or its like)",
      .manual =
        "Do not pass on to the host's name servers what the guest sends to\n"
        "the resolver addresses." },
    { "macaddress", 0, OPTION_TEXT, FIELD(macaddress),
      .metavar = "MAC", .help = "MAC address of the tap (only valid with -c)",
      .manual =
        "The MAC address of the tap, six bytes in hexadecimal with colons\n"
        "between them.  Needs\n.BR \\-c .",
      .flags = OPTION_NO_BRIDGE | OPTION_NO_FILE },
    { "target-type", 0, OPTION_CHOICE, FIELD(target_type),
      .words = &target_types, .metavar = "TYPE",
      .help = "what to serve ([netns|bess], default=netns)",
      .manual =
        "What to serve:\n.B netns\n(if not given), a network namespace;\n"
        ".BR bess ,\none peer on a UNIX socket of type SOCK_SEQPACKET that\n"
        "sends and receives an Ethernet frame per message, such as User\n"
        "Mode Linux.  The only argument is then the path of the socket.",
      .refusal = "--target-type must be either \"netns\" or \"bess\"",
      .flags = OPTION_CALL },
    { "t", 0, OPTION_CHOICE, FIELD(target_type), .words = &target_types,
      .refusal = "--target-type must be either \"netns\" or \"bess\"",
      .flags = OPTION_HIDDEN | OPTION_CALL },
    { "tcp", 0, OPTION_CHOICE, FIELD(tcp), .words = &tcp_modes,
      .metavar = "MODE",
      .help = "what carries TCP ([auto|relay|slirp], default=auto)",
      .manual =
        "What carries TCP:\n.BR relay ,\nthe kernel, by way of a namespace\n"
        "between guest and host (where it lacks what that takes, slipgate\n"
        "does not start);\n.BR slirp ,\na stack in user space that works\n"
        "everywhere;\n.B auto\n(if not given), the first that can be had.\n"
        "With a device that somebody else holds\n.RB ( tapfd ,\n"
        ".BR bess )\nit is always\n.BR slirp .",
      .refusal = "--tcp must be \"auto\", \"relay\" or \"slirp\"",
      .flags = OPTION_NO_BRIDGE | OPTION_OURS },
    { "publish", 'p', OPTION_LIST, FIELD(publish),
      .metavar = "FORWARD",
      .help = "lead a host port to the guest: [ADDR:]PORT:GUESTPORT[/udp]",
      .manual =
        "Lead a port of the host to one of the guest from the start, as\n"
        ".B add_hostfwd\nof\n.BR slipgate\\-api (7)\ndoes later.\n"
        ".I FORWARD\nis\n"
        "[\\fIADDR\\fB:\\fR]\\fIHOSTPORT\\fR[\\fB\\-\\fIEND\\fR]\\fB:\\fI"
        "GUESTPORT\\fR[\\fB\\-\\fIEND\\fR][\\fB/tcp\\fR|\\fB/udp\\fR].\n"
        ".I ADDR\nis an IPv4 address, an IPv6 address in brackets, or\n"
        ".B *\nfor all of both families; 0.0.0.0 if not given.\n"
        "May be given up to 256 times.  If one cannot be had, slipgate does\n"
        "not start, and says why.",
      .flags = OPTION_OURS | OPTION_NO_BRIDGE },
    { "state", 0, OPTION_TEXT, FIELD(state),
      .metavar = "PATH",
      .help = "keep networks and forwards in this file, and restore them",
      .manual =
        "Keep the networks, the containers in them and the forwards that the\n"
        "control socket was asked for in this file, and make them again from\n"
        "it when slipgate starts.\n"
        "Containers are found again by their pid or path, if the namespace is\n"
        "still the same one; what has gone meanwhile is told and left out.\n"
        "A file that is not such a state is an error.\n"
        "A process of its own writes it, after each change and whole; it ends\n"
        "with slipgate.",
      .flags = OPTION_BRIDGE | OPTION_OURS | OPTION_CALL | OPTION_NO_FILE },
    { "config", 0, OPTION_TEXT, FIELD(config),
      .metavar = "FILE",
      .help = "read this configuration, and no other file",
      .manual =
        "Read this file instead of those that are read otherwise; see\n"
        ".BR CONFIGURATION .\n"
        "The value must follow an equals sign:\n"
        ".B \\-\\-config\nalone has always been short for\n"
        ".BR \\-\\-configure .",
      .flags = OPTION_OURS | OPTION_EXACT | OPTION_NO_FILE },
    { "show-config", 0, OPTION_SWITCH, FIELD(show_config),
      .help = "print each option's value and where it is from, and exit",
      .manual =
        "Print the value that each option would have, and where it comes\n"
        "from, and exit.",
      .flags = OPTION_OURS | OPTION_NO_FILE },
    { "help", 'h', OPTION_HELP, .help = "print this text and exit",
      .manual = "Print a summary of the options and exit." },
    { "version", 'v', OPTION_VERSION, .help = "print versions and exit",
      .manual =
        "Print the versions of the program and of its libraries and exit.",
      .flags = OPTION_CALL },
};
/* clang-format on */
const size_t option_spec_count = G_N_ELEMENTS(option_specs);
