/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mount that becomes the container's "/", detached: the tree itself, a throw-away view of it (--ephemeral,
 * --volatile=), with its owners mapped where they are to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
#include "image/idmap.h"
#include "image/mapped_tree.h"
#include "image/overlay.h"
#include "image/owner.h"
#include "image/shift.h"
#include "image/snapshot.h"
#include "runtime/run_state.h"
#include "runtime/tree.h"

static bool is_mapped(const struct run *run)
{
    if (!run->has_userns)
        return run->userns_fd >= 0;     /* open_map_back() */
    return run->tree->ownership == OWNERSHIP_MAP || run->tree->ownership == OWNERSHIP_FOREIGN;
}

static int map_of(const struct run *run)
{
    return is_mapped(run) ? run->userns_fd : -1;
}

/* A tree whose owners were changed to a range of private users, and a run without these: a map shows the owners as
 * they were, and what is made gets one of the range. So both ways of running it can alternate, and no tree becomes
 * mixed. */
static int open_map_back(struct run *run, struct error **err)
{
    const struct tree *tree = run->tree;
    struct id_map map = {.outside = 0, .count = USERNS_SIZE_DEFAULT};

    if (!owner_range_of_tree(tree->fd, &map.inside))
        return 0;
    if (tree->layers.n_lowers == 0 && !idmap_is_supported(tree->fd)) {
        log_warning("The files of %s belong to the range from %u; with private users (-U) they have the right owners, "
                    "and --private-users=0 --private-users-ownership=chown gives them back to the range from 0.",
                    tree->path, map.inside);
        return 0;
    }
    if (!run->spec->quiet)
        log_info("The owners of the tree's files, of the range from %u, are seen as of the range from 0.", map.inside);
    return idmap_userns_open(&map, 1, &run->userns_fd, err);
}

/* The namespace that carries the tree's map; for MAP it is the container's own map, of use for other mounts too. */
static int open_map(struct run *run, struct error **err)
{
    struct id_map map = owner_map(run->tree->ownership, run->uid_base);

    if (run->userns_fd >= 0)
        return 0;
    if (!run->has_userns)
        return open_map_back(run, err);
    if (!is_mapped(run))
        return 0;
    if (map.count > run->uid_size)
        map.count = run->uid_size;
    return idmap_userns_open(&map, 1, &run->userns_fd, err);
}

static int tmpfs_for_root(const struct run *run, struct error **err)
{
    char owner[16];

    (void) snprintf(owner, sizeof owner, "%u", run->uid_base);
    const struct mount_option options[] = {
        {"mode", "0755"}, {"size", "25%"}, {"nr_inodes", "1m"}, {run->has_userns ? "uid" : NULL, owner},
        {run->has_userns ? "gid" : NULL, owner},
    };
    return mount_new("tmpfs", options, COUNT_OF(options), MOUNT_ATTR_STRICTATIME, err);
}

static void add_root_mount(struct run *run, const char *target, int fd)
{
    run->root_mounts[run->n_root_mounts++] =
        (struct ready_mount){.target = mem_copy_string(target), .fd = fd, .is_directory = true};
}

/* The tree as it is, mapped. */
static int clone_tree(struct run *run, int tree_fd, struct error **err)
{
    int fd;

    if (!is_mapped(run))
        return mount_clone(tree_fd, "", true, err);
    if (tree_mount_mapped(tree_fd, run->userns_fd, &fd, err) == 0)
        return fd;
    fail_hint(*err, "use --private-users-ownership=chown to change the owners on disk, or --private-users=no");
    return -error_code(*err);
}

/* The same of what the run was given, whatever that is. */
static int open_tree_mount(struct run *run, struct error **err)
{
    if (run->tree->layers.n_lowers > 0)
        return layer_tree_mount(run, map_of(run), err);
    return run->tree->disk ? disk_tree_mount(run, DISK_ROOT, map_of(run), err) : clone_tree(run, run->tree->fd, err);
}

