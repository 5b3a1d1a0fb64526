/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Acquiring: the machine's name, its tree, the locks, the range of ids. What is taken here is kept until the end, over
 * reboots; what is refused here has changed nothing yet.
 */
#include "runtime/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/undo.h"
#include "image/btrfs.h"
#include "image/find.h"
#include "image/idmap.h"
#include "image/image_verbs.h"
#include "image/owner.h"
#include "image/shift.h"
#include "image/tree_check.h"
#include "runtime/run_state.h"

int step_machine_claim(struct run *run, struct error **err)
{
    return run->host->claim(run->host->data, run->machine, &run->undo, err);
}

void step_machine_withdraw(struct run *run)
{
    if (run->undo)
        run->host->withdraw(run->host->data, run->machine, TAKE(run->undo));
}

/* Of a template in layers, the whole. */
static int open_template(const struct run *run, struct image_lock *ret_lock, int *ret_fd, struct error **err)
{
    const struct spec *spec = run->spec;
    const struct image image = {
        .path = spec->template_path, .entry = spec->template_path, .type = IMAGE_DIRECTORY,
    };
    auto_close int fd = -1;

    if (tree_open(spec->template_path, &fd, err) < 0 ||
        (spec->lock_images && image_lock_take(ret_lock, spec->template_path, fd, true, run->machine, err) < 0))
        return -error_code(*err);
    return image_tree_open_fd(&image, fd, ret_fd, err);
}

/* Images beside each other, where redd keeps images, can share layers. Elsewhere a template stays what it is: others
 * may look into it. On btrfs a snapshot is better. */
static bool is_among_images(const struct spec *spec, const char *folder)
{
    CLEANUP(strings_done) struct strings folders = {0};
    auto_error struct error *no_name = NULL;
    auto_free char *beside = path_parent(spec->template_path);
    auto_close int fd = file_open(folder, O_PATH | O_DIRECTORY);

    image_folders(false, &folders);
    return spec->lock_images && strings_contain(&folders, folder) && strcmp(beside, folder) == 0 && fd >= 0 &&
           !btrfs_is_file_system(fd) && image_check_name(path_last(spec->template_path), &no_name) == 0 &&
           image_check_name(path_last(spec->directory), &no_name) == 0;
}

static int clone_template(const struct run *run, const char *folder, struct error **err)
{
    const struct spec *spec = run->spec;
    const struct image image = {
        .name = (char *) path_last(spec->template_path), .path = spec->template_path, .entry = spec->template_path,
        .type = IMAGE_DIRECTORY,
    };

    return image_clone_tree(&image, folder, path_last(spec->directory), run->signal_fd, err);
}

/* --template: makes the tree if it is missing; one that exists is run as it is. */
int step_template_copy(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    struct stat st;

    if (lstat(spec->directory, &st) == 0) {
        if (!run->is_quiet)
            log_info("Directory %s already exists, not populating from template %s.", spec->directory,
                     spec->template_path);
        return 0;
    }

    auto_free char *folder = path_parent(spec->directory);
    if (is_among_images(spec, folder))
        return clone_template(run, folder, err) < 0
                   ? fail_in(err, "cannot copy the template %s to %s", spec->template_path, spec->directory) : 0;

    auto_close int fd = -1;
    CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    CLEANUP(image_lock_done) struct image_lock lock = IMAGE_LOCK_NONE;
    if (open_template(run, &lock, &fd, err) < 0 ||
        snapshot_plan_template(fd, spec->directory, &snapshot, err) < 0 ||
        undo_record(run->undo, "remove-snapshot", err, snapshot.path, NULL) < 0 ||
        snapshot_make(&snapshot, fd, run->signal_fd, err) < 0 || snapshot_commit(&snapshot, err) < 0)
        return fail_in(err, "cannot copy the template %s to %s", spec->template_path, spec->directory);
    return 0;
}

/* --ephemeral: what the run changes goes somewhere that vanishes with it. */
int step_tree_snapshot(struct run *run, struct error **err)
{
    struct tree *tree = run->tree;

    if (snapshot_plan_ephemeral(tree->fd, tree->path, &tree->snapshot, err) < 0)
        return -error_code(*err);
    if (tree->snapshot.path && undo_record(run->undo, "remove-snapshot", err, tree->snapshot.path, NULL) < 0)
        return -error_code(*err);
    if (snapshot_make(&tree->snapshot, tree->fd, run->signal_fd, err) < 0)
        return -error_code(*err);
    tree->has_snapshot = true;
    /* a real snapshot needs its origin no more; an overlay reads from it until the end, together with others */
    if (tree->snapshot.kind != SNAPSHOT_OVERLAY)
        image_lock_done(&tree->lock);
    return 0;
}

