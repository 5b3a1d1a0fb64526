/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pull-tar and pull-raw. What each step does to bytes from outside happens in workers. */
#include "transfer/pull.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "transfer/fetch.h"
#include "transfer/lock_lines.h"
#include "transfer/trust.h"
#include "transfer/unpack.h"
#include "transfer/url.h"
#include "transfer/verbs.h"
#include "transfer/verify.h"

#define XATTR_URL "user.source_url"
#define XATTR_ETAG "user.source_etag"
#define XATTR_VERIFIED "user.redd.verified"
#define XATTR_SUM "user.redd.source_sum"

struct pulling {
    struct job *job;
    const struct request *request;
    struct place *place;
    const struct pull *pull;

    char *kept;                 /* the hidden image that is there, and its version */
    char *kept_etag;

    int file_fd;                /* what is fetched */
    char *file_name;
    char *etag;
    char *sum;                  /* "sha256:HEX" */
    struct verified verified;
    bool file_stays;            /* a later try goes on with it */

    enum pull_kind kind;
    bool is_layers;             /* the archive of a container image */
    struct strings facts;       /* of looking inside */
};

static void pulling_done(struct pulling *p)
{
    if (p->file_name && !p->file_stays)
        (void) unlinkat(p->place->fd, p->file_name, 0);
    fd_closep(&p->file_fd);
    free(p->kept);
    free(p->kept_etag);
    free(p->file_name);
    free(p->etag);
    free(p->sum);
    verified_done(&p->verified);
    strings_done(&p->facts);
}

static char *read_attribute(int fd, const char *key)
{
    char value[4096];
    ssize_t n = fgetxattr(fd, key, value, sizeof value);

    return n < 0 ? NULL : mem_copy_bytes(value, (size_t) n);
}

static void write_attribute(int fd, const char *key, const char *value)
{
    /* a file system without such attributes costs a download, later */
    if (value)
        (void) fsetxattr(fd, key, value, strlen(value), 0);
}

/* -- the hidden image -- */

static bool keeps(const struct pulling *p)
{
    return !p->pull->name || (p->request->keep_download < 0 ? p->request->class == CLASS_MACHINE
                                                            : p->request->keep_download > 0);
}

static const char *kind_prefix(const struct pulling *p)
{
    return p->kind == PULL_TAR ? ".tar-" : ".raw-";
}

/* What was fetched without a look at its signature does not do for who wants one. */
static bool is_verified_enough(const struct pulling *p, int fd)
{
    auto_free char *how = read_attribute(fd, XATTR_VERIFIED);

    if (p->request->expected)
        return false;
    switch (p->request->verify) {
    case VERIFY_NO:
        return true;
    case VERIFY_CHECKSUM:
        return how && strcmp(how, "no") != 0;
    case VERIFY_SIGNATURE:
        return how && strcmp(how, "no") != 0 && strcmp(how, "checksum") != 0;
    }
    return false;
}

