/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/jail_landlock.h"

#include "base/error.h"
#include "base/own.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The same on every architecture; old headers lack them. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

/* linux/landlock.h, whole, whatever the headers at hand know. */
#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH      1
#define FS_WRITE_FILE          (UINT64_C(1) << 1)
#define FS_READ_FILE           (UINT64_C(1) << 2)
#define FS_READ_DIR            (UINT64_C(1) << 3)
#define FS_REMOVE_FILE         (UINT64_C(1) << 5)
#define FS_MAKE_REG            (UINT64_C(1) << 8)
#define FS_ALL_OF_ABI_1        ((UINT64_C(1) << 13) - 1)
#define FS_REFER               (UINT64_C(1) << 13)
#define FS_TRUNCATE            (UINT64_C(1) << 14)
#define FS_IOCTL_DEV           (UINT64_C(1) << 15)
#define SCOPE_ABSTRACT_UNIX    (UINT64_C(1) << 0)

struct ruleset_attr {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

struct path_beneath_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

/* What each ABI can take away, and how long its ruleset_attr is. */
static const struct abi {
    uint64_t fs;
    uint64_t scoped;
    size_t attr_size;
} abis[] = {
    { 0, 0, 0 },
    { FS_ALL_OF_ABI_1, 0, 8 },
    { FS_ALL_OF_ABI_1 | FS_REFER, 0, 8 },
    { FS_ALL_OF_ABI_1 | FS_REFER | FS_TRUNCATE, 0, 8 },
    { FS_ALL_OF_ABI_1 | FS_REFER | FS_TRUNCATE, 0, 16 },
    { FS_ALL_OF_ABI_1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV, 0, 16 },
    { FS_ALL_OF_ABI_1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV,
      SCOPE_ABSTRACT_UNIX, 24 },
};

int jail_landlock_abi(void)
{
    /* ENOSYS: not built in; EOPNOTSUPP: not switched on at boot. */
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

static int allow(int ruleset, int fd, uint64_t rights)
{
    struct path_beneath_attr attr = { rights, fd };

    return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
                        &attr, 0);
}

/* `rights` are those of a file, directories get reading them in addition. */
static int allow_path(int ruleset, const char *path, uint64_t rights,
                      GError **err)
{
    owned_fd fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set_errno(err, "open %s for landlock", path);
    /* A right that only directories have is refused for a file. */
    if (S_ISDIR(st.st_mode))
        rights |= FS_READ_DIR;
    if (allow(ruleset, fd, rights) != 0)
        return error_set_errno(err, "allow landlock to use %s", path);
    return 0;
}

/* `known` are the rights that the ruleset handles. */
static int allow_all(int ruleset, uint64_t known,
                     const struct jail_landlock_rules *rules, GError **err)
{
    const uint64_t writing = FS_READ_FILE | FS_WRITE_FILE | FS_IOCTL_DEV;
    const uint64_t changing =
        FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG | FS_REMOVE_FILE;

    for (size_t i = 0; i < rules->readable_count; i++)
        if (allow_path(ruleset, rules->readable[i], FS_READ_FILE, err) < 0)
            return -1;
    for (size_t i = 0; i < rules->writable_count; i++)
        if (allow_path(ruleset, rules->writable[i], writing & known, err) < 0)
            return -1;
    if (rules->removable_dir_fd >= 0 &&
        allow(ruleset, rules->removable_dir_fd, FS_REMOVE_FILE) != 0)
        return error_set_errno(err, "allow landlock to remove a file");
    if (rules->changeable_dir_fd > 0 &&
        allow(ruleset, rules->changeable_dir_fd, changing & known) != 0)
        return error_set_errno(err, "allow landlock to change files");
    return 0;
}

int jail_landlock_restrict(const struct jail_landlock_rules *rules,
                           GError **err)
{
    const size_t newest = G_N_ELEMENTS(abis) - 1;
    const size_t offered = (size_t)jail_landlock_abi(); /* asked only once */
    const struct abi *abi = &abis[MIN(offered, newest)];
    struct ruleset_attr attr = { .fs = abi->fs, .scoped = abi->scoped };
    owned_fd ruleset = -1;

    if (abi->attr_size == 0)
        return 0;
    ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attr, abi->attr_size, 0);
    if (ruleset < 0)
        return error_set_errno(err, "make a landlock ruleset");
    if (allow_all(ruleset, abi->fs, rules, err) < 0)
        return -1;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        return error_set_errno(err, "enter the landlock ruleset");
    return 1;
}
