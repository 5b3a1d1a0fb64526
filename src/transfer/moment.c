/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways to hold a tree or disk still, quickest first. */
#include "transfer/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/find.h"
#include "image/image_moment.h"
#include "image/image_verbs.h"
#include "image/snapshot.h"
#include "transfer/job.h"
#include "transfer/pack.h"

/* -- the machine -- */

struct still {
    const struct transfer_host *host;
    void *machine;              /* NULL: none is held */
    int64_t since_ms;
};

static void let_go(struct still *still)
{
    if (still->machine)
        still->host->let_go(still->machine);
    still->machine = NULL;
}

/* When a machine runs from there that cannot be held, what is exported may be of several moments. */
static void hold(struct job *job, const struct request *request, const char *path, struct still *ret)
{
    auto_error struct error *err = NULL;

    *ret = (struct still){.host = job->host, .since_ms = clock_ms()};
    if (!job->host || request->class != CLASS_MACHINE || job->host->hold_still(path, &ret->machine, &err) == 0)
        return;
    if (error_code(err) != ENXIO)
        job_line(job, "What is written meanwhile may be missing, or there in part: %s.", error_text(err));
    ret->machine = NULL;
}

static void tell(struct job *job, struct still *still)
{
    let_go(still);
    job_line(job, "The machine was held still for %lld ms.", (long long) (clock_ms() - still->since_ms));
}

/* -- trees -- */

static int snapshot(int fd, const char *path, struct moment *ret, struct error **err)
{
    auto_free char *parent = path_parent(path);
    auto_close int parent_fd = file_open(parent, O_RDONLY | O_DIRECTORY);
    auto_free char *name = mem_format(".#transfer.%s.export%d", path_last(path), (int) getpid());

    if (parent_fd < 0)
        return fail(err, errno, "cannot open %s", parent);
    if (btrfs_snapshot(fd, parent_fd, name, err) < 0)
        return -error_code(*err);
    ret->snapshot = path_join(parent, name);
    ret->fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void) flock(ret->fd, LOCK_EX | LOCK_NB);   /* or the next transfer takes it for a remain */
    return ret->fd < 0 ? fail(err, errno, "cannot open the snapshot") : 0;
}

static int make_copy(const struct request *request, const char *path, struct moment *moment, struct error **err)
{
    auto_free char *parent = path_parent(path);

    if (place_open(request->class, parent, request->user_scope, &moment->place, err) < 0 ||
        arrival_make(&moment->place, path_last(path), false, &moment->copy, err) < 0)
        return -error_code(*err);
    moment->fd = moment->copy.fd;
    return 0;
}

static int pack_plainly(struct job *job, const struct request *request, const char *path, int tree_fd,
                        struct moment *ret, struct error **err)
{
    if (make_copy(request, path, ret, err) < 0)
        return -error_code(*err);

    struct pack pack = {.root_fd = tree_fd, .output_fd = ret->fd, .compression = COMPRESS_NONE};
    ret->is_archive = true;
    return job_work(job,
                    (struct worker){.what = "packing", .sandbox = SANDBOX_PACK, .root_fd = tree_fd,
                                    .work = pack_work, .data = &pack},
                    NULL, err);
}

/* The whole of it, were it in layers. */
static int open_tree(const struct image *image, int *ret_fd, struct error **err)
{
    auto_close int mount_fd = -1;

    if (image_tree_open(image, &mount_fd, err) < 0)
        return -error_code(*err);
    *ret_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? fail(err, errno, "cannot open the tree") : 0;
}

static int moment_of_running(struct job *job, const struct request *request, const struct image *image,
                             struct still *still, struct moment *ret, struct error **err)
{
    auto_error struct error *takes_long = NULL;
    auto_close int tree_fd = -1;

    if (image_moment_take(image, job->stop_fd, &ret->image, &ret->fd, &takes_long) < 0 &&
        (open_tree(image, &tree_fd, err) < 0 || pack_plainly(job, request, image->path, tree_fd, ret, err) < 0))
        return -error_code(*err);
    tell(job, still);
    return 0;
}

int moment_of_tree(struct job *job, const struct request *request, const char *path, struct moment *ret,
                   struct error **err)
{
    CLEANUP(let_go) struct still still = {0};
    auto_error struct error *no_snapshot = NULL;
    const struct image image = {
        .name = (char *) path_last(path), .path = (char *) path, .entry = (char *) path, .type = IMAGE_DIRECTORY};
    auto_close int fd = file_open(path, O_RDONLY | O_DIRECTORY);

    if (fd < 0)
        return fail(err, errno, "cannot open the tree %s", path);
    if (btrfs_is_subvolume(fd) && (btrfs_subvolume_is_read_only(fd) || snapshot(fd, path, ret, &no_snapshot) == 0)) {
        if (ret->fd < 0)
            ret->fd = take_fd(&fd);
        return 0;
    }
    hold(job, request, path, &still);
    return still.machine ? moment_of_running(job, request, &image, &still, ret, err) : open_tree(&image, &ret->fd, err);
}

/* -- disks -- */

int moment_of_disk(struct job *job, const struct request *request, const char *path, struct moment *ret,
                   struct error **err)
{
    CLEANUP(let_go) struct still still = {0};
    auto_close int fd = file_open(path, O_RDONLY | O_NOCTTY);
    auto_free char *parent = path_parent(path);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(err, errno, "Failed to export image");
    if (S_ISREG(st.st_mode))
        hold(job, request, path, &still);
    if (!still.machine) {
        ret->fd = take_fd(&fd);
        return 0;
    }
    if (place_open(request->class, parent, request->user_scope, &ret->place, err) < 0 ||
        arrival_clone(&ret->place, path_last(path), fd, false, job->stop_fd, &ret->copy, err) < 0)
        return -error_code(*err);
    ret->fd = ret->copy.fd;
    tell(job, &still);
    return 0;
}

void moment_done(struct moment *moment)
{
    auto_error struct error *ignored = NULL;

    if (!moment->image && moment->fd != moment->copy.fd)
        fd_closep(&moment->fd);
    if (moment->snapshot)
        (void) snapshot_remove(moment->snapshot, &ignored);
    free(moment->snapshot);
    image_moment_free(moment->image);
    if (moment->place.path)
        arrival_done(&moment->copy);
    place_done(&moment->place);
}
