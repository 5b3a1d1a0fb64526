/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts that were asked for: --bind, --overlay, --tmpfs, --inaccessible. The supervisor makes the host's side of
 * them ready as detached mounts (bind_source.c, overlay.c); the child attaches them in the order of their targets, so
 * that the order on the command line does not matter. Targets are looked up and made inside the tree only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "runtime/bound_devices.h"
#include "runtime/mount_source.h"
#include "runtime/run_state.h"

static int compare_targets(const void *a, const void *b)
{
    const struct mount_request *x = *(const struct mount_request *const *) a;
    const struct mount_request *y = *(const struct mount_request *const *) b;
    int r = path_compare(x->target, y->target);

    /* equal targets keep the order they were given in: requests lie in one array */
    return r ? r : (x > y) - (x < y);
}

static int prepare_one(struct run *run, const struct mount_request *request, struct ready_mount *ready,
                       struct error **err)
{
    *ready = (struct ready_mount){.target = mem_copy_string(request->target), .fd = -1, .is_directory = true,
                                  .request = request};
    switch (request->type) {
    case MOUNT_BIND:
        return request->source[0].in_tree ? 0 : bind_source_open(run, request, &ready->fd, &ready->is_directory, err);
    case MOUNT_OVERLAY:
        return overlay_source_open(run, request, &ready->fd, err);
    case MOUNT_TMPFS:
    case MOUNT_INACCESSIBLE:
        return 0;               /* wholly the child's */
    }
    return 0;
}

int step_mounts_prepare(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    auto_free const struct mount_request **sorted = mem_alloc((spec->n_mounts + 1) * sizeof *sorted);

    for (size_t i = 0; i < spec->n_mounts; i++)
        sorted[i] = &spec->mounts[i];
    if (spec->n_mounts > 1)
        qsort(sorted, spec->n_mounts, sizeof *sorted, compare_targets);

    run->mounts = mem_alloc((spec->n_mounts + 1) * sizeof *run->mounts);
    for (size_t i = 0; i < spec->n_mounts; i++) {
        int made = bound_nodes_make(run, sorted[i], err);

        if (made == 0 && prepare_one(run, sorted[i], &run->mounts[run->n_mounts++], err) < 0)
            made = -error_code(*err);
        if (made < 0)
            return made;
    }
    return 0;
}

void step_mounts_close(struct run *run)
{
    for (size_t i = 0; i < run->n_mounts; i++) {
        fd_closep(&run->mounts[i].fd);
        free(run->mounts[i].target);
    }
    free(TAKE(run->mounts));
    run->n_mounts = 0;
}

/* Opens TARGET in the container, made where missing: as a folder, or as an empty file. */
static int open_target(const struct child *child, const char *target, bool directory, struct error **err)
{
    const char *name;

    int fd = path_open_in(child->root_fd, target, O_PATH, 0);
    if (fd == -ENOENT && directory)
        fd = path_make_dir_in(child->root_fd, target, 0, 0);
    else if (fd == -ENOENT) {
        auto_close int parent = path_open_parent_in(child->root_fd, target, true, 0, 0, &name);
        auto_close int made =
            parent < 0 ? parent : openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

        fd = parent < 0 ? parent : made < 0 ? -errno : path_open_in(child->root_fd, target, O_PATH, 0);
    }
    if (fd < 0) {
        int r = fail(err, -fd, "cannot make the mount point %s in the tree", target);

        if (r == -EROFS)
            fail_hint(*err, "the tree is read-only and has no %s; make it there first", target);
        return r;
    }
    return fd;
}

/* Options of --tmpfs: words that are mount flags, the rest goes to the file system. */
static unsigned long split_tmpfs_options(const char *options, char *rest, size_t size)
{
    static const struct {
        const char *word;
        unsigned long set, clear;
    } flags[] = {
        {"ro", MS_RDONLY, 0},         {"rw", 0, MS_RDONLY},           {"nosuid", MS_NOSUID, 0},
        {"suid", 0, MS_NOSUID},       {"nodev", MS_NODEV, 0},         {"dev", 0, MS_NODEV},
        {"noexec", MS_NOEXEC, 0},     {"exec", 0, MS_NOEXEC},         {"noatime", MS_NOATIME, MS_STRICTATIME},
        {"relatime", MS_RELATIME, MS_STRICTATIME}, {"strictatime", MS_STRICTATIME, 0},
        {"nodiratime", MS_NODIRATIME, 0},          {"sync", MS_SYNCHRONOUS, 0},
    };
    CLEANUP(strings_done) struct strings words = {0};
    unsigned long result = MS_NODEV | MS_STRICTATIME;
    size_t used = 0;

    strings_split(&words, options, ",");
    rest[0] = '\0';
    for (size_t i = 0; i < words.count; i++) {
        bool known = false;

        for (size_t j = 0; j < COUNT_OF(flags); j++)
            if (strcmp(words.item[i], flags[j].word) == 0) {
                result = (result & ~flags[j].clear) | flags[j].set;
                known = true;
            }
        if (!known && used < size)
            used += (size_t) snprintf(rest + used, size - used, "%s%s", used ? "," : "", words.item[i]);
    }
    return result;
}

