/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of assignments, and the way from it to a spec. Reading: settings_argv.c, settings_file.c; who wins:
 * settings_apply.c. */
#include "config/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/settings_list.h"

struct assignment *settings_add(struct settings *settings, const struct option_row *row, const char *value,
                                enum origin_kind origin, unsigned line)
{
    MEM_GROW(settings->item, settings->count);

    struct assignment *assignment = &settings->item[settings->count++];
    *assignment = (struct assignment){
        .row = row, .value = mem_copy_string(value), .origin = origin, .line = line, .state = ASSIGNMENT_COUNTS};
    return assignment;
}

option_parse_fn *assignment_parser(const struct assignment *assignment)
{
    const struct option_row *row = assignment->row;

    return assignment->origin == ORIGIN_FILE && row->parse_key ? row->parse_key : row->parse;
}

void settings_done(struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        free(settings->item[i].value);
    free(settings->item);
    free(settings->file);
    *settings = (struct settings){0};
}

/* Fresh spec, switches of the environment, then the assignments. */
static int fill(struct settings *settings, enum settings_mode mode, char **environ_list, struct spec *spec,
                struct error **err)
{
    spec_init(spec);
    if (spec_read_environment(spec, environ_list, err) < 0 || settings_apply(settings, mode, spec, err) < 0)
        return -error_code(*err);
    return 0;
}

static int read_file_of(struct settings *settings, const struct spec *spec, const char *directory_beside,
                        bool privileged, struct error **err)
{
    const char *tree = spec->image ? spec->image : spec->mstack ? spec->mstack : spec->directory;
    auto_free char *parent = directory_beside || !tree ? NULL : path_parent(tree);
    CLEANUP(strings_done) struct strings folders = {0};

    settings_list_folders(spec->scope_given ? spec->user_scope : !privileged, &folders);
    return settings_read_file_in(settings, &folders, spec->settings_name, directory_beside ? directory_beside : parent,
                                 spec->settings_mode == SETTINGS_TRUSTED, err);
}

int settings_resolve(struct settings *settings, const char *directory_beside, bool privileged, char **environ_list,
                     struct spec *spec, struct error **err)
{
    if (fill(settings, SETTINGS_NO, environ_list, spec, err) < 0)
        return -error_code(*err);

    enum settings_mode mode = spec->settings_mode;
    if (mode != SETTINGS_NO && !spec->oci_bundle) {
        if (spec_derive_settings_name(spec, err) < 0)
            return -error_code(*err);
        if (spec->settings_name && read_file_of(settings, spec, directory_beside, privileged, err) < 0)
            return -error_code(*err);
    }
    if (settings->file) {
        spec_done(spec);
        if (fill(settings, mode, environ_list, spec, err) < 0)
            return -error_code(*err);
    }
    return spec_resolve(spec, privileged, err);
}

static void add_kept(struct settings *settings, const struct option_row *row, const char *value)
{
    for (size_t i = 0; i < settings->count; i++)
        if (settings->item[i].row == row && settings->item[i].state == ASSIGNMENT_COUNTS)
            settings->item[i].state = ASSIGNMENT_OVERRIDDEN;
    (void) settings_add(settings, row, value, ORIGIN_KEPT, 0);
}

void settings_add_kept(struct settings *settings, const struct strings *limits, struct spec *spec)
{
    for (size_t i = 0; i < limits->count; i++) {
        size_t length = strcspn(limits->item[i], "=");
        auto_free char *key = mem_copy_bytes(limits->item[i], length);
        const struct option_row *row = option_by_key("Resources", key);

        strings_add(&spec->resources, limits->item[i]);
        if (row && limits->item[i][length] == '=')
            add_kept(settings, row, limits->item[i] + length + 1);
    }
}
