/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text into parts, and the administrator's rules for short names. */
#include "transfer/oci_reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "transfer/digest.h"

#define RULE_MAX (64u * 1024)

static int not_one(const char *text, struct error **err)
{
    fail_plain(err, EINVAL, "Image reference '%s' is not valid.", text);
    fail_id(*err, "R5132");
    fail_hint(*err, "it is [HOST[:PORT]/]NAME[:TAG][@sha256:…], as in registry.example.org/team/image:1.2");
    return -EINVAL;
}

static bool is_of(const char *text, const char *characters)
{
    return *text && text[strspn(text, characters)] == '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool repository_is_valid(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size < 256 && is_of(text, LOWER "._-/") && text[0] != '/' && text[size - 1] != '/' &&
           !strstr(text, "//") && !strstr(text, "..");
}

/* The part in front of the first slash is a host when it looks like one. */
static bool is_host(const char *text, size_t size)
{
    return memchr(text, '.', size) || memchr(text, ':', size) || (size == 9 && strncmp(text, "localhost", 9) == 0);
}

bool oci_reference_names_host(const char *text)
{
    size_t size = strcspn(text, "/"), name = strcspn(text, "/:"), port = name + 1;

    while (port < size && text[port] >= '0' && text[port] <= '9')
        port++;
    return text[size] == '/' && is_host(text, size) && (name == size || (port == size && port > name + 1));
}

int oci_reference_parse(const char *text, struct oci_reference *ret, struct error **err)
{
    CLEANUP(oci_reference_done) struct oci_reference reference = {0};
    auto_free char *rest = mem_copy_string(text);
    char *at = strchr(rest, '@'), *slash, *colon, *name = rest;
    struct digest digest;

    if (at) {
        *at = '\0';
        reference.digest = mem_copy_string(at + 1);
        if (digest_parse_tagged(reference.digest, &digest) < 0)
            return not_one(text, err);
    }
    slash = strchr(name, '/');
    if (slash && is_host(name, (size_t) (slash - name))) {
        *slash = '\0';
        reference.registry = mem_copy_string(name);
        name = slash + 1;
        if (!is_of(reference.registry, LOWER UPPER ".-:[]_"))
            return not_one(text, err);
    }
    colon = strrchr(name, ':');
    if (colon) {
        *colon = '\0';
        reference.tag = mem_copy_string(colon + 1);
        if (strlen(reference.tag) > 128 || !is_of(reference.tag, LOWER UPPER "._-"))
            return not_one(text, err);
    } else if (!at)
        reference.tag = mem_copy_string("latest");
    if (!repository_is_valid(name))
        return not_one(text, err);
    reference.repository = mem_copy_string(name);
    *ret = reference;
    reference = (struct oci_reference){0};
    return 0;
}

void oci_reference_done(struct oci_reference *reference)
{
    free(reference->registry);
    free(reference->repository);
    free(reference->tag);
    free(reference->digest);
    *reference = (struct oci_reference){0};
}

/* -- rules -- */

/* The member KEY of the file NAME.oci-registry. Gives; NULL: there is none. A file that is no JSON is an error. */
static int read_rule(const char *name, const char *key, char **ret, struct error **err)
{
    static const char *const folders[] = {"/etc", "/run", "/usr/lib"};

    *ret = NULL;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        auto_free char *path = mem_format("%s/systemd/oci-registry/%s.oci-registry", folders[i], name), *text = NULL;
        json_error_t why;
        json_t *root;

        if (file_read_quiet(AT_FDCWD, path, RULE_MAX, &text) < 0)
            continue;
        root = json_loads(text, 0, &why);
        if (!root) {
            fail_plain(err, EINVAL, "cannot read %s: %s, line %d", path, why.text, why.line);
            fail_id(*err, "R5133");
            return -EINVAL;
        }
        *ret = mem_copy_string(json_string_value(json_object_get(root, key)));
        json_decref(root);
        return 0;
    }
    return 0;
}

static int replace_by_rule(const char *kind, const char *name, const char *key, char **value, struct error **err)
{
    auto_free char *file = mem_format("%s%s", kind, name), *found = NULL;

    if (strchr(file, '/'))
        return 0;
    if (read_rule(file, key, &found, err) < 0)
        return -error_code(*err);
    if (found) {
        free(*value);
        *value = TAKE(found);
    }
    return 0;
}

int oci_reference_resolve(struct oci_reference *reference, struct error **err)
{
    auto_free char *prefix = NULL;
    bool is_short = !reference->registry;

    if (is_short && replace_by_rule("image.", reference->repository, "overrideRegistry", &reference->registry, err) < 0)
        return -error_code(*err);
    if (!reference->registry &&
        (replace_by_rule("", "default", "defaultRegistry", &reference->registry, err) < 0 ||
         replace_by_rule("", "default", "overrideRegistry", &reference->registry, err) < 0))
        return -error_code(*err);
    if (is_short && replace_by_rule("", "default", "shortImagePrefix", &prefix, err) < 0)
        return -error_code(*err);
    if (!reference->registry)
        reference->registry = mem_copy_string("docker.io");
    if (strcmp(reference->registry, "docker.io") == 0 || strcmp(reference->registry, "index.docker.io") == 0) {
        free(reference->registry);
        reference->registry = mem_copy_string(OCI_DOCKER_REGISTRY);
        if (!prefix)
            prefix = mem_copy_string("library/");
    }
    if (replace_by_rule("registry.", reference->registry, "overrideRegistry", &reference->registry, err) < 0)
        return -error_code(*err);
    if (prefix && !strchr(reference->repository, '/')) {
        char *longer = mem_format("%s%s%s", prefix, string_ends(prefix, "/") ? "" : "/", reference->repository);

        free(reference->repository);
        reference->repository = longer;
    }
    return 0;
}

bool oci_registry_is_local(const char *host)
{
    return string_starts(host, "127.") || string_starts(host, "[::1]") || strcmp(host, "localhost") == 0 ||
           string_starts(host, "localhost:") || string_starts(host, "localhost/");
}
