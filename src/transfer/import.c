/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import-tar, import-raw, import-fs: from a local file, standard input or a directory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/copy_tree.h"
#include "image/image_verbs.h"
#include "transfer/inspect.h"
#include "transfer/place.h"
#include "transfer/raw.h"
#include "transfer/unpack.h"
#include "transfer/verbs.h"

int choose_name(const struct request *request, const char *given, const char *source, char **ret, struct error **err)
{
    auto_free char *name = given ? mem_copy_string(given) : NULL;

    if (!name && !source) {
        fail_plain(err, EINVAL, "Need either path or local name.");
        fail_id(*err, "R5070");
        fail_hint(*err, "what comes from standard input has no name of its own: give one as the second word");
        return -EINVAL;
    }
    if (!name)
        name = image_name_derive(request->class, source);
    if (image_name_check(request->class, name ? name : "", err) < 0)
        return -error_code(*err);
    *ret = TAKE(name);
    return 0;
}

int open_input(struct job *job, const char *path, int *ret, struct error **err)
{
    struct stat st;
    auto_close int fd = -1;

    if (!path) {
        *ret = job->input_fd;
        return 0;
    }
    fd = file_open(path, O_RDONLY | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        fail(err, errno, "cannot open '%s'", path);
        fail_id(*err, "R5071");
        return -error_code(*err);
    }
    if (S_ISDIR(st.st_mode)) {
        fail_plain(err, EISDIR, "'%s' is a directory", path);
        fail_id(*err, "R5072");
        fail_hint(*err, "import-fs takes directories");
        return -EISDIR;
    }
    *ret = take_fd(&fd);
    return 0;
}

int begin_arrival(struct job *job, const struct request *request, const char *name, const char *remote,
                  struct place *place, struct error **err)
{
    if (place_open(request->class, request->image_root, request->user_scope, place, err) < 0 ||
        (!request->force && place_check_free(place, name, err) < 0) ||
        job_announce(job, request, name, remote, err) < 0)
        return -error_code(*err);
    return 0;
}

struct arrival_options options_of(const struct request *request)
{
    return (struct arrival_options){.force = request->force, .read_only = request->read_only};
}

/* The words FILE|- [NAME] of import-tar and import-raw. */
static int begin_import(struct job *job, const struct request *request, struct place *place, char **ret_name,
                        int *ret_fd, struct error **err)
{
    const char *source = request_word(request, 0);

    if (choose_name(request, request_word(request, 1), source, ret_name, err) < 0 ||
        open_input(job, source, ret_fd, err) < 0)
        return -error_code(*err);
    if (begin_arrival(job, request, *ret_name, source, place, err) < 0)
        return -error_code(*err);
    job_line(job, "Importing '%s', saving as '%s'.", source ? source : "-", *ret_name);
    job_line(job, "Operating on image directory '%s'.", place->path);
    return 0;
}

int look_inside(struct job *job, int fd, struct strings *ret_facts, struct error **err)
{
    struct inspect inspect = {.input_fd = fd};
    const struct worker worker = {
        .what = "looking inside", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = inspect_work, .data = &inspect};

    return job_work(job, worker, ret_facts, err);
}

/* A tree of a plain user's belongs to the root of the namespace it is unpacked in. */
static int hand_over(const struct job *job, int fd)
{
    struct stat st;

    if (job->userns_fd < 0)
        return 0;
    return fstat(fd, &st) < 0 ? -1 : st.st_uid == 0 ? fchown(fd, 1, 1) : 0;
}

int tree_arrive(struct job *job, struct unpack *unpack, const struct arrival *arrival, struct error **err)
{
    const struct worker worker = {
        .what = "unpacking", .sandbox = SANDBOX_UNPACK, .root_fd = arrival->fd, .work = unpack_work, .data = unpack};

    unpack->root_fd = arrival->fd;
    if (fchmod(arrival->fd, 0755) < 0 || hand_over(job, arrival->fd) < 0)
        return fail(err, errno, "cannot prepare the tree");
    return job_work(job, worker, NULL, err);
}

