/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing images, on full disks too: what was filled up has to be emptied somehow. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/btrfs_quota.h"
#include "image/image_act.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/remove_tree.h"
#include "image/settings_files.h"

#define ADMINISTRATORS_FOLDER "/etc/systemd/nspawn"

static int cannot_remove(const struct image *image, int code, struct error **err)
{
    int r = fail(err, code, "cannot remove %s", image->entry);

    if (r == -EBUSY)
        fail_hint(*err, "something is mounted there");
    else if (r == -EDQUOT)
        fail_hint(*err, "what all images may take together is used up to the last block; 'redd set-limit BYTES' "
                        "allows more");
    return r;
}

/* The paths of all that goes with the image. */
static void list_belongings(const struct image_act *act, const struct image *image, bool purge, struct strings *ret,
                            char **ret_kept)
{
    CLEANUP(strings_done) struct strings folders = {0};
    auto_free char *snapshots = image_snapshots_path(act, image->name);

    settings_folders(act->parent, &folders);
    for (size_t i = 0; i < folders.count; i++) {
        auto_free char *path = settings_file_path(folders.item[i], image->name);

        if (access(path, F_OK) < 0)
            continue;
        if (!purge && strcmp(folders.item[i], ADMINISTRATORS_FOLDER) == 0) {
            free(*ret_kept);
            *ret_kept = TAKE(path);
        } else
            strings_add(ret, path);
    }
    for (size_t i = 0; image->type == IMAGE_RAW && i < IMAGE_SIDECARS; i++) {
        auto_free char *path = mem_format("%s/%s%s", act->parent, image->name, image_sidecars[i]);

        if (access(path, F_OK) == 0)
            strings_add(ret, path);
    }
    strings_add(ret, snapshots);
}

static int record_removal(struct image_act *act, const struct image *image, const struct strings *belongings,
                          struct error **err)
{
    for (size_t i = 0; i < belongings->count; i++)
        if (undo_record(act->work.undo, POOL_REMOVE_UNLESS, err, image->entry, belongings->item[i], NULL) < 0)
            return -error_code(*err);
    return 0;
}

/* Marks keep it from being moved: the flag of a directory, and a read-only subvolume cannot change its folder. */
static void lift_marks(const struct image_act *act, const struct image *image)
{
    if (image->type == IMAGE_SUBVOLUME && !image_is_link(image)) {
        auto_close int fd = openat(act->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0)
            (void) btrfs_subvolume_set_read_only(fd, false);
    }
    (void) image_lift_flag(image, act);
}

/* Out of sight at once; what takes long happens when the act is over. */
static int take_away(struct image_act *act, const struct image *image, struct error **err)
{
    lift_marks(act, image);
    if (renameat(act->pool.folder_fd, path_last(image->entry), act->work.fd, "image") < 0)
        return cannot_remove(image, errno, err);
    /* it is no user of its layers any more */
    if (image->type == IMAGE_DIRECTORY && !image_is_link(image))
        (void) remove_tree(act->work.fd, "image/" LINEAGE_LINKS);
    return 0;
}

static int remove_as_act(struct image_act *act, const struct image *image, bool purge, char **ret_kept,
                         struct error **err)
{
    CLEANUP(strings_done) struct strings belongings = {0};

    if (image_act_begin(act, image, NULL, image_is_link(image) ? ACT_NO_LOCK : ACT_ALONE, err) < 0)
        return -error_code(*err);
    list_belongings(act, image, purge, &belongings, ret_kept);
    if (record_removal(act, image, &belongings, err) < 0 || take_away(act, image, err) < 0 ||
        pool_work_settle(&act->work, err) < 0 || layers_collect(&act->pool, &act->work, err) < 0)
        return -error_code(*err);
    return 0;
}

/* What ACT began stays held: the image, and the pool where there is one. */
static int remove_without_room(struct image_act *act, const struct image *image, bool purge, char **ret_kept,
                               struct error **err)
{
    CLEANUP(strings_done) struct strings belongings = {0};

    if (act->pool.folder_fd < 0 && pool_look(act->parent, &act->pool, err) < 0)
        return -error_code(*err);
    list_belongings(act, image, purge, &belongings, ret_kept);
    lift_marks(act, image);
    /* its snapshots before it: whoever is killed in between leaves an image without, and not snapshots of none */
    auto_free char *snapshots = image_snapshots_path(act, image->name), *gone = NULL;
    if (act->pool.fd >= 0)
        (void) pool_hide(&act->pool, AT_FDCWD, snapshots, &gone);
    int r = pool_discard(&act->pool, act->pool.folder_fd, path_last(image->entry));
    if (r < 0) {
        if (gone)
            (void) renameat(act->pool.fd, gone, AT_FDCWD, snapshots);
        return cannot_remove(image, -r, err);
    }
    if (gone)
        (void) remove_tree(act->pool.fd, gone);
    for (size_t i = 0; i < belongings.count; i++) {
        r = pool_discard(&act->pool, AT_FDCWD, belongings.item[i]);
        if (r < 0 && r != -ENOENT)
            return fail(err, -r, "cannot remove %s", belongings.item[i]);
    }
    image_collect_if_room(act);
    return 0;
}

/* As an act of its own, or on a full disk by what takes no room. */
static int remove_somehow(const struct image *image, bool purge, char **ret_kept, struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    auto_error struct error *refused = NULL;

    if (remove_as_act(&act, image, purge, ret_kept, &refused) == 0)
        return 0;
    if (!image_is_full(refused) || (act.fd < 0 && !image_is_link(image))) {
        *err = TAKE(refused);
        return -error_code(*err);
    }
    /* it may be gone, and only its layers be left for the next verb */
    if (faccessat(AT_FDCWD, image->entry, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return remove_without_room(&act, image, purge, ret_kept, err);
}

int image_remove(const struct image *image, bool purge, char **ret_kept, struct error **err)
{
    auto_free char *kept = NULL;
    auto_error struct error *refused = NULL;

    if (image_check_changeable(image, err) < 0)
        return -error_code(*err);
    int r = remove_somehow(image, purge, &kept, &refused);
    if (r == -EDQUOT) {
        auto_free char *folder = path_parent(image->entry);
        auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (btrfs_limits_override(fd, true) == 0) {
            r = remove_somehow(image, purge, &kept, err);
            (void) btrfs_limits_override(fd, false);
        }
    }
    if (r < 0) {
        if (!*err)
            *err = TAKE(refused);
        return r;
    }
    *ret_kept = TAKE(kept);
    return 0;
}
