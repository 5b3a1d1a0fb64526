/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From words to a spec; a machine that is only named is looked for in the image folders. */
#include "cli/load_spec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "config/machine_name.h"
#include "config/options.h"
#include "image/find.h"
#include "machine/kept_limits.h"

static const char *last_value(const struct settings *settings, const char *flag)
{
    const char *value = NULL;

    for (size_t i = 0; i < settings->count; i++)
        if (settings->item[i].row->flag && strcmp(settings->item[i].row->flag, flag) == 0)
            value = settings->item[i].value;
    return value;
}

static bool has_flag(const struct settings *settings, const char *flag)
{
    for (size_t i = 0; i < settings->count; i++)
        if (settings->item[i].row->flag && strcmp(settings->item[i].row->flag, flag) == 0)
            return true;
    return false;
}

/* The name of the machine when nothing else on the command line says where its tree is. */
static const char *named_only(const struct settings *settings)
{
    static const char *const places[] = {"directory", "image", "mstack", "oci-bundle"};

    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (last_value(settings, places[i]))
            return NULL;
    return last_value(settings, "machine");
}

/* NAME.v/ stands for the newest version in it from here on: the machine's name and its file go by that, too. What
 * cannot be picked stays as it is, and is refused where it is opened. */
static void pick_versions(struct settings *settings)
{
    static const struct {
        const char *flag;
        int (*resolve)(const char *path, char **ret, struct error **err);
    } places[] = {
        {"directory", image_resolve_directory}, {"template", image_resolve_directory}, {"image", image_resolve_file},
    };

    for (size_t i = 0; i < settings->count; i++)
        for (size_t j = 0; j < COUNT_OF(places); j++) {
            struct assignment *item = &settings->item[i];
            auto_free char *path = NULL, *picked = NULL;
            auto_error struct error *ignored = NULL;

            if (!item->row->flag || strcmp(item->row->flag, places[j].flag) != 0 || !strstr(item->value, ".v") ||
                path_make_absolute(item->value, &path, &ignored) < 0 ||
                places[j].resolve(path, &picked, &ignored) < 0 || strcmp(path, picked) == 0)
                continue;
            free(item->value);
            item->value = TAKE(picked);
        }
}

static void take_image(struct spec *spec, struct image *image)
{
    char **place = image->type == IMAGE_DIRECTORY || image->type == IMAGE_SUBVOLUME ? &spec->directory
                   : image->type == IMAGE_MSTACK                                    ? &spec->mstack
                                                                                    : &spec->image;

    free(*place);
    *place = TAKE(image->path);
    spec->read_only |= image->read_only;
}

int spec_load(int argc, char **argv, struct settings *settings, struct spec *spec, enum argv_action *ret_action,
              struct error **err)
{
    CLEANUP(strings_done) struct strings kept = {0};
    CLEANUP(image_done) struct image image = {0};
    auto_free char *beside = NULL;
    bool privileged = geteuid() == 0;

    if (settings_read_argv(settings, argc, argv, ret_action, err) < 0)
        return -error_code(*err);
    if (*ret_action != ARGV_RUN)
        return 0;
    pick_versions(settings);

    /* what a machine left can be cleaned up when its tree is gone, too */
    const char *name = has_flag(settings, "cleanup") ? NULL : named_only(settings);
    if (name) {
        /* what is no name at all is refused below, in better words than "no such image" */
        if (machine_name_is_valid(name) && image_find(name, !privileged, &image, err) < 0)
            return -error_code(*err);
        beside = image.path ? path_parent(image.path) : NULL;
    }
    if (settings_resolve(settings, beside, privileged, environ, spec, err) < 0)
        return -error_code(*err);
    if (image.path)
        take_image(spec, &image);
    if (privileged && spec->machine && kept_limits_read(KEPT_LIMITS_FOLDER, spec->machine, &kept, err) < 0)
        return -error_code(*err);
    settings_add_kept(settings, &kept, spec);
    return 0;
}
