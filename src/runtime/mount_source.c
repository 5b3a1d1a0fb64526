/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sources of binds and overlays: opened, mapped and flagged on the host's side. */
#include "runtime/mount_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/undo.h"
#include "image/idmap.h"
#include "image/overlay.h"
#include "runtime/run_state.h"

int temporary_source_make(struct run *run, char **ret_path, struct error **err)
{
    struct id128 random;
    char name[33];

    id128_random(&random);
    id128_format_plain(random, name);
    auto_free char *top = mem_format("/var/tmp/nspawn-temp-%.12s", name);
    auto_free char *path = path_join(top, "src");

    if (undo_record(run->undo, "remove-tree", err, top, NULL) < 0)
        return -error_code(*err);
    if (mkdir(top, 0700) < 0 || mkdir(path, 0755) < 0 || chmod(path, 0755) < 0 ||
        chown(path, run->uid_base, run->uid_base) < 0)
        return fail(err, errno, "cannot make the temporary folder %s", path);
    *ret_path = TAKE(path);
    return 0;
}

/* Which ids of the source's file system show as which inside; -EINVAL is the mapping the caller cannot have. */
static int bind_map(const struct run *run, const struct mount_request *request, const struct stat *source,
                    struct id_map *ret, struct error **err)
{
    struct stat target = {.st_uid = run->uid_base};

    switch (request->idmap) {
    case IDMAP_IDENTITY:
        if (!run->has_userns) {
            int r = fail(err, EINVAL, "cannot map ids of %s", request->source[0].path);

            fail_hint(*err, "'idmap' has a meaning only with private users; leave it out, or add -U");
            return r;
        }
        *ret = (struct id_map){.inside = 0, .outside = run->uid_base, .count = run->uid_size};
        return 0;
    case IDMAP_OWNER: {
        auto_close int fd = path_open_in(run->root_fd, request->target, O_PATH, 0);

        if (fd >= 0)
            (void) fstat(fd, &target);
    }
        /* fall through */
    case IDMAP_ROOT:
        *ret = (struct id_map){.inside = source->st_uid, .outside = target.st_uid, .count = 1};
        return 0;
    case IDMAP_NONE:
        break;
    }
    return 0;
}

static int apply_map(const struct run *run, const struct mount_request *request, int fd, const struct stat *st,
                     struct error **err)
{
    struct id_map map;
    auto_close int userns_fd = -1;

    if (bind_map(run, request, st, &map, err) < 0 || idmap_userns_open(&map, 1, &userns_fd, err) < 0 ||
        idmap_tree(fd, userns_fd, request->recursive, err) < 0)
        return fail_in(err, "cannot map the owners of %s", request->source[0].path);
    return 0;
}

/* The tmpfiles of a booted system empty this folder, and the host's X server would be out of reach for everybody. To be
 * connected to, a socket need not be writable as a file. */
static bool is_protected(const struct run *run, const struct mount_request *request)
{
    return run->spec->start == START_BOOT && strcmp(request->target, "/tmp/.X11-unix") == 0;
}

int bind_source_open(struct run *run, const struct mount_request *request, int *ret_fd, bool *ret_directory,
                     struct error **err)
{
    auto_free char *temporary = NULL;
    const char *path = request->source[0].path;
    struct stat st;

    if (!path) {
        if (temporary_source_make(run, &temporary, err) < 0)
            return -error_code(*err);
        path = temporary;
    }