/* The tree as the lower layer of an overlay: the descriptor itself, or a new mount in *TO_CLOSE. */
static int open_lower(const struct run *run, int *to_close, struct error **err)
{
    if (!run->tree->disk)
        return run->tree->fd;
    *to_close = disk_tree_mount(run, DISK_ROOT, -1, err);
    return *to_close;
}

/* --ephemeral: the snapshot, or the overlay in its place. Owners that cannot be mapped are changed on it, which
 * concerns nobody else. */
static int open_snapshot(struct run *run, struct error **err)
{
    struct tree *tree = run->tree;
    bool chown = run->has_userns && tree->ownership == OWNERSHIP_CHOWN;
    uint64_t changed;
    auto_close int to_close = -1;
    int fd, lower_fd = open_lower(run, &to_close, err);

    tree->snapshot.metadata_only = chown;
    tree->snapshot.layers = tree->layers.n_lowers > 0 ? &tree->layers : NULL;
    if (lower_fd < 0 || snapshot_mount(&tree->snapshot, lower_fd, map_of(run), &fd, err) < 0)
        return -error_code(*err);
    if (chown && tree_shift(fd, tree->path, run->uid_base, run->signal_fd, &changed, err) < 0) {
        (void) close(fd);
        return -error_code(*err);
    }
    return fd;
}

/* --volatile=yes: nothing but /usr is the tree's. */
static int open_usr_only(struct run *run, struct error **err)
{
    const struct tree *tree = run->tree;
    auto_close int usr = path_open_in(tree->fd, "/usr", O_PATH | O_DIRECTORY, 0);
    if (usr < 0)
        return fail(err, -usr, "cannot open /usr in the tree");
    /* a part of its own comes with the other parts */
    if (tree->disk && tree->disk->part[DISK_USR].is_there)
        return tmpfs_for_root(run, err);

    int fd = tree->layers.n_lowers > 0 ? layer_tree_mount_part(run, "/usr", map_of(run), err)
                                       : clone_tree(run, usr, err);
    if (fd < 0 || mount_change(fd, MOUNT_ATTR_RDONLY, 0, true, err) < 0)
        return -error_code(*err);
    add_root_mount(run, "/usr", fd);
    return tmpfs_for_root(run, err);
}

/* --volatile=state: the tree read-only, with an empty /var. */
static int open_stateless(struct run *run, struct error **err)
{
    auto_close int fd = open_tree_mount(run, err);
    if (fd < 0 || mount_change(fd, MOUNT_ATTR_RDONLY, 0, false, err) < 0)
        return -error_code(*err);

    auto_close int var = tmpfs_for_root(run, err);
    if (var < 0)
        return var;
    if (mkdirat(var, "log", 0755) < 0 || fchownat(var, "log", run->uid_base, run->uid_base, 0) < 0)
        return fail(err, errno, "cannot make /var/log");
    add_root_mount(run, "/var", take_fd(&var));
    run->root_read_only = true;
    return take_fd(&fd);
}

/* A view of the mount LOWER_FD in which everything is writable and nothing kept. */
static int overlay_on_memory(struct run *run, int lower_fd, struct error **err)
{
    auto_close int top = tmpfs_for_root(run, err);
    struct stat st;
    int fd;

    if (top < 0)
        return top;
    if (fstat(lower_fd, &st) < 0 || mkdirat(top, "upper", 0755) < 0 || mkdirat(top, "work", 0755) < 0 ||
        /* the top of the result is the upper one's, so it is the tree's twin; and a map is one for all of them */
        fchmodat(top, "upper", st.st_mode & 07777, 0) < 0 || fchownat(top, "upper", st.st_uid, st.st_gid, 0) < 0 ||
        fchownat(top, "work", st.st_uid, st.st_gid, 0) < 0)
        return fail(err, errno, "cannot make the layers of the volatile root");

    struct overlay overlay = {
        .lower_fds = &lower_fd, .n_lowers = 1, .top_fd = top, .upper = "upper", .work = "work",
        .userns_fd = map_of(run), .discard = true,
    };
    if (run->tree->layers.n_lowers > 0)
        lineage_use_layers(&run->tree->layers, &overlay);
    return overlay_mount(&overlay, &fd, err) < 0 ? -error_code(*err) : fd;
}

