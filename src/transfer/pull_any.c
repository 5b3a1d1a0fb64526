/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pull NAME: one syntax for all that images can be had from; search; pulling once more what was pulled before. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "transfer/fetch.h"
#include "transfer/lock_lines.h"
#include "transfer/oci_reference.h"
#include "transfer/pull.h"
#include "transfer/simplestreams.h"
#include "transfer/url.h"
#include "transfer/verbs.h"

#define SERVER "https://images.linuxcontainers.org"

/* -- URLs -- */

static enum pull_kind kind_of(const char *url)
{
    static const char *const disks[] = {".raw", ".img", ".qcow2", ".squashfs", ".erofs"};
    auto_free char *name = url_file_name(url);

    /* a disk may be packed into an archive, an archive is never packed into a disk */
    if (strstr(name, ".tar"))
        return PULL_TAR;
    for (size_t i = 0; i < COUNT_OF(disks); i++)
        if (strstr(name, disks[i]))
            return PULL_RAW;
    return PULL_TAR;
}

static int pull_url(struct job *job, const struct request *request, const char *url, const char *given,
                    struct error **err)
{
    CLEANUP(place_done) struct place place = {.fd = -1};
    auto_free char *name = NULL;
    const struct pull pull = {.kind = kind_of(url), .url = url, .looks_inside = true, .strip_with_files = true};
    struct pull named = pull;

    if (url_check(url, err) < 0 || choose_name(request, given, url, &name, err) < 0 ||
        begin_arrival(job, request, name, url, &place, err) < 0)
        return -error_code(*err);
    named.name = name;
    job_line(job, "Pulling '%s', saving as '%s'.", url, name);
    return pull_image(job, request, &place, &named, err);
}

/* -- servers of images -- */

static char *server_of(const struct request *request)
{
    const char *wish = request->server ? request->server : getenv("REDD_IMAGE_SERVER");
    char *server = mem_copy_string(wish && *wish ? wish : SERVER);

    for (size_t size = strlen(server); size > 0 && server[size - 1] == '/'; size--)
        server[size - 1] = '\0';
    return server;
}

static int fetch_list(struct job *job, const char *server, const char *path, char **ret, size_t *ret_size,
                      struct error **err)
{
    auto_free char *url = mem_format("%s/%s", server, path);

    if (fetch_text(job, url, ret, ret_size, err) < 0)
        return -error_code(*err);
    if (*ret)
        return 0;
    fail_plain(err, ENOENT, "'%s' is no server of images: it has no %s", server, path);
    fail_id(*err, "R5161");
    fail_hint(*err, "--server= names one, as in %s", SERVER);
    return -ENOENT;
}

static int fetch_images(struct job *job, const char *server, struct stream_images *ret, struct error **err)
{
    auto_free char *text = NULL, *path = NULL, *list = NULL;
    size_t size;

    if (fetch_list(job, server, "streams/v1/index.json", &text, &size, err) < 0 ||
        stream_index_parse(text, size, &path, err) < 0 || fetch_list(job, server, path, &list, &size, err) < 0)
        return -error_code(*err);
    return stream_images_parse(list, size, ret, err);
}

static int no_such_image(const struct stream_images *images, const char *text, const char *server, struct error **err)
{
    CLEANUP(strings_done) struct strings aliases = {0};

    for (size_t i = 0; i < images->count; i++)
        strings_split(&aliases, images->item[i].aliases, ",");

    const char *nearest = string_nearest(text, (const char *const *) aliases.item, aliases.count);
    fail_plain(err, ENOENT, "%s has no image '%s' for this machine", server, text);
    fail_id(*err, "R5162");
    if (strpbrk(text, ":@"))
        fail_hint(*err, "if it is an image of a registry, say oci:%s", text);
    else if (nearest)
        fail_hint(*err, "did you mean '%s'? 'redd search' lists all", nearest);
    else
        fail_hint(*err, "'redd search' lists all; --platform= is for other machines");
    return -ENOENT;
}

static int pull_named(struct job *job, const struct request *request, const char *text, const char *given,
                      struct error **err)
{
    CLEANUP(stream_images_done) struct stream_images images = {0};
    auto_free char *server = server_of(request), *url = NULL, *name = NULL;
    const struct stream_image *image;
    struct request exact = *request;

