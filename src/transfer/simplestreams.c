/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two JSON documents of the format "products:1.0", read leniently: a product that is odd is left out. */
#include "transfer/simplestreams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

static int not_one(struct error **err, const char *why)
{
    fail_plain(err, EBADMSG, "the server's list of images cannot be understood: %s", why);
    fail_id(*err, "R5160");
    return -EBADMSG;
}

static json_t *parse(const char *text, size_t size, struct error **err)
{
    json_error_t why;
    json_t *root = json_loadb(text, size, 0, &why);

    if (!root)
        (void) not_one(err, why.text);
    return root;
}

/* From the server's top and not beyond. */
static bool path_is_good(const char *path)
{
    return path && *path && *path != '/' && !path_has_dotdot(path) && string_is_printable(path) && !strchr(path, ' ') &&
           !strchr(path, '?') && !strchr(path, '#');
}

int stream_index_parse(const char *text, size_t size, char **ret_path, struct error **err)
{
    json_t *root = parse(text, size, err), *entry;
    const char *key, *path = NULL;

    if (!root)
        return -error_code(*err);
    json_object_foreach(json_object_get(root, "index"), key, entry) {
        const char *type = json_string_value(json_object_get(entry, "datatype"));
        const char *at = json_string_value(json_object_get(entry, "path"));

        if (type && strcmp(type, "image-downloads") == 0 && path_is_good(at)) {
            path = at;
            break;
        }
    }
    *ret_path = mem_copy_string(path);
    json_decref(root);
    return *ret_path ? 0 : not_one(err, "it names no list of products");
}

/* Versions are times of builds, in a form whose order is that of the text. */
static json_t *newest_version(json_t *versions, const char **ret_version)
{
    json_t *version, *found = NULL;
    const char *key;

    *ret_version = "";
    json_object_foreach(versions, key, version) {
        if (strcmp(key, *ret_version) <= 0)
            continue;
        *ret_version = key;
        found = version;
    }
    return found;
}

static json_t *find_tree(json_t *items)
{
    static const char *const types[] = {"root.tar.xz", "root.tar.zst", "root.tar.gz", "rootfs.tar.xz", "tar.xz",
                                        "tar.gz"};
    json_t *item;
    const char *key;

    for (size_t i = 0; i < COUNT_OF(types); i++)
        json_object_foreach(items, key, item) {
            const char *type = json_string_value(json_object_get(item, "ftype"));

            if (type && strcmp(type, types[i]) == 0)
                return item;
        }
    return NULL;
}

static void add_product(json_t *product, struct stream_images *ret)
{
    const char *aliases = json_string_value(json_object_get(product, "aliases"));
    const char *architecture = json_string_value(json_object_get(product, "arch")), *version;
    json_t *newest = newest_version(json_object_get(product, "versions"), &version);
    json_t *item = find_tree(json_object_get(newest, "items"));
    const char *path = json_string_value(json_object_get(item, "path"));
    const char *sha256 = json_string_value(json_object_get(item, "sha256"));
    json_int_t size = json_integer_value(json_object_get(item, "size"));

    if (!aliases || !architecture || !path_is_good(path) || !sha256 || strlen(sha256) != 64 ||
        strspn(sha256, "0123456789abcdefABCDEF") != 64 || !string_is_printable(aliases) ||
        !string_is_printable(architecture) || !string_is_printable(version))
        return;
    MEM_GROW(ret->item, ret->count);
    ret->item[ret->count++] = (struct stream_image){
        .aliases = mem_copy_string(aliases),
        .architecture = mem_copy_string(architecture),
        .version = mem_copy_string(version),
        .path = mem_copy_string(path),
        .sha256 = mem_copy_string(sha256),
        .size = size > 0 ? (uint64_t) size : 0,
    };
}

static int compare_images(const void *a, const void *b)
{
    const struct stream_image *x = a, *y = b;
    int r = strcmp(x->aliases, y->aliases);

    return r ? r : strcmp(x->architecture, y->architecture);
}

int stream_images_parse(const char *text, size_t size, struct stream_images *ret, struct error **err)
{
    json_t *root = parse(text, size, err), *products, *product;
    const char *key;

    *ret = (struct stream_images){0};
    if (!root)
        return -error_code(*err);
    products = json_object_get(root, "products");
    if (!json_is_object(products)) {
        json_decref(root);
        return not_one(err, "it has no products");
    }
    json_object_foreach(products, key, product)
        add_product(product, ret);
    json_decref(root);
    if (ret->count > 0)
        qsort(ret->item, ret->count, sizeof *ret->item, compare_images);
    return 0;
}

void stream_images_done(struct stream_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->item[i].aliases);
        free(images->item[i].architecture);
        free(images->item[i].version);
        free(images->item[i].path);
        free(images->item[i].sha256);
    }
    free(images->item);
    *images = (struct stream_images){0};
}

static bool has_alias(const char *aliases, const char *name)
{
    CLEANUP(strings_done) struct strings list = {0};

    strings_split(&list, aliases, ",");
    return strings_contain(&list, name);
}

const struct stream_image *stream_images_find(const struct stream_images *images, const char *name,
                                              const char *architecture)
{
    const struct stream_image *found = NULL;

    for (size_t i = 0; i < images->count; i++) {
        const struct stream_image *image = &images->item[i];

        if (strcmp(image->architecture, architecture) == 0 && has_alias(image->aliases, name) &&
            (!found || strcmp(image->version, found->version) > 0))
            found = image;
    }
    return found;
}

bool stream_image_matches(const struct stream_image *image, char *const *words)
{
    for (; words && *words; words++)
        if (!strcasestr(image->aliases, *words))
            return false;
    return true;
}

const char *stream_architecture(const char *platform)
{
    static const struct {
        const char *platform, *architecture;
    } known[] = {{"linux/386", "i386"},      {"linux/arm/v7", "armhf"}, {"linux/arm/v6", "armel"},
                 {"linux/ppc64le", "ppc64el"}, {"linux/loong64", "loongarch64"}};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(known[i].platform, platform) == 0)
            return known[i].architecture;
    return path_last(platform);
}
