/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON: {"auths": {"HOST[/PATH]": {"auth": "base64 of USER:PASSWORD"}}, "credHelpers": …, "credsStore": …}. */
#include "transfer/registry_login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "transfer/oci_reference.h"

#define FILE_MAX (1024u * 1024)

/* "https://HOST/v1/", as Docker has it, is HOST. */
static char *plain_key(const char *key)
{
    const char *rest = string_after(key, "https://");
    char *plain;

    if (!rest)
        rest = string_after(key, "http://");
    plain = mem_copy_string(rest ? rest : key);
    for (size_t size = strlen(plain); size > 0 && plain[size - 1] == '/'; size--)
        plain[size - 1] = '\0';
    if (string_ends(plain, "/v1") || string_ends(plain, "/v2"))
        plain[strlen(plain) - 3] = '\0';
    if (strcmp(plain, "index.docker.io") == 0 || strcmp(plain, "docker.io") == 0) {
        free(plain);
        plain = mem_copy_string(OCI_DOCKER_REGISTRY);
    }
    return plain;
}

/* How much of PLACE the key is about: 0 when it is about another one. */
static size_t key_fits(const char *key, const char *place)
{
    auto_free char *plain = plain_key(key);
    size_t size = strlen(plain);

    return strncmp(place, plain, size) == 0 && (place[size] == '/' || place[size] == '\0') ? size : 0;
}

/* The member of OBJECT that is about the most of PLACE. */
static json_t *best_member(json_t *object, const char *place)
{
    size_t best = 0;
    json_t *value, *found = NULL;
    const char *key;

    json_object_foreach(object, key, value)
    {
        size_t size = key_fits(key, place);

        if (size > best) {
            best = size;
            found = value;
        }
    }
    return found;
}

static bool is_base64(const char *text)
{
    return *text && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] == '\0';
}

static int not_ours(const char *file, const char *place, const char *why, struct error **err)
{
    fail_plain(err, EOPNOTSUPP, "the login for '%s' in %s is %s", place, file, why);
    fail_id(*err, "R5191");
    fail_hint(*err, "'podman login --authfile=%s' or 'skopeo login' writes it there in full", file);
    return -EOPNOTSUPP;
}

static int take(json_t *root, const char *file, const char *place, char **ret, struct error **err)
{
    json_t *entry = best_member(json_object_get(root, "auths"), place);
    const char *auth = json_string_value(json_object_get(entry, "auth"));
    const char *identity = json_string_value(json_object_get(entry, "identitytoken"));
    const char *helper = json_string_value(best_member(json_object_get(root, "credHelpers"), place));

    if (auth && is_base64(auth)) {
        *ret = mem_copy_string(auth);
        return 0;
    }
    if (identity && *identity)
        return not_ours(file, place, "a token of Docker's (identitytoken)", err);
    if (!helper && entry)
        helper = json_string_value(json_object_get(root, "credsStore"));
    if (!helper)
        return 0;
    auto_free char *why = mem_format("kept by another program, docker-credential-%s", helper);
    return not_ours(file, place, why, err);
}

int registry_login_parse(const char *text, size_t size, const char *file, const char *place, char **ret,
                         struct error **err)
{
    json_error_t why;
    json_t *root = json_loadb(text, size, 0, &why);
    int r;

    if (!root) {
        fail_plain(err, EINVAL, "cannot read %s: %s, line %d", file, why.text, why.line);
        fail_id(*err, "R5190");
        return -EINVAL;
    }
    r = take(root, file, place, ret, err);
    json_decref(root);
    return r;
}

/* -- the files -- */

static void add_path(struct strings *paths, const char *folder, const char *rest)
{
    if (folder && path_is_absolute(folder))
        strings_add_format(paths, "%s/%s", folder, rest);
}

static void find_files(struct strings *ret)
{
    const char *named = getenv("REGISTRY_AUTH_FILE"), *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");
    const char *config = getenv("XDG_CONFIG_HOME"), *docker = getenv("DOCKER_CONFIG");

    if (named && *named) {
        strings_add(ret, named);
        return;
    }
    if (geteuid() == 0)
        strings_add(ret, "/run/containers/0/auth.json");
    add_path(ret, runtime, "containers/auth.json");
    if (config)
        add_path(ret, config, "containers/auth.json");
    else
        add_path(ret, home, ".config/containers/auth.json");
    if (docker)
        add_path(ret, docker, "config.json");
    else
        add_path(ret, home, ".docker/config.json");
}

int registry_login_find(const char *place, char **ret, struct error **err)
{
    CLEANUP(strings_done) struct strings files = {0};
    bool is_named = getenv("REGISTRY_AUTH_FILE") != NULL;

    *ret = NULL;
    find_files(&files);
    for (size_t i = 0; i < files.count && !*ret; i++) {
        auto_free char *text = NULL;
        int r = file_read_quiet(AT_FDCWD, files.item[i], FILE_MAX, &text);

        /* root's own is not that of a user namespace's root */
        if ((r == -ENOENT || r == -EACCES) && !is_named)
            continue;
        if (r < 0) {
            fail(err, -r, "cannot read %s", files.item[i]);
            fail_id(*err, "R5190");
            return r;
        }
        if (registry_login_parse(text, strlen(text), files.item[i], place, ret, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
