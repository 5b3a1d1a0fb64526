/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/bound_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/run_state.h"

enum { DEPTH_MAX = 6 };         /* /dev/bus/usb/001 is the deepest known */

static bool is_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* Folders elsewhere are left alone, whatever their size: only /dev holds nodes. What is mounted in it (pts, shm) is not
 * of it. */
static void add_folder(const char *path, dev_t file_system, unsigned depth, struct strings *ret)
{
    DIR *dir = opendir(path);
    struct stat st;

    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_dev != file_system)
            continue;

        auto_free char *below = path_join(path, entry->d_name);
        if (is_device(&st))
            strings_add(ret, below);
        else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            add_folder(below, file_system, depth + 1, ret);
    }
    if (dir)
        (void) closedir(dir);
}

/* What of the host's REQUEST hands in: its path, or NULL where that is nothing of /dev and no device. */
static const char *source_of(const struct mount_request *request, struct stat *ret)
{
    const char *path = request->type == MOUNT_BIND ? request->source[0].path : NULL;

    if (!path || request->source[0].in_tree || stat(path, ret) < 0)
        return NULL;
    return is_device(ret) || (S_ISDIR(ret->st_mode) && path_is_below(path, "/dev")) ? path : NULL;
}

void bound_devices(const struct spec *spec, struct strings *ret)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        struct stat st;
        const char *path = source_of(&spec->mounts[i], &st);

        if (path && S_ISDIR(st.st_mode))
            add_folder(path, st.st_dev, 0, ret);
        else if (path)
            strings_add(ret, path);
    }
}

static uid_t owner_outside(const struct run *run, uid_t inside)
{
    return run->uid_base + (inside < run->uid_size ? inside : 0);
}

/* A node of the same device at TARGET of the new /dev, in place of one that redd made there or that came before. */
static int make_node(const struct run *run, const char *target, const struct stat *device, struct error **err)
{
    const char *name;
    auto_close int parent = path_open_parent_in(run->dev_fd, target, true, run->uid_base, run->uid_base, &name);

    if (parent < 0)
        return fail(err, -parent, "cannot make the folder of /dev/%s", target);
    if ((unlinkat(parent, name, 0) < 0 && errno != ENOENT) ||
        mknodat(parent, name, device->st_mode & S_IFMT, device->st_rdev) < 0 ||
        fchownat(parent, name, owner_outside(run, device->st_uid), owner_outside(run, device->st_gid),
                 AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(parent, name, device->st_mode & 0777, 0) < 0)
        return fail(err, errno, "cannot make the device node /dev/%s", target);
    return 0;
}

static int make_link(const struct run *run, int dir_fd, const char *name, const char *target, struct error **err)
{
    char text[256];
    const char *last;
    ssize_t n = readlinkat(dir_fd, name, text, sizeof text - 1);

    if (n < 0)
        return 0;               /* gone meanwhile */
    text[n] = '\0';

    auto_close int parent = path_open_parent_in(run->dev_fd, target, true, run->uid_base, run->uid_base, &last);
    if (parent < 0 || (symlinkat(text, parent, last) < 0 && errno != EEXIST))
        return fail(err, parent < 0 ? -parent : errno, "cannot make the link /dev/%s", target);
    return 0;
}

/* A folder at TARGET with what SOURCE has: nodes, folders, links (/dev/dri/by-path). */
static int make_folder(const struct run *run, const char *source, const char *target, dev_t file_system, unsigned depth,
                       struct error **err)
{
    auto_close int made = path_make_dir_in(run->dev_fd, target, run->uid_base, run->uid_base);
    if (made < 0)
        return fail(err, -made, "cannot make the folder /dev/%s", target);

    DIR *dir = opendir(source);
    int r = 0;
    for (const struct dirent *entry; dir && r >= 0 && (entry = readdir(dir));) {
        struct stat st;
        if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_dev != file_system)
            continue;

        auto_free char *from = path_join(source, entry->d_name), *to = path_join(target, entry->d_name);
        if (is_device(&st))
            r = make_node(run, to, &st, err);
        else if (S_ISLNK(st.st_mode))
            r = make_link(run, dirfd(dir), entry->d_name, to, err);
        else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            r = make_folder(run, from, to, file_system, depth + 1, err);
    }
    if (dir)
        (void) closedir(dir);
    return r;
}

int bound_nodes_make(const struct run *run, const struct mount_request *request, struct error **err)
{
    CLEANUP(strings_done) struct strings nodes = {0};
    struct stat st;
    const char *source = source_of(request, &st);
    bool below_dev = path_is_below(request->target, "/dev") && strcmp(request->target, "/dev") != 0;

    if (run->dev_fd < 0 || !source || !below_dev || strcmp(source, "/dev") == 0 ||
        (request->idmap != IDMAP_NONE && request->idmap != IDMAP_IDENTITY))
        return 0;

    const char *target = request->target + strlen("/dev/");
    if (is_device(&st))
        return make_node(run, target, &st, err) < 0 ? -error_code(*err) : 1;
    add_folder(source, st.st_dev, 0, &nodes);
    if (nodes.count == 0)
        return 0;
    return make_folder(run, source, target, st.st_dev, 0, err) < 0 ? -error_code(*err) : 1;
}
