/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export, export-tar, export-raw: an image into a file or standard output, whole or what is new since an earlier
 * export. A file appears when it is complete. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/find.h"
#include "transfer/compress.h"
#include "transfer/increment.h"
#include "transfer/moment.h"
#include "transfer/pack.h"
#include "transfer/raw_export.h"
#include "transfer/verbs.h"

static int not_found(const char *name, struct error **err)
{
    fail_plain(err, ENOENT, "Image %s not found.", name);
    fail_id(*err, "R5085");
    fail_hint(*err, "'redd list-images' lists them");
    return -ENOENT;
}

/* Where the image lies. Machines are looked for in all their folders, the others in their own. */
static int find_image(const struct request *request, const char *name, char **ret, struct error **err)
{
    auto_free char *folder = NULL;
    struct stat st;

    if (request->class == CLASS_MACHINE && !request->image_root) {
        auto_error struct error *ignored = NULL;
        CLEANUP(image_done) struct image image = {0};

        if (image_find(name, request->user_scope, &image, &ignored) < 0)
            return not_found(name, err);
        *ret = TAKE(image.path);
        return 0;
    }
    if (strchr(name, '/') || name[0] == '.')
        return not_found(name, err);
    folder = request->image_root ? mem_copy_string(request->image_root)
                                 : class_folder(request->class, request->user_scope);

    auto_free char *tree = path_join(folder, name), *raw = mem_format("%s.raw", tree);
    if (stat(tree, &st) == 0)
        *ret = TAKE(tree);
    else if (stat(raw, &st) == 0)
        *ret = TAKE(raw);
    else
        return not_found(name, err);
    return 0;
}

/* -- output -- */

struct output {
    int fd;
    char *temporary;            /* a file that is to become PATH */
    const char *path;
};