static void find_kept(struct pulling *p)
{
    auto_free char *escaped = url_escape_for_name(p->pull->url), *start = mem_format("%s%s", kind_prefix(p), escaped);
    int dir_fd = openat(p->place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = dir_fd < 0 ? NULL : fdopendir(dir_fd);
    const struct dirent *item;

    while (dir && !p->kept && (item = readdir(dir))) {
        if (!string_starts(item->d_name, start))
            continue;

        auto_close int fd = openat(p->place->fd, item->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        auto_free char *url = fd < 0 ? NULL : read_attribute(fd, XATTR_URL);
        if (!url || strcmp(url, p->pull->url) != 0 || !is_verified_enough(p, fd))
            continue;
        p->kept = mem_copy_string(item->d_name);
        p->kept_etag = read_attribute(fd, XATTR_ETAG);
        p->sum = read_attribute(fd, XATTR_SUM);
    }
    if (dir)
        (void) closedir(dir);
}

static void take_fact(void *data, const char *fact)
{
    struct pulling *p = data;
    const char *etag = string_after(fact, "etag=");

    if (etag)
        write_attribute(p->file_fd, XATTR_ETAG, etag);
}

/* -- fetching -- */

static int fetch(struct pulling *p, bool *ret_unchanged, struct error **err)
{
    CLEANUP(fetched_done) struct fetched fetched = {0};
    auto_free char *etag = NULL;
    struct fetch fetch = {
        .url = p->pull->url, .etag = p->kept_etag, .show_progress = true, .on_fact = take_fact, .fact_data = p};
    int r;

    if (place_open_partial(p->place, p->pull->url, &p->file_fd, &p->file_name, err) < 0)
        return -error_code(*err);
    fetch.output_fd = p->file_fd;
    fetch.resume_etag = etag = read_attribute(p->file_fd, XATTR_ETAG);
    fetch.resume = etag != NULL;
    if (!fetch.resume && ftruncate(p->file_fd, 0) < 0)
        return fail(err, errno, "cannot empty a file in %s", p->place->path);
    r = fetch_file(p->job, &fetch, &fetched, err);
    if (r < 0) {
        /* an interrupted transfer can go on later; an answer that is an error is the same next time */
        p->file_stays = error_code(*err) != ENOENT && error_code(*err) != ENOSPC && lseek(p->file_fd, 0, SEEK_END) > 0;
        return r;
    }
    *ret_unchanged = fetched.status == 304;
    p->etag = TAKE(fetched.etag);
    return 0;
}

static int add_up(struct pulling *p, struct error **err)
{
    char hex[2 * DIGEST_MAX + 1];
    struct digest digest;

    if (digest_of_file(p->job, p->file_fd, DIGEST_SHA256, &digest, err) < 0)
        return -error_code(*err);
    digest_format(&digest, hex);
    free(p->sum);
    p->sum = mem_format("sha256:%s", hex);
    return 0;
}

/* -- from the file to an image -- */

static int find_kind(struct pulling *p, struct error **err)
{
    const char *kind;

    if (!p->pull->looks_inside)
        return 0;
    if (lseek(p->file_fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read what was downloaded");
    if (look_inside(p->job, p->file_fd, &p->facts, err) < 0)
        return -error_code(*err);
    kind = environment_get(&p->facts, "kind");
    p->kind = kind && strcmp(kind, "disk") == 0 ? PULL_RAW : PULL_TAR;
    p->is_layers = kind && strcmp(kind, "oci") == 0;
    return 0;
}

static int fill(struct pulling *p, struct arrival *arrival, struct error **err)
{
    struct unpack unpack = {.input_fd = p->file_fd, .strip_single = true,
                            .strip_with_files = p->pull->strip_with_files,
                            .prefix = environment_get(&p->facts, "prefix")};

    if (lseek(p->file_fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read what was downloaded");
    if (p->kind == PULL_RAW)
        return raw_arrive(p->job, p->file_fd, arrival, err);
    return tree_arrive(p->job, &unpack, arrival, err);
}

static void mark_source(const struct pulling *p, int fd)
{
    write_attribute(fd, XATTR_URL, p->pull->url);
    write_attribute(fd, XATTR_ETAG, p->etag);
    write_attribute(fd, XATTR_SUM, p->sum);
    write_attribute(fd, XATTR_VERIFIED,
                    p->verified.key                     ? p->verified.key
                    : p->request->verify == VERIFY_NO   ? "no"
                                                        : "checksum");
}

/* The hidden image's own name. One that is there already is of another verification, or of no known version. */
static int keep(struct pulling *p, struct arrival *arrival, struct error **err)
{
    const char *suffix = p->kind == PULL_RAW ? ".raw" : "";
    auto_free char *url = url_escape_for_name(p->pull->url), *etag = url_escape_for_name(p->etag ? p->etag : "");
    auto_free char *name = mem_format("%s%s%s%.60s", kind_prefix(p), url, *etag ? "." : "", etag);

    mark_source(p, arrival->fd);
    const struct arrival_options options = {.hidden = true, .force = true, .read_only = true};
    if (arrival_commit(arrival, name, suffix, options, err) < 0) {
        /* read-only is a courtesy to whoever lists hidden images */
        if (arrival->temporary)
            return -error_code(*err);
        error_freep(err);
    }
    free(p->kept);
    p->kept = mem_format("%s%s", name, suffix);
    return 0;
}

static int commit(struct pulling *p, struct arrival *arrival, struct error **err)
{
    return arrival_commit(arrival, p->pull->name, p->kind == PULL_RAW ? ".raw" : "", options_of(p->request), err);
}

static int clone_kept(struct pulling *p, struct error **err)
{
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;
    auto_close int fd = openat(p->place->fd, p->kept, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return fail(err, errno, "cannot open '%s'", p->kept);
    if (arrival_clone(p->place, p->pull->name, fd, p->kind == PULL_TAR, p->job->stop_fd, &arrival, err) < 0)
        return -error_code(*err);
    return commit(p, &arrival, err);
}

static int arrive(struct pulling *p, struct error **err)
{
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;

    if (find_kind(p, err) < 0)
        return -error_code(*err);
    if (p->is_layers) {
        if (lseek(p->file_fd, 0, SEEK_SET) < 0)
            return fail(err, errno, "cannot read what was downloaded");
        return import_archive_of_layers(p->job, p->request, p->place, p->file_fd, p->pull->name, err);
    }
    if (arrival_make(p->place, p->pull->name ? p->pull->name : "kept", p->kind == PULL_TAR, &arrival, err) < 0 ||
        fill(p, &arrival, err) < 0)
        return -error_code(*err);
    return keeps(p) ? keep(p, &arrival, err) : commit(p, &arrival, err);
}

/* -- what lies beside it -- */

static int fetch_sidecar(struct pulling *p, const char *stem, const char *suffix, struct error **err)
{
    CLEANUP(arrival_done) struct arrival arrival = ARRIVAL_NONE;
    CLEANUP(fetched_done) struct fetched fetched = {0};
    auto_free char *url = url_with_suffix(stem, suffix), *name = url_file_name(url);

    if (arrival_make(p->place, p->pull->name, false, &arrival, err) < 0)
        return -error_code(*err);

    const struct fetch fetch = {.url = url, .output_fd = arrival.fd, .any_status = true};
    if (fetch_file(p->job, &fetch, &fetched, err) < 0)
        return -error_code(*err);
    if (fetched.status != 200)
        return 0;
    if (p->request->verify != VERIFY_NO && !verify_sidecar(p->job, &p->verified, name, arrival.fd)) {
        job_line(p->job, "'%s' is there, but its checksum is not in the list: left out.", name);
        return 0;
    }
    if (fchmod(arrival.fd, 0644) < 0)
        return fail(err, errno, "cannot prepare '%s'", name);
    if (p->request->force) {
        auto_free char *old = mem_format("%s%s", p->pull->name, suffix);

        (void) unlinkat(p->place->fd, old, 0);
    }
    job_line(p->job, "Fetched '%s' as well.", name);
    return arrival_commit(&arrival, p->pull->name, suffix, (struct arrival_options){.hidden = true}, err);
}

/* "image.raw.xz" has its settings in "image.nspawn". */
static char *stem_of(const char *url)
{
    static const char *const endings[] = {".gz", ".xz", ".bz2", ".zst", ".lz4", ".raw", ".tar", ".img", ".qcow2"};
    char *stem = url_with_suffix(url, "");

    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (string_ends(stem, endings[i])) {
            stem[strlen(stem) - strlen(endings[i])] = '\0';
            i = (size_t) -1;
        }
    return stem;
}

static int fetch_sidecars(struct pulling *p, struct error **err)
{
    static const char *const suffixes[] = {".nspawn", ".roothash", ".roothash.p7s", ".verity"};
    size_t n = p->kind == PULL_TAR ? 1 : COUNT_OF(suffixes);
    auto_free char *stem = stem_of(p->pull->url);

    for (size_t i = 0; i < n; i++) {
        auto_error struct error *ignored = NULL;

        if (fetch_sidecar(p, stem, suffixes[i], &ignored) < 0) {
            if (error_code(ignored) == ECANCELED)
                return fail(err, ECANCELED, "the transfer was cancelled");
            log_debug("%s", error_text(ignored));
        }
    }
    return 0;
}

static int pull_verified(struct job *job, const struct request *request, struct place *place, const struct pull *pull,
                         struct error **err)
{
    CLEANUP(pulling_done) struct pulling p = {
        .job = job, .request = request, .place = place, .pull = pull, .kind = pull->kind, .file_fd = -1};
    bool unchanged = false;

    if (keeps(&p))
        find_kept(&p);
    if (fetch(&p, &unchanged, err) < 0)
        return -error_code(*err);
    if (unchanged)
        job_line(job, "The server still has the version that was kept: nothing is downloaded.");
    else if (verify_file(job, request, pull->url, p.file_fd, &p.verified, err) < 0 || add_up(&p, err) < 0 ||
             arrive(&p, err) < 0)
        return -error_code(*err);
    if (!pull->name)
        return 0;
    if (keeps(&p) && !p.is_layers && clone_kept(&p, err) < 0)
        return -error_code(*err);
    if (!unchanged && fetch_sidecars(&p, err) < 0)
        return -error_code(*err);
    return lock_lines_add(request, &(struct lock_line){.name = pull->name,
                                                       .verb = p.kind == PULL_TAR ? "pull-tar" : "pull-raw",
                                                       .source = pull->url,
                                                       .sum = p.sum ? p.sum : "-",
                                                       .key = p.verified.key ? p.verified.key : "-"},
                          err);
}

/* Whether another server may have what this one did not give. */
static bool is_of_the_server(const struct error *err)
{
    return string_equal(error_id(err), "R5101") || string_equal(error_id(err), "R5102");
}

/* A mirror that ends in a slash is a folder, with the file in it under the same name. */
static char *mirror_url(const char *mirror, const char *url)
{
    auto_free char *name = url_file_name(url);

    return string_ends(mirror, "/") ? mem_format("%s%s", mirror, name) : mem_copy_string(mirror);
}

/* From where it was asked for, else from its mirrors. The proofs are those that lie beside the file. */
static int pull_from_any(struct job *job, const struct request *request, struct place *place, const struct pull *pull,
                         struct error **err)
{
    auto_free char *url = NULL;
    struct pull there = *pull;

    for (size_t i = 0;; i++) {
        auto_error struct error *failed = NULL;

        if (pull_verified(job, request, place, &there, &failed) == 0)
            return 0;
        if (i >= request->mirrors.count || !is_of_the_server(failed)) {
            *err = TAKE(failed);
            return -error_code(*err);
        }
        free(url);
        there.url = url = mirror_url(request->mirrors.item[i], pull->url);
        job_line(job, "%s: trying '%s'.", error_text(failed), url);
    }
}

/* A key that was handed in stays when it proved something. */
int pull_image(struct job *job, const struct request *request, struct place *place, const struct pull *pull,
               struct error **err)
{
    auto_free char *key = NULL;
    bool is_new = false;

    if (request->key && trust_key(request->key, &key, &is_new, err) < 0)
        return -error_code(*err);
    int r = pull_from_any(job, request, place, pull, err);
    if (r < 0 && key && is_new)
        (void) unlink(key);
    else if (key && is_new)
        job_line(job, "The key is trusted from now on: %s.", key);
    return r;
}

static int pull_words(struct job *job, const struct request *request, enum pull_kind kind, struct error **err)
{
    CLEANUP(place_done) struct place place = {.fd = -1};
    const char *url = request->words.item[0];
    bool hidden = request->words.count > 1 && strcmp(request->words.item[1], "-") == 0;
    auto_free char *name = NULL;

    if (url_check(url, err) < 0 ||
        (!hidden && choose_name(request, request_word(request, 1), url, &name, err) < 0))
        return -error_code(*err);
    if (hidden) {
        if (place_open(request->class, request->image_root, request->user_scope, &place, err) < 0 ||
            job_announce(job, request, "-", url, err) < 0)
            return -error_code(*err);
    } else if (begin_arrival(job, request, name, url, &place, err) < 0)
        return -error_code(*err);
    job_line(job, "Pulling '%s', saving as '%s'.", url, name ? name : "-");

    const struct pull pull = {.kind = kind, .url = url, .name = name};
    return pull_image(job, request, &place, &pull, err);
}

int verb_pull_tar(struct job *job, const struct request *request, struct error **err)
{
    return pull_words(job, request, PULL_TAR, err);
}

int verb_pull_raw(struct job *job, const struct request *request, struct error **err)
{
    return pull_words(job, request, PULL_RAW, err);
}
