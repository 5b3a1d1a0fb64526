/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel: system calls and constants that a C library may be too old to know, one thin inline each.
 * Numbers from the kernel's own table; every one here is the same on all architectures (>= 424).
 * All return what the raw call returns through syscall(2): -1 and errno on failure.
 */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#endif
#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef MS_NOSYMFOLLOW          /* Linux 5.10 */
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

static inline int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
    return (int) syscall(SYS_open_tree, dir_fd, path, flags);
}

static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return (int) syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_fsopen(const char *type, unsigned flags)
{
    return (int) syscall(SYS_fsopen, type, flags);
}

static inline int sys_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux)
{
    return (int) syscall(SYS_fsconfig, fd, command, key, value, aux);
}

static inline int sys_fspick(int dir_fd, const char *path, unsigned flags)
{
    return (int) syscall(SYS_fspick, dir_fd, path, flags);
}

static inline int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
    return (int) syscall(SYS_fsmount, fd, flags, attributes);
}

static inline int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size)
{
    return (int) syscall(SYS_mount_setattr, dir_fd, path, flags, attr, size);
}

static inline int sys_openat2(int dir_fd, const char *path, struct open_how *how, size_t size)
{
    return (int) syscall(SYS_openat2, dir_fd, path, how, size);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int) syscall(SYS_close_range, first, last, flags);
}

static inline int sys_pidfd_open(pid_t pid, unsigned flags)
{
    return (int) syscall(SYS_pidfd_open, pid, flags);
}

static inline int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
    return (int) syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags);
}

/* The program FD itself; musl has no wrapper. */
static inline int sys_execve_fd(int fd, char *const *argv, char *const *environment)
{
    return (int) syscall(SYS_execveat, fd, "", argv, environment, AT_EMPTY_PATH);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int) syscall(SYS_pivot_root, new_root, put_old);
}

/* When an inode was made, in microseconds since 1970; 0 where the file system does not say. For descriptors, O_PATH
 * ones too. (statx(2), Linux 4.11; its struct is not in every C library, nor can linux/stat.h stand beside
 * sys/stat.h.) */
static inline uint64_t sys_birth_time_us(int fd)
{
    enum { BIRTH = 0x800, BIRTH_OFFSET = 80 };          /* STATX_BTIME; of stx_btime: seconds, then nanoseconds */
    union {
        uint8_t byte[256];
        uint32_t mask;
    } answer = {0};
    int64_t seconds;
    uint32_t nanoseconds;

    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, BIRTH, &answer) < 0 || !(answer.mask & BIRTH))
        return 0;
    __builtin_memcpy(&seconds, answer.byte + BIRTH_OFFSET, sizeof seconds);
    __builtin_memcpy(&nanoseconds, answer.byte + BIRTH_OFFSET + 8, sizeof nanoseconds);
    return seconds < 0 ? 0 : (uint64_t) seconds * 1000000 + nanoseconds / 1000;
}

/* The calls alone. A C library's versions change all threads of the process, which a child that shares its parent's
 * memory must not set about. */
static inline int sys_setgroups(size_t n, const gid_t *groups)
{
    return (int) syscall(SYS_setgroups, n, groups);
}

static inline int sys_setresuid(uid_t uid)
{
    return (int) syscall(SYS_setresuid, uid, uid, uid);
}

static inline int sys_setresgid(gid_t gid)
{
    return (int) syscall(SYS_setresgid, gid, gid, gid);
}

/* Whether FD lies at the top of a mount (Linux 5.8), by statx(2): musl before 1.2.5 knows neither the call nor its
 * struct, of which the second 64-bit word is what is wanted. */
static inline int sys_is_mount_root(int fd)
{
    enum { MOUNT_ROOT = 0x2000, WORDS = 32 };
    uint64_t stat[WORDS];

    return syscall(SYS_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, 0, stat) == 0 && stat[1] & MOUNT_ROOT;
}