static int find_directory(struct run *run, struct error **err)
{
    struct tree *tree = run->tree;

    if (tree_open(tree->path, &tree->fd, err) < 0)
        return -error_code(*err);
    tree->read_only = run->spec->read_only || image_is_read_only(tree->fd, tree->path);
    return lineage_is_likely(tree->fd) ? layer_tree_find(tree, err) : 0;
}

int step_tree_find(struct run *run, struct error **err)
{
    struct tree *tree = run->tree = mem_alloc(sizeof *tree);

    *tree = (struct tree){.fd = -1, .lock = IMAGE_LOCK_NONE, .range_lock = LOCK_FILE_NONE};
    if (run->spec->image)
        return disk_tree_find(run, err);
    return image_resolve_directory(run->spec->directory, &tree->path, err) < 0 ? -error_code(*err)
                                                                               : find_directory(run, err);
}

int tree_check_content(const struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    const struct tree_needs needs = {
        .pivot_root_new = spec->pivot_root_new,
        .boot = spec->start == START_BOOT,
        .os_release = spec->start == START_BOOT && spec->check_os_release,
        .merged_usr = spec->volatile_mode == VOLATILE_YES,
        .host_root_allowed =
            spec->ephemeral || spec->volatile_mode == VOLATILE_YES || spec->volatile_mode == VOLATILE_STATE,
    };

    return tree_check(run->tree->fd, run->tree->path, &needs, err);
}

int step_tree_check(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    auto_free char *mount_point = NULL;

    if (run->tree->disk)        /* it is looked into under the lock, where nobody changes it meanwhile */
        return 0;
    if (tree_check_content(run, err) < 0 || tree_check_mount(run->tree->fd, run->tree->path, err) < 0)
        return -error_code(*err);
    if (!spec->quiet && tree_is_nosuid(run->tree->fd, &mount_point))
        log_warning("The file system mounted on %s has 'nosuid': su, sudo and the like will not work in the container.",
                    mount_point);
    return 0;
}

/* What the lock is about: the folder or file at the tree's path. */
static int locked_fd(const struct tree *tree)
{
    return tree->disk ? tree->disk->fd : tree->layers.n_lowers > 0 ? tree->layers.folder_fd : tree->fd;
}

static int take_lock(struct run *run, struct error **err)
{
    /* a view of the tree that is thrown away only reads it */
    bool shared = run->tree->read_only || run->spec->ephemeral || run->spec->volatile_mode != VOLATILE_NO;

    return image_lock_take(&run->tree->lock, run->tree->path, locked_fd(run->tree), shared, run->machine, err);
}

/* A clone or snapshot that was under way when the tree was opened has left another folder in its place, and made what
 * we hold a layer that nobody may change any more. */
static bool was_replaced(const struct tree *tree)
{
    struct stat now, then;

    return stat(tree->path, &now) < 0 || fstat(locked_fd(tree), &then) < 0 || now.st_ino != then.st_ino ||
           now.st_dev != then.st_dev;
}

int step_tree_lock(struct run *run, struct error **err)
{
    if (!run->spec->lock_images)
        return 0;
    if (take_lock(run, err) < 0)
        return -error_code(*err);
    while (!run->tree->disk && was_replaced(run->tree)) {
        image_lock_done(&run->tree->lock);
        lineage_tree_done(&run->tree->layers);
        fd_closep(&run->tree->fd);
        if (find_directory(run, err) < 0 || take_lock(run, err) < 0)
            return -error_code(*err);
    }
    /* behind the act, as for ranges (choose_range) */
    return undo_record(run->undo, "lock-file", err, run->tree->lock.inode.path, NULL);
}

void step_tree_close(struct run *run)
{
    struct tree *tree = run->tree;

    if (!tree)
        return;
    snapshot_done(&tree->snapshot);
    image_lock_done(&tree->lock);
    disk_tree_close(tree);
    lineage_tree_done(&tree->layers);
    fd_closep(&tree->fd);
    free(tree->path);
    free(TAKE(run->tree));
}

