/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jansson reads, these functions pick. A member of another type than it should have counts as missing. */
#include "transfer/oci_document.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/path.h"

#define DOCUMENT_MAX (4u << 20)
#define ITEMS_MAX 4096u

static int not_one(struct error **err, const char *why)
{
    fail_plain(err, EBADMSG, "the image's description cannot be understood: %s", why);
    fail_id(*err, "R5130");
    return -EBADMSG;
}

static json_t *parse(const char *text, size_t size, struct error **err)
{
    json_error_t why;
    json_t *root = size > DOCUMENT_MAX ? NULL : json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);

    if (!root)
        (void) not_one(err, size > DOCUMENT_MAX ? "it is too long" : why.text);
    return root;
}

static char *copy_member(const json_t *object, const char *key)
{
    return mem_copy_string(json_string_value(json_object_get(object, key)));
}

static void copy_list(const json_t *array, struct strings *ret)
{
    size_t i;
    json_t *item;

    json_array_foreach(array, i, item)
        if (json_is_string(item))
            strings_add(ret, json_string_value(item));
}

static void descriptor_done(struct oci_descriptor *item)
{
    free(item->digest_text);
    free(item->media_type);
    free(item->os);
    free(item->architecture);
    free(item->variant);
    free(item->ref_name);
    *item = (struct oci_descriptor){0};
}

static int read_descriptor(const json_t *object, struct oci_descriptor *ret, struct error **err)
{
    const json_t *platform = json_object_get(object, "platform"), *notes = json_object_get(object, "annotations");
    json_int_t size = json_integer_value(json_object_get(object, "size"));

    *ret = (struct oci_descriptor){
        .digest_text = copy_member(object, "digest"),
        .media_type = copy_member(object, "mediaType"),
        .os = copy_member(platform, "os"),
        .architecture = copy_member(platform, "architecture"),
        .variant = copy_member(platform, "variant"),
        .ref_name = copy_member(notes, "org.opencontainers.image.ref.name"),
        .size = size > 0 ? (uint64_t) size : 0,
        .is_foreign = json_array_size(json_object_get(object, "urls")) > 0,
    };
    if (ret->digest_text && size >= 0 && digest_parse_tagged(ret->digest_text, &ret->digest) == 0)
        return 0;
    descriptor_done(ret);
    return not_one(err, "a part of it has no digest that is known");
}

static int read_items(const json_t *array, struct oci_document *ret, struct error **err)
{
    size_t i;
    json_t *item;

    if (json_array_size(array) > ITEMS_MAX)
        return not_one(err, "it has too many parts");
    json_array_foreach(array, i, item) {
        MEM_GROW(ret->item, ret->count);
        if (read_descriptor(item, &ret->item[ret->count], err) < 0)
            return -error_code(*err);
        ret->count++;
    }
    return 0;
}

static int read_document(const json_t *root, struct oci_document *ret, struct error **err)
{
    const json_t *manifests = json_object_get(root, "manifests"), *config = json_object_get(root, "config");

    if (json_integer_value(json_object_get(root, "schemaVersion")) == 1) {
        fail_plain(err, EOPNOTSUPP, "the image is described in the old form (schema 1)");
        fail_id(*err, "R5131");
        fail_hint(*err, "its maker has to push it anew; no registry takes that form any more");
        return -EOPNOTSUPP;
    }
    if (json_is_array(manifests)) {
        ret->is_index = true;
        return read_items(manifests, ret, err);
    }
    if (!json_is_object(config) || !json_is_array(json_object_get(root, "layers")))
        return not_one(err, "it is neither an index nor a manifest");
    if (read_descriptor(config, &ret->config, err) < 0)
        return -error_code(*err);
    return read_items(json_object_get(root, "layers"), ret, err);
}

int oci_document_parse(const char *text, size_t size, struct oci_document *ret, struct error **err)
{
    CLEANUP(oci_document_done) struct oci_document document = {0};
    json_t *root = parse(text, size, err);

    if (!root)
        return -error_code(*err);

    int r = read_document(root, &document, err);
    json_decref(root);
    if (r < 0)
        return r;
    *ret = document;
    document = (struct oci_document){0};
    return 0;
}

