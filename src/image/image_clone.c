/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clones, by the quickest way there is: a btrfs snapshot; for small trees on file systems that share blocks, a copy
 * that does; layers; a copy. Sharing blocks is a call and a new inode for each file, so large trees take layers there
 * as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/attributes.h"
#include "image/btrfs.h"
#include "image/copy_tree.h"
#include "image/hard_links.h"
#include "image/image_act.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/settings_files.h"
#include "image/walk.h"

/* More than this is not copied while a machine waits. */
#define PATIENT_TREE_ENTRIES 10000u

/* Up to here a tree is copied in well under a tenth of a second, and is independent from the start. */
#define SMALL_TREE_ENTRIES 1000u

static int count_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    unsigned *left = context;

    (void) dir_fd, (void) name, (void) type;
    return (*left)-- == 0 ? -E2BIG : 0;
}

static int count_directory(void *context, int dir_fd, const char *name, int fd)
{
    (void) fd;
    return count_file(context, dir_fd, name, 0);
}

static bool is_small(int fd, unsigned entries)
{
    static const struct walk_calls calls = {.file = count_file, .enter = count_directory};
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned left = entries;

    return real >= 0 && walk_tree(real, &calls, &left, NULL) == 0;
}

static int clone_layers(struct image_act *act, const struct image *from, const char *name, struct error **err)
{
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_close int like_fd = -1;

    if (lineage_freeze(&act->pool, from->name, act->fd, &lineage, &like_fd, err) < 0)
        return -error_code(*err);
    lineage.created_us = clock_realtime_us();
    return lineage_make(&act->pool, act->work.fd, "image", name, &lineage, like_fd, err);
}

static int not_while_it_runs(const struct image *from, struct error **err)
{
    fail_plain(err, EBUSY, "Device or resource busy");
    fail_hint(*err, "its machine would have to wait for the copy; 'redd stop %s', and it takes no time", from->name);
    fail_id(*err, "R3019");
    return -EBUSY;
}

/* The layers are shared; what the machine has written itself is copied. */
static int clone_by_upper(struct image_act *act, const struct image *from, const char *name, int stop_fd,
                               struct error **err)
{
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_close int to_fd = -1;

    int r = lineage_open(act->fd, from->path, &tree, err);
    if (r < 0 || (r == 1 && lineage_read(act->fd, from->path, &lineage, err) < 0))
        return -error_code(*err);
    if (r == 0 || hard_links_are_pending(&tree))
        return not_while_it_runs(from, err);
    lineage.created_us = clock_realtime_us();
    int upper_fd = tree.lower_fds[tree.n_lowers - 1];
    if (lineage_make(&act->pool, act->work.fd, "image", name, &lineage, upper_fd, err) < 0)
        return -error_code(*err);
    to_fd = openat(act->work.fd, "image/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to_fd < 0)
        return fail(err, errno, "cannot open the clone's upper layer");
    const struct tree_copy how = {.stop_fd = stop_fd};
    return tree_copy(upper_fd, to_fd, &how, err);
}

static int copy_directory(struct image_act *act, const struct image *from, int stop_fd, enum clone_kind *kind,
                          struct error **err)
{
    auto_close int tree_fd = -1;

    if (image_tree_open_fd(from, act->fd, &tree_fd, err) < 0)
        return -error_code(*err);
    *kind = reflink_is_possible(act->work.fd) ? CLONE_REFLINK : CLONE_COPY;
    return image_copy_tree(act, tree_fd, "image", stop_fd, err);
}

/* Layers are in the way of nothing but themselves: something is mounted on the tree, the file system cannot exchange
 * names, too many clones. */
static bool is_worth_a_copy(int code)
{
    return code == EBUSY || code == EINVAL || code == EXDEV || code == EMLINK || code == EOPNOTSUPP;
}

static bool is_snapshot(const struct image_act *act, const struct image *from)
{
    auto_free char *pool = path_join(act->pool.folder, POOL_NAME);

    return path_is_below(from->path, pool);
}

static int clone_directory(struct image_act *act, const struct image *from, const char *name, int stop_fd,
                           enum clone_kind *kind, struct error **err)
{
    auto_error struct error *no_layers = NULL;
    bool layered = lineage_is_likely(act->fd);

