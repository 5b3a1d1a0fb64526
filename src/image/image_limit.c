/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits by quota groups of btrfs, and by the size of disk images. Other file systems count by owner or by project,
 * which containers' files do not part by: all have the same owners, and few disks were made with project quotas. */
#include "image/image_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/btrfs.h"
#include "image/btrfs_quota.h"
#include "image/disk.h"
#include "image/grow.h"
#include "image/idmap.h"
#include "image/image_act.h"

static int not_supported(const struct image *image, int fd, struct error **err)
{
    char buffer[32];

    fail_plain(err, EOPNOTSUPP, "Operation not supported");
    if (image->type == IMAGE_BLOCK)
        fail_hint(*err, "'%s' is a device, and takes what its size is", image->name);
    else if (btrfs_is_file_system(fd))
        fail_hint(*err, "%s is a plain directory on btrfs; 'redd clone' and then 'redd flatten' make a subvolume of "
                        "it, which can have a limit", image->path);
    else
        fail_hint(*err, "%s lies on %s, which has no quotas for single directories; a limit needs btrfs there, or a "
                        "disk image, which is limited by its size: 'mkfs.ext4 -d DIRECTORY NAME.raw SIZE' makes one",
                  image->path, file_system_name(fd, buffer));
    fail_id(*err, "R3022");
    return -EOPNOTSUPP;
}

/* Only of a bare file system is it known that what is behind its end is for it. */
static int check_growable(const struct disk *disk, uint64_t bytes, struct error **err)
{
    const struct disk_place *root = &disk->part[DISK_ROOT];
    bool grows = root->content == CONTENT_EXT4 || root->content == CONTENT_XFS || root->content == CONTENT_BTRFS;
    bool is_bare = root->is_there && root->offset == 0 && !root->verity && !disk->read_only && grows;

    if (is_bare && bytes != UINT64_MAX && bytes >= disk->size)
        return 0;
    fail_plain(err, EOPNOTSUPP, "A disk image can be made larger if it is one file system and not marked read-only");
    if (bytes == UINT64_MAX || bytes < disk->size)
        fail_hint(*err, "none can be made smaller, or be without a size; 'mkfs.ext4 -d' makes a new one of its tree");
    else
        fail_hint(*err, "of one with partitions, systemd-repart(8) or sfdisk(8) move the borders; a partition whose "
                        "flag 59 is set then grows when it is started");
    fail_id(*err, "R3028");
    return -EOPNOTSUPP;
}

static int open_disk(const struct image *image, struct disk *ret, struct error **err)
{
    disk_init(ret);
    return disk_open_file(image->path, false, ret, err) < 0 || disk_find_parts(ret, image->path, NULL, err) < 0
               ? -error_code(*err) : 0;
}

static int grow(struct disk *disk, struct error **err)
{
    const struct disk_place *root = &disk->part[DISK_ROOT];
    auto_close int mount_fd = -1;

    if (disk_mount(disk, DISK_ROOT, &mount_fd, err) < 0)
        return -error_code(*err);
    int r = file_system_grow(mount_fd, root->content, root->size);
    if (r == 0)
        return 0;
    fail(err, -r, "the image has the new size, and its file system cannot grow into it");
    if (root->content == CONTENT_EXT4)
        fail_hint(*err, "the kernel lets ext4 grow for those who have CAP_SYS_RESOURCE; 'e2fsck -f' and 'resize2fs' of "
                        "the image do it without");
    fail_id(*err, "R3029");
    return r;
}

/* A file is larger at once, and takes no more room by that; its file system then grows into it. */
static int set_size(const struct image *image, uint64_t bytes, struct error **err)
{
    enum { BLOCK = 4096 };
    CLEANUP(image_lock_done) struct image_lock lock = IMAGE_LOCK_NONE;
    CLEANUP(disk_done) struct disk small, large;
    auto_close int fd = -1;

    /* what disk_done() is to find when it never came to open_disk() */
    disk_init(&small);
    disk_init(&large);
    if (image_check_changeable(image, err) < 0 || image_hold(image, false, &lock, &fd, err) < 0 ||
        open_disk(image, &small, err) < 0 || check_growable(&small, bytes, err) < 0)
        return -error_code(*err);
    if (bytes - bytes % BLOCK > small.size && ftruncate(small.fd, (off_t) (bytes - bytes % BLOCK)) < 0)
        return fail(err, errno, "cannot make %s larger", image->path);
    return open_disk(image, &large, err) < 0 ? -error_code(*err) : grow(&large, err);
}

int image_set_limit(const struct image *image, uint64_t bytes, struct error **err)
{
    if (image->type == IMAGE_RAW)
        return set_size(image, bytes, err);

    auto_close int fd = open(image->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return fail(err, errno, "cannot open %s", image->path);
    return image->type == IMAGE_SUBVOLUME ? btrfs_limit_set(fd, BTRFS_ITS_OWN, bytes, err)
                                           : not_supported(image, fd, err);
}

int pool_set_limit(const char *folder, uint64_t bytes, struct error **err)
{
    auto_close int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char buffer[32];

    if (fd < 0)
        return fail(err, errno, "cannot open %s", folder);
    if (btrfs_is_subvolume(fd))
        return btrfs_limit_set(fd, BTRFS_WITH_NESTED, bytes, err);
    fail_plain(err, EOPNOTSUPP, "Quota is only supported on btrfs.");
    if (btrfs_is_file_system(fd))
        fail_hint(*err, "%s is a plain directory on btrfs; it would have to be a subvolume", folder);
    else
        fail_hint(*err, "%s lies on %s", folder, file_system_name(fd, buffer));
    fail_id(*err, "R3023");
    return -EOPNOTSUPP;
}
