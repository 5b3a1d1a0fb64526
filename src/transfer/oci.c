/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an index to a manifest to layers to a tree. Each layer is checked before anything of it is unpacked. */
#include "transfer/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "transfer/lock_lines.h"
#include "transfer/unpack.h"
#include "transfer/verbs.h"

#define INDEX_DEPTH 4

struct install {
    struct job *job;
    const struct request *request;
    struct place *place;
    struct oci_source *source;
    const char *name;
    char *digest;               /* of the manifest */
};

const char *platform_of(const struct request *request)
{
    return request->platform ? request->platform : oci_platform_here();
}

static int no_platform(const struct install *in, const char *tag, struct error **err)
{
    if (tag)
        fail_plain(err, ENOENT, "the image has nothing for the platform '%s' under the tag '%s'",
                   platform_of(in->request), tag);
    else
        fail_plain(err, ENOENT, "the image has nothing for the platform '%s'", platform_of(in->request));
    fail_id(*err, "R5140");
    fail_hint(*err, "--platform=OS/ARCH names another one");
    return -ENOENT;
}

/* Follows indexes down to a manifest. NAME: a tag, a digest, or "index.json". */
static int find_manifest(struct install *in, const char *name, const char *tag, struct oci_document *ret,
                         struct error **err)
{
    auto_free char *next = mem_copy_string(name);

    for (int depth = 0; depth < INDEX_DEPTH; depth++) {
        CLEANUP(oci_document_done) struct oci_document document = {0};
        auto_free char *text = NULL;
        const struct oci_descriptor *item;
        size_t size;

        if (oci_source_document(in->source, next, &text, &size, err) < 0 ||
            oci_document_parse(text, size, &document, err) < 0)
            return -error_code(*err);
        if (!document.is_index) {
            struct digest digest;
            char hex[2 * DIGEST_MAX + 1];

            if (digest_of_bytes(DIGEST_SHA256, text, size, &digest, err) < 0)
                return -error_code(*err);
            digest_format(&digest, hex);
            free(in->digest);
            in->digest = mem_format("sha256:%s", hex);
            *ret = document;
            document = (struct oci_document){0};
            return 0;
        }
        item = oci_document_pick(&document, platform_of(in->request), depth == 0 ? tag : NULL);
        if (!item)
            return no_platform(in, tag, err);
        free(next);
        next = mem_copy_string(item->digest_text);
    }
    fail_plain(err, ELOOP, "the image's indexes lead to indexes without end");
    fail_id(*err, "R5141");
    return -ELOOP;
}

