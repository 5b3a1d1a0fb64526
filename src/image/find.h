/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * find: images by name, in the machine folders, and what a path given for one stands for.
 *
 * The folders in order: /etc/machines, /run/machines, /var/lib/machines, /var/lib/container,
 * /usr/local/lib/machines, /usr/lib/machines; for a user's own machines those of the user come first. The first hit
 * of a name counts. In a folder NAME is a directory (or a link to one), a btrfs subvolume, NAME.raw, NAME.mstack, a
 * block device, or the newest of what NAME.v/, NAME.raw.v/ or NAME.mstack.v/ holds. ".host" is the host's own tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"

enum image_type { IMAGE_DIRECTORY, IMAGE_SUBVOLUME, IMAGE_RAW, IMAGE_BLOCK, IMAGE_MSTACK };

/* "directory", "subvolume", "raw", "block", "mstack" */
const char *image_type_name(enum image_type type);

struct image {
    char *name;                 /* without suffix */
    char *path;                 /* links followed, versions picked */
    char *entry;                /* the same without following a link at the end: what is renamed and removed */
    enum image_type type;
    bool read_only;
};

struct images {
    struct image *item;
    size_t count;
};

/* -ENOENT: "No image for machine 'X'.", with the folders and the nearest name there is. */
int image_find(const char *name, bool user_scope, struct image *ret, struct error **err);

/* The same for a verb on images: "No image 'X' known". */
int image_get(const char *name, bool user_scope, struct image *ret, struct error **err);

/* Whether NAME can be that of an image: a file name without control characters. "Image name 'X' is invalid.", with what
 * is wrong and the nearest that is right. */
int image_check_name(const char *name, struct error **err);

/* Where new images go: "/var/lib/machines", or that of the user. Gives. */
char *image_new_folder(bool user_scope);

/* The suffix of the file that an image of TYPE is: "", ".raw", ".mstack". */
const char *image_type_suffix(enum image_type type);

/* The entry is a symbolic link: another name for a tree elsewhere. */
bool image_is_link(const struct image *image);
/* The distribution's, below /usr. */
bool image_is_vendors(const struct image *image);

/* Every image, sorted by name; hidden ones (a leading dot) and ".host" as well. Folders that cannot be read are
 * left out. */
void image_list(bool user_scope, struct images *ret);

/* The same of a class of images, one of those that image_class() names; only machines have the host among them. */
void image_list_class(const char *class, bool user_scope, struct images *ret);
/* "machine", "portable", "sysext", "confext", NULL behind them. */
const char *image_class(size_t index);

/* What -D PATH stands for: the newest entry when it is a versioned folder or a pattern (version.h), else PATH itself. A
 * folder that is called NAME.v but is a tree itself is taken for that. Gives *ret. */
int image_resolve_directory(const char *path, char **ret, struct error **err);

/* The same for -i PATH. */
int image_resolve_file(const char *path, char **ret, struct error **err);

/* Whether a tree is marked or mounted read-only: below /usr, not writable, immutable, a read-only subvolume. */
bool image_is_read_only(int fd, const char *path);

/* The folders that are searched. */
void image_folders(bool user_scope, struct strings *ret);

void image_done(struct image *image);
void images_done(struct images *images);
