/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/doctor_check.h"

#include "agent/relay_ns.h"
#include "base/error.h"
#include "base/own.h"
#include "kern/jail_landlock.h"
#include "kern/nft.h"
#include "kern/rtnl.h"
#include "kern/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>

#define PROBE_MTU 1500

static void found(struct doctor_finding *f, enum doctor_verdict verdict,
                  char *detail, const char *remedy)
{
    f->verdict = verdict;
    f->detail = detail;
    f->remedy = g_strdup(remedy);
}

void doctor_check_tun(struct doctor_finding *f)
{
    owned_fd fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd >= 0)
        return;
    found(f, DOCTOR_MISSING, g_strdup(g_strerror(errno)),
          errno == EACCES || errno == EPERM
              ? "chmod 0666 /dev/net/tun\n"
                "(in a container: pass it in, --device /dev/net/tun)"
              : "modprobe tun\n"
                "(in a container: pass it in, --device /dev/net/tun)");
}

/* --- user namespaces: whichever switch of the system is off --- */

static const struct {
    const char *file, *off, *remedy;
} userns_switches[] = {
    { "/proc/sys/user/max_user_namespaces", "0",
      "sysctl -w user.max_user_namespaces=15000" },
    { "/proc/sys/user/max_net_namespaces", "0",
      "sysctl -w user.max_net_namespaces=15000" },
    { "/proc/sys/kernel/unprivileged_userns_clone", "0",
      "sysctl -w kernel.unprivileged_userns_clone=1" },
    { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
      "cp contrib/apparmor/slipgate /etc/apparmor.d/ && "
      "apparmor_parser -r /etc/apparmor.d/slipgate\n"
      "or: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" },
};

static const char *userns_remedy(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(userns_switches); i++) {
        g_autofree char *text = NULL;

        if (g_file_get_contents(userns_switches[i].file, &text, NULL, NULL) &&
            strcmp(g_strstrip(text), userns_switches[i].off) == 0)
            return userns_switches[i].remedy;
    }
    return "In a container, its seccomp profile may forbid them: "
           "--security-opt seccomp=unconfined";
}

void doctor_check_userns(struct doctor_finding *f)
{
    char *why;

    if (!doctor_try(NULL, &why))
        found(f, DOCTOR_MISSING, why, userns_remedy());
}

/* --- what is tried inside --- */

static int probe_tap(GError **err)
{
    char name[IFNAMSIZ];
    owned_fd fd = tap_open("probe", 0, name, err);

    return fd < 0 ? -1 : 0;
}

static int probe_veth(GError **err)
{
    struct rtnl *rtnl = rtnl_open(err);
    int rc;

    if (rtnl == NULL)
        return -1;
    rc = rtnl_veth_add(rtnl, "probe0", NULL, "probe1", NULL, PROBE_MTU, 0, err);
    rtnl_close(rtnl);
    return rc;
}

static int probe_nftables(GError **err)
{
    static const struct nft_chain chain = { .family = NFPROTO_INET,
                                            .table = "probe",
                                            .name = "probe",
                                            .hook = NF_INET_PRE_ROUTING,
                                            .priority = -150 };
    const struct ip_endpoint listener = {
        .addr = { .family = AF_INET, .v4.s_addr = htonl(INADDR_LOOPBACK) },
        .port = 1
    };
    owned(nft_batch) batch = nft_batch_new();
    struct nft_rule *rule = nft_rule_new(&chain);

    nft_batch_add_table(batch, NFPROTO_INET, chain.table);
    nft_batch_add_chain(batch, &chain);
    nft_match_family(rule, AF_INET);
    nft_match_l4proto(rule, IPPROTO_TCP, true);
    nft_tproxy(rule, &listener);
    nft_batch_add_rule(batch, rule);
    return nft_batch_commit(batch, err);
}

static int probe_relay(GError **err)
{
    const struct agent_relay_open config = { .name = "tap0", .mtu = PROBE_MTU };
    int fds[RELAY_NS_FD_COUNT];
    struct rtnl *rtnl = rtnl_open(err);

    if (rtnl == NULL)
        return -1;
    /* What it made ends with this process. */
    return relay_ns_open(rtnl, &config, fds, err) == NULL ? -1 : 0;
}

static void check_inside(struct doctor_finding *f, int (*probe)(GError **err),
                         enum doctor_verdict otherwise, const char *remedy)
{
    g_autofree char *no_namespace = NULL;
    char *why;

    if (doctor_try(probe, &why))
        return;
    if (!doctor_try(NULL, &no_namespace))
        remedy = "mend what is missing above first";
    found(f, otherwise, why, remedy);
}

void doctor_check_tap(struct doctor_finding *f)
{
    check_inside(f, probe_tap, DOCTOR_MISSING,
                 "mend what is missing above first");
}

void doctor_check_veth(struct doctor_finding *f)
{
    check_inside(f, probe_veth, DOCTOR_LESS, "modprobe veth");
}

void doctor_check_nftables(struct doctor_finding *f)
{
    check_inside(f, probe_nftables, DOCTOR_LESS,
                 "modprobe -a nf_tables nft_tproxy nft_socket nft_fwd_netdev");
}

void doctor_check_relay(struct doctor_finding *f)
{
    check_inside(f, probe_relay, DOCTOR_LESS,
                 "mend what is said above; until then TCP goes through user "
                 "space, at a fraction of the speed");
}

/* --- confinement --- */

void doctor_check_landlock(struct doctor_finding *f)
{
    int abi = jail_landlock_abi();

    if (abi > 0)
        f->detail = g_strdup_printf("version %d", abi);
    else
        found(f, DOCTOR_LESS,
              g_strdup("not in this kernel, or off; the sandbox has a layer "
                       "less"),
              "add landlock to the list of lsm= on the kernel's command line");
}

void doctor_check_seccomp(struct doctor_finding *f)
{
    const uint32_t action = SECCOMP_RET_ERRNO;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
        found(f, DOCTOR_LESS, g_strdup(g_strerror(errno)),
              "a kernel with CONFIG_SECCOMP_FILTER");
}
