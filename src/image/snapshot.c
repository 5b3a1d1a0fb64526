/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary and lasting copies of trees. */
#include "image/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/btrfs.h"
#include "image/copy_tree.h"
#include "image/idmap.h"
#include "image/lineage.h"
#include "image/overlay.h"
#include "image/remove_tree.h"
#include "image/upper.h"

/* ".#snapshot." and 16 digits must still fit into a file name. */
#define NAME_SHOWN_MAX 200

void snapshot_done(struct snapshot *snapshot)
{
    free(snapshot->path);
    free(snapshot->target);
    *snapshot = (struct snapshot){0};
}

static int random_digits(char ret[17], struct error **err)
{
    uint64_t number;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return fail(err, errno, "cannot get random numbers");
    (void) snprintf(ret, 17, "%016llx", (unsigned long long) number);
    return 0;
}

static int open_parent(const char *path, int *ret_fd, struct error **err)
{
    auto_free char *parent = path_parent(path);
    int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fail(err, errno, "cannot open the directory %s", parent);
    *ret_fd = fd;
    return 0;
}

/* Where the upper layer goes: beside the tree, or (for a tree on something read-only) where else the host keeps big
 * temporary files. What a run writes may be large, so a tmpfs is the last choice. Gives *ret_folder, or NULL. */
static int choose_folder(const char *parent, char **ret_folder, struct error **err)
{
    const char *const folders[] = {parent, "/var/tmp"};
    char buffer[32];

    *ret_folder = NULL;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        auto_close int fd = open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 && i == 0)
            return fail(err, errno, "cannot open the directory %s", folders[i]);
        if (fd >= 0 && upper_fits_in(fd) && (i == 0 || strcmp(file_system_name(fd, buffer), "tmpfs") != 0)) {
            *ret_folder = mem_copy_string(folders[i]);
            return 0;
        }
    }
    return 0;
}

int snapshot_plan_ephemeral(int tree_fd, const char *tree_path, struct snapshot *ret, struct error **err)
{
    auto_free char *parent = path_parent(tree_path), *folder = NULL;
    const char *name = path_last(tree_path);
    char digits[17];

    if (random_digits(digits, err) < 0 || choose_folder(parent, &folder, err) < 0)
        return -error_code(*err);

    bool beside = folder && strcmp(folder, parent) == 0;
    struct snapshot snapshot = {
        .kind = beside && btrfs_is_subvolume(tree_fd) ? SNAPSHOT_SUBVOLUME : SNAPSHOT_OVERLAY,
        .in_memory = !folder,
    };
    auto_free char *file = *name ? mem_format(".#snapshot.%.*s%s", NAME_SHOWN_MAX, name, digits)
                                 : mem_format(".#machine.%s", digits);
    snapshot.path = folder ? path_join(folder, file) : NULL;
    *ret = snapshot;
    return 0;
}

int snapshot_plan_template(int template_fd, const char *target, struct snapshot *ret, struct error **err)
{
    auto_free char *parent = path_parent(target);
    char digits[17];

    if (random_digits(digits, err) < 0)
        return -error_code(*err);
    if (access(parent, F_OK) < 0) {
        int r = fail(err, errno, "cannot make %s from a template, for want of %s", target, parent);

        fail_hint(*err, "only the last directory of the path is made");
        fail_id(*err, "R2303");
        return r;
    }
    auto_free char *file = mem_format(".#%.*s%s", NAME_SHOWN_MAX, path_last(target), digits);
    *ret = (struct snapshot){
        .kind = btrfs_is_subvolume(template_fd) ? SNAPSHOT_SUBVOLUME : SNAPSHOT_COPY,
        .path = path_join(parent, file),
        .target = mem_copy_string(target),
    };
    return 0;
}

static int make_directory(int parent_fd, const char *name, const char *path, int *ret_fd, struct error **err)
{
    if (mkdirat(parent_fd, name, 0700) < 0)
        return fail(err, errno, "cannot make the directory %s", path);

    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(err, errno, "cannot open the directory %s", path);
    *ret_fd = fd;
    return 0;
}

