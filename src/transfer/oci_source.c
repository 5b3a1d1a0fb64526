/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The distribution protocol's reading half, with logins, tokens and mirrors; and the same parts in a folder. */
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
#include "transfer/registry_login.h"
#include "transfer/registry_places.h"

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
    fail_plain(err, EACCES, "the registry '%s' gives no token", source->place[source->at].server);
    fail_id(*err, "R5135");
    return -EACCES;
}

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

static int not_for_us(const struct oci_source *source, struct error **err)
{
    const struct oci_place *place = &source->place[source->at];
    const char *server = strstr(place->server, "://") + 3;

    if (place->login) {
        fail_plain(err, EACCES, "the registry '%s' does not give '%s' to the user of the login", server,
                   place->repository);
        fail_id(*err, "R5136");
        fail_hint(*err, "there may be no such image: registries answer the same then; or the password has changed: "
                        "log in anew");
    } else {
        fail_plain(err, EACCES, "the registry '%s' does not give '%s' to everybody", server, place->repository);
        fail_id(*err, "R5136");
        fail_hint(*err, "there may be no such image: registries answer the same then; 'podman login', 'skopeo login' "
                        "or 'docker login' writes down who you are");
    }
    return -EACCES;
}

/* A password goes nowhere in clear but to this host itself. */
static bool may_know_login(const char *url)
{
    const char *host = string_after(url, "http://");

    return !host || oci_registry_is_local(host);
}

static int fetch_token(struct oci_source *source, const char *realm, const char *service, struct error **err)
{
    const struct oci_place *place = &source->place[source->at];
    CLEANUP(strings_done) struct strings headers = {0};
    CLEANUP(fetched_done) struct fetched fetched = {0};
    auto_close int fd = memfd_create("redd-token", MFD_CLOEXEC);
    auto_free char *scope = mem_format("repository:%s:pull", place->repository), *scope_text = escape_query(scope);
    auto_free char *service_text = escape_query(service ? service : ""), *text = NULL;
    auto_free char *url = mem_format("%s%sservice=%s&scope=%s", realm, strchr(realm, '?') ? "&" : "?", service_text,
                                     scope_text);
    const struct fetch fetch = {
        .url = url, .output_fd = fd, .max_size = DOCUMENT_MAX, .headers = &headers, .any_status = true};
    size_t size;

    if (fd < 0)
        return fail(err, errno, "cannot make a file in memory");
    if (place->login && may_know_login(realm))
        strings_add_format(&headers, "Authorization: Basic %s", place->login);
    if (fetch_file(source->job, &fetch, &fetched, err) < 0)
        return -error_code(*err);
    if (fetched.status != 200)
        return not_for_us(source, err);
    return read_back(fd, &text, &size, err) < 0 ? -error_code(*err) : take_token(source, text, size, err);
}

/* Takes up the challenges in their order, those for tokens first. 0: there is something new to prove who we are. */
static int prove(struct oci_source *source, const struct strings *challenges, struct error **err)
{
    const struct oci_place *place = &source->place[source->at];

    for (size_t i = 0; i < challenges->count; i++) {
        auto_error struct error *refused = NULL;
        auto_free char *realm = NULL, *service = NULL, *scope = NULL;

        if (!oci_challenge_parse(challenges->item[i], &realm, &service, &scope))
            continue;
        if (fetch_token(source, realm, service, &refused) == 0)
            return 0;
        if (i + 1 == challenges->count || error_code(refused) == ECANCELED) {
            *err = TAKE(refused);
            return -error_code(*err);
        }
    }
    for (size_t i = 0; i < challenges->count; i++)
        if (strncasecmp(challenges->item[i], "basic", 5) == 0 && place->login && may_know_login(place->server)) {
            strings_clear(&source->headers);
            strings_add_format(&source->headers, "Authorization: Basic %s", place->login);
            return 0;
        }
    return not_for_us(source, err);
}

/* -- a registry -- */

static int refused(struct oci_source *source, const char *url, const struct fetched *fetched, struct error **err)
{
    if (fetched->status == 401 || fetched->status == 403)
        return not_for_us(source, err);
    fail_plain(err, fetched->status == 404 ? ENOENT : EIO, "the registry answers '%s' with status %ld", url,
               fetched->status);
    fail_id(*err, "R5137");
    if (fetched->status == 404)
        fail_hint(*err, "the registry has no such image or tag");
    if (fetched->status == 429)
        fail_hint(*err, "it was asked too often; try again later");
    return -error_code(*err);
}

/* From the registry at AT. */
static int get_there(struct oci_source *source, const char *path, int fd, uint64_t max_size, bool show_progress,
                     struct error **err)
{
    const struct oci_place *place = &source->place[source->at];
    auto_free char *url = mem_format("%s/v2/%s/%s", place->server, place->repository, path);

    for (bool proved = false;; proved = true) {
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
        if (fetched.status != 401 || proved)
            return refused(source, url, &fetched, err);
        if (prove(source, &fetched.challenges, err) < 0)
            return -error_code(*err);
    }
}

static bool next_may_have_it(const struct oci_source *source, const struct error *err)
{
    int code = error_code(err);

    return source->at + 1 < source->n_places && code != ECANCELED && code != ENOSPC;
}

static int get(struct oci_source *source, const char *path, int fd, uint64_t max_size, bool show_progress,
               struct error **err)
{
    for (;;) {
        auto_error struct error *failed = NULL;

        if (get_there(source, path, fd, max_size, show_progress, &failed) == 0)
            return 0;
        if (!next_may_have_it(source, failed)) {
            *err = TAKE(failed);
            return -error_code(*err);
        }
        if (ftruncate(fd, 0) < 0)
            return fail(err, errno, "cannot empty the file for what is fetched");
        source->at++;
        strings_clear(&source->headers);
        job_line(source->job, "%s: asking %s.", error_text(failed), source->place[source->at].server);
    }
}

int oci_source_find_places(struct oci_source *source, struct error **err)
{
    const struct oci_reference *reference = &source->reference;
    bool is_docker = strcmp(reference->registry, OCI_DOCKER_REGISTRY) == 0;
    auto_free char *name = mem_format("%s/%s", is_docker ? "docker.io" : reference->registry, reference->repository);
    CLEANUP(registry_places_done) struct registry_places places = {0};

    if (registry_places_find(name, &places, err) < 0)
        return -error_code(*err);
    source->place = mem_alloc(places.count * sizeof *source->place);
    for (size_t i = 0; i < places.count; i++) {
        struct oci_place *place = &source->place[source->n_places++];
        const char *rest = string_after(places.item[i].place, "docker.io/"), *slash;
        auto_free char *whole = rest ? mem_format(OCI_DOCKER_REGISTRY "/%s", rest)
                                     : mem_copy_string(places.item[i].place);

        slash = strchr(whole, '/');
        place->repository = mem_copy_string(slash ? slash + 1 : "");
        if (registry_login_find(whole, &place->login, err) < 0)
            return -error_code(*err);
        whole[strcspn(whole, "/")] = '\0';
        bool plain = places.item[i].insecure || oci_registry_is_local(whole);
        place->server = mem_format("%s://%s", plain ? "http" : "https", whole);
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
    for (size_t i = 0; i < source->n_places; i++) {
        free(source->place[i].server);
        free(source->place[i].repository);
        free(source->place[i].login);
    }
    free(source->place);
    fd_closep(&source->folder_fd);
}
