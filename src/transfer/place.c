/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary names with a lock, and the renames that end a transfer. Only the job calls this, never a worker. */
#include "transfer/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/btrfs.h"
#include "image/copy_tree.h"
#include "image/lock.h"
#include "image/snapshot.h"

#define PREFIX ".#transfer."
#define PREFIX_PARTIAL ".#partial."
#define PARTIAL_SECONDS (24 * 60 * 60)

/* -- remains -- */

/* Removes NAME when nobody holds its lock. One that is just being made has none for an instant: its maker looks whether
 * it is still there once it has the lock. */
static void sweep_one(const struct place *place, const char *name)
{
    auto_error struct error *err = NULL;
    auto_close int fd = openat(place->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    auto_free char *path = path_join(place->path, name);

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return;
    if (snapshot_remove(path, &err) < 0)
        log_warning("cannot remove what an earlier transfer left: %s", error_text(err));
    else
        log_debug("removed what an earlier transfer left: %s", path);
}

static void sweep_partial(const struct place *place, const char *name)
{
    auto_close int fd = openat(place->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && time(NULL) - st.st_mtim.tv_sec > PARTIAL_SECONDS &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void) unlinkat(place->fd, name, 0);
}

static void sweep(const struct place *place)
{
    int fd = openat(place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;

    while (dir && (item = readdir(dir)))
        if (string_starts(item->d_name, PREFIX))
            sweep_one(place, item->d_name);
        else if (string_starts(item->d_name, PREFIX_PARTIAL))
            sweep_partial(place, item->d_name);
    if (dir)
        (void) closedir(dir);
}

int place_open(enum image_class class, const char *path, bool user_scope, struct place *ret, struct error **err)
{
    auto_free char *folder = path ? mem_copy_string(path) : class_folder(class, user_scope);
    int r = dir_make_all(folder, class == CLASS_MACHINE ? 0700 : 0755);

    auto_close int fd = r < 0 ? -1 : file_open(folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        fail(err, r < 0 ? -r : errno, "cannot open the folder of images, %s", folder);
        fail_id(*err, "R5033");
        if (error_code(*err) == EACCES && !user_scope)
            fail_hint(*err, "images of all users are root's; --user is for those of your own");
        return -error_code(*err);
    }
    *ret = (struct place){.fd = take_fd(&fd), .path = TAKE(folder), .class = class};
    sweep(ret);
    return 0;
}

void place_done(struct place *place)
{
    if (place->path)
        fd_closep(&place->fd);
    free(place->path);
    place->path = NULL;
}

static const char *const forms[] = {"", ".raw", ".mstack", ".v", ".raw.v", ".mstack.v"};

int place_check_free(const struct place *place, const char *name, struct error **err)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        auto_free char *file = mem_format("%s%s", name, forms[i]);
        struct stat st;

        if (fstatat(place->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        fail_plain(err, EEXIST, "Image '%s' already exists.", name);
        fail_id(*err, "R5032");
        fail_hint(*err, "--force replaces it; another name can be given as the last word");
        return -EEXIST;
    }
    return 0;
}

/* -- arrivals -- */

static int make_temporary(const struct place *place, const char *name, bool is_tree)
{
    if (!is_tree)
        return openat(place->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    const char *wish = getenv("SYSTEMD_IMPORT_BTRFS_SUBVOL");
    bool subvolume = btrfs_is_file_system(place->fd) && !(wish && parse_boolean(wish) == 0);
    if (!subvolume || btrfs_subvolume_create(place->fd, name) < 0)
        if (mkdirat(place->fd, name, 0700) < 0)
            return -1;
    return openat(place->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool still_there(const struct place *place, const char *name, int fd)
{
    struct stat by_name, by_fd;

    return fstatat(place->fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
           by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

int arrival_make(const struct place *place, const char *name, bool is_tree, struct arrival *ret, struct error **err)
{
    for (int tries = 0; tries < 10; tries++) {
        uint64_t number;

        if (getrandom(&number, sizeof number, 0) != sizeof number)
            return fail(err, errno, "cannot get random bytes");

        /* long names of files are cut: the number tells them apart */
        auto_free char *temporary = mem_format(PREFIX "%.150s.%016llx", name, (unsigned long long) number);
        auto_close int fd = make_temporary(place, temporary, is_tree);
        if (fd < 0) {
            fail(err, errno, "cannot make a %s in %s", is_tree ? "directory" : "file", place->path);
            fail_id(*err, "R5034");
            return -error_code(*err);
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !still_there(place, temporary, fd))
            continue;
        *ret = (struct arrival){
            .place = place, .temporary = TAKE(temporary), .fd = take_fd(&fd), .is_tree = is_tree};
        return 0;
    }
    return fail(err, EBUSY, "cannot make a temporary name in %s", place->path);
}

static int clone_into(int from_fd, const struct arrival *arrival, int stop_fd, struct error **err)
{
    const struct tree_copy how = {.stop_fd = stop_fd};
    bool shared;
    struct stat st;
    int r;

    if (arrival->is_tree)
        return tree_copy(from_fd, arrival->fd, &how, err);
    r = file_copy_content(from_fd, arrival->fd, stop_fd, &shared);
    if (r == -EINTR)
        return fail(err, ECANCELED, "the transfer was cancelled");
    if (r == 0 && (fstat(from_fd, &st) < 0 || fchmod(arrival->fd, (st.st_mode & 0777) | 0200) < 0))
        r = -errno;
    return r < 0 ? fail(err, -r, "cannot copy the disk image") : 0;
}

static int clone_subvolume(const struct place *place, const char *name, int from_fd, struct arrival *ret,
                           struct error **err)
{
    auto_free char *temporary = mem_format(PREFIX "%.150s.snapshot%d", name, (int) getpid());

    if (btrfs_snapshot(from_fd, place->fd, temporary, err) < 0)
        return -error_code(*err);
    *ret = (struct arrival){.place = place, .is_tree = true};
    ret->fd = openat(place->fd, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    ret->temporary = TAKE(temporary);
    return ret->fd < 0 || flock(ret->fd, LOCK_EX | LOCK_NB) < 0 ? fail(err, errno, "cannot open the snapshot") : 0;
}

int arrival_clone(const struct place *place, const char *name, int from_fd, bool is_tree, int stop_fd,
                  struct arrival *ret, struct error **err)
{
    if (is_tree && btrfs_is_subvolume(from_fd))
        return clone_subvolume(place, name, from_fd, ret, err);
    if (arrival_make(place, name, is_tree, ret, err) < 0)
        return -error_code(*err);
    return clone_into(from_fd, ret, stop_fd, err);
}

/* FNV-1a: a name, not a proof. What was fetched is taken up only when the server still has that version. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *text; text++)
        hash = (hash ^ (unsigned char) *text) * 0x100000001b3;
    return hash;
}

int place_open_partial(const struct place *place, const char *source, int *ret_fd, char **ret_name, struct error **err)
{
    for (unsigned i = 0; i < 100; i++) {
        auto_free char *name = mem_format(PREFIX_PARTIAL "%016llx.%u", (unsigned long long) hash_of(source), i);
        auto_close int fd = openat(place->fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0) {
            fail(err, errno, "cannot make a file in %s", place->path);
            fail_id(*err, "R5034");
            return -error_code(*err);
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !still_there(place, name, fd))
            continue;
        *ret_fd = take_fd(&fd);
        *ret_name = TAKE(name);
        return 0;
    }
    return fail(err, EBUSY, "'%s' is being fetched a hundred times already", source);
}

static int make_durable(const struct arrival *arrival, struct error **err)
{
    const char *wish = getenv("SYSTEMD_IMPORT_SYNC");

    if (wish && parse_boolean(wish) == 0)
        return 0;
    if ((arrival->is_tree ? syncfs(arrival->fd) : fsync(arrival->fd)) == 0)
        return 0;
    fail(err, errno, "cannot write the image to disk");
    fail_id(*err, "R5035");
    return -error_code(*err);
}

static int change_immutable(int fd, bool immutable)
{
    int flags;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        return -errno;
    if (!(flags & FS_IMMUTABLE_FL) == !immutable)
        return 0;
    flags ^= FS_IMMUTABLE_FL;
    return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* Before the rename where that is possible: an immutable directory could not be renamed any more. */
static int mark_read_only(const struct arrival *arrival, bool renamed, struct error **err)
{
    struct stat st;
    int r = 0;

    if (!arrival->is_tree)
        r = renamed || fstat(arrival->fd, &st) < 0 || fchmod(arrival->fd, st.st_mode & 07555) == 0 ? 0 : -errno;
    else if (btrfs_is_subvolume(arrival->fd))
        r = renamed ? btrfs_subvolume_set_read_only(arrival->fd, true) : 0;
    else if (renamed)
        r = change_immutable(arrival->fd, true);
    if (r == 0)
        return 0;
    fail(err, -r, "the image is there, but cannot be made read-only");
    fail_id(*err, "R5036");
    if (r == -ENOTTY || r == -EOPNOTSUPP)
        fail_hint(*err, "the file system of %s knows no read-only directories", arrival->place->path);
    else if (r == -EPERM && arrival->is_tree)
        fail_hint(*err, "the flag of read-only directories is root's to set; 'redd remove' takes the image away again");
    return r;
}

/* The image that stands where the new one goes; it may not be in use. A hidden one never is, and gets no lock file
 * beside it, which would stay. */
static int lock_old(const struct place *place, const char *file, const char *name, bool hidden,
                    struct image_lock *lock, struct error **err)
{
    auto_free char *path = path_join(place->path, file);
    auto_close int fd = openat(place->fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || errno == ELOOP ? 0 : fail(err, errno, "cannot open the image '%s'", name);
    if (!hidden && image_lock_take(lock, path, fd, false, name, err) < 0) {
        fail_id(*err, "R5037");
        return fail_in(err, "cannot replace the image '%s'", name);
    }
    (void) change_immutable(fd, false);
    return 0;
}

/* NAME in any form but FILE goes; FILE itself changes places with the new one and goes under the temporary name. */
static int replace(struct arrival *arrival, const char *name, const char *file, bool hidden, struct error **err)
{
    const struct place *place = arrival->place;
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(forms) && r == 0; i++) {
        CLEANUP(image_lock_done) struct image_lock lock = IMAGE_LOCK_NONE;
        auto_free char *old = mem_format("%s%s", name, forms[i]), *path = path_join(place->path, arrival->temporary);
        struct stat st;

        if (fstatat(place->fd, old, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (lock_old(place, old, name, hidden, &lock, err) < 0)
            return -error_code(*err);
        if (strcmp(old, file) == 0)
            r = renameat2(place->fd, arrival->temporary, place->fd, file, RENAME_EXCHANGE);
        else {
            r = renameat2(place->fd, arrival->temporary, place->fd, file, RENAME_NOREPLACE);
            if (r == 0)
                r = renameat(place->fd, old, place->fd, arrival->temporary);
        }
        if (r < 0)
            return fail(err, errno, "cannot put the image '%s' in its place", name);
        if (snapshot_remove(path, err) < 0)
            return fail_in(err, "the image '%s' is in its place, but the old one remains", name);
        return 1;
    }
    return r;
}

int arrival_commit(struct arrival *arrival, const char *name, const char *suffix, struct arrival_options options,
                   struct error **err)
{
    const struct place *place = arrival->place;
    auto_free char *file = mem_format("%s%s", name, suffix);
    int r = 0;

    if (make_durable(arrival, err) < 0 || (options.read_only && mark_read_only(arrival, false, err) < 0))
        return -error_code(*err);
    if (!options.force && !options.hidden && place_check_free(place, name, err) < 0)
        return -error_code(*err);
    if (options.force)
        r = replace(arrival, name, file, options.hidden, err);
    if (r == 0 && renameat2(place->fd, arrival->temporary, place->fd, file, RENAME_NOREPLACE) < 0) {
        r = fail(err, errno, "cannot put the image '%s' in its place", name);
        fail_id(*err, "R5038");
    }
    if (r < 0)
        return r;
    free(arrival->temporary);
    arrival->temporary = NULL;
    (void) fsync(place->fd);
    return options.read_only && mark_read_only(arrival, true, err) < 0 ? -error_code(*err) : 0;
}

void arrival_done(struct arrival *arrival)
{
    if (arrival->temporary) {
        auto_error struct error *err = NULL;
        auto_free char *path = path_join(arrival->place->path, arrival->temporary);

        if (snapshot_remove(path, &err) < 0)
            log_warning("cannot remove %s: %s", path, error_text(err));
    }
    free(arrival->temporary);
    arrival->temporary = NULL;
    fd_closep(&arrival->fd);
}