static int make_overlay(const struct snapshot *snapshot, int parent_fd, int tree_fd, struct error **err)
{
    const char *name = path_last(snapshot->path);
    auto_close int top_fd = -1;

    if (make_directory(parent_fd, name, snapshot->path, &top_fd, err) < 0)
        return -error_code(*err);
    /* what is beside the tree and seen in it (only for "/"): not its business */
    return upper_make(top_fd, tree_fd, string_starts(name, ".#machine.") ? name : NULL, err);
}

static int make_copy(const struct snapshot *snapshot, int parent_fd, int tree_fd, int stop_fd, struct error **err)
{
    const char *name = path_last(snapshot->path);
    auto_close int to_fd = -1;
    struct stat st;

    /* a subvolume where that is possible, so that copies of the copy are quick */
    if (btrfs_is_file_system(parent_fd) && btrfs_subvolume_create(parent_fd, name) == 0)
        to_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to_fd < 0 && make_directory(parent_fd, name, snapshot->path, &to_fd, err) < 0)
        return -error_code(*err);
    if (fstat(to_fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", snapshot->path);

    struct tree_copy how = {.skip_dev = st.st_dev, .skip_ino = st.st_ino, .stop_fd = stop_fd};
    return tree_copy(tree_fd, to_fd, &how, err);
}

static int make_subvolume(struct snapshot *snapshot, int parent_fd, int tree_fd, struct error **err)
{
    auto_error struct error *refused = NULL;

    int r = btrfs_snapshot(tree_fd, parent_fd, path_last(snapshot->path), &refused);
    if (r == 0)
        return 0;
    /* the place is on another file system, or there is no room for even the little a snapshot takes */
    if (r == -EXDEV || r == -ENOTTY || r == -EINVAL) {
        if (snapshot_remove(snapshot->path, err) < 0)
            return -error_code(*err);
        snapshot->kind = snapshot->target ? SNAPSHOT_COPY : SNAPSHOT_OVERLAY;
        return 1;
    }
    *err = TAKE(refused);
    return r;
}

int snapshot_make(struct snapshot *snapshot, int tree_fd, int stop_fd, struct error **err)
{
    auto_close int parent_fd = -1;
    int r = 1;

    if (!snapshot->path)
        return 0;
    if (open_parent(snapshot->path, &parent_fd, err) < 0)
        return -error_code(*err);
    if (snapshot->kind == SNAPSHOT_SUBVOLUME)
        r = make_subvolume(snapshot, parent_fd, tree_fd, err);
    if (r == 1)
        r = snapshot->kind == SNAPSHOT_COPY ? make_copy(snapshot, parent_fd, tree_fd, stop_fd, err)
                                            : make_overlay(snapshot, parent_fd, tree_fd, err);
    if (r < 0) {
        r = fail_in(err, snapshot->target ? "cannot make %s from the template" : "cannot make the temporary copy %s",
                    snapshot->target ? snapshot->target : snapshot->path);
        fail_id(*err, "R2304");
    }
    return r;
}

int snapshot_commit(const struct snapshot *snapshot, struct error **err)
{
    if (syscall(SYS_renameat2, AT_FDCWD, snapshot->path, AT_FDCWD, snapshot->target, RENAME_NOREPLACE) == 0)
        return 0;
    int r = fail(err, errno, "cannot put the copy of the template into place as %s", snapshot->target);
    fail_id(*err, "R2305");
    return r;
}

/* A tmpfs that is mounted nowhere. */
static int open_memory(int tree_fd, int *ret_fd, struct error **err)
{
    auto_close int fs_fd = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
    auto_close int mount_fd = -1;

    if (fs_fd < 0 || sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0 ||
        sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
        sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ||
        (mount_fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, 0)) < 0)
        return fail(err, errno, "cannot make a tmpfs for what the run writes");
    if (upper_make(mount_fd, tree_fd, NULL, err) < 0)
        return -error_code(*err);
    *ret_fd = take_fd(&mount_fd);
    return 0;
}