void oci_document_done(struct oci_document *document)
{
    for (size_t i = 0; i < document->count; i++)
        descriptor_done(&document->item[i]);
    descriptor_done(&document->config);
    free(document->item);
    *document = (struct oci_document){0};
}

/* -- platforms -- */

const char *oci_platform_here(void)
{
    static const struct {
        const char *machine, *platform;
    } known[] = {{"x86_64", "linux/amd64"},   {"aarch64", "linux/arm64"},   {"armv7l", "linux/arm/v7"},
                 {"armv6l", "linux/arm/v6"},  {"i686", "linux/386"},        {"riscv64", "linux/riscv64"},
                 {"ppc64le", "linux/ppc64le"}, {"s390x", "linux/s390x"},    {"loongarch64", "linux/loong64"}};
    struct utsname name;

    for (size_t i = 0; uname(&name) == 0 && i < COUNT_OF(known); i++)
        if (strcmp(name.machine, known[i].machine) == 0)
            return known[i].platform;
    return "linux/amd64";
}

static bool fits(const struct oci_descriptor *item, const struct strings *platform)
{
    if (!item->os || !item->architecture || strcmp(item->os, platform->item[0]) != 0 ||
        strcmp(item->architecture, platform->item[1]) != 0)
        return false;
    return platform->count < 3 || !item->variant || strcmp(item->variant, platform->item[2]) == 0;
}

const struct oci_descriptor *oci_document_pick(const struct oci_document *index, const char *platform, const char *tag)
{
    CLEANUP(strings_done) struct strings words = {0};
    const struct oci_descriptor *any = NULL;

    strings_split(&words, platform, "/");
    for (size_t i = 0; i < index->count; i++) {
        const struct oci_descriptor *item = &index->item[i];

        if (tag && (!item->ref_name || strcmp(item->ref_name, tag) != 0))
            continue;
        if (words.count >= 2 && fits(item, &words))
            return item;
        if (!item->os)
            any = item;
    }
    return any;
}

/* -- configuration -- */

static void copy_keys(json_t *object, struct strings *ret)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
        strings_add(ret, key);
}

int oci_config_parse(const char *text, size_t size, struct oci_config *ret, struct error **err)
{
    json_t *root = parse(text, size, err), *config;

    if (!root)
        return -error_code(*err);
    config = json_object_get(root, "config");
    *ret = (struct oci_config){
        .directory = copy_member(config, "WorkingDir"),
        .user = copy_member(config, "User"),
        .stop_signal = copy_member(config, "StopSignal"),
        .os = copy_member(root, "os"),
        .architecture = copy_member(root, "architecture"),
    };
    copy_list(json_object_get(config, "Entrypoint"), &ret->entrypoint);
    copy_list(json_object_get(config, "Cmd"), &ret->command);
    copy_list(json_object_get(config, "Env"), &ret->environment);
    copy_keys(json_object_get(config, "Volumes"), &ret->volumes);
    copy_keys(json_object_get(config, "ExposedPorts"), &ret->ports);
    json_decref(root);
    return 0;
}

void oci_config_done(struct oci_config *config)
{
    strings_done(&config->entrypoint);
    strings_done(&config->command);
    strings_done(&config->environment);
    strings_done(&config->volumes);
    strings_done(&config->ports);
    free(config->directory);
    free(config->user);
    free(config->stop_signal);
    free(config->os);
    free(config->architecture);
    *config = (struct oci_config){0};
}

/* Appends to *TEXT, which is replaced. */
static void append(char **text, const char *a, const char *b)
{
    char *longer = mem_format("%s%s%s", *text, a, b);

    free(*text);
    *text = longer;
}

/* A word as .nspawn files have it: in quotes, with C escapes. */
static void append_quoted(char **text, const char *word)
{
    auto_free char *quoted = mem_alloc(4 * strlen(word) + 3);
    char *to = quoted;

    *to++ = '"';
    for (const unsigned char *p = (const unsigned char *) word; *p; p++)
        if (*p == '"' || *p == '\\') {
            *to++ = '\\';
            *to++ = (char) *p;
        } else if (*p < ' ' || *p == 127) {
            *to++ = '\\';
            *to++ = 'x';
            *to++ = "0123456789abcdef"[*p >> 4];
            *to++ = "0123456789abcdef"[*p & 15];
        } else
            *to++ = (char) *p;
    *to++ = '"';
    append(text, quoted, "");
}

