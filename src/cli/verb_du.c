/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* du: what images take on disk, their own and shared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/table.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "image/find.h"
#include "image/usage.h"

static const struct table_column columns[] = {
    {"NAME", "name"},
    {"TYPE", "type"},
    {"OWN", "own", .right = true},
    {"SHARED", "shared", .right = true},
    {"SNAPSHOTS", "snapshots", .right = true},
    {"COUNT", "snapshot_count", .hidden = true},
    {"LAYERS", "layers", .hidden = true},
};

static void add_size(struct table *table, uint64_t bytes)
{
    char text[SIZE_TEXT_SIZE];

    table_add_number(table, bytes, size_format(bytes, text));
}

static bool is_wanted(const struct verb_call *call, const struct image *image)
{
    for (int i = 0; i < call->argc; i++)
        if (strcmp(call->argv[i], image->name) == 0)
            return true;
    return call->argc == 0 && strcmp(image->name, ".host") != 0 && (call->options->all || image->name[0] != '.');
}

static int check_names(const struct verb_call *call, struct error **err)
{
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        if (image_get(call->argv[i], call->options->user_scope, &image, err) < 0)
            return fail_in(err, "Could not tell the size of an image");
    }
    return 0;
}

int verb_du(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct table_style style = {.json = call->options->json, .legend = !call->options->no_legend};
    CLEANUP(images_done) struct images images = {0};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
    char text[SIZE_TEXT_SIZE];
    uint64_t total;

    (void) ret_status;
    if (check_names(call, err) < 0)
        return -error_code(*err);
    image_list(call->options->user_scope, &images);
    auto_free struct image_usage *usage = mem_alloc((images.count + 1) * sizeof *usage);
    if (images_usage_read(&images, usage, &total, err) < 0)
        return fail_in(err, "Could not tell the size of images");
    for (size_t i = 0; i < images.count; i++) {
        if (!is_wanted(call, &images.item[i]))
            continue;
        table_add_text(&table, images.item[i].name);
        table_add_text(&table, image_type_name(images.item[i].type));
        add_size(&table, usage[i].own);
        add_size(&table, usage[i].shared);
        add_size(&table, usage[i].snapshots);
        table_add_number(&table, usage[i].n_snapshots, NULL);
        table_add_number(&table, usage[i].n_layers, NULL);
    }
    table_print(&table, &style);
    if (style.legend && style.json == JSON_OFF && call->argc == 0)
        (void) printf("\n%s in total; what is shared counts once.\n", size_format(total, text));
    return 0;
}