    auto_close int fd =
        sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (request->recursive ? AT_RECURSIVE : 0));
    if (fd < 0) {
        int r = fail(err, errno, "cannot bind %s", path);

        if (r == -ENOENT)
            fail_hint(*err,
                      "it is looked for on the host, where 'mkdir -p %s' makes a folder of that name; a path in the "
                      "container's own tree is written +%s",
                      path, path);
        fail_id(*err, "R2412");
        return r;
    }
    if (fstat(fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", path);
    if ((request->read_only || is_protected(run, request)) && mount_change(fd, MOUNT_ATTR_RDONLY, 0, true, err) < 0)
        return -error_code(*err);
    if (request->idmap != IDMAP_NONE && apply_map(run, request, fd, &st, err) < 0)
        return -error_code(*err);
    *ret_directory = S_ISDIR(st.st_mode);
    *ret_fd = take_fd(&fd);
    return 0;
}

static int layer_open(struct run *run, const struct mount_source *source, struct error **err)
{
    auto_free char *temporary = NULL;

    if (!source->path) {        /* the uppermost of --overlay-ro=, for the sake of --overlay='s form */
        if (temporary_source_make(run, &temporary, err) < 0)
            return -error_code(*err);
        return file_open(temporary, O_PATH | O_DIRECTORY);
    }

    int fd = source->in_tree ? path_open_in(run->root_fd, source->path, O_PATH | O_DIRECTORY, 0)
                             : file_open(source->path, O_PATH | O_DIRECTORY);

    if (fd >= 0)
        return fd;
    int r = source->in_tree ? fail(err, -fd, "cannot open %s in the tree", source->path)
                            : fail(err, errno, "cannot open %s", source->path);
    if (r == -ENOENT)
        fail_hint(*err, "a layer is a folder that is there already: 'mkdir -p %s'", source->path);
    fail_id(*err, "R2413");
    return r;
}

/* The work folder beside the upper one, as overlayfs wants it: same file system, empty. */
static int work_folder_make(struct run *run, const char *upper, char **ret, struct error **err)
{
    struct id128 random;
    char name[33];
    auto_free char *parent = path_parent(upper);

    id128_random(&random);
    id128_format_plain(random, name);
    auto_free char *work = mem_format("%s/.#%s%.16s", strcmp(parent, "/") == 0 ? "" : parent, path_last(upper), name);

    if (undo_record(run->undo, "remove-tree", err, work, NULL) < 0)
        return -error_code(*err);
    if (mkdir(work, 0700) < 0)
        return fail(err, errno, "cannot make the overlay's work folder %s", work);
    *ret = TAKE(work);
    return 0;
}

/* The writable layer: the source given, or a fresh folder; its parent is opened, where the work folder goes too. */
static int top_open(struct run *run, const struct mount_source *top, struct overlay *overlay, struct strings *names,
                    struct error **err)
{
    auto_free char *upper = NULL, *work = NULL;

    if (top->in_tree)
        return fail_plain(err, EINVAL,
                          "the writable layer +%s lies in the container's own tree; name a folder of the host, "
                          "or leave it empty for a temporary one",
                          top->path);
    if (top->path)
        upper = mem_copy_string(top->path);
    else if (temporary_source_make(run, &upper, err) < 0)
        return -error_code(*err);
    if (work_folder_make(run, upper, &work, err) < 0)
        return -error_code(*err);

    auto_free char *parent = path_parent(upper);
    overlay->top_fd = file_open(parent, O_PATH | O_DIRECTORY);
    if (overlay->top_fd < 0)
        return fail(err, errno, "cannot open %s", parent);
    strings_add(names, path_last(upper));
    strings_add(names, path_last(work));
    overlay->upper = names->item[0];
    overlay->work = names->item[1];
    return 0;
}

int overlay_source_open(struct run *run, const struct mount_request *request, int *ret_fd, struct error **err)
{
    size_t n_lower = request->read_only ? request->n_sources : request->n_sources - 1, opened = 0;
    CLEANUP(strings_done) struct strings names = {0};
    int *fds = mem_alloc((n_lower + 1) * sizeof *fds);
    struct overlay overlay = {.lower_fds = fds, .n_lowers = n_lower, .top_fd = -1, .userns_fd = -1};
    int r = 0;

    while (opened < n_lower && r >= 0) {
        r = layer_open(run, &request->source[opened], err);
        if (r >= 0)
            fds[opened++] = r;
    }
    if (r >= 0 && !request->read_only)
        r = top_open(run, &request->source[n_lower], &overlay, &names, err);
    if (r >= 0 && overlay_mount(&overlay, ret_fd, err) < 0)
        r = fail_in(err, "cannot make the overlay for %s", request->target);
    else if (r >= 0 && request->read_only)
        r = mount_change(*ret_fd, MOUNT_ATTR_RDONLY, 0, false, err);
    fd_closep(&overlay.top_fd);
    while (opened > 0)
        (void) close(fds[--opened]);
    free(fds);
    return r < 0 ? r : 0;
}
