/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simplestreams: the index of a server of images (that of Linux Containers, Ubuntu's, your own): which systems there
 * are, and where the newest build of each lies, with its checksum.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct stream_image {
    char *aliases;              /* "debian/13,debian/trixie" */
    char *architecture;         /* "amd64" */
    char *version;              /* of the build */
    char *path;                 /* of the tree's archive, from the server's top */
    char *sha256;               /* 64 hex digits */
    uint64_t size;
};

struct stream_images {
    struct stream_image *item;
    size_t count;
};

/* Of the index (streams/v1/index.json): the path of the list of products. R5160: it is no such index. Gives. */
int stream_index_parse(const char *text, size_t size, char **ret_path, struct error **err);

/* Of that list: the newest build of each product that has a tree as an archive, with a checksum. */
int stream_images_parse(const char *text, size_t size, struct stream_images *ret, struct error **err);
void stream_images_done(struct stream_images *images);

/* The image that is called NAME, for an architecture as Debian names it; NULL: none. */
const struct stream_image *stream_images_find(const struct stream_images *images, const char *name,
                                              const char *architecture);

/* All WORDS (NULL-terminated) are in its aliases. */
bool stream_image_matches(const struct stream_image *image, char *const *words);

/* Debian's word for an OCI platform: "linux/arm64" is "arm64", "linux/arm/v7" "armhf". */
const char *stream_architecture(const char *platform);
