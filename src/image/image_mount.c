/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Showing images on the host. The mount is the user's from then on: nothing of ours stays with it. */
#include "image/image_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "image/image_verbs.h"
#include "image/lineage.h"
#include "image/mount_entry.h"

#define PLACES "/run/redd/mounts"

char *image_mount_place(const struct image *image)
{
    return path_join(PLACES, image->name);
}

static bool is_mount_point(const char *dir)
{
    auto_close int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && sys_is_mount_root(fd) == 1;
}

static int open_mount(const struct image *image, int fd, bool read_only, struct error **err)
{
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    int mount_fd, r = image->type == IMAGE_DIRECTORY ? lineage_open(fd, image->path, &tree, err) : 0;

    if (r < 0)
        return r;
    if (r == 0)
        mount_fd = mount_clone(fd, "", false, err);
    else if (lineage_mount(&tree, -1, read_only, &mount_fd, err) < 0)
        return -error_code(*err);
    if (mount_fd >= 0 && read_only && mount_change(mount_fd, MOUNT_ATTR_RDONLY, 0, false, err) < 0) {
        (void) close(mount_fd);
        return -error_code(*err);
    }
    return mount_fd;
}

static int not_for_disks(const struct image *image, struct error **err)
{
    fail_plain(err, EOPNOTSUPP, "'%s' is a disk image", image->name);
    fail_hint(*err, "mount(8) with -o loop mounts one, systemd-dissect(1) one with partitions");
    fail_id(*err, "R3040");
    return -EOPNOTSUPP;
}

int image_mount(const struct image *image, const char *dir, bool read_only, struct error **err)
{
    CLEANUP(image_lock_done) struct image_lock lock = IMAGE_LOCK_NONE;
    auto_close int fd = -1, mount_fd = -1, dir_fd = -1;

    if (image->type == IMAGE_RAW || image->type == IMAGE_BLOCK)
        return not_for_disks(image, err);
    if (image_hold(image, read_only || image->read_only, &lock, &fd, err) < 0)
        return -error_code(*err);
    int r = dir_make_all(dir, 0755);
    if (r < 0)
        return fail(err, -r, "cannot make the directory %s", dir);
    if (is_mount_point(dir)) {
        fail_plain(err, EBUSY, "something is mounted on %s already", dir);
        fail_hint(*err, "'redd unmount %s' ends that", dir);
        fail_id(*err, "R3041");
        return -EBUSY;
    }
    mount_fd = open_mount(image, fd, read_only || image->read_only, err);
    if (mount_fd < 0)
        return -error_code(*err);
    dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return fail(err, errno, "cannot open %s", dir);
    return mount_attach(mount_fd, dir_fd, dir, err);
}

int image_unmount(const char *dir, struct error **err)
{
    if (umount2(dir, UMOUNT_NOFOLLOW) < 0) {
        int r = fail(err, errno, "cannot unmount %s", dir);

        if (r == -EBUSY)
            fail_hint(*err, "a program works in it; fuser(1) -m tells which");
        else if (r == -EINVAL || r == -ENOENT)
            fail_hint(*err, "nothing is mounted there; findmnt(8) shows what is mounted where");
        fail_id(*err, "R3042");
        return r;
    }
    if (path_is_below(dir, PLACES)) {
        (void) rmdir(dir);
        (void) rmdir(PLACES);
    }
    return 0;
}

/* The path of FD in its file system, not in the mounts as they are. */
static char *path_in_file_system(int fd, const struct mount_entry *entry)
{
    char self[32], path[PATH_MAX];
    ssize_t n = readlink(path_of_fd(self, fd), path, sizeof path - 1);

    if (n <= 0)
        return NULL;
    path[n] = '\0';
    if (!path_is_below(path, entry->mount_point))
        return NULL;
    const char *below = strcmp(entry->mount_point, "/") == 0 ? path : path + strlen(entry->mount_point);
    return mem_format("%s%s", strcmp(entry->root, "/") == 0 ? "" : entry->root, below);
}

char *image_mounted_at(int fd)
{
    CLEANUP(mount_entry_done) struct mount_entry own = {0};
    auto_error struct error *ignored = NULL;
    auto_free char *table = NULL, *path = NULL;

    if (mount_entry_of(fd, &own, &ignored) < 0 || !(path = path_in_file_system(fd, &own)) ||
        file_read_quiet(AT_FDCWD, "/proc/self/mountinfo", (size_t) 1 << 22, &table) < 0)
        return NULL;
    for (const char *line = table, *end; *line; line = *end ? end + 1 : end) {
        CLEANUP(mount_entry_done) struct mount_entry entry = {0};
        int id;

        end = strchrnul(line, '\n');
        if (mount_entry_parse(line, (size_t) (end - line), &entry, &id) == 0 &&
            strcmp(entry.device, own.device) == 0 && strcmp(entry.root, path) == 0)
            return TAKE(entry.mount_point);
    }
    return NULL;
}