void tree_close_locks(const struct run *run)
{
    const int fds[] = {run->tree->lock.beside.fd, run->tree->lock.inode.fd, run->tree->range_lock.fd};

    for (size_t i = 0; i < COUNT_OF(fds); i++)
        if (fds[i] >= 0)
            (void) close(fds[i]);
}

const char *run_tree_path(const struct run *run)
{
    return run->tree ? run->tree->path : NULL;
}

static int choose_range(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    struct tree *tree = run->tree;

    switch (spec->userns) {
    case USERNS_OWNER:
        return owner_base(tree->fd, tree->path, &run->uid_base, err);
    case USERNS_FIXED:
        run->uid_base = spec->userns_base;
        run->uid_size = spec->userns_size;
        return 0;
    case USERNS_PICK:
    case USERNS_MANAGED:        /* redd is its own manager of ranges; see docs/differences.md */
        if (owner_pick(tree->fd, run->machine, &run->uid_base, &tree->range_lock, err) < 0)
            return -error_code(*err);
        /* behind the act, since only now its name is known: what a death in between leaves is a file without a lock */
        return undo_record(run->undo, "lock-file", err, tree->range_lock.path, NULL);
    case USERNS_NO:
        break;
    }
    return 0;
}

/* An overlay mount is no obstacle: its layers are mapped in its place, or it is said why they cannot be. */
static bool can_be_mapped(const struct run *run)
{
    auto_error struct error *ignored = NULL;
    auto_close int mount_fd = -1;
    char name[32];

    if (idmap_is_supported(run->tree->fd) || strcmp(file_system_name(run->tree->fd, name), "overlay") == 0)
        return true;
    if (run->tree->disk)
        mount_fd = disk_tree_mount(run, DISK_ROOT, -1, &ignored);
    return mount_fd >= 0 && idmap_mount_is_supported(mount_fd);
}

static enum ownership_mode resolve_ownership(const struct run *run)
{
    const struct tree *tree = run->tree;

    if (run->spec->ownership != OWNERSHIP_AUTO)
        return run->spec->ownership;
    return owner_resolve_auto(tree->fd, run->uid_base, can_be_mapped(run));
}

int step_ids_choose(struct run *run, struct error **err)
{
    if (access("/proc/self/ns/user", F_OK) < 0) {
        if (run->spec->userns_optional)
            return 0;

        int r = fail_plain(err, EOPNOTSUPP, "the kernel has no user namespaces");
        fail_id(*err, "R2003");
        fail_hint(*err, "use --private-users=no, or a kernel with CONFIG_USER_NS");
        return r;
    }
    run->has_userns = true;
    run->uid_size = USERNS_SIZE_DEFAULT;
    if (choose_range(run, err) < 0)
        return -error_code(*err);
    run->tree->ownership = resolve_ownership(run);
    if (!run->is_quiet)
        log_info("Selected user namespace base %u and range %u.", run->uid_base, run->uid_size);
    return 0;
}

void step_ids_release(struct run *run)
{
    if (run->tree)
        lock_file_done(&run->tree->range_lock);
    fd_closep(&run->userns_fd);
    run->has_userns = false;
    run->uid_base = run->uid_size = 0;
}

int step_tree_chown(struct run *run, struct error **err)
{
    struct tree *tree = run->tree;
    uint64_t changed;

    if (tree->ownership != OWNERSHIP_CHOWN || tree->has_snapshot)
        return 0;
    if (tree->read_only || run->spec->volatile_mode != VOLATILE_NO) {
        int r = fail_plain(err, EROFS, "the owners of %s cannot be changed: the tree is used read-only", tree->path);

        fail_id(*err, "R2004");
        fail_hint(*err, "use --private-users-ownership=map, or run it once without --read-only and --volatile=");
        return r;
    }
    if (tree->layers.n_lowers > 0
            ? layer_tree_shift(run, &changed, err) < 0
            : tree_shift(tree->fd, tree->path, run->uid_base, run->signal_fd, &changed, err) < 0)
        return -error_code(*err);
    if (changed > 0 && !run->is_quiet)
        log_info("Changed the owners of %llu files to the range from %u.", (unsigned long long) changed, run->uid_base);
    return 0;
}
