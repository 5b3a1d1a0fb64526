/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The distribution protocol's reading half, with tokens; and the same parts in a folder. */
#include "transfer/oci_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "transfer/fetch.h"

#define DOCUMENT_MAX (4u << 20)

static const char accept_header[] =
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/* -- who we are -- */

/* The value of KEY="VALUE" in a challenge. Gives. */
static char *challenge_value(const char *text, const char *key)
{
    auto_free char *start = mem_format("%s=\"", key);
    const char *found = text, *end;

    do {
        found = strstr(found, start);
        if (!found)
            return NULL;
        /* not the end of a longer word */
        if (found == text || found[-1] == ' ' || found[-1] == ',')
            break;
        found++;
    } while (true);
    found += strlen(start);
    end = strchr(found, '"');
    return end ? mem_copy_bytes(found, (size_t) (end - found)) : NULL;
}

bool oci_challenge_parse(const char *text, char **ret_realm, char **ret_service, char **ret_scope)
{
    if (strncasecmp(text, "bearer ", 7) != 0)
        return false;
    *ret_realm = challenge_value(text + 7, "realm");
    *ret_service = challenge_value(text + 7, "service");
    *ret_scope = challenge_value(text + 7, "scope");
    return *ret_realm != NULL;
}

/* What may stand in a query as it is. */
static char *escape_query(const char *text)
{
    char *escaped = mem_alloc(3 * strlen(text) + 1), *to = escaped;

    for (const unsigned char *p = (const unsigned char *) text; *p; p++)
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~:/", *p))
            *to++ = (char) *p;
        else {
            *to++ = '%';
            *to++ = "0123456789ABCDEF"[*p >> 4];
            *to++ = "0123456789ABCDEF"[*p & 15];
        }
    *to = '\0';
    return escaped;
}

static int take_token(struct oci_source *source, const char *text, size_t size, struct error **err)
{
    json_t *root = json_loadb(text, size, 0, NULL);
    const char *token = json_string_value(json_object_get(root, "token"));

    if (!token)
        token = json_string_value(json_object_get(root, "access_token"));
    strings_clear(&source->headers);
    if (token && string_is_printable(token))
        strings_add_format(&source->headers, "Authorization: Bearer %s", token);
    json_decref(root);
    if (source->headers.count > 0)
        return 0;
    fail_plain(err, EACCES, "the registry '%s' gives no token", source->reference.registry);
    fail_id(*err, "R5135");
    return -EACCES;
}

static int get_token(struct oci_source *source, const struct strings *challenges, struct error **err)
{
    for (size_t i = 0; i < challenges->count; i++) {
        auto_free char *realm = NULL, *service = NULL, *scope = NULL, *text = NULL, *url = NULL;
        auto_free char *own_scope = mem_format("repository:%s:pull", source->reference.repository);
        size_t size;

        if (!oci_challenge_parse(challenges->item[i], &realm, &service, &scope))
            continue;
        auto_free char *service_text = escape_query(service ? service : ""), *scope_text = escape_query(own_scope);
        url = mem_format("%s%sservice=%s&scope=%s", realm, strchr(realm, '?') ? "&" : "?", service_text, scope_text);
        if (fetch_text(source->job, url, &text, &size, err) < 0)
            return -error_code(*err);
        if (text)
            return take_token(source, text, size, err);
    }
    fail_plain(err, EACCES, "the registry '%s' does not give '%s' to everybody", source->reference.registry,
               source->reference.repository);
    fail_id(*err, "R5136");
    fail_hint(*err, "there may be no such image: registries answer the same then; images that need a login can be "
                    "had as an archive (docker save, skopeo copy) and 'redd import'");
    return -EACCES;
}

/* -- a registry -- */

static int get(struct oci_source *source, const char *path, int fd, uint64_t max_size, bool show_progress,
               struct error **err)
{
    auto_free char *url = mem_format("%s/v2/%s/%s", source->server, source->reference.repository, path);

    for (int try = 0; try < 2; try++) {
        CLEANUP(strings_done) struct strings headers = {0};
        CLEANUP(fetched_done) struct fetched fetched = {0};
        struct fetch fetch = {.url = url, .output_fd = fd, .max_size = max_size, .headers = &headers,
                              .show_progress = show_progress, .any_status = true};

        strings_add(&headers, accept_header);
        for (size_t i = 0; i < source->headers.count; i++)
            strings_add(&headers, source->headers.item[i]);
        if (fetch_file(source->job, &fetch, &fetched, err) < 0)
            return -error_code(*err);
        if (fetched.status == 200)
            return 0;
        if (fetched.status == 401 && try == 0) {
            if (get_token(source, &fetched.challenges, err) < 0)
                return -error_code(*err);
            continue;
        }
        fail_plain(err, fetched.status == 404 ? ENOENT : EIO, "the registry answers '%s' with status %ld", url,
                   fetched.status);
        fail_id(*err, "R5137");
        if (fetched.status == 404)
            fail_hint(*err, "the registry has no such image or tag");
        if (fetched.status == 429)
            fail_hint(*err, "it was asked too often; try again later");
        return -error_code(*err);
    }
    return 0;
}

