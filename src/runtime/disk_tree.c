/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A run whose tree is in a disk image. What differs from a directory is here: whoever needs the tree gets a mount of it
 * that is made anew, since a detached one can be used up once only on kernels before 6.15.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "image/find.h"
#include "image/idmap.h"
#include "runtime/run_state.h"
#include "runtime/tree.h"

/* The image itself, for the lock; what is in it is looked at under the lock. */
int disk_tree_find(struct run *run, struct error **err)
{
    struct tree *tree = run->tree;

    tree->disk = mem_alloc(sizeof *tree->disk);
    disk_init(tree->disk);
    if (image_resolve_file(run->spec->image, &tree->path, err) < 0)
        return -error_code(*err);
    return disk_open_file(tree->path, run->spec->read_only, tree->disk, err);
}

/* Images that have nothing but /usr get everything else anew with each start. */
static int open_usr_holder(struct error **err)
{
    static const struct mount_option options[] = {{"mode", "0755"}, {"size", "25%"}};
    auto_close int fd = mount_new("tmpfs", options, COUNT_OF(options), MOUNT_ATTR_NODEV, err);

    if (fd < 0)
        return fd;
    if (mkdirat(fd, "usr", 0755) < 0)
        return fail(err, errno, "cannot make /usr");
    return take_fd(&fd);
}

int disk_tree_mount(const struct run *run, enum disk_part part, int userns_fd, struct error **err)
{
    auto_close int fd = -1;
    char name[32];

    if (part == DISK_ROOT && !run->tree->disk->part[DISK_ROOT].is_there)
        fd = open_usr_holder(err);
    else if (disk_mount(run->tree->disk, part, &fd, err) < 0)
        return -error_code(*err);
    if (fd < 0)
        return fd;
    if (userns_fd >= 0 && idmap_tree(fd, userns_fd, false, err) < 0) {
        fail_hint(*err, "owners on %s cannot be mapped on this kernel: use --private-users=no, or for a writable image "
                        "--private-users-ownership=chown", file_system_name(fd, name));
        return -error_code(*err);
    }
    return take_fd(&fd);
}

int step_disk_open(struct run *run, struct error **err)
{
    struct tree *tree = run->tree;
    bool is_kept = !run->spec->ephemeral && run->spec->volatile_mode == VOLATILE_NO;
    const struct disk_request request = {
        .policy = run->spec->image_policy,
        .root_hash = run->spec->root_hash,
        .root_hash_sig = run->spec->root_hash_sig,
        .verity_data = run->spec->verity_data,
    };

    /* not even the time of the mount is written to an image of which a throw-away view is shown */
    tree->read_only = run->spec->read_only || tree->disk->read_only;
    tree->disk->read_only |= !is_kept;
    tree->disk->undo = run->undo;
    tree->disk->is_long = run->spec->start == START_BOOT;
    if (disk_find_parts(tree->disk, tree->path, &request, err) < 0)
        return -error_code(*err);
    tree->fd = disk_tree_mount(run, DISK_ROOT, -1, err);
    if (tree->fd < 0)
        return tree->fd;
    /* with /usr in a part of its own there is no one place yet where all of the system could be looked at */
    return tree->disk->part[DISK_USR].is_there ? 0 : tree_check_content(run, err);
}

static bool is_empty_folder(int tree_fd, const char *path)
{
    auto_close int fd = path_open_in(tree_fd, path, O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool is_empty = dir;

    if (!dir)
        return false;
    fd = -1;                    /* closedir() closes it */
    for (const struct dirent *entry; is_empty && (entry = readdir(dir));)
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    (void) closedir(dir);
    return is_empty;
}

bool disk_tree_wants(const struct run *run, enum disk_part part)
{
    const struct tree *tree = run->tree;
    const struct disk_place *place = &tree->disk->part[part];
    enum volatile_mode mode = run->spec->volatile_mode;

    if (!place->is_there || part == DISK_ROOT)
        return false;
    if (part == DISK_USR)
        return true;
    /* made anew with each run, together with all but /usr, or with /var */
    if (mode == VOLATILE_YES || (mode == VOLATILE_STATE && (part == DISK_VAR || part == DISK_TMP)))
        return false;
    if (part == DISK_ESP || part == DISK_XBOOTLDR)
        return is_empty_folder(tree->fd, disk_part_path(part));

    auto_close int fd = path_open_in(tree->fd, disk_part_path(part), O_PATH | O_DIRECTORY, 0);
    return fd >= 0 || !tree->disk->part[DISK_ROOT].read_only || tree->has_snapshot || mode == VOLATILE_OVERLAY;
}

void disk_tree_close(struct tree *tree)
{
    if (tree->disk)
        disk_done(tree->disk);
    free(TAKE(tree->disk));
}
