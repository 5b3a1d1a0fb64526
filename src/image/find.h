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
    enum image_type type;
    bool read_only;
};

struct images {
    struct image *item;
    size_t count;
};

/* -ENOENT: "No image for machine 'X'.", with the folders and the nearest name there is. */
int image_find(const char *name, bool user_scope, struct image *ret, struct error **err);

/* Every image, sorted by name; hidden ones (a leading dot) and ".host" as well. Folders that cannot be read are
 * left out. */
void image_list(bool user_scope, struct images *ret);

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
