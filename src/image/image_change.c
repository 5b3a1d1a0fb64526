/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Renaming, marking. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/image_act.h"
#include "image/remove_tree.h"
#include "image/settings_files.h"

const char *const image_sidecars[] = {".roothash", ".roothash.p7s", ".verity", ".usrhash", ".usrhash.p7s"};
static_assert(COUNT_OF(image_sidecars) == IMAGE_SIDECARS, "the header counts them");

char *image_snapshots_path(const struct image_act *act, const char *name)
{
    return mem_format("%s/" POOL_NAME "/snapshots/%s", act->parent, name);
}

static int cannot_move(const struct image *image, int code, struct error **err)
{
    int r = fail(err, code, "cannot rename %s", image->entry);

    if (r == -EBUSY)
        fail_hint(*err, "something is mounted there");
    return r;
}

bool image_lift_flag(const struct image *image, const struct image_act *act)
{
    if (image->type != IMAGE_DIRECTORY || !image->read_only || image_is_link(image))
        return false;
    clear_flags(act->fd, ".");
    return true;
}

/* -- rename -- */

static int record_move(struct image_act *act, const char *target, const char *from, const char *to, struct error **err)
{
    /* one that waits for a machine of the new name stays */
    return access(from, F_OK) < 0 || access(to, F_OK) == 0
               ? 0 : undo_record(act->work.undo, POOL_MOVE_IF, err, target, from, to, NULL);
}

static int record_moves(struct image_act *act, const struct image *image, const char *name, const char *target,
                        struct error **err)
{
    CLEANUP(strings_done) struct strings folders = {0};
    auto_free char *old_snapshots = image_snapshots_path(act, image->name);
    auto_free char *new_snapshots = image_snapshots_path(act, name);

    settings_folders(act->parent, &folders);
    for (size_t i = 0; i < folders.count; i++) {
        auto_free char *from = settings_file_path(folders.item[i], image->name);
        auto_free char *to = settings_file_path(folders.item[i], name);

        if (record_move(act, target, from, to, err) < 0)
            return -error_code(*err);
    }
    for (size_t i = 0; image->type == IMAGE_RAW && i < IMAGE_SIDECARS; i++) {
        auto_free char *from = mem_format("%s/%s%s", act->parent, image->name, image_sidecars[i]);
        auto_free char *to = mem_format("%s/%s%s", act->parent, name, image_sidecars[i]);

        if (record_move(act, target, from, to, err) < 0)
            return -error_code(*err);
    }
    return record_move(act, target, old_snapshots, new_snapshots, err);
}

int image_rename(const struct image *image, const char *name, struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    auto_free char *file = mem_format("%s%s", name, image_type_suffix(image->type)), *target = NULL;

    if (image_check_name(name, err) < 0 || image_check_changeable(image, err) < 0 ||
        image_act_begin(&act, image, NULL, ACT_ALONE, err) < 0 || image_check_free(&act, name, err) < 0)
        return -error_code(*err);
    target = path_join(act.parent, file);
    if (record_moves(&act, image, name, target, err) < 0)
        return -error_code(*err);

    bool flagged = image_lift_flag(image, &act);
    if (syscall(SYS_renameat2, act.pool.folder_fd, path_last(image->entry), act.pool.folder_fd, file,
                RENAME_NOREPLACE) < 0)
        return cannot_move(image, errno, err);
    struct image renamed = {.name = (char *) name, .path = target, .entry = target, .type = image->type};
    if (flagged && image_set_read_only(&renamed, true, err) < 0)
        return -error_code(*err);
    return pool_work_settle(&act.work, err);
}

/* -- read-only -- */

static int set_flag(int fd, bool read_only)
{
    char self[32];
    unsigned flags = 0;
    auto_close int real = open(path_of_fd(self, fd), O_RDONLY | O_CLOEXEC);

    if (real < 0 || ioctl(real, FS_IOC_GETFLAGS, &flags) < 0)
        return -errno;
    unsigned wanted =
        read_only ? flags | (unsigned) FS_IMMUTABLE_FL : flags & ~(unsigned) (FS_IMMUTABLE_FL | FS_APPEND_FL);
    return wanted == flags || ioctl(real, FS_IOC_SETFLAGS, &wanted) == 0 ? 0 : -errno;
}

static int set_mode(int fd, bool read_only)
{
    char self[32];
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    mode_t mode = read_only ? st.st_mode & 07555u : (st.st_mode & 07777u) | 0200u;
    return chmod(path_of_fd(self, fd), mode) < 0 ? -errno : 0;
}

static int set_device(int fd, bool read_only)
{
    char self[32];
    int value = read_only;
    auto_close int real = open(path_of_fd(self, fd), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    return real < 0 || ioctl(real, BLKROSET, &value) < 0 ? -errno : 0;
}

static int set_subvolume(int fd, bool read_only)
{
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return real < 0 ? -errno : btrfs_subvolume_set_read_only(real, read_only);
}

int image_set_read_only(const struct image *image, bool read_only, struct error **err)
{
    auto_close int fd = open(image->path, O_PATH | O_CLOEXEC);
    int r = 0;

    if (image_check_changeable(image, err) < 0)
        return -error_code(*err);
    if (fd < 0)
        return fail(err, errno, "cannot open %s", image->path);
    switch (image->type) {
    case IMAGE_DIRECTORY:
    case IMAGE_MSTACK:
        r = set_flag(fd, read_only);
        break;
    case IMAGE_SUBVOLUME:
        r = set_subvolume(fd, read_only);
        break;
    case IMAGE_RAW:
        r = set_mode(fd, read_only);
        break;
    case IMAGE_BLOCK:
        r = set_device(fd, read_only);
        break;
    }
    if (r == -ENOTTY)
        r = -EOPNOTSUPP;
    if (r < 0) {
        fail(err, -r, "cannot mark %s", image->path);
        if (r == -EOPNOTSUPP)
            fail_hint(*err, "its file system keeps no such mark");
        fail_id(*err, "R3017");
    }
    return r;
}