/* --volatile=overlay: everything writable, nothing kept. */
static int open_overlay(struct run *run, struct error **err)
{
    auto_close int to_close = -1;
    int lower_fd = open_lower(run, &to_close, err);

    return lower_fd < 0 ? lower_fd : overlay_on_memory(run, lower_fd, err);
}

static int open_root(struct run *run, struct error **err)
{
    switch (run->spec->volatile_mode) {
    case VOLATILE_YES:
        return open_usr_only(run, err);
    case VOLATILE_STATE:
        return open_stateless(run, err);
    case VOLATILE_OVERLAY:
        return open_overlay(run, err);
    case VOLATILE_NO:
        break;
    }
    return run->tree->has_snapshot ? open_snapshot(run, err) : open_tree_mount(run, err);
}

/* A part of a disk image besides the root: as it is, or a view of it that is thrown away where the root is one. */
static int open_part(struct run *run, enum disk_part part, struct error **err)
{
    bool thrown_away = (run->spec->volatile_mode == VOLATILE_OVERLAY || run->tree->has_snapshot) && part != DISK_USR;
    bool read_only = run->root_read_only || run->spec->volatile_mode == VOLATILE_YES;
    auto_close int fd = disk_tree_mount(run, part, thrown_away ? -1 : map_of(run), err);

    if (fd < 0)
        return fd;
    if (thrown_away)
        return overlay_on_memory(run, fd, err);
    if (read_only && mount_change(fd, MOUNT_ATTR_RDONLY, 0, false, err) < 0)
        return -error_code(*err);
    return take_fd(&fd);
}

static int open_parts(struct run *run, struct error **err)
{
    for (enum disk_part part = DISK_ROOT; part < N_DISK_PARTS; part++) {
        auto_error struct error *failure = NULL;

        if (!disk_tree_wants(run, part))
            continue;
        int fd = open_part(run, part, &failure);
        if (fd >= 0)
            add_root_mount(run, disk_part_path(part), fd);
        else if (part == DISK_ESP || part == DISK_XBOOTLDR)     /* nothing in a container starts from it */
            log_warning("%s, going on without %s.", error_text(failure), disk_part_path(part));
        else {
            *err = TAKE(failure);
            return -error_code(*err);
        }
    }
    return 0;
}

int step_root_open(struct run *run, struct error **err)
{
    const struct disk *disk = run->tree->disk;

    run->root_read_only = false;
    if (open_map(run, err) < 0)
        return -error_code(*err);
    run->root_fd = open_root(run, err);
    if (run->root_fd < 0)
        return run->root_fd;
    if (disk && open_parts(run, err) < 0)
        return -error_code(*err);
    /* a tree that cannot be written to may have a throw-away view that can, but for one that was asked not to */
    bool is_read_only = run->tree->has_snapshot ? run->spec->read_only
                                                : run->tree->read_only || (disk && disk->part[DISK_ROOT].read_only);
    if (is_read_only && run->spec->volatile_mode == VOLATILE_NO) {
        run->root_read_only = true;
        return mount_change(run->root_fd, MOUNT_ATTR_RDONLY, 0, false, err);
    }
    return 0;
}

void step_root_close(struct run *run)
{
    fd_closep(&run->root_fd);
    while (run->n_root_mounts > 0) {
        struct ready_mount *ready = &run->root_mounts[--run->n_root_mounts];

        fd_closep(&ready->fd);
        free(TAKE(ready->target));
    }
}

int step_root_mounts_attach(struct child *child, struct error **err)
{
    for (size_t i = 0; i < child->run->n_root_mounts; i++) {
        const struct ready_mount *ready = &child->run->root_mounts[i];
        auto_close int target = path_make_dir_in(child->root_fd, ready->target, 0, 0);

        if (target < 0)
            return fail(err, -target, "cannot find %s in the tree", ready->target);
        if (mount_attach(ready->fd, target, ready->target, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