    if (!image_can_be_layered(act, from) ||
        (!layered && reflink_is_possible(act->work.fd) && is_small(act->fd, SMALL_TREE_ENTRIES)))
        return copy_directory(act, from, stop_fd, kind, err);
    *kind = CLONE_LAYERS;
    /* a snapshot is not frozen any further; one of a machine that ran has something in its upper layer */
    if (layered && is_snapshot(act, from))
        return clone_by_upper(act, from, name, stop_fd, err);
    if (clone_layers(act, from, name, &no_layers) == 0)
        return 0;
    /* one in layers that is busy is written to by somebody who takes no lock */
    if (is_worth_a_copy(error_code(no_layers)) && !(layered && error_code(no_layers) == EBUSY))
        return copy_directory(act, from, stop_fd, kind, err);
    *err = TAKE(no_layers);
    return -error_code(*err);
}

static int clone_frozen(struct image_act *act, const struct image *from, const char *name, int stop_fd,
                        enum clone_kind *kind, struct error **err)
{
    *kind = CLONE_LAYERS;
    if (from->type == IMAGE_DIRECTORY && lineage_is_likely(act->fd) && image_can_be_layered(act, from))
        return clone_by_upper(act, from, name, stop_fd, err);
    if (from->type != IMAGE_DIRECTORY || !reflink_is_possible(act->work.fd) ||
        !is_small(act->fd, PATIENT_TREE_ENTRIES))
        return not_while_it_runs(from, err);
    return copy_directory(act, from, stop_fd, kind, err);
}

static int clone_subvolume(struct image_act *act, const struct image *from, int stop_fd, enum clone_kind *kind,
                           struct error **err)
{
    auto_error struct error *refused = NULL;

