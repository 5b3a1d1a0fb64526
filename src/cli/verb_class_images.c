/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* importctl list-images: images of all classes, not of machines alone. */
#include <string.h>

#include "base/mem.h"
#include "cli/table.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "image/find.h"
#include "image/image_info.h"

static const struct table_column columns[] = {
    {"CLASS", "class"}, {"NAME", "name"},     {"TYPE", "type"},   {"PATH", "path"},   {"RO", "ro"},
    {"CRTIME", "crtime"}, {"MTIME", "mtime"}, {"USAGE", "usage", .right = true}, {"LIMIT", "limit", .right = true},
};

static void add_time(struct table *table, uint64_t realtime_us)
{
    char text[TIMESTAMP_SIZE];

    table_add_number(table, realtime_us, timestamp_format(realtime_us, text));
}

static void add_size(struct table *table, uint64_t size)
{
    char text[SIZE_TEXT_SIZE];

    if (size == SIZE_UNKNOWN)
        table_add_nothing(table, NULL);
    else
        table_add_number(table, size, size_format(size, text));
}

static void add_image(struct table *table, const char *class, const struct image *image)
{
    struct image_info info;

    image_info_read(image, &info);
    table_add_text(table, class);
    table_add_text(table, image->name);
    table_add_text(table, image_type_name(image->type));
    table_add_text(table, image->path);
    table_add_bool(table, image->read_only, image->read_only ? "ro" : "rw");
    add_time(table, info.created_us);
    add_time(table, info.modified_us);
    add_size(table, info.usage);
    add_size(table, info.limit);
}

int verb_list_class_images(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    const struct table_style style = {
        .json = options->json, .legend = !options->no_legend, .full = options->full, .noun = "images"};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
    const char *class;

    (void) ret_status, (void) err;
    for (size_t i = 0; (class = image_class(i)); i++) {
        CLEANUP(images_done) struct images images = {0};

        if (options->class && strcmp(options->class, class) != 0)
            continue;
        image_list_class(class, options->user_scope, &images);
        for (size_t j = 0; j < images.count; j++)
            add_image(&table, class, &images.item[j]);
    }
    table_print(&table, &style);
    return 0;
}
