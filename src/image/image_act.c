/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all verbs on images have in common. */
#include "image/image_act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/copy_tree.h"
#include "image/image_mount.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/upper.h"

const char *clone_kind_name(enum clone_kind kind)
{
    static const char *const names[] = {
        [CLONE_SUBVOLUME] = "snapshot", [CLONE_REFLINK] = "reflink", [CLONE_LAYERS] = "layers", [CLONE_COPY] = "copy",
    };

    return names[kind];
}

static int is_busy(const struct image *image, int fd, struct error **err)
{
    auto_free char *holder = image_lock_holder(image->path, fd);

    fail_plain(err, EBUSY, "Device or resource busy");
    fail_hint(*err, "%s uses it; 'redd list' shows the machines that run, 'redd stop' ends one",
              holder ? holder : "a machine or another verb");
    fail_id(*err, "R3012");
    return -EBUSY;
}

/* Somebody may have put another tree under that name between our looking and our locking. */
static bool is_still_there(const struct image *image, int fd)
{
    struct stat now, then;

    return stat(image->path, &now) == 0 && fstat(fd, &then) == 0 && now.st_ino == then.st_ino &&
           now.st_dev == then.st_dev;
}

/* 1: taken; 0: another verb has put another folder there since it was opened. */
static int try_to_hold(const struct image *image, bool shared, struct image_lock *ret, int *ret_fd, struct error **err)
{
    auto_error struct error *refused = NULL;
    CLEANUP(image_lock_done) struct image_lock lock = IMAGE_LOCK_NONE;
    auto_close int fd = open(image->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return fail(err, errno, "cannot open %s", image->path);

    if (strcmp(image->path, "/") != 0 &&
        image_lock_take(&lock, image->path, fd, shared, image->name, &refused) < 0) {
        if (error_code(refused) == EBUSY)
            return is_busy(image, fd, err);
        *err = TAKE(refused);
        return -error_code(*err);
    }
    if (!is_still_there(image, fd))
        return 0;
    *ret = lock;
    lock = (struct image_lock) IMAGE_LOCK_NONE;
    *ret_fd = take_fd(&fd);
    return 1;
}

int image_hold(const struct image *image, bool shared, struct image_lock *ret, int *ret_fd, struct error **err)
{
    int r;

    do
        r = try_to_hold(image, shared, ret, ret_fd, err);
    while (r == 0);
    return r < 0 ? r : 0;
}

/* What would be put in its place, or removed, must not be in use by somebody who takes no lock. */
static int check_not_mounted(const struct image *image, int fd, struct error **err)
{
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_error struct error *broken = NULL;
    auto_close int mount_fd = -1;

    if (image->type != IMAGE_DIRECTORY && image->type != IMAGE_SUBVOLUME)
        return 0;
    bool layered = lineage_open(fd, image->path, &tree, &broken) == 1;
    auto_free char *place = layered ? NULL : image_mounted_at(fd);
    if (layered ? lineage_mount(&tree, -1, false, &mount_fd, &broken) != -EBUSY : !place)
        return 0;
    fail_plain(err, EBUSY, "Device or resource busy");
    if (place)
        fail_hint(*err, "%s is mounted on %s as well; unmount that first", image->path, place);
    else
        fail_hint(*err, "its tree is mounted; 'redd unmount' ends that, findmnt(8) shows where");
    fail_id(*err, "R3012");
    return -EBUSY;
}

int image_act_begin(struct image_act *act, const struct image *image, const char *folder, enum act_lock lock,
                    struct error **err)
{
    act->parent = path_parent(image->entry);
    if (lock != ACT_NO_LOCK && image_hold(image, lock == ACT_SHARED, &act->lock, &act->fd, err) < 0)
        return -error_code(*err);
    if (lock == ACT_ALONE && check_not_mounted(image, act->fd, err) < 0)
        return -error_code(*err);
    /* what a link leads to is not its business */
    if (lock == ACT_NO_LOCK && (act->fd = open(image->path, O_PATH | O_CLOEXEC)) < 0 && !image_is_link(image))
        return fail(err, errno, "cannot open %s", image->path);
    if (pool_change(folder ? folder : act->parent, &act->pool, err) < 0)
        return -error_code(*err);
    /* a clone that had the pool before us may have frozen what we hold */
    if (lock != ACT_NO_LOCK && !is_still_there(image, act->fd)) {
        image_lock_done(&act->lock);
        fd_closep(&act->fd);
        if (image_hold(image, lock == ACT_SHARED, &act->lock, &act->fd, err) < 0)
            return -error_code(*err);
    }
    return pool_work_begin(&act->pool, &act->work, err);
}

void image_act_done(struct image_act *act)
{
    auto_error struct error *ignored = NULL;

    if (act->work.fd >= 0) {
        pool_unlock(&act->pool);
        pool_work_end(&act->pool, &act->work);
        (void) pool_relock(&act->pool, &ignored);
    }
    pool_done(&act->pool);
    /* unlike a machine's start, which leaves its lock's file for the next one */
    lock_file_done(&act->lock.beside);
    image_lock_done(&act->lock);
    fd_closep(&act->fd);
    free(TAKE(act->parent));
}

int image_check_changeable(const struct image *image, struct error **err)
{
    if (strcmp(image->name, ".host") != 0 && !image_is_vendors(image))
        return 0;
    fail_plain(err, EROFS, "Read-only file system");
    if (image_is_vendors(image))
        fail_hint(*err, "images below /usr are the distribution's; clone it instead");
    else
        fail_hint(*err, "'.host' is the host itself");
    fail_id(*err, "R3013");
    return -EROFS;
}

int image_check_free(const struct image_act *act, const char *name, struct error **err)
{
    static const char *const suffixes[] = {"", ".raw", ".mstack", ".v", ".raw.v", ".mstack.v"};

    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        auto_free char *file = mem_format("%s%s", name, suffixes[i]);

        if (faccessat(act->pool.folder_fd, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        fail_plain(err, EEXIST, "File exists");
        fail_hint(*err, "there is %s/%s; choose another name, or remove it", act->pool.folder, file);
        fail_id(*err, "R3014");
        return -EEXIST;
    }
    return 0;
}

int image_act_commit(struct image_act *act, const char *file, const char *file_in_folder, struct error **err)
{
    if (syscall(SYS_renameat2, act->work.fd, file, act->pool.folder_fd, file_in_folder, RENAME_NOREPLACE) < 0) {
        int r = fail(err, errno, "cannot put %s/%s into place", act->pool.folder, file_in_folder);
        fail_id(*err, "R3015");
        return r;
    }
    (void) fsync(act->work.fd);
    return 0;
}

bool image_can_be_layered(const struct image_act *act, const struct image *image)
{
    auto_free char *parent = path_parent(image->entry), *snapshots = path_join(act->pool.folder, POOL_NAME);

    return geteuid() == 0 && image->type == IMAGE_DIRECTORY && !image_is_link(image) &&
           (strcmp(parent, act->pool.folder) == 0 || path_is_below(parent, snapshots)) &&
           !image_is_vendors(image) && upper_fits_in(act->pool.folder_fd);
}

int image_tree_open_fd(const struct image *image, int fd, int *ret, struct error **err)
{
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    int r = image->type == IMAGE_DIRECTORY ? lineage_open(fd, image->path, &tree, err) : 0;

    if (r < 0)
        return r;
    if (r == 1)
        return lineage_mount(&tree, -1, true, ret, err);
    *ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return *ret < 0 ? fail(err, errno, "cannot keep the tree open") : 0;
}

int image_tree_open(const struct image *image, int *ret_fd, struct error **err)
{
    auto_close int fd = open(image->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? fail(err, errno, "cannot open %s", image->path) : image_tree_open_fd(image, fd, ret_fd, err);
}

int image_copy_tree(struct image_act *act, int tree_fd, const char *file, int stop_fd, struct error **err)
{
    auto_close int to_fd = -1;
    struct stat st;

    if ((!btrfs_is_file_system(act->work.fd) || btrfs_subvolume_create(act->work.fd, file) < 0) &&
        mkdirat(act->work.fd, file, 0700) < 0)
        return fail(err, errno, "cannot make a folder for the copy");
    to_fd = openat(act->work.fd, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* of the host's own tree, all that redd keeps is left out: the copy is being made there */
    if (to_fd < 0 || fstat(act->pool.fd, &st) < 0)
        return fail(err, errno, "cannot open the folder for the copy");

    const struct tree_copy how = {.skip_dev = st.st_dev, .skip_ino = st.st_ino, .stop_fd = stop_fd};
    pool_unlock(&act->pool);
    if (tree_copy(tree_fd, to_fd, &how, err) < 0)
        return -error_code(*err);
    return pool_relock(&act->pool, err);
}

bool image_is_full(const struct error *err)
{
    return error_code(err) == ENOSPC || error_code(err) == EDQUOT;
}

void image_collect_if_room(struct image_act *act)
{
    auto_error struct error *ignored = NULL;

    if (act->pool.lock_fd >= 0 && (act->work.fd >= 0 || pool_work_begin(&act->pool, &act->work, &ignored) == 0))
        (void) layers_collect(&act->pool, &act->work, &ignored);
}
