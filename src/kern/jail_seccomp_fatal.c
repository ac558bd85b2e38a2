/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_seccomp_rows.h"

#include "base/sanitized.h"

/* clang-format off */
/*
 * Whoever makes one of these is not our code: new programs, other processes'
 * memory, the kernel itself, mounts, and ways around files' names.
 */
const struct jail_seccomp_rule jail_seccomp_fatal[] = {
    CALL(execve),
    CALL(execveat),

    CALL(lookup_dcookie),
    CALL(perf_event_open),
    CALL(pidfd_send_signal),
#ifdef __SNR_pidfd_getfd
    CALL(pidfd_getfd),
#endif
#if !SANITIZED
    CALL(process_vm_readv),
    CALL(ptrace),
#endif
    CALL(process_vm_writev),

    CALL(bpf),
    CALL(delete_module),
    CALL(finit_module),
    CALL(init_module),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(io_uring_setup),
    CALL(kexec_file_load),
    CALL(kexec_load),
    CALL(reboot),
    CALL(userfaultfd),

    CALL(add_key),
    CALL(keyctl),
    CALL(request_key),

    CALL(chroot),
    CALL(fsconfig),
    CALL(fsmount),
    CALL(fsopen),
    CALL(fspick),
    CALL(mount),
#ifdef __SNR_mount_setattr
    CALL(mount_setattr),
#endif
    CALL(move_mount),
    CALL(name_to_handle_at),
    CALL(open_by_handle_at),
    CALL(open_tree),
    CALL(pivot_root),
    CALL(umount),
    CALL(umount2),
    END_OF_ROWS,
};

const struct jail_seccomp_rule jail_seccomp_fatal_prctl[] = {
#if !SANITIZED
    CALL(prctl),
#endif
    END_OF_ROWS,
};

const struct jail_seccomp_rule jail_seccomp_fatal_pidfd[] = {
    CALL(pidfd_open),
    END_OF_ROWS,
};

const struct jail_seccomp_rule jail_seccomp_fatal_settled[] = {
    CALL(setns),
    CALL(unshare),
    END_OF_ROWS,
};
/* clang-format on */