/* -- a folder -- */

int oci_source_open(struct oci_source *source, const char *path, int *ret_fd, struct error **err)
{
    auto_close int fd = path_open_in(source->folder_fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *ret_fd = take_fd(&fd);
        return 0;
    }
    fail(err, fd < 0 ? -fd : EINVAL, "cannot open '%s' of the image's folder", path);
    fail_id(*err, "R5138");
    return -error_code(*err);
}

static char *blob_path(const char *digest)
{
    char *path = mem_format("blobs/%s", digest);

    path[strcspn(path, ":")] = '/';
    return path;
}

/* -- both -- */

static int read_back(int fd, char **ret, size_t *ret_size, struct error **err)
{
    off_t size = lseek(fd, 0, SEEK_END);
    auto_free char *text = NULL;

    if (size < 0 || size > (off_t) DOCUMENT_MAX) {
        fail_plain(err, EFBIG, "the image's description is too long");
        fail_id(*err, "R5139");
        return -EFBIG;
    }
    text = mem_alloc((size_t) size + 1);
    if (pread(fd, text, (size_t) size, 0) != size)
        return fail(err, EIO, "cannot read the image's description");
    *ret = TAKE(text);
    *ret_size = (size_t) size;
    return 0;
}

static int not_the_one(const char *digest, struct error **err)
{
    fail_plain(err, EBADMSG, "a part of the image is not what it should be: %s", digest);
    fail_id(*err, "R5134");
    fail_hint(*err, "it was damaged or changed on its way; nothing of the image is kept");
    return -EBADMSG;
}

int oci_source_document(struct oci_source *source, const char *name, char **ret, size_t *ret_size, struct error **err)
{
    auto_free char *text = NULL;
    struct digest wanted, found;
    size_t size = 0;
    bool is_digest = digest_parse_tagged(name, &wanted) == 0;
    int r;

    if (source->folder_fd >= 0) {
        auto_free char *path = is_digest ? blob_path(name) : mem_copy_string(name);
        int fd = -1;

        if (oci_source_open(source, path, &fd, err) < 0)
            return -error_code(*err);
        r = read_back(fd, &text, &size, err);
        (void) close(fd);
    } else {
        auto_close int fd = memfd_create("redd-document", MFD_CLOEXEC);
        auto_free char *path = mem_format("manifests/%s", name);

        if (fd < 0)
            return fail(err, errno, "cannot make a file in memory");
        r = get(source, path, fd, DOCUMENT_MAX, false, err);
        if (r == 0)
            r = read_back(fd, &text, &size, err);
    }
    if (r < 0)
        return r;
    if (is_digest && digest_of_bytes(wanted.kind, text, size, &found, err) < 0)
        return -error_code(*err);
    if (is_digest && !digest_equal(&wanted, &found))
        return not_the_one(name, err);
    *ret = TAKE(text);
    *ret_size = size;
    return 0;
}

int oci_source_blob(struct oci_source *source, const struct oci_descriptor *item, int file_fd, bool show_progress,
                    int *ret_fd, struct error **err)
{
    auto_free char *path = NULL;
    struct digest found;
    struct stat st;
    int fd = file_fd, r;

    if (source->folder_fd >= 0) {
        path = blob_path(item->digest_text);
        r = oci_source_open(source, path, &fd, err);
    } else {
        path = mem_format("blobs/%s", item->digest_text);
        r = get(source, path, fd, item->size, show_progress, err);
    }
    if (r == 0 && (fstat(fd, &st) < 0 || (uint64_t) st.st_size != item->size))
        r = not_the_one(item->digest_text, err);
    if (r == 0)
        r = digest_of_file(source->job, fd, item->digest.kind, &found, err);
    if (r == 0 && !digest_equal(&found, &item->digest))
        r = not_the_one(item->digest_text, err);
    if (r == 0)
        *ret_fd = fd;
    else if (fd >= 0 && fd != file_fd)
        (void) close(fd);
    return r;
}

void oci_source_done(struct oci_source *source)
{
    oci_reference_done(&source->reference);
    strings_done(&source->headers);
    free(source->server);
    fd_closep(&source->folder_fd);
}
