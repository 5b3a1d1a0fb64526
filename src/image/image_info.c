/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times and sizes of images. */
#include "image/image_info.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/btrfs_quota.h"
#include "image/lineage.h"

static const struct image_info unknown = {0, 0, SIZE_UNKNOWN, SIZE_UNKNOWN, SIZE_UNKNOWN, SIZE_UNKNOWN};

static uint64_t microseconds(struct timespec time)
{
    return time.tv_sec < 0 ? 0 : (uint64_t) time.tv_sec * 1000000 + (uint64_t) time.tv_nsec / 1000;
}

static void read_directory(int fd, const struct image *image, struct image_info *ret)
{
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_error struct error *ignored = NULL;

    ret->created_us = sys_birth_time_us(fd);
    /* the folder is as old as its last freeze; the machine is older */
    if (lineage_is_likely(fd) && lineage_read(fd, image->path, &lineage, &ignored) == 0 && lineage.created_us != 0)
        ret->created_us = lineage.created_us;
}

static void read_subvolume(int fd, enum btrfs_whose whose, struct image_info *ret)
{
    struct btrfs_limit limit;

    ret->created_us = sys_birth_time_us(fd);
    if (btrfs_limit_read(fd, whose, &limit) < 0)
        return;
    ret->usage = limit.usage;
    ret->usage_exclusive = limit.usage_exclusive;
    ret->limit = limit.limit;
    ret->limit_exclusive = limit.limit_exclusive;
}

static void read_raw(int fd, struct image_info *ret)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return;
    ret->created_us = sys_birth_time_us(fd);
    ret->modified_us = microseconds(st.st_mtim);
    ret->usage = ret->usage_exclusive = (uint64_t) st.st_blocks * 512;
    ret->limit = ret->limit_exclusive = (uint64_t) st.st_size;
}

static void read_block(int fd, struct image_info *ret)
{
    char self[32];
    uint64_t size;
    auto_close int real = open(path_of_fd(self, fd), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (real >= 0 && ioctl(real, BLKGETSIZE64, &size) == 0)
        ret->usage = ret->usage_exclusive = ret->limit = ret->limit_exclusive = size;
}

void image_info_read(const struct image *image, struct image_info *ret)
{
    auto_close int fd = open(image->path, O_PATH | O_CLOEXEC);

    *ret = unknown;
    if (fd < 0)
        return;
    switch (image->type) {
    case IMAGE_DIRECTORY:
    case IMAGE_MSTACK:
        read_directory(fd, image, ret);
        break;
    case IMAGE_SUBVOLUME:
        read_subvolume(fd, BTRFS_ITS_OWN, ret);
        break;
    case IMAGE_RAW:
        read_raw(fd, ret);
        break;
    case IMAGE_BLOCK:
        read_block(fd, ret);
        break;
    }
}

void image_pool_read(const char *folder, struct image_info *ret)
{
    auto_close int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *ret = unknown;
    if (fd >= 0 && btrfs_is_subvolume(fd))
        read_subvolume(fd, BTRFS_WITH_NESTED, ret);
}
