/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo kinds that know of paths only. Each takes "it is not there" for success, since a record is written before
 * the act and may be run twice. The paths are those the supervisor wrote down itself, in a file of root's alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/undo.h"

/* Long enough for a process in the middle of writing out its memory; a stop that hangs longer is worth a word. */
#define CGROUP_TIMEOUT_MS 10000

/* Does ACT to each path, going on after failures and returning the first one. */
static int for_each_path(const struct strings *args, int (*act)(const char *path, struct error **err),
                         struct error **err)
{
    if (args->count == 0)
        return fail_plain(err, EINVAL, "it names no path");
    for (size_t i = 0; i < args->count; i++) {
        auto_error struct error *failure = NULL;

        if (!path_is_absolute(args->item[i]))
            fail_plain(&failure, EINVAL, "'%s' is not an absolute path", args->item[i]);
        else if (act(args->item[i], &failure) == 0)
            continue;
        if (!*err)
            *err = TAKE(failure);
    }
    return *err ? -error_code(*err) : 0;
}

static int unless_missing(int code, const char *doing, const char *path, struct error **err)
{
    return code == 0 || code == ENOENT || code == ENOTDIR ? 0 : fail(err, code, "cannot %s %s", doing, path);
}

/* Detached: the mount is gone for everybody at once, though a process may still have a file of it open. EINVAL is how
 * the kernel says "no mount point". */
static int unmount(const char *path, struct error **err)
{
    int code = umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? errno : 0;

    return unless_missing(code == EINVAL ? 0 : code, "unmount", path, err);
}

int undo_unmount(const struct strings *args, struct error **err)
{
    return for_each_path(args, unmount, err);
}

static int remove_dir(const char *path, struct error **err)
{
    return unless_missing(rmdir(path) < 0 ? errno : 0, "remove", path, err);
}

int undo_remove_dir(const struct strings *args, struct error **err)
{
    return for_each_path(args, remove_dir, err);
}

/* A group with processes in it stays: they are none of ours to kill. */
static int remove_empty_cgroup(const char *path, struct error **err)
{
    return unless_missing(rmdir(path) < 0 && errno != EBUSY ? errno : 0, "remove the cgroup", path, err);
}

int undo_remove_cgroup(const struct strings *args, struct error **err)
{
    return for_each_path(args, remove_empty_cgroup, err);
}

static int remove_file(const char *path, struct error **err)
{
    return unless_missing(unlink(path) < 0 ? errno : 0, "remove", path, err);
}

int undo_remove_file(const struct strings *args, struct error **err)
{
    return for_each_path(args, remove_file, err);
}

static int remove_tree(const char *path, struct error **err)
{
    return unless_missing(-tree_remove_at(AT_FDCWD, path), "remove all of", path, err);
}

int undo_remove_tree(const struct strings *args, struct error **err)
{
    return for_each_path(args, remove_tree, err);
}

static int remove_cgroup(const char *path, struct error **err)
{
    return cgroup_remove(path, CGROUP_TIMEOUT_MS, err);
}

int undo_cgroup(const struct strings *args, struct error **err)
{
    return for_each_path(args, remove_cgroup, err);
}
