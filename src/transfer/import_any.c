/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import: a file or folder that holds an image, whoever made it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/oci.h"
#include "transfer/unpack.h"
#include "transfer/verbs.h"

struct importing {
    struct job *job;
    const struct request *request;
    struct place *place;
    const char *source;
    const char *tag;            /* of several images in a layout, the one that is meant; NULL: there is one */
    char *path;                 /* SOURCE, where a tag was cut off it */
    char *name;
    int fd;
    struct strings facts;
};

static int rewind_input(const struct importing *in, struct error **err)
{
    if (lseek(in->fd, 0, SEEK_SET) == 0)
        return 0;
    fail(err, errno, "cannot read '%s' twice", in->source);
    fail_id(*err, "R5151");
    fail_hint(*err, "to look inside and then unpack takes a file; import-tar and import-raw take a pipe as well");
    return -error_code(*err);
}

static int unpack_into(struct importing *in, const struct arrival *arrival, const char *prefix, struct error **err)
{
    struct unpack unpack = {
        .input_fd = in->fd, .prefix = prefix, .strip_single = !prefix, .strip_with_files = !prefix};

    return tree_arrive(in->job, &unpack, arrival, err);
}

static int import_tree(struct importing *in, struct error **err)
{
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;
    const char *prefix = environment_get(&in->facts, "prefix"), *settings = environment_get(&in->facts, "setting");

    if (arrival_make(in->place, in->name, true, &arrival, err) < 0 ||
        unpack_into(in, &arrival, prefix, err) < 0 ||
        arrival_commit(&arrival, in->name, "", options_of(in->request), err) < 0)
        return -error_code(*err);
    return settings ? settings_arrive(in->job, in->request, in->place, in->name, settings, err) : 0;
}

static int import_disk(struct importing *in, struct error **err)
{
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;

    if (arrival_make(in->place, in->name, false, &arrival, err) < 0 ||
        raw_arrive(in->job, in->fd, &arrival, err) < 0)
        return -error_code(*err);
    return arrival_commit(&arrival, in->name, ".raw", options_of(in->request), err);
}

static int import_folder_of_layers(struct importing *in, int folder_fd, struct error **err)
{
    CLEANUP(oci_source_done) struct oci_source source = {.job = in->job, .folder_fd = folder_fd};
    auto_free char *digest = NULL;

    return oci_install(in->job, in->request, in->place, &source, in->tag, in->name, &digest, err);
}

static int import_layers(struct importing *in, struct error **err)
{
    CLEANUP(arrival_done) struct arrival scratch = ARRIVAL_NONE;

    if (arrival_make(in->place, "layers", true, &scratch, err) < 0 ||
        unpack_into(in, &scratch, NULL, err) < 0)
        return -error_code(*err);
    return import_folder_of_layers(in, fcntl(scratch.fd, F_DUPFD_CLOEXEC, 0), err);
}

int import_archive_of_layers(struct job *job, const struct request *request, struct place *place, int fd,
                             const char *name, struct error **err)
{
    auto_free char *copy = mem_copy_string(name);
    struct importing in = {.job = job, .request = request, .place = place, .name = copy, .fd = fd};

    return import_layers(&in, err);
}

static int import_increment(struct importing *in, struct error **err)
{
    CLEANUP(arrival_done) struct arrival disk = ARRIVAL_NONE;
    int tar_fd = -1;

    if (increment_restore(in->job, in->request, in->place, in->fd, in->source, &tar_fd, &disk, err) < 0)
        return -error_code(*err);
    if (disk.fd >= 0)
        return fchmod(disk.fd, 0644) < 0 ? fail(err, errno, "cannot prepare the disk image")
                                         : arrival_commit(&disk, in->name, ".raw", options_of(in->request), err);
    fd_closep(&in->fd);
    in->fd = tar_fd;
    return import_tree(in, err);
}

/* The name that was given, that it has inside, or that of the file. */
static int settle_name(struct importing *in, struct error **err)
{
    const char *given = request_word(in->request, 1), *inside = environment_get(&in->facts, "name");

    return choose_name(in->request, given ? given : inside, in->source, &in->name, err);
}

static int begin(struct importing *in, struct error **err)
{
    const char *maker = environment_get(&in->facts, "maker");

    if (settle_name(in, err) < 0 || begin_arrival(in->job, in->request, in->name, in->source, in->place, err) < 0)
        return -error_code(*err);
    job_line(in->job, "Importing '%s'%s%s%s, saving as '%s'.", in->source, maker ? " (" : "", maker ? maker : "",
             maker ? ")" : "", in->name);
    return 0;
}

static int import_file(struct importing *in, struct error **err)
{
    const char *kind;

    if (rewind_input(in, err) < 0 || look_inside(in->job, in->fd, &in->facts, err) < 0 || rewind_input(in, err) < 0 ||
        begin(in, err) < 0)
        return -error_code(*err);
    kind = environment_get(&in->facts, "kind");
    if (kind && strcmp(kind, "oci") == 0)
        return import_layers(in, err);
    if (kind && strcmp(kind, "increment") == 0)
        return import_increment(in, err);
    if (in->request->since) {
        fail_plain(err, EINVAL, "'%s' is whole: it is since nothing", in->source);
        fail_id(*err, "R5188");
        return -EINVAL;
    }
    return kind && strcmp(kind, "disk") == 0 ? import_disk(in, err) : import_tree(in, err);
}

static int import_directory(struct importing *in, struct error **err)
{
    bool layout = faccessat(in->fd, "index.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
                  faccessat(in->fd, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0;

    if (!layout)
        return verb_import_fs(in->job, in->request, err);
    strings_add(&in->facts, "maker=a container image");
    if (begin(in, err) < 0)
        return -error_code(*err);
    return import_folder_of_layers(in, fcntl(in->fd, F_DUPFD_CLOEXEC, 0), err);
}

static void importing_done(struct importing *in)
{
    free(in->path);
    free(in->name);
    strings_done(&in->facts);
    fd_closep(&in->fd);
}

/* Layouts may hold several images: PATH:TAG, as skopeo and umoci have it, where no file is called so. */
static void open_source(struct importing *in)
{
    const char *colon = strrchr(in->source, ':');

    in->fd = file_open(in->source, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (in->fd >= 0 || errno != ENOENT || !colon || colon == in->source || !colon[1] || strchr(colon, '/'))
        return;
    in->path = mem_copy_bytes(in->source, (size_t) (colon - in->source));
    in->fd = file_open(in->path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (in->fd < 0)
        return;
    in->source = in->path;
    in->tag = colon + 1;
}

int verb_import(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(place_done) struct place place = {.fd = -1};
    CLEANUP(importing_done) struct importing in = {
        .job = job, .request = request, .place = &place, .source = request->words.item[0], .fd = -1};
    struct stat st;

    open_source(&in);
    if (in.fd < 0 || fstat(in.fd, &st) < 0) {
        fail(err, errno, "cannot open '%s'", in.source);
        fail_id(*err, "R5152");
        return -error_code(*err);
    }
    return S_ISDIR(st.st_mode) ? import_directory(&in, err) : import_file(&in, err);
}
