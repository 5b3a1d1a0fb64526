/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The API file systems of the container, and what is hidden of them (container interface, sections 2 and 6).
 *
 * All of it happens after pivot_root, by plain paths: a link in a hostile tree leads to another place in that tree at
 * worst. /proc comes last, so that none of its magic links exists while the other places are looked up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "runtime/run_state.h"

enum { SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC };

/* Mounts FD on a folder of the tree's top, which is made if it is missing. */
static int attach_top(struct child *child, int fd, const char *target, struct error **err)
{
    if (sys_move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0)
        return 0;
    if (errno == ENOENT && mkdirat(child->root_fd, target + 1, 0755) == 0 &&
        sys_move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0)
        return 0;

    int r = fail(err, errno, "cannot mount %s", target);
    if (r == -ENOENT || r == -EROFS)
        fail_hint(*err, "the tree has no folder %s and cannot be written to; make it there", target);
    return r;
}

static int mount_top(struct child *child, const char *type, const char *target, unsigned long flags,
                     const char *options, struct error **err)
{
    if (mount(type, target, type, flags, options) == 0)
        return 0;
    if (errno == ENOENT && mkdirat(child->root_fd, target + 1, 0755) == 0 &&
        mount(type, target, type, flags, options) == 0)
        return 0;

    int r = fail(err, errno, "cannot mount %s on %s", type, target);
    if (r == -ENOENT || r == -EROFS)
        fail_hint(*err, "the tree has no folder %s and cannot be written to; make it there", target);
    return r;
}

