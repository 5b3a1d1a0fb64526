/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as a file, and mounts of its parts; which parts there are is in disk_parts.c. */
#include "image/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/strings.h"
#include "image/grow.h"

static const struct {
    const char *name, *path;
} parts[] = {
    [DISK_ROOT] = {"root", "/"},   [DISK_USR] = {"usr", "/usr"}, [DISK_HOME] = {"home", "/home"},
    [DISK_SRV] = {"srv", "/srv"},  [DISK_VAR] = {"var", "/var"}, [DISK_TMP] = {"tmp", "/var/tmp"},
    [DISK_XBOOTLDR] = {"xbootldr", "/boot"}, [DISK_ESP] = {"esp", "/efi"},
};

const char *disk_part_name(enum disk_part part)
{
    return parts[part].name;
}

const char *disk_part_path(enum disk_part part)
{
    return parts[part].path;
}

static int measure(struct disk *disk, const char *path, struct error **err)
{
    struct stat st;

    if (fstat(disk->fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", path);
    bool is_block = S_ISBLK(st.st_mode);
    if (!is_block && !S_ISREG(st.st_mode)) {
        int r = fail_plain(err, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "%s is neither a file nor a block device", path);

        fail_id(*err, "R3207");
        if (S_ISDIR(st.st_mode))
            fail_hint(*err, "a directory is run with --directory=%s", path);
        return r;
    }
    disk->size = (uint64_t) st.st_size;
    if (is_block && ioctl(disk->fd, BLKGETSIZE64, &disk->size) < 0)
        return fail(err, errno, "cannot get the size of %s", path);
    return 0;
}

/* A file nobody may write, although root could, is meant to stay as it is. */
int disk_open_file(const char *path, bool read_only, struct disk *ret, struct error **err)
{
    struct stat st;

    if (!read_only && stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0222) == 0)
        read_only = true;

    int fd = file_open(path, (read_only ? O_RDONLY : O_RDWR) | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && !read_only && (errno == EROFS || errno == EACCES || errno == EPERM || errno == ETXTBSY)) {
        read_only = true;
        fd = file_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    }
    if (fd < 0 && errno == EISDIR)
        fd = file_open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        int r = fail(err, errno, "cannot open the disk image %s", path);

        fail_hint(*err, "--image= names a file or device; 'redd list-images' shows the images that -M names");
        fail_id(*err, "R3208");
        return r;
    }
    ret->fd = fd;
    ret->read_only = read_only;
    return measure(ret, path, err);
}

void disk_init(struct disk *disk)
{
    *disk = (struct disk){.fd = -1};
    for (int i = 0; i < N_DISK_PARTS; i++)
        disk->part[i].loop.fd = -1;
}

/* In the page cache of the host an image that is used for long would be twice. $SYSTEMD_LOOP_DIRECT_IO has the say. */
static bool wants_direct_io(const struct disk *disk)
{
    const char *value = getenv("SYSTEMD_LOOP_DIRECT_IO");

    return value ? parse_boolean(value) != 0 : disk->is_long;
}

/* A part that is checked is a device over the loop device. */
static int attach(struct disk *disk, struct disk_place *place, struct error **err)
{
    if (place->loop.fd < 0 && loop_attach(disk->fd, place->offset, place->size, place->read_only, wants_direct_io(disk),
                                          &place->loop, err) < 0)
        return -error_code(*err);
    if (!place->verity || place->verity->device.fd >= 0)
        return 0;
    return disk_verity_open(place->verity, disk->fd, &place->loop, place->size, place->is_signed, disk->undo, err);
}

static int fail_mount(struct error **err, enum disk_part part, enum content content)
{
    int r = fail_in(err, "cannot mount the partition '%s'", parts[part].name);

    fail_id(*err, "R3209");
    if (r == -EUCLEAN || r == -EBADMSG || r == -EIO)
        fail_hint(*err, "the file system is damaged: 'fsck.%s' mends it", content_name(content));
    else if (r == -EROFS)
        fail_hint(*err, "it was not unmounted the last time, and its journal has to be replayed: start it once without "
                        "--read-only, --ephemeral and --volatile=");
    return r;
}

int disk_mount(struct disk *disk, enum disk_part part, int *ret_mount_fd, struct error **err)
{
    struct disk_place *place = &disk->part[part];

    if (attach(disk, place, err) < 0)
        return fail_in(err, "cannot use the partition '%s'", parts[part].name);

    bool is_boot = part == DISK_ESP || part == DISK_XBOOTLDR;
    const struct mount_option options[] = {
        {"source", place->verity ? place->verity->device.path : place->loop.path},
        {place->read_only ? "ro" : NULL, NULL},
        /* a copy of an image has the identity of the original, which xfs refuses to mount twice */
        {place->content == CONTENT_XFS ? "nouuid" : NULL, NULL},
        {is_boot && place->content == CONTENT_VFAT ? "umask" : NULL, "0077"},
    };
    unsigned attributes = (place->read_only ? MOUNT_ATTR_RDONLY : 0) | MOUNT_ATTR_NODEV |
                          (is_boot ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC : 0);

    int fd = mount_new(content_name(place->content), options, COUNT_OF(options), attributes, err);
    if (fd < 0)
        return fail_mount(err, part, place->content);
    if (place->grow && !place->read_only)
        (void) file_system_grow(fd, place->content, place->size);
    *ret_mount_fd = fd;
    return 0;
}

void disk_done(struct disk *disk)
{
    for (int i = 0; i < N_DISK_PARTS; i++) {
        disk->part[i].verity = disk_verity_free(disk->part[i].verity);
        loop_done(&disk->part[i].loop);
    }
    fd_closep(&disk->fd);
}