    *kind = CLONE_SUBVOLUME;
    int r = btrfs_snapshot(act->fd, act->work.fd, "image", &refused);
    if (r == -EXDEV || r == -ENOTTY || r == -EINVAL)
        return copy_directory(act, from, stop_fd, kind, err);
    if (r < 0)
        *err = TAKE(refused);
    return r;
}

static int clone_file(struct image_act *act, int stop_fd, enum clone_kind *kind, struct error **err)
{
    char self[32];
    auto_close int from_fd = open(path_of_fd(self, act->fd), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    auto_close int to_fd = openat(act->work.fd, "image", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool shared = false;
    struct stat st;

    if (from_fd < 0 || to_fd < 0 || fstat(from_fd, &st) < 0)
        return fail(err, errno, "cannot open the image and its copy");
    pool_unlock(&act->pool);
    int r = file_copy_content(from_fd, to_fd, stop_fd, &shared);
    /* writable, whatever the original is */
    st.st_mode |= 0200;
    if (r == 0)
        r = attributes_copy(from_fd, to_fd, &st, (struct created){geteuid(), getegid(), 0600});
    if (r == 0 && fsync(to_fd) < 0)
        r = -errno;
    if (r < 0)
        return fail(err, -r, "cannot copy the image");
    *kind = shared ? CLONE_REFLINK : CLONE_COPY;
    return pool_relock(&act->pool, err);
}

int image_copy(struct image_act *act, const struct image *from, const char *name, int stop_fd, enum clone_kind *kind,
               struct error **err)
{
    if (act->frozen && from->type != IMAGE_SUBVOLUME)
        return clone_frozen(act, from, name, stop_fd, kind, err);
    switch (from->type) {
    case IMAGE_SUBVOLUME:
        return clone_subvolume(act, from, stop_fd, kind, err);
    case IMAGE_DIRECTORY:
        return clone_directory(act, from, name, stop_fd, kind, err);
    case IMAGE_MSTACK:
        return copy_directory(act, from, stop_fd, kind, err);
    case IMAGE_RAW:
        return clone_file(act, stop_fd, kind, err);
    case IMAGE_BLOCK:
        break;
    }
    fail_plain(err, EOPNOTSUPP, "Operation not supported");
    fail_hint(*err, "a block device is not copied; write it into a file NAME.raw with dd(1)");
    fail_id(*err, "R3016");
    return -EOPNOTSUPP;
}

/* Before the image is in place, so that no start under the new name misses them; should it never get there, they go
 * again. */
static int copy_settings(struct image_act *act, const struct image *from, const char *name, const char *target,
                         struct error **err)
{
    CLEANUP(strings_done) struct strings folders = {0};

    settings_folders(act->parent, &folders);
    for (size_t i = 0; i < folders.count; i++) {
        bool is_beside = i + 1 == folders.count;
        auto_free char *old = settings_file_path(folders.item[i], from->name);
        auto_free char *fresh = settings_file_path(is_beside ? act->pool.folder : folders.item[i], name);

        /* one that waits for a machine of this name stays */
        if (access(old, F_OK) < 0 || access(fresh, F_OK) == 0)
            continue;
        if (undo_record(act->work.undo, POOL_REMOVE_UNLESS, err, target, fresh, NULL) < 0 ||
            settings_file_copy(old, fresh, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

/* How a clone is made, but for what and where. */
enum { MAKE_READ_ONLY = 1 << 0, MAKE_FROZEN = 1 << 1, MAKE_TREE_ALONE = 1 << 2 };

static int make_clone(const struct image *from, const char *folder, const char *name, unsigned how, int stop_fd,
                      enum clone_kind *ret_kind, struct error **err)
{
    bool frozen = how & MAKE_FROZEN;
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    enum act_lock lock = frozen || from->type == IMAGE_SUBVOLUME ? ACT_NO_LOCK : ACT_SHARED;
    auto_free char *file = mem_format("%s%s", name, image_type_suffix(from->type));
    auto_free char *target = path_join(folder, file);

    if (image_check_name(name, err) < 0)
        return -error_code(*err);
    int r = dir_make_all(folder, 0700);
    if (r < 0)
        return fail(err, -r, "cannot make the directory %s", folder);
    act.frozen = frozen;
    if (!frozen && image_shorten(from, stop_fd, err) < 0)
        return -error_code(*err);
    if (image_act_begin(&act, from, folder, lock, err) < 0 ||
        image_check_free(&act, name, err) < 0 || image_copy(&act, from, name, stop_fd, ret_kind, err) < 0)
        return -error_code(*err);

    if ((!(how & MAKE_TREE_ALONE) && copy_settings(&act, from, name, target, err) < 0) ||
        image_act_commit(&act, "image", file, err) < 0) {
        auto_error struct error *ignored = NULL;

        (void) pool_work_settle(&act.work, &ignored);
        return -error_code(*err);
    }
    struct image made = {.name = (char *) name, .path = target, .entry = target, .type = from->type};
    return how & MAKE_READ_ONLY ? image_set_read_only(&made, true, err) : 0;
}

int image_clone(const struct image *from, const char *folder, const char *name, bool read_only, int stop_fd,
                enum clone_kind *ret_kind, struct error **err)
{
    return make_clone(from, folder, name, read_only ? MAKE_READ_ONLY : 0, stop_fd, ret_kind, err);
}

int image_clone_frozen(const struct image *from, const char *folder, const char *name, bool read_only, int stop_fd,
                       enum clone_kind *ret_kind, struct error **err)
{
    return make_clone(from, folder, name, MAKE_FROZEN | (read_only ? MAKE_READ_ONLY : 0), stop_fd, ret_kind, err);
}

int image_clone_tree(const struct image *from, const char *folder, const char *name, int stop_fd, struct error **err)
{
    enum clone_kind kind;

    return make_clone(from, folder, name, MAKE_TREE_ALONE, stop_fd, &kind, err);
}