static int bind_read_only(const char *path, struct error **err)
{
    if (mount(path, path, NULL, MS_BIND, NULL) < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot bind %s to itself", path);
    return mount_plain(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL, err);
}

/* -- before the pivot -- */

/* Parts of sysfs that are harmless, whosever network it is of. */
static const char *const sys_parts[SYS_PARTS] = {"block", "bus", "class", "dev", "devices", "kernel"};

/* The network's part of the kernel's settings is the container's to change, and the rest of sysfs is kept from it: with
 * a network of its own, or where SYSTEMD_NSPAWN_API_VFS_WRITABLE=network hands it that of the host. */
static bool shows_network_alone(const struct spec *spec)
{
    return spec_has_own_network(spec) || spec->api_vfs_writable_network;
}

/* A sysfs over that of the host, for clones of its parts. It leaves with the host's tree: taken away by itself it would
 * cost a start one more wait for the end of an RCU grace period. */
static int prepare_sys_parts(struct child *child, struct error **err)
{
    const struct run *run = child->run;
    unsigned long flags = SAFE | (run->spec->api_vfs_writable ? 0 : MS_RDONLY);
    char path[32];

    /* A user namespace may mount it only for a network of its own: made outside for others. With the host's network
     * the one that is there is the one that is wanted, and cannot be covered by itself (EBUSY). */
    if (run->sys_fd >= 0 ? sys_move_mount(run->sys_fd, "", AT_FDCWD, "/sys", MOVE_MOUNT_F_EMPTY_PATH) < 0
                         : mount("sysfs", "/sys", "sysfs", flags, NULL) < 0 && errno != EBUSY)
        return fail(err, errno, "cannot mount a sysfs on the host's /sys, unseen by the host");
    for (size_t i = 0; i < SYS_PARTS; i++) {
        (void) stpcpy(stpcpy(path, "/sys/"), sys_parts[i]);
        child->sys_part_fds[i] = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (child->sys_part_fds[i] < 0 && errno != ENOENT)
            return fail(err, errno, "cannot clone %s", path);
    }
    return 0;
}

/* In a user namespace the kernel mounts a fresh proc only while another, unmasked one is in sight. */
static int prepare_proc(struct child *child, struct error **err)
{
    child->proc_fd = mount_new("proc", NULL, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
    if (child->proc_fd >= 0)
        return 0;
    if (error_code(*err) == EPERM)
        fail_hint(*err, "parts of the host's /proc are covered by other mounts, as in a container; "
                        "--private-users=no does without a fresh one");
    return -error_code(*err);
}

/* By mount(2) over the host's /dev, unseen by the host: half the calls that a detached mount takes. */
static int prepare_dev(struct child *child, struct error **err)
{
    if (mount_plain("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=0755,size=4m,nr_inodes=64k", err) < 0)
        return -error_code(*err);
    if (chdir("/dev") < 0)
        return fail(err, errno, "cannot enter the container's /dev");
    if (dev_make(child, err) < 0)
        return -error_code(*err);
    child->dev_fd = mount_clone(AT_FDCWD, "/dev", true, err);
    return child->dev_fd < 0 ? child->dev_fd : 0;
}

int api_mounts_prepare(struct child *child, struct error **err)
{
    const struct run *run = child->run;

    if (run->has_userns && prepare_proc(child, err) < 0)
        return -error_code(*err);
    if (run->dev_fd < 0 && prepare_dev(child, err) < 0)
        return -error_code(*err);
    return shows_network_alone(run->spec) ? prepare_sys_parts(child, err) : 0;
}

/* -- in the tree -- */

/* sysfs as it is, read-only: for the host's network, whose devices it shows. */
static int mount_sys_whole(struct child *child, struct error **err)
{
    const struct run *run = child->run;
    bool writable = run->spec->api_vfs_writable;

    if (run->sys_fd >= 0)       /* a user namespace without a network of its own: made outside */
        return attach_top(child, run->sys_fd, "/sys", err);
    if (mount_top(child, "sysfs", "/sys", SAFE, NULL, err) < 0)
        return -error_code(*err);
    return writable ? 0 : mount_plain(NULL, "/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL, err);
}

/* A tmpfs with the harmless subtrees of sysfs: for a private network, whose sysfs would offer more than is meant. */
static int mount_sys_parts(struct child *child, struct error **err)
{
    static const char *const folders[] = {"/sys/fs", "/sys/fs/bpf", "/sys/fs/cgroup", "/sys/fs/selinux"};
    char path[32];

    if (mount_top(child, "tmpfs", "/sys", SAFE, "mode=0555,size=4m,nr_inodes=1k", err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < SYS_PARTS; i++) {
        if (child->sys_part_fds[i] < 0)
            continue;
        (void) stpcpy(stpcpy(path, "/sys/"), sys_parts[i]);
        if (mkdir(path, 0755) < 0)
            return fail(err, errno, "cannot make %s", path);
        if (sys_move_mount(child->sys_part_fds[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            return fail(err, errno, "cannot mount %s", path);
    }
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (mkdir(folders[i], 0755) < 0)
            return fail(err, errno, "cannot make %s", folders[i]);
    return mount_protect("/sys", (child->run->spec->api_vfs_writable ? 0 : MOUNT_ATTR_RDONLY) | MOUNT_ATTR_NOSUID |
                                     MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

/* A container that is to be a host (SYSTEMD_NSPAWN_API_VFS_WRITABLE=1) may want to make user namespaces with a /proc
 * and /sys in them, which the kernel allows only while whole ones are in the mount namespace: so some are, on folders
 * that /run/host is about to cover. Who may mount could uncover the rest anyhow. */
static int mount_whole_ones(const struct run *run, struct error **err)
{
    if (!run->spec->api_vfs_writable || run->has_userns)
        return 0;
    return mount_plain("proc", "/run/host/inaccessible/dir", "proc", SAFE, NULL, err) < 0 ||
           mount_plain("sysfs", "/run/host/unix-export", "sysfs", SAFE, NULL, err) < 0 ? -error_code(*err) : 0;
}

static int mount_run_host(struct child *child, struct error **err)
{
    const struct run *run = child->run;

    if (mount_whole_ones(run, err) < 0)
        return -error_code(*err);
    /* its own mount from the start, for what is mounted below it; read-only in the end */
    if (mount_plain("/run/host", "/run/host", NULL, MS_BIND, NULL, err) < 0)
        return -error_code(*err);
    if (sys_move_mount(run->unix_export_fd, "", AT_FDCWD, "/run/host/unix-export", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot attach /run/host/unix-export");
    if (run->os_release_fd >= 0 &&
        sys_move_mount(run->os_release_fd, "", AT_FDCWD, "/run/host/os-release", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot attach /run/host/os-release");
    return 0;
}

static int mount_tmp(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;
    char options[96];

    if (!spec->tmpfs_tmp)
        return 0;
    (void) snprintf(options, sizeof options, "mode=1777,size=%s,nr_inodes=400k",
                    spec->tmp_size ? spec->tmp_size : "10%");
    return mount_top(child, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV | MS_STRICTATIME, options, err);
}

int step_api_mount(struct child *child, struct error **err)
{
    const struct run *run = child->run;
    bool parts_of_sys = shows_network_alone(run->spec);

    if (attach_top(child, run->dev_fd >= 0 ? run->dev_fd : child->dev_fd, "/dev", err) < 0 ||
        (run->devpts_fd >= 0 && attach_top(child, run->devpts_fd, "/dev/pts", err) < 0) ||
        mount_plain("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_STRICTATIME,
                    "mode=1777,size=10%,nr_inodes=400k", err) < 0 ||
        mount_plain("mqueue", "/dev/mqueue", "mqueue", SAFE, NULL, err) < 0 ||
        attach_top(child, run->run_fd, "/run", err) < 0 || mount_run_host(child, err) < 0 ||
        mount_tmp(child, err) < 0 || (parts_of_sys ? mount_sys_parts(child, err) : mount_sys_whole(child, err)) < 0 ||
        (child->proc_fd >= 0 ? attach_top(child, child->proc_fd, "/proc", err)
                             : mount_top(child, "proc", "/proc", SAFE, NULL, err)) < 0)
        return -error_code(*err);
    return 0;
}

/* Everything of /proc that lets the container reach for the host. */
static int mask_proc(struct error **err)
{
    static const char *const read_only[] = {"/proc/acpi", "/proc/apm", "/proc/asound", "/proc/bus",
                                            "/proc/fs",   "/proc/irq", "/proc/scsi"};
    static const char *const hidden[] = {"/proc/kallsyms", "/proc/kcore", "/proc/keys", "/proc/sysrq-trigger",
                                         "/proc/timer_list"};

    for (size_t i = 0; i < COUNT_OF(read_only); i++)
        if (bind_read_only(read_only[i], err) < 0)
            return -error_code(*err);
    /* the source lies on the read-only mount of /run/host, and a bind mount takes its source's flags */
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        if (mount("/run/host/inaccessible/reg", hidden[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
            return fail(err, errno, "cannot hide %s", hidden[i]);
    return 0;
}

int step_proc_mask(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;
    bool network_writable = shows_network_alone(spec);

    if (mount_plain(NULL, "/run/host", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL, err) < 0)
        return -error_code(*err);
    if (mount_plain("/run/host/proc-kmsg", "/proc/kmsg", NULL, MS_BIND, NULL, err) < 0 ||
        mount_plain("/run/host/proc-sys-kernel-random-boot-id", "/proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL,
                    err) < 0)
        return -error_code(*err);
    if (spec->api_vfs_writable)
        return 0;
    /* Below the writable part first: the recursive bind of /proc/sys takes it along. */
    if (network_writable && mount_plain("/proc/sys/net", "/proc/sys/net", NULL, MS_BIND, NULL, err) < 0)
        return -error_code(*err);
    if (mount_plain("/proc/sys", "/proc/sys", NULL, MS_BIND | MS_REC, NULL, err) < 0 ||
        mount_plain(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL, err) < 0)
        return -error_code(*err);
    return mask_proc(err);
}
