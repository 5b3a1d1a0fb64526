/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits by quota groups of btrfs. Other file systems count by owner or by project, which containers' files do not part
 * by: all have the same owners, and few disks were made with project quotas. */
#include "image/image_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/btrfs.h"
#include "image/btrfs_quota.h"
#include "image/idmap.h"

static int not_supported(const struct image *image, int fd, struct error **err)
{
    char buffer[32];

    fail_plain(err, EOPNOTSUPP, "Operation not supported");
    if (image->type == IMAGE_RAW || image->type == IMAGE_BLOCK)
        fail_hint(*err, "'%s' is a disk image, and takes what its size is", image->name);
    else if (btrfs_is_file_system(fd))
        fail_hint(*err, "%s is a plain directory on btrfs; 'redd clone' and then 'redd flatten' make a subvolume of "
                        "it, which can have a limit", image->path);
    else
        fail_hint(*err, "%s lies on %s, which has no quotas for single directories; a limit needs btrfs there, or a "
                        "disk image, which is limited by its size", image->path, file_system_name(fd, buffer));
    fail_id(*err, "R3022");
    return -EOPNOTSUPP;
}

int image_set_limit(const struct image *image, uint64_t bytes, struct error **err)
{
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