static int unpack_layer(struct install *in, const struct arrival *tree, int fd, struct error **err)
{
    struct unpack unpack = {.input_fd = fd, .is_layer = true};

    if (lseek(fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read a layer");
    return tree_arrive(in->job, &unpack, tree, err);
}

static int add_layer(struct install *in, const struct arrival *tree, const struct oci_descriptor *layer, size_t number,
                     size_t count, struct error **err)
{
    CLEANUP(arrival_done) struct arrival file = ARRIVAL_NONE;
    int fd = -1, r;

    if (layer->is_foreign || (layer->media_type && strstr(layer->media_type, "nondistributable"))) {
        fail_plain(err, EOPNOTSUPP, "layer %zu of the image is not in the registry, but with its owner", number);
        fail_id(*err, "R5142");
        return -EOPNOTSUPP;
    }
    if (in->source->folder_fd < 0 && arrival_make(in->place, "layer", false, &file, err) < 0)
        return -error_code(*err);
    job_line(in->job, "Layer %zu of %zu: %s.", number, count, layer->digest_text);
    r = oci_source_blob(in->source, layer, file.fd, true, &fd, err);
    if (r == 0)
        r = unpack_layer(in, tree, fd, err);
    if (fd >= 0 && fd != file.fd)
        (void) close(fd);
    return r;
}

static int read_config(struct install *in, const struct oci_descriptor *item, char **ret, size_t *ret_size,
                       struct error **err)
{
    enum { CONFIG_MAX = 4 << 20 };
    CLEANUP(arrival_done) struct arrival file = ARRIVAL_NONE;
    auto_free char *text = NULL;
    int fd = -1, r = 0;

    if (item->size > CONFIG_MAX) {
        fail_plain(err, EFBIG, "the image's configuration is too long");
        fail_id(*err, "R5143");
        return -EFBIG;
    }
    if (arrival_make(in->place, "config", false, &file, err) < 0 ||
        oci_source_blob(in->source, item, file.fd, false, &fd, err) < 0)
        return -error_code(*err);
    text = mem_alloc((size_t) item->size + 1);
    if (pread(fd, text, (size_t) item->size, 0) != (ssize_t) item->size)
        r = fail(err, EIO, "cannot read the image's configuration");
    if (fd != file.fd)
        (void) close(fd);
    if (r < 0)
        return r;
    *ret = TAKE(text);
    *ret_size = (size_t) item->size;
    return 0;
}

int settings_arrive(struct job *job, const struct request *request, struct place *place, const char *name,
                    const char *text, struct error **err)
{
    CLEANUP(arrival_done) struct arrival file = ARRIVAL_NONE;
    auto_free char *settings = mem_format("%s.nspawn", name);
    struct stat st;

    if (fstatat(place->fd, settings, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!request->force) {
            job_line(job, "%s/%s is there already, and stays as it is.", place->path, settings);
            return 0;
        }
        (void) unlinkat(place->fd, settings, 0);
    }
    if (arrival_make(place, name, false, &file, err) < 0)
        return -error_code(*err);
    if (fd_write_full(file.fd, text, strlen(text)) < 0 || fchmod(file.fd, 0644) < 0)
        return fail(err, errno, "cannot write the settings of '%s'", name);
    job_line(job, "Its settings are in %s/%s.", place->path, settings);
    return arrival_commit(&file, name, ".nspawn", (struct arrival_options){.hidden = true}, err);
}

static int finish(struct install *in, struct arrival *tree, const char *config_text, size_t config_size,
                  struct error **err)
{
    CLEANUP(oci_config_done) struct oci_config config = {0};
    auto_free char *settings = NULL;

    if (oci_config_parse(config_text, config_size, &config, err) < 0 ||
        arrival_commit(tree, in->name, "", options_of(in->request), err) < 0)
        return -error_code(*err);
    settings = oci_config_settings(&config);
    return settings_arrive(in->job, in->request, in->place, in->name, settings, err);
}

static int make_tree(struct install *in, struct arrival *ret, struct error **err)
{
    if (arrival_make(in->place, in->name, true, ret, err) < 0)
        return -error_code(*err);
    return fchmod(ret->fd, 0755) < 0 ? fail(err, errno, "cannot prepare the tree") : 0;
}

static int install_manifest(struct install *in, const char *name, const char *tag, struct error **err)
{
    CLEANUP(oci_document_done) struct oci_document manifest = {0};
    CLEANUP(arrival_done) struct arrival tree = ARRIVAL_NONE;
    auto_free char *config = NULL;
    size_t config_size = 0;

    if (find_manifest(in, name, tag, &manifest, err) < 0 ||
        read_config(in, &manifest.config, &config, &config_size, err) < 0 || make_tree(in, &tree, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < manifest.count; i++)
        if (add_layer(in, &tree, &manifest.item[i], i + 1, manifest.count, err) < 0)
            return -error_code(*err);
    return finish(in, &tree, config, config_size, err);
}

/* -- docker save -- */

static int read_file(struct oci_source *source, const char *path, char **ret, size_t *ret_size, struct error **err)
{
    return oci_source_document(source, path, ret, ret_size, err);
}

static int install_docker(struct install *in, struct error **err)
{
    CLEANUP(docker_manifest_done) struct docker_manifest manifest = {0};
    CLEANUP(arrival_done) struct arrival tree = ARRIVAL_NONE;
    auto_free char *text = NULL, *config = NULL;
    size_t size = 0, config_size = 0;

    if (read_file(in->source, "manifest.json", &text, &size, err) < 0 ||
        docker_manifest_parse(text, size, &manifest, err) < 0 ||
        read_file(in->source, manifest.config, &config, &config_size, err) < 0 || make_tree(in, &tree, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < manifest.layers.count; i++) {
        auto_close int fd = -1;

        job_line(in->job, "Layer %zu of %zu: %s.", i + 1, manifest.layers.count, manifest.layers.item[i]);
        if (oci_source_open(in->source, manifest.layers.item[i], &fd, err) < 0 ||
            unpack_layer(in, &tree, fd, err) < 0)
            return -error_code(*err);
    }
    return finish(in, &tree, config, config_size, err);
}

int oci_install(struct job *job, const struct request *request, struct place *place, struct oci_source *source,
                const char *tag, const char *name, char **ret_digest, struct error **err)
{
    struct install in = {.job = job, .request = request, .place = place, .source = source, .name = name};
    int r;

    if (source->folder_fd < 0)
        r = install_manifest(&in, source->reference.digest ? source->reference.digest : source->reference.tag, NULL,
                             err);
    else if (faccessat(source->folder_fd, "index.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        r = install_manifest(&in, "index.json", tag, err);
    else
        r = install_docker(&in, err);
    *ret_digest = in.digest;
    return r;
}

char *oci_image_name(const char *reference)
{
    auto_free char *name = mem_copy_string(path_last(reference));

    name[strcspn(name, ":@")] = '\0';
    return image_name_derive(CLASS_MACHINE, name);
}

int refuse_proof(const struct request *request, struct error **err)
{
    if (!request->expected && !request->key)
        return 0;
    fail_plain(err, EINVAL, "%s is for what comes from a URL", request->key ? "--key=" : "a sum in --verify=");
    fail_id(*err, "R5164");
    fail_hint(*err, "of a container image, the name can hold the digest it must have: NAME@sha256:HEX");
    return -EINVAL;
}

int pull_oci(struct job *job, const struct request *request, const char *text, const char *given, struct error **err)
{
    CLEANUP(oci_source_done) struct oci_source source = OCI_SOURCE_NONE;
    CLEANUP(place_done) struct place place = {.fd = -1};
    auto_free char *name = given ? mem_copy_string(given) : NULL, *digest = NULL;

    source.job = job;
    if (refuse_proof(request, err) < 0 ||
        oci_reference_parse(text, &source.reference, err) < 0 || oci_reference_resolve(&source.reference, err) < 0)
        return -error_code(*err);
    if (oci_source_find_places(&source, err) < 0)
        return -error_code(*err);
    if (!name)
        name = oci_image_name(source.reference.repository);
    if (image_name_check(request->class, name ? name : "", err) < 0 ||
        begin_arrival(job, request, name, text, &place, err) < 0)
        return -error_code(*err);
    job_line(job, "Pulling '%s' from %s, saving as '%s'.", source.reference.repository, source.reference.registry,
             name);
    if (oci_install(job, request, &place, &source, NULL, name, &digest, err) < 0)
        return -error_code(*err);
    return lock_lines_add(request, &(struct lock_line){.name = name, .verb = "pull-oci", .source = text,
                                                       .sum = digest ? digest : "-", .key = "-"},
                          err);
}

int verb_pull_oci(struct job *job, const struct request *request, struct error **err)
{
    return pull_oci(job, request, request->words.item[0], request_word(request, 1), err);
}