static int open_output(struct job *job, const char *path, struct output *ret, struct error **err)
{
    struct stat st;

    ret->path = path;
    if (!path) {
        if (isatty(job->output_fd)) {
            fail_plain(err, EINVAL, "Refusing to write an archive to a terminal.");
            fail_id(*err, "R5086");
            fail_hint(*err, "name a file as the second word, or redirect standard output");
            return -EINVAL;
        }
        ret->fd = job->output_fd;
        return 0;
    }
    /* a device or pipe is written as it is, as is what a link leads to */
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        ret->fd = file_open(path, O_WRONLY | O_NOCTTY | O_TRUNC);
    else {
        auto_free char *parent = path_parent(path), *name = mem_format(".#%s.part", path_last(path));

        ret->temporary = path[0] == '/' || strchr(path, '/') ? path_join(parent, name) : mem_copy_string(name);
        ret->fd = openat(AT_FDCWD, ret->temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (ret->fd >= 0 && flock(ret->fd, LOCK_EX | LOCK_NB) < 0)
            return fail(err, EBUSY, "'%s' is being written by another transfer", path);
        if (ret->fd >= 0 && ftruncate(ret->fd, 0) < 0)
            return fail(err, errno, "cannot empty '%s'", ret->temporary);
    }
    if (ret->fd >= 0)
        return 0;
    fail(err, errno, "cannot write '%s'", path);
    fail_id(*err, "R5087");
    return -error_code(*err);
}

static int commit_output(struct output *output, struct error **err)
{
    if (!output->temporary)
        return 0;
    if (fsync(output->fd) < 0 || rename(output->temporary, output->path) < 0) {
        fail(err, errno, "cannot write '%s'", output->path);
        fail_id(*err, "R5087");
        return -error_code(*err);
    }
    free(output->temporary);
    output->temporary = NULL;
    return 0;
}

static void output_done(struct output *output)
{
    if (output->temporary && output->fd >= 0)
        (void) unlink(output->temporary);
    free(output->temporary);
    if (output->path)
        fd_closep(&output->fd);
}

static enum compression compression_of(const struct request *request)
{
    return request->format ? compression_parse(request->format) : compression_of_file(request_word(request, 1));
}

static int begin_export(struct job *job, const struct request *request, struct output *output, struct error **err)
{
    const char *path = request_word(request, 1), *name = request->words.item[0];

    if (open_output(job, path, output, err) < 0 || job_announce(job, request, name, path, err) < 0)
        return -error_code(*err);
    if (request->since)
        job_line(job, "Exporting what is new in '%s' since '%s', saving to '%s'.", name, request->since,
                 path ? path : "-");
    else
        job_line(job, "Exporting '%s', saving to '%s' with compression '%s'.", name, path ? path : "-",
                 compression_name(compression_of(request)));
    return 0;
}

/* -- increments -- */

static int check_earlier(const struct request *request, int fd, struct error **err)
{
    const char *path = request_word(request, 1);
    struct stat earlier, now;

    if (fstat(fd, &earlier) < 0 || !S_ISREG(earlier.st_mode)) {
        fail_plain(err, EINVAL, "'%s' is no file", request->since);
        fail_id(*err, "R5181");
        return -EINVAL;
    }
    if (path && stat(path, &now) == 0 && now.st_ino == earlier.st_ino && now.st_dev == earlier.st_dev) {
        fail_plain(err, EINVAL, "'%s' cannot be both the earlier export and the new one", path);
        fail_id(*err, "R5181");
        fail_hint(*err, "the earlier one is needed as long as something is since it");
        return -EINVAL;
    }
    return 0;
}

/* What the earlier export holds, for increment_writer_open(); nothing when a whole is to be written. */
static int read_earlier(struct job *job, const struct request *request, enum increment_kind kind,
                        struct increment_base *ret, struct error **err)
{
    auto_close int fd = -1;

    *ret = (struct increment_base){.known_fd = -1, .kind = kind};
    if (!request->since)
        return 0;
    fd = file_open(request->since, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        fail(err, errno, "cannot open '%s'", request->since);
        fail_id(*err, "R5181");
        return -error_code(*err);
    }
    if (check_earlier(request, fd, err) < 0)
        return -error_code(*err);
    ret->name = path_last(request->since);
    ret->known_fd = memfd_create("known", MFD_CLOEXEC);
    if (ret->known_fd < 0)
        return fail(err, errno, "cannot make a file in memory");

    struct known known = {.input_fd = fd, .output_fd = ret->known_fd};
    const struct worker worker = {
        .what = "reading the earlier export", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = known_work,
        .data = &known};
    return job_work(job, worker, NULL, err) < 0 ? fail_in(err, "cannot read '%s'", request->since) : 0;
}

static void base_done(struct increment_base *base)
{
    fd_closep(&base->known_fd);
}

/* -- trees and disks -- */

static int check_tree(const char *path, struct error **err)
{
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    fail(err, ENOTDIR, "Failed to export image");
    fail_id(*err, "R5088");
    fail_hint(*err, "it is a disk image: export-raw takes those");
    return -ENOTDIR;
}

int verb_export_tar(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(output_done) struct output output = {.fd = -1};
    CLEANUP(moment_done) struct moment moment = MOMENT_NONE;
    CLEANUP(base_done) struct increment_base since = {.known_fd = -1};
    auto_free char *path = NULL;

    if (find_image(request, request->words.item[0], &path, err) < 0 || check_tree(path, err) < 0 ||
        begin_export(job, request, &output, err) < 0 ||
        read_earlier(job, request, INCREMENT_TAR, &since, err) < 0 ||
        moment_of_tree(job, request, path, &moment, err) < 0)
        return -error_code(*err);

    enum compression compression = compression_of(request);
    const struct increment_base *base = request->since ? &since : NULL;
    struct pack pack = {.root_fd = moment.fd, .output_fd = output.fd, .compression = compression, .since = base};
    struct raw_export raw = {
        .input_fd = moment.fd, .output_fd = output.fd, .compression = compression, .since = base};
    const struct worker packs = {
        .what = "packing", .sandbox = SANDBOX_PACK, .root_fd = moment.fd, .work = pack_work, .data = &pack};
    const struct worker compresses = {
        .what = "compressing", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = raw_export_work, .data = &raw};
    if (job_work(job, moment.is_archive ? compresses : packs, NULL, err) < 0)
        return -error_code(*err);
    return commit_output(&output, err);
}

static int check_disk(const char *path, struct error **err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fail(err, errno, "Failed to export image");
    if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
        return 0;
    fail(err, EISDIR, "Failed to export image");
    fail_id(*err, "R5089");
    fail_hint(*err, "it is a tree: export-tar takes those");
    return -EISDIR;
}

int verb_export_raw(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(output_done) struct output output = {.fd = -1};
    CLEANUP(base_done) struct increment_base since = {.known_fd = -1};
    CLEANUP(moment_done) struct moment moment = MOMENT_NONE;
    auto_free char *path = NULL;

    if (find_image(request, request->words.item[0], &path, err) < 0 || check_disk(path, err) < 0 ||
        begin_export(job, request, &output, err) < 0 ||
        read_earlier(job, request, INCREMENT_DISK, &since, err) < 0 ||
        moment_of_disk(job, request, path, &moment, err) < 0)
        return -error_code(*err);

    struct raw_export raw = {.input_fd = moment.fd, .output_fd = output.fd, .compression = compression_of(request),
                             .since = request->since ? &since : NULL};
    if (job_work(job,
                 (struct worker){.what = "reading", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = raw_export_work,
                                 .data = &raw},
                 NULL, err) < 0)
        return -error_code(*err);
    return commit_output(&output, err);
}

int verb_export(struct job *job, const struct request *request, struct error **err)
{
    auto_free char *path = NULL;
    struct stat st;

    if (find_image(request, request->words.item[0], &path, err) < 0)
        return -error_code(*err);
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) ? verb_export_raw(job, request, err)
                                                        : verb_export_tar(job, request, err);
}
