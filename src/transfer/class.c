/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders of classes and names of images. Used by redd-transfer and by what speaks to it. */
#include "transfer/class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/machine_name.h"

/* clang-format off */
static const struct { const char *name, *leaf; } classes[] = {
    [CLASS_MACHINE]  = {"machine",  "machines"},
    [CLASS_PORTABLE] = {"portable", "portables"},
    [CLASS_SYSEXT]   = {"sysext",   "extensions"},
    [CLASS_CONFEXT]  = {"confext",  "confexts"},
};
/* clang-format on */

const char *class_name(enum image_class class)
{
    return classes[class].name;
}

int class_parse(const char *text, enum image_class *ret, struct error **err)
{
    for (size_t i = CLASS_MACHINE; i < COUNT_OF(classes); i++)
        if (strcmp(text, classes[i].name) == 0) {
            *ret = (enum image_class) i;
            return 0;
        }
    fail_plain(err, EINVAL, "Failed to parse --class= parameter: %s", text);
    fail_id(*err, "R5030");
    fail_hint(*err, "the classes are machine, portable, sysext and confext");
    return -EINVAL;
}

char *class_folder(enum image_class class, bool user_scope)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (!user_scope)
        return mem_format("/var/lib/%s", classes[class].leaf);
    if (state && path_is_absolute(state))
        return mem_format("%s/%s", state, classes[class].leaf);
    return mem_format("%s/.local/state/%s", home && path_is_absolute(home) ? home : "", classes[class].leaf);
}

static bool file_name_is_valid(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > 200 || strchr(name, '/') || name[0] == '.')
        return false;
    for (const char *p = name; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 127)
            return false;
    return true;
}

int image_name_check(enum image_class class, const char *name, struct error **err)
{
    auto_free char *nearest = NULL;

    if (class == CLASS_MACHINE ? machine_name_is_valid(name) : file_name_is_valid(name))
        return 0;
    fail_plain(err, EINVAL, "Local name %s is not a suitable image name.", name);
    fail_id(*err, "R5031");
    nearest = class == CLASS_MACHINE ? machine_name_nearest(name) : NULL;
    if (nearest)
        fail_hint(*err, "the nearest valid name is '%s'", nearest);
    return -EINVAL;
}

char *image_name_derive(enum image_class class, const char *source)
{
    static const char *const packings[] = {".gz",   ".xz",   ".bz2", ".zst",   ".zstd",  ".lz4", ".lzma", ".lz", ".Z",
                                           ".tar",  ".tgz",  ".txz", ".tbz2",  ".tbz",   ".tzst", ".raw", ".img",
                                           ".qcow2", ".disk", ".bin", ".wsl", ".oci", ".squashfs", ".ociarchive",
                                           ".increment"};
    size_t size = strlen(source);

    if (strstr(source, "://"))
        size = strcspn(source, "?#");

    auto_free char *name = mem_copy_bytes(source, size);
    while (size > 0 && name[size - 1] == '/')
        name[--size] = '\0';

    const char *last = path_last(name);
    char *cut = mem_copy_string(last);
    for (size_t i = 0; i < COUNT_OF(packings); i++)
        if (string_ends(cut, packings[i]) && strlen(cut) > strlen(packings[i])) {
            cut[strlen(cut) - strlen(packings[i])] = '\0';
            i = (size_t) -1;    /* from the start: "disk.raw.tar.xz" has three */
        }
    if (class != CLASS_MACHINE)
        return cut;

    char *nearest = machine_name_nearest(cut);
    free(cut);
    return nearest;
}