    if (fetch_images(job, server, &images, err) < 0)
        return -error_code(*err);
    image = stream_images_find(&images, text, stream_architecture(platform_of(request)));
    if (!image)
        return no_such_image(&images, text, server, err);
    url = mem_format("%s/%s", server, image->path);
    name = given ? mem_copy_string(given) : mem_copy_string(text);
    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '-';
    if (request->verify != VERIFY_NO && !request->expected) {
        exact.verify = VERIFY_CHECKSUM;
        exact.expected = image->sha256;
    }
    job_line(job, "'%s' is the build of %s.", text, image->version);
    return pull_url(job, &exact, url, name, err);
}

int search_images(struct job *job, const struct request *request, struct stream_images *ret, struct error **err)
{
    CLEANUP(stream_images_done) struct stream_images images = {0};
    auto_free char *server = server_of(request);
    const char *architecture = stream_architecture(platform_of(request));

    *ret = (struct stream_images){0};
    if (fetch_images(job, server, &images, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < images.count; i++) {
        if (strcmp(images.item[i].architecture, architecture) != 0 ||
            !stream_image_matches(&images.item[i], request->words.item))
            continue;
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count++] = images.item[i];
        images.item[i] = (struct stream_image){0};
    }
    return 0;
}

/* -- the syntax -- */

/* "SCHEME:" of tools that copy container images, and what stands behind it. */
static const char *after_scheme(const char *text, const char *const *schemes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *rest = string_after(text, schemes[i]);

        if (rest)
            return rest;
    }
    return NULL;
}

static int import_instead(struct job *job, const struct request *request, const char *path, const char *given,
                          struct error **err)
{
    CLEANUP(request_done) struct request local = *request;

    local.words = (struct strings){0};
    if (refuse_proof(request, err) < 0)
        return -error_code(*err);
    strings_add(&local.words, path);
    if (given)
        strings_add(&local.words, given);
    return verb_import(job, &local, err);
}

static int pull_text(struct job *job, const struct request *request, const char *text, const char *given,
                     struct error **err)
{
    static const char *const registries[] = {"docker://", "oci://", "oci:", "docker:"};
    static const char *const files[] = {"oci-archive:", "docker-archive:", "dir:"};
    const char *rest = after_scheme(text, files, COUNT_OF(files));

    if (rest)
        return import_instead(job, request, rest, given, err);
    rest = after_scheme(text, registries, COUNT_OF(registries));
    if (rest && (*rest == '/' || *rest == '.'))
        return import_instead(job, request, rest, given, err);
    if (rest)
        return pull_oci(job, request, rest, given, err);
    if (url_is_one(text))
        return pull_url(job, request, text, given, err);
    if (*text == '/' || *text == '.')
        return import_instead(job, request, text, given, err);
    if (oci_reference_names_host(text))
        return pull_oci(job, request, text, given, err);
    return pull_named(job, request, text, given, err);
}

static int pull_locked(struct job *job, const struct request *request, const char *name, struct error **err)
{
    CLEANUP(locked_done) struct locked locked = {0};
    struct request exact = *request;
    const char *hex;

    if (lock_lines_find(request, name, &locked, err) < 0)
        return -error_code(*err);
    hex = string_after(locked.line.sum, "sha256:");
    if (!hex || strlen(hex) != 64) {
        fail_plain(err, EINVAL, "what '%s' was pulled from has no checksum", name);
        fail_id(*err, "R5163");
        return -EINVAL;
    }
    if (strcmp(locked.line.verb, "pull-oci") == 0) {
        auto_free char *reference = mem_copy_bytes(locked.line.source, strcspn(locked.line.source, "@"));
        auto_free char *pinned = mem_format("%s@%s", reference, locked.line.sum);

        return pull_oci(job, request, pinned, name, err);
    }
    exact.verify = VERIFY_CHECKSUM;
    exact.expected = hex;
    return pull_url(job, &exact, locked.line.source, name, err);
}

int verb_pull(struct job *job, const struct request *request, struct error **err)
{
    const char *text = request->words.item[0];

    return request->locked ? pull_locked(job, request, text, err)
                           : pull_text(job, request, text, request_word(request, 1), err);
}
