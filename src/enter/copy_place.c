/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two sides of a copy: the tree of a running machine, of an image, or the host's. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "enter/copy.h"
#include "enter/id_ranges.h"
#include "image/disk.h"
#include "image/find.h"
#include "image/image_mount.h"
#include "image/lineage.h"
#include "image/owner.h"

#define MOUNTS "/run/redd/mounts"

/* The first range of the machine's map: others are for single users that were bound in, and are the host's numbers. */
static int open_running(struct copy_place *place, struct error **err)
{
    CLEANUP(id_ranges_done) struct id_ranges ranges = {0};
    auto_free char *path = mem_format("/proc/%u/uid_map", place->guest.state.leader);

    place->root_fd = fcntl(place->guest.root_fd, F_DUPFD_CLOEXEC, 3);
    if (place->root_fd < 0)
        return fail(err, errno, "cannot open the tree of machine '%s'", place->name);
    if (!place->guest.has_userns)
        return 0;
    if (id_ranges_read(path, &ranges, err) < 0 || file_maker_of_guest(&place->guest, &place->maker, err) < 0)
        return -error_code(*err);
    if (ranges.count == 0)
        return fail(err, ESRCH, "machine '%s' has just ended", place->name);
    place->has_own_ids = true;
    place->base = ranges.item[0].outside;
    place->count = ranges.item[0].count;
    return 0;
}

/* A place for mounts that nobody else sees, and that end with this process. */
static int make_place(struct copy_place *place, const struct image *image, struct error **err)
{
    int r = dir_make_all(MOUNTS, 0755);

    if (r < 0)
        return fail(err, -r, "cannot make " MOUNTS);
    if (unshare(CLONE_NEWNS) < 0)
        return fail(err, errno, "the kernel refuses a mount namespace");
    if (mount_plain(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL, err) < 0 ||
        mount_plain("mounts", MOUNTS, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700", err) < 0)
        return -error_code(*err);
    place->mounted_at = mem_format(MOUNTS "/%s", image->name);
    return mkdir(place->mounted_at, 0700) < 0 ? fail(err, errno, "cannot make %s", place->mounted_at) : 0;
}

static int open_mounted(struct copy_place *place, struct error **err)
{
    place->root_fd = file_open(place->mounted_at, O_PATH | O_DIRECTORY);
    return place->root_fd < 0 ? fail(err, errno, "cannot open the image '%s'", place->name) : 0;
}

static int open_layers(struct copy_place *place, const struct image *image, bool for_writing, struct error **err)
{
    if (make_place(place, image, err) < 0 || image_mount(image, place->mounted_at, !for_writing, err) < 0)
        return -error_code(*err);
    return open_mounted(place, err);
}

static int attach_part(struct copy_place *place, enum disk_part part, struct error **err)
{
    auto_close int mount_fd = -1;
    auto_close int target_fd = part == DISK_ROOT
                                   ? file_open(place->mounted_at, O_PATH | O_DIRECTORY)
                                   : path_open_in(place->root_fd, disk_part_path(part), O_PATH | O_DIRECTORY, 0);

    if (target_fd < 0)
        return part == DISK_ROOT ? fail(err, errno, "cannot open %s", place->mounted_at) : 0;
    if (disk_mount(place->disk, part, &mount_fd, err) < 0)
        return -error_code(*err);
    return mount_attach(mount_fd, target_fd, disk_part_path(part), err);
}

static int open_disk(struct copy_place *place, const struct image *image, bool for_writing, struct error **err)
{
    place->disk = mem_alloc(sizeof *place->disk);
    disk_init(place->disk);
    if (disk_open_file(image->path, !for_writing, place->disk, err) < 0 ||
        image_lock_take(&place->lock, image->path, place->disk->fd, !for_writing, image->name, err) < 0 ||
        disk_find_parts(place->disk, image->path, NULL, err) < 0 || make_place(place, image, err) < 0)
        return -error_code(*err);
    for (enum disk_part part = DISK_ROOT; part < N_DISK_PARTS; part++) {
        if (!place->disk->part[part].is_there)
            continue;
        if (attach_part(place, part, err) < 0 || (part == DISK_ROOT && open_mounted(place, err) < 0))
            return -error_code(*err);
    }
    if (place->root_fd >= 0)
        return 0;

    int r = fail_plain(err, ENOTSUP, "the disk image '%s' has no root file system", place->name);
    fail_id(*err, "R4233");
    fail_hint(*err, "it has a /usr alone; copy into the machine while it runs");
    return r;
}

static int open_folder(struct copy_place *place, const struct image *image, bool for_writing, struct error **err)
{
    auto_close int fd = file_open(image->path, O_PATH | O_DIRECTORY);

    if (fd < 0)
        return fail(err, errno, "cannot open the image '%s'", image->name);
    if (lineage_is_likely(fd))
        return open_layers(place, image, for_writing, err);
    if (image_lock_take(&place->lock, image->path, fd, !for_writing, image->name, err) < 0)
        return -error_code(*err);
    place->root_fd = take_fd(&fd);
    return 0;
}

/* A tree on disk has the numbers of its machine, unless it was given to a range of the host's. */
static void find_base(struct copy_place *place)
{
    uint32_t base;

    if (!owner_base_quiet(place->root_fd, &base) || base == 0)
        return;
    place->has_own_ids = true;
    place->base = base;
    place->count = ID_RANGE_SIZE;
    place->maker = (struct file_maker){.uid = base, .gid = base};
}

static int open_image(struct copy_place *place, bool for_writing, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};
    int r;

    if (image_find(place->name, false, &image, err) < 0)
        return -error_code(*err);
    if (for_writing && image.read_only) {
        r = fail(err, EROFS, "the image '%s' is marked read-only", place->name);
        fail_id(*err, "R4230");
        fail_hint(*err, "'redd read-only %s no' makes it writable", place->name);
        return r;
    }
    r = image.type == IMAGE_RAW || image.type == IMAGE_BLOCK ? open_disk(place, &image, for_writing, err)
        : image.type == IMAGE_MSTACK                          ? open_layers(place, &image, for_writing, err)
                                                              : open_folder(place, &image, for_writing, err);
    if (r == 0)
        find_base(place);
    return r;
}

int copy_place_open(const struct registry *registry, const char *name, bool for_writing, struct copy_place *ret,
                    struct error **err)
{
    ret->name = name;
    if (!name)
        return 0;
    if (guest_open(registry, name, &ret->guest, err) >= 0)
        return open_running(ret, err);
    if (error_code(*err) != ENXIO)
        return -error_code(*err);

    auto_error struct error *no_image = NULL;
    if (open_image(ret, for_writing, &no_image) >= 0) {
        *err = error_free(*err);
        return 0;
    }
    /* neither: then it is the machine that is missing */
    if (error_code(no_image) == ENOENT)
        return -error_code(*err);
    *err = error_free(*err);
    *err = TAKE(no_image);
    return -error_code(*err);
}

void copy_place_done(struct copy_place *place)
{
    guest_done(&place->guest);
    fd_closep(&place->root_fd);
    /* before the lock is given up: the next user must find the file system closed */
    if (place->mounted_at) {
        (void) umount2(place->mounted_at, MNT_DETACH);
        (void) umount2(MOUNTS, MNT_DETACH);
        (void) rmdir(MOUNTS);
    }
    if (place->disk)
        disk_done(place->disk);
    free(TAKE(place->disk));
    free(TAKE(place->mounted_at));
    image_lock_done(&place->lock);
}
