/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/unmask.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U        /* Linux 5.8 */
#endif

/* Where the mount id is in what statx(2) returns; C libraries may be too old to have the field. */
enum { SIZE_OF_STATX = 256, MOUNT_ID_AT = 0x90 };

static uint64_t mount_of(const char *path)
{
    uint64_t buffer[SIZE_OF_STATX / sizeof(uint64_t)] = {0};

    if (syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, buffer) < 0)
        return 0;
    return buffer[MOUNT_ID_AT / sizeof(uint64_t)];
}

/* What managers of containers cover. */
static bool proc_is_covered(void)
{
    static const char *const places[] = {"/proc/kmsg", "/proc/sys", "/proc/sys/kernel/random/boot_id", "/proc/kcore"};
    uint64_t proc = mount_of("/proc");

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        uint64_t place = mount_of(places[i]);

        if (place != 0 && place != proc)
            return true;
    }
    return false;
}

static bool sys_is_covered(void)
{
    struct statfs fs;

    return statfs("/sys", &fs) < 0 || fs.f_type != SYSFS_MAGIC;
}

void unmask(struct unmasked *ret)
{
    enum { SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC };

    *ret = (struct unmasked) UNMASKED_NOT;
    if (!proc_is_covered() && !sys_is_covered())
        return;
    ret->home_fd = file_open("/proc/self/ns/mnt", O_RDONLY);
    ret->root_fd = file_open("/", O_PATH | O_DIRECTORY);
    ret->folder_fd = file_open(".", O_PATH | O_DIRECTORY);
    if (ret->home_fd < 0 || ret->root_fd < 0 || unshare(CLONE_NEWNS) < 0) {
        fd_closep(&ret->home_fd);
        return;
    }
    /* private: nobody else sees what comes now */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", SAFE, NULL) < 0 ||
        mount("sysfs", "/sys", "sysfs", SAFE | MS_RDONLY, NULL) < 0)
        log_debug("cannot have a /proc and /sys that hide nothing");
}

int unmask_end(struct unmasked *unmasked, struct error **err)
{
    bool away = unmasked->home_fd >= 0;
    bool is_home = !away || (setns(unmasked->home_fd, CLONE_NEWNS) == 0 && fchdir(unmasked->root_fd) == 0 &&
                             chroot(".") == 0);
    int code = errno;

    /* the working directory may be gone, which is no matter */
    if (away && is_home && unmasked->folder_fd >= 0)
        (void) !fchdir(unmasked->folder_fd);
    fd_closep(&unmasked->home_fd);
    fd_closep(&unmasked->root_fd);
    fd_closep(&unmasked->folder_fd);
    return is_home ? 0 : fail(err, code, "cannot come back into the host's mount namespace");
}