int verb_import_tar(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(place_done) struct place place = {.fd = -1};
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;
    auto_free char *name = NULL;
    struct unpack unpack = {.strip_single = true};

    if (begin_import(job, request, &place, &name, &unpack.input_fd, err) < 0 ||
        arrival_make(&place, name, true, &arrival, err) < 0)
        return -error_code(*err);
    return tree_arrive(job, &unpack, &arrival, err) < 0
               ? -error_code(*err)
               : arrival_commit(&arrival, name, "", options_of(request), err);
}

int raw_arrive(struct job *job, int input_fd, struct arrival *arrival, struct error **err)
{
    CLEANUP(arrival_done) struct arrival scratch = ARRIVAL_NONE;
    struct raw raw = {.input_fd = input_fd, .output_fd = arrival->fd};

    if (arrival_make(arrival->place, "scratch", false, &scratch, err) < 0)
        return -error_code(*err);
    raw.scratch_fd = scratch.fd;
    if (fchmod(arrival->fd, 0644) < 0)
        return fail(err, errno, "cannot prepare the disk image");

    const struct worker worker = {
        .what = "reading", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = raw_work, .data = &raw};
    return job_work(job, worker, NULL, err);
}

int verb_import_raw(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(place_done) struct place place = {.fd = -1};
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;
    auto_free char *name = NULL;
    int fd;

    if (begin_import(job, request, &place, &name, &fd, err) < 0 ||
        arrival_make(&place, name, false, &arrival, err) < 0 || raw_arrive(job, fd, &arrival, err) < 0)
        return -error_code(*err);
    return arrival_commit(&arrival, name, ".raw", options_of(request), err);
}

/* -- import-fs -- */

static int copy_directory(struct job *job, int from_fd, const struct arrival *arrival, struct error **err)
{
    struct stat st;

    if (fstat(arrival->fd, &st) < 0)
        return fail(err, errno, "cannot look at the new tree");

    const struct tree_copy how = {.skip_dev = st.st_dev, .skip_ino = st.st_ino, .stop_fd = job->stop_fd};
    return tree_copy(from_fd, arrival->fd, &how, err);
}

/* Of a machine in layers, the whole. */
static int open_source(const char *source, int *ret_fd, struct error **err)
{
    auto_close int fd = file_open(source, O_RDONLY | O_DIRECTORY), tree_fd = -1;
    auto_free char *path = NULL;

    if (fd < 0) {
        fail(err, errno, "cannot open the directory '%s'", source);
        fail_id(*err, "R5071");
        return -error_code(*err);
    }
    if (path_make_absolute(source, &path, err) < 0)
        return -error_code(*err);
    const struct image image = {.path = path, .entry = path, .type = IMAGE_DIRECTORY};
    if (image_tree_open_fd(&image, fd, &tree_fd, err) < 0)
        return -error_code(*err);
    *ret_fd = openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? fail(err, errno, "cannot open the directory '%s'", source) : 0;
}

int verb_import_fs(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(place_done) struct place place = {.fd = -1};
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;
    auto_free char *name = NULL;
    const char *source = request_word(request, 0);

    if (choose_name(request, request_word(request, 1), source, &name, err) < 0)
        return -error_code(*err);

    auto_close int fd = -1;
    if (open_source(source ? source : ".", &fd, err) < 0)
        return -error_code(*err);
    if (begin_arrival(job, request, name, source, &place, err) < 0)
        return -error_code(*err);
    job_line(job, "Importing '%s', saving as '%s'.", source, name);
    if (arrival_make(&place, name, true, &arrival, err) < 0 || copy_directory(job, fd, &arrival, err) < 0)
        return -error_code(*err);
    return arrival_commit(&arrival, name, "", options_of(request), err);
}
