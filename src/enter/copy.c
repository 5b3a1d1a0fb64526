/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The copy is made in a folder beside its place, which nobody but root enters, and moved there when it is complete. A
 * process that waits for the end of this one takes that folder away whatever ends it.
 */
#include "enter/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "enter/copy_merge.h"
#include "image/copy_tree.h"
#include "image/owner_change.h"

struct target {
    int parent_fd;
    const char *name;           /* points into the request's path */
    int folder_fd;              /* where the copy is made */
    char folder[48];            /* its name beside NAME */
    pid_t cleaner;
    int cleaner_fd;             /* its closing tells it that it is time */
};

static void target_done(struct target *target)
{
    fd_closep(&target->folder_fd);
    fd_closep(&target->parent_fd);
    fd_closep(&target->cleaner_fd);
    if (target->cleaner > 0)
        while (waitpid(target->cleaner, NULL, 0) < 0 && errno == EINTR)
            ;
}

static int fail_path(const struct copy_place *place, const char *path, int code, struct error **err)
{
    return place->name ? fail(err, code, "cannot open %s of machine '%s'", path, place->name)
                       : fail(err, code, "cannot open %s", path);
}

/* The caller's own paths are opened as they are; nothing of a machine's is. */
static int open_source(const struct copy_request *request, struct error **err)
{
    const struct copy_place *place = request->from;
    int fd = place->root_fd < 0 ? openat(AT_FDCWD, request->from_path, O_PATH | O_NOFOLLOW | O_CLOEXEC)
                                : path_open_in(place->root_fd, request->from_path, O_PATH | O_NOFOLLOW, 0);

    if (fd < 0)
        return fail_path(place, request->from_path, place->root_fd < 0 ? errno : -fd, err);
    return fd;
}

static int open_parent(const struct copy_request *request, struct target *target, struct error **err)
{
    const struct copy_place *place = request->to;
    auto_free char *parent = path_parent(request->to_path);

    target->name = path_last(request->to_path);
    if (!*target->name || strcmp(target->name, "..") == 0 || strcmp(target->name, ".") == 0)
        return fail_path(place, request->to_path, EISDIR, err);
    target->parent_fd = place->root_fd < 0 ? file_open(parent, O_RDONLY | O_DIRECTORY)
                                           : path_open_in(place->root_fd, parent, O_RDONLY | O_DIRECTORY, 0);
    if (target->parent_fd < 0)
        return fail_path(place, parent, place->root_fd < 0 ? errno : -target->parent_fd, err);
    return 0;
}

static int fail_exists(struct error **err)
{
    int r = fail(err, EEXIST, "Failed to copy");

    fail_id(*err, "R4231");
    fail_hint(*err, "--force replaces files that are there, and adds to folders");
    return r;
}

/* Removes the folder: with all that is in it when the copy failed, empty when all is well. */
static _Noreturn void clean(const struct target *target, int fd)
{
    char byte;

    /* in a session of its own: ^C and the closing of a terminal are for the other */
    (void) setsid();
    while (read(fd, &byte, 1) < 0 && errno == EINTR)
        ;
    (void) tree_remove_at(target->parent_fd, target->folder);
    _exit(0);
}

static int start_cleaner(struct target *target, struct error **err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    target->cleaner = fork();
    if (target->cleaner == 0) {
        (void) close(ends[1]);
        clean(target, ends[0]);
    }
    (void) close(ends[0]);
    target->cleaner_fd = ends[1];
    return target->cleaner < 0 ? fail(err, errno, "cannot make a process") : 0;
}

static int make_folder(struct target *target, struct error **err)
{
    struct id128 random;
    char digits[33];

    id128_random(&random);
    id128_format_plain(random, digits);
    (void) snprintf(target->folder, sizeof target->folder, ".#redd-copy-%s", digits);
    if (start_cleaner(target, err) < 0)
        return -error_code(*err);
    if (mkdirat(target->parent_fd, target->folder, 0700) < 0)
        return fail(err, errno, "cannot make a folder beside '%s'", target->name);
    target->folder_fd = openat(target->parent_fd, target->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return target->folder_fd < 0 ? fail(err, errno, "cannot open the folder beside '%s'", target->name) : 0;
}

/* How owners change between the two; NULL: not at all. */
static const struct owner_change *change_of(const struct copy_place *from, const struct copy_place *to,
                                            struct owner_change *ret)
{
    if (!from->has_own_ids && !to->has_own_ids)
        return NULL;
    *ret = (struct owner_change){
        .from = from->base,
        .to = to->base,
        .count = from->has_own_ids && (!to->has_own_ids || from->count < to->count) ? from->count : to->count,
        .other = to->has_own_ids ? to->base : OWNER_CHANGE_STAY,
    };
    return from->has_own_ids && to->has_own_ids && from->base == to->base ? NULL : ret;
}

/* Complete or not at all; where there is something, only with --force. */
static int put_in_place(const struct copy_request *request, const struct target *target, struct error **err)
{
    if (syscall(SYS_renameat2, target->folder_fd, target->name, target->parent_fd, target->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EEXIST)
        return fail(err, errno, "cannot put '%s' in its place", target->name);
    return request->force ? copy_merge(target->folder_fd, target->name, target->parent_fd, err) : fail_exists(err);
}

static int copy_to(const struct copy_request *request, int from_fd, struct target *target, size_t *ret_left_out,
                   struct error **err)
{
    const struct tree_maker maker = {.uid = request->to->maker.uid, .gid = request->to->maker.gid};
    struct owner_change change;
    struct stat own, st;
    struct tree_copy how = {
        .stop_fd = -1, .owners = change_of(request->from, request->to, &change), .maker = &maker,
        .left_out = ret_left_out,
    };

    if (!request->force && fstatat(target->parent_fd, target->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return fail_exists(err);
    if (file_maker_become(&request->to->maker, err) < 0 || make_folder(target, err) < 0)
        return -error_code(*err);
    /* a tree that is copied into itself does not go on for ever */
    if (fstat(target->folder_fd, &own) < 0)
        return fail(err, errno, "cannot look at the folder beside '%s'", target->name);
    how.skip_dev = own.st_dev;
    how.skip_ino = own.st_ino;
    if (tree_copy_entry(from_fd, target->folder_fd, target->name, &how, err) < 0)
        return -error_code(*err);
    return put_in_place(request, target, err);
}

int copy_make(const struct copy_request *request, size_t *ret_left_out, struct error **err)
{
    CLEANUP(target_done) struct target target = {.parent_fd = -1, .folder_fd = -1, .cleaner_fd = -1};
    auto_close int from_fd = open_source(request, err);
    size_t left_out = 0;

    if (from_fd < 0 || open_parent(request, &target, err) < 0)
        return -error_code(*err);
    if (copy_to(request, from_fd, &target, &left_out, err) < 0)
        return -error_code(*err);
    *ret_left_out = left_out;
    return 0;
}