static int mount_overlay(const struct snapshot *snapshot, int tree_fd, int top_fd, int userns_fd, int *ret_mount_fd,
                         struct error **err)
{
    struct overlay overlay = {
        .lower_fds = &tree_fd,
        .n_lowers = 1,
        .top_fd = top_fd,
        .upper = "upper",
        .work = "work",
        .userns_fd = userns_fd,
        .discard = true,
        /* With the kernel's default, renaming a directory of the tree fails, which package managers take badly. */
        .redirect_dir = "on",
        .metadata_only = snapshot->metadata_only,
    };

    if (snapshot->layers)
        lineage_use_layers(snapshot->layers, &overlay);
    return overlay_mount(&overlay, ret_mount_fd, err);
}

static int mount_on_memory(struct snapshot *snapshot, int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err)
{
    auto_close int top_fd = -1;

    if (open_memory(tree_fd, &top_fd, err) < 0)
        return -error_code(*err);
    snapshot->in_memory = true;
    return mount_overlay(snapshot, tree_fd, top_fd, userns_fd, ret_mount_fd, err);
}

static int mount_on_disk(struct snapshot *snapshot, int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err)
{
    auto_error struct error *refused = NULL;
    auto_close int top_fd = open(snapshot->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (top_fd < 0)
        return fail(err, errno, "cannot open %s", snapshot->path);

    int r = mount_overlay(snapshot, tree_fd, top_fd, userns_fd, ret_mount_fd, &refused);
    /* A file system we did not know to be unfit; ELOOP: older kernels want no upper layer inside the tree below it. */
    if ((r == -EINVAL || r == -ELOOP || r == -EOPNOTSUPP) &&
        mount_on_memory(snapshot, tree_fd, userns_fd, ret_mount_fd, err) == 0)
        return 0;
    if (r < 0 && !*err)
        *err = TAKE(refused);
    return r;
}

static int mount_subvolume(const struct snapshot *snapshot, int userns_fd, int *ret_mount_fd, struct error **err)
{
    auto_close int mount_fd = sys_open_tree(AT_FDCWD, snapshot->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount_fd < 0)
        return fail(err, errno, "cannot open %s", snapshot->path);
    if (userns_fd >= 0 && idmap_tree(mount_fd, userns_fd, false, err) < 0)
        return -error_code(*err);
    *ret_mount_fd = take_fd(&mount_fd);
    return 0;
}

int snapshot_mount(struct snapshot *snapshot, int tree_fd, int userns_fd, int *ret_mount_fd, struct error **err)
{
    if (snapshot->kind != SNAPSHOT_OVERLAY)
        return mount_subvolume(snapshot, userns_fd, ret_mount_fd, err);
    if (!snapshot->path)
        return mount_on_memory(snapshot, tree_fd, userns_fd, ret_mount_fd, err);
    return mount_on_disk(snapshot, tree_fd, userns_fd, ret_mount_fd, err);
}

int snapshot_remove(const char *path, struct error **err)
{
    auto_free char *parent = path_parent(path);
    const char *name = path_last(path);
    auto_close int parent_fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (!path_is_absolute(path) || !string_starts(name, ".#"))
        return fail_plain(err, EINVAL, "'%s' is not the name of a temporary tree", path);
    if (parent_fd < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot open the directory %s", parent);

    int r = remove_tree(parent_fd, name);
    if (r < 0) {
        fail(err, -r, "cannot remove the temporary tree %s", path);
        fail_id(*err, "R2306");
    }
    return r;
}

int undo_snapshot(const struct strings *args, struct error **err)
{
    auto_error struct error *first = NULL;

    for (size_t i = 0; i < args->count; i++) {
        auto_error struct error *failure = NULL;

        if (snapshot_remove(args->item[i], &failure) < 0 && !first)
            first = TAKE(failure);
    }
    if (!first)
        return 0;
    *err = TAKE(first);
    return -error_code(*err);
}