/* Lines of a file end where a line ends: a value with such characters in it cannot be one. */
static bool is_line(const char *value)
{
    return value && *value && string_is_printable(value);
}

static bool is_init(const struct oci_config *config)
{
    static const char *const names[] = {"init", "systemd"};
    const struct strings *first = config->entrypoint.count > 0 ? &config->entrypoint : &config->command;

    for (size_t i = 0; first->count > 0 && i < COUNT_OF(names); i++)
        if (strcmp(path_last(first->item[0]), names[i]) == 0)
            return true;
    return false;
}

static void append_command(char **text, const struct oci_config *config)
{
    const struct strings *parts[] = {&config->entrypoint, &config->command};
    bool boots = is_init(config), any = false;

    append(text, boots ? "Boot=yes\n" : "Boot=no\n", "");
    for (size_t k = 0; k < COUNT_OF(parts); k++)
        for (size_t i = 0; i < parts[k]->count; i++) {
            if (boots && !any && i == 0) {      /* the init is found by itself, its arguments are not */
                any = true;
                continue;
            }
            append(text, strstr(*text, "Parameters=") ? " " : "Parameters=", "");
            append_quoted(text, parts[k]->item[i]);
            any = true;
        }
    if (strstr(*text, "Parameters="))
        append(text, "\n", "");
    if (!boots)
        append(text, "ProcessTwo=yes\n", "");
}

char *oci_config_settings(const struct oci_config *config)
{
    char *text = mem_copy_string("# Made from the configuration of a container image.\n[Exec]\n");

    append_command(&text, config);
    for (size_t i = 0; i < config->environment.count; i++) {
        const char *assignment = config->environment.item[i];

        if (!environment_name_is_valid(assignment, strcspn(assignment, "=")) || !strchr(assignment, '='))
            continue;
        append(&text, "Environment=", "");
        append_quoted(&text, assignment);
        append(&text, "\n", "");
    }
    if (is_line(config->directory) && path_is_absolute(config->directory) && strcmp(config->directory, "/") != 0) {
        append(&text, "WorkingDirectory=", config->directory);
        append(&text, "\n", "");
    }
    /* a group behind the colon, and numbers, have no place in the file: who runs it adds them */
    if (is_line(config->user) && strcspn(config->user, ":0123456789") == strlen(config->user) &&
        strcmp(config->user, "root") != 0) {
        append(&text, "User=", config->user);
        append(&text, "\n", "");
    }
    if (is_line(config->stop_signal)) {
        append(&text, "KillSignal=", config->stop_signal);
        append(&text, "\n", "");
    }
    for (size_t i = 0; i < config->ports.count; i++)
        if (is_line(config->ports.item[i])) {
            append(&text, "# The image's program listens on: ", config->ports.item[i]);
            append(&text, "\n", "");
        }
    for (size_t i = 0; i < config->volumes.count; i++)
        if (is_line(config->volumes.item[i])) {
            append(&text, "# The image keeps its data in: ", config->volumes.item[i]);
            append(&text, "\n", "");
        }
    return text;
}

/* -- docker save -- */

int docker_manifest_parse(const char *text, size_t size, struct docker_manifest *ret, struct error **err)
{
    json_t *root = parse(text, size, err), *first;

    if (!root)
        return -error_code(*err);
    first = json_array_get(root, 0);
    *ret = (struct docker_manifest){.config = copy_member(first, "Config")};
    copy_list(json_object_get(first, "RepoTags"), &ret->tags);
    copy_list(json_object_get(first, "Layers"), &ret->layers);
    json_decref(root);
    if (ret->config && ret->layers.count > 0)
        return 0;
    docker_manifest_done(ret);
    return not_one(err, "it names no layers");
}

void docker_manifest_done(struct docker_manifest *manifest)
{
    free(manifest->config);
    strings_done(&manifest->tags);
    strings_done(&manifest->layers);
    *manifest = (struct docker_manifest){0};
}