static int attach_tmpfs(struct child *child, const struct ready_mount *ready, struct error **err)
{
    char path[32], rest[4096] = "mode=0755";
    unsigned long flags = MS_NODEV | MS_STRICTATIME;
    auto_close int target = open_target(child, ready->target, true, err);

    if (target < 0)
        return target;
    if (ready->request->options)
        flags = split_tmpfs_options(ready->request->options, rest, sizeof rest);
    if (mount("tmpfs", path_of_fd(path, target), "tmpfs", flags, rest) < 0) {
        int r = fail(err, errno, "cannot mount a tmpfs on %s", ready->target);

        if (r == -EINVAL && ready->request->options)
            fail_hint(*err, "check the options '%s'; see tmpfs(5)", ready->request->options);
        return r;
    }
    return 0;
}

static const char *inaccessible_node(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "/run/host/inaccessible/dir";
    case S_IFIFO:
        return "/run/host/inaccessible/fifo";
    case S_IFSOCK:
        return "/run/host/inaccessible/sock";
    case S_IFCHR:
        return "/run/host/inaccessible/chr";
    case S_IFBLK:
        return "/run/host/inaccessible/blk";
    default:
        return "/run/host/inaccessible/reg";
    }
}

static int attach_inaccessible(struct child *child, const struct ready_mount *ready, struct error **err)
{
    auto_close int target = path_open_in(child->root_fd, ready->target, O_PATH, 0);
    struct stat st;

    if (target < 0 || fstat(target, &st) < 0)
        return fail(err, target < 0 ? -target : errno, "cannot find %s in the container", ready->target);

    /* where device nodes could not be made, a plain one hides them */
    const char *node = inaccessible_node(st.st_mode);
    if (access(node, F_OK) < 0)
        node = inaccessible_node(S_IFREG);
    auto_close int fd = mount_clone(AT_FDCWD, node, false, err);
    if (fd < 0 || mount_change(fd, MOUNT_ATTR_RDONLY, 0, false, err) < 0)
        return -error_code(*err);
    return mount_attach(fd, target, ready->target, err);
}

/* "+/path": what is bound lies in the container's own tree, so only the child can reach it where it now is. */
static int open_inside(struct child *child, struct ready_mount *ready, struct error **err)
{
    const struct mount_request *request = ready->request;
    auto_close int fd = path_open_in(child->root_fd, request->source[0].path, O_PATH, 0);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(err, fd < 0 ? -fd : errno, "cannot find %s in the container", request->source[0].path);
    ready->is_directory = S_ISDIR(st.st_mode);
    return mount_clone(fd, "", request->recursive, err);
}

static int attach_bind(struct child *child, const struct ready_mount *given, struct error **err)
{
    struct ready_mount ready = *given;
    const struct mount_request *request = ready.request;
    auto_close int made = -1;

    if (ready.fd < 0) {
        made = ready.fd = open_inside(child, &ready, err);
        if (ready.fd < 0)
            return ready.fd;
        if (request->read_only && mount_change(ready.fd, MOUNT_ATTR_RDONLY, 0, true, err) < 0)
            return -error_code(*err);
    }

    auto_close int target = open_target(child, ready.target, ready.is_directory, err);
    return target < 0 ? target : mount_attach(ready.fd, target, ready.target, err);
}

int step_mounts_attach(struct child *child, struct error **err)
{
    for (size_t i = 0; i < child->run->n_mounts; i++) {
        const struct ready_mount *ready = &child->run->mounts[i];
        int r;

        if (ready->request->type == MOUNT_TMPFS)
            r = attach_tmpfs(child, ready, err);
        else if (ready->request->type == MOUNT_INACCESSIBLE)
            r = attach_inaccessible(child, ready, err);
        else
            r = attach_bind(child, ready, err);
        if (r < 0)
            return r;
    }
    return 0;
}
