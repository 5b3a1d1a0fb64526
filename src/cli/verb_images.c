/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list-images, show-image: what machines can be made of. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/properties.h"
#include "cli/table.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "image/find.h"
#include "image/image_info.h"

static const struct table_column columns[] = {
    {"NAME", "name"},
    {"TYPE", "type"},
    {"RO", "ro"},
    {"USAGE", "usage", .right = true},
    {"CREATED", "created"},
    {"MODIFIED", "modified"},
};

static void add_time(struct table *table, uint64_t realtime_us)
{
    char text[TIMESTAMP_SIZE];

    table_add_number(table, realtime_us, timestamp_format(realtime_us, text));
}

static void add_image(struct table *table, const struct image *image)
{
    char size[SIZE_TEXT_SIZE];
    struct image_info info;

    image_info_read(image, &info);
    table_add_text(table, image->name);
    table_add_text(table, image_type_name(image->type));
    table_add_bool(table, image->read_only, image->read_only ? "yes" : "no");
    if (info.usage == SIZE_UNKNOWN)
        table_add_nothing(table, "");
    else
        table_add_number(table, info.usage, size_format(info.usage, size));
    add_time(table, info.created_us);
    add_time(table, info.modified_us);
}

int verb_list_images(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    const struct table_style style = {
        .json = options->json, .legend = !options->no_legend, .full = options->full, .noun = "images"};
    CLEANUP(images_done) struct images images = {0};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};

    (void) ret_status, (void) err;
    image_list(options->user_scope, &images);
    for (size_t i = 0; i < images.count; i++)
        if (options->all || images.item[i].name[0] != '.')
            add_image(&table, &images.item[i]);
    table_print(&table, &style);
    return 0;
}

static void show(struct properties *out, const struct image *image)
{
    struct image_info info;

    image_info_read(image, &info);
    properties_begin(out, true);
    property_text(out, "Name", image->name);
    property_text(out, "Path", image->path);
    property_text(out, "Type", image_type_name(image->type));
    property_bool(out, "ReadOnly", image->read_only);
    property_time(out, "CreationTimestamp", info.created_us);
    property_time(out, "ModificationTimestamp", info.modified_us);
    property_number(out, "Usage", info.usage, NULL);
    property_number(out, "Limit", info.limit, info.limit == SIZE_UNKNOWN ? "infinity" : NULL);
    property_number(out, "UsageExclusive", info.usage_exclusive, NULL);
    property_number(out, "LimitExclusive", info.limit_exclusive,
                    info.limit_exclusive == SIZE_UNKNOWN ? "infinity" : NULL);
    properties_end(out);
}

static void show_pool(struct properties *out, bool user_scope)
{
    auto_free char *folder = image_new_folder(user_scope);
    struct image_info info;

    image_pool_read(folder, &info);
    properties_begin(out, false);
    property_text(out, "PoolPath", folder);
    property_number(out, "PoolUsage", info.usage, NULL);
    property_number(out, "PoolLimit", info.limit, NULL);
    properties_end(out);
}

int verb_show_image(const struct verb_call *call, int *ret_status, struct error **err)
{
    struct properties out = {.options = call->options};
    int r = 0;

    (void) ret_status;
    if (call->argc == 0)
        show_pool(&out, call->options->user_scope);
    for (int i = 0; r == 0 && i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        r = image_get(call->argv[i], call->options->user_scope, &image, err);
        if (r == 0)
            show(&out, &image);
    }
    properties_finish(&out);
    return r < 0 ? fail_in(err, "Could not get path to image") : 0;
}
