/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of images: wider than those of machines, since an image may be a template that is never run by its name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/machine_name.h"
#include "image/find.h"
#include "image/pool.h"

/* A suffix and what a temporary copy adds must still fit into a file name. */
#define NAME_MAX_BYTES 240

const char *image_type_suffix(enum image_type type)
{
    return type == IMAGE_RAW ? ".raw" : type == IMAGE_MSTACK ? ".mstack" : "";
}

bool image_is_link(const struct image *image)
{
    struct stat st;

    return lstat(image->entry, &st) == 0 && S_ISLNK(st.st_mode);
}

bool image_is_vendors(const struct image *image)
{
    return path_is_below(image->path, "/usr");
}

char *image_new_folder(bool user_scope)
{
    CLEANUP(strings_done) struct strings folders = {0};

    if (!user_scope)
        return mem_copy_string("/var/lib/machines");
    image_folders(true, &folders);
    return mem_copy_string(folders.item[0]);
}

/* One sequence of UTF-8, without overlong forms and surrogates: its length, 0 when it is none. */
static size_t utf8_length(const unsigned char *at)
{
    size_t n = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
               : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] >= 0x90))
        return 0;
    return n;
}

static const char *what_is_wrong(const char *name)
{
    const unsigned char *bytes = (const unsigned char *) name;

    if (!*name)
        return "it is empty";
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return "it means a directory, not a file in it";
    if (strlen(name) > NAME_MAX_BYTES)
        return "it is too long";
    for (size_t i = 0, n; bytes[i]; i += n) {
        n = utf8_length(bytes + i);
        if (n == 0)
            return "it is not valid UTF-8";
        if (bytes[i] == '/')
            return "it contains '/'";
        if (bytes[i] < ' ' || bytes[i] == 0x7f || (bytes[i] == 0xc2 && bytes[i + 1] < 0xa0))
            return "it contains a control character";
    }
    if (string_starts(name, ".#"))
        return "names that begin with '.#' are those of temporary files";
    if (strcmp(name, "lost+found") == 0)
        return "it is the file system's own";
    return string_starts(name, POOL_NAME) ? "it is redd's own" : NULL;
}

/* NAME as it may be shown on a terminal. Gives. */
static char *printable(const char *name)
{
    char *text = mem_alloc(4 * strlen(name) + 1), *to = text;
    const unsigned char *bytes = (const unsigned char *) name;

    for (size_t i = 0, n; bytes[i]; i += n ? n : 1) {
        n = utf8_length(bytes + i);
        if (n == 0 || bytes[i] < ' ' || bytes[i] == 0x7f || (bytes[i] == 0xc2 && bytes[i + 1] < 0xa0))
            to += sprintf(to, "\\x%02x", bytes[i]);
        else {
            memcpy(to, bytes + i, n);
            to += n;
        }
    }
    *to = '\0';
    return text;
}

int image_check_name(const char *name, struct error **err)
{
    const char *wrong = what_is_wrong(name);
    if (!wrong)
        return 0;

    auto_free char *nearest = machine_name_nearest(name), *shown = printable(name);
    fail_plain(err, EINVAL, "Image name '%s' is invalid.", shown);
    if (nearest)
        fail_hint(*err, "%s; '%s' would do", wrong, nearest);
    else
        fail_hint(*err, "%s", wrong);
    fail_id(*err, "R3011");
    return -EINVAL;
}
