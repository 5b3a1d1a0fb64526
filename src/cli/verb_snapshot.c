/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot, snapshots, restore, diff: images as they were. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/run_host.h"
#include "cli/table.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "image/find.h"
#include "image/history.h"
#include "image/tree_diff.h"
#include "machine/hold_still.h"
#include "machine/running.h"

static int read_keep(const struct verb_call *call, struct keep_rule *ret, struct error **err)
{
    if (!call->options->keep || keep_rule_parse(call->options->keep, ret) == 0)
        return 0;
    fail_plain(err, EINVAL, "Failed to parse --keep= value: %s", call->options->keep);
    fail_hint(*err, "as in 7 (the newest seven), 30d (those of thirty days), or 7,30d (whatever is either)");
    fail_id(*err, "R3035");
    return -EINVAL;
}

static int expire(const struct verb_call *call, const struct image *image, const struct keep_rule *rule,
                  struct error **err)
{
    CLEANUP(strings_done) struct strings removed = {0};

    if (!call->options->keep)
        return 0;
    int r = history_expire(image, rule, &removed, err);
    for (size_t i = 0; i < removed.count && !call->options->quiet; i++)
        log_info("Removed the snapshot '%s' of '%s'.", removed.item[i], image->name);
    return r;
}

/* Of one that runs: with its machine held still for as long as that takes. */
static int take_running(const struct image *image, const char *tag, int stop_fd, char **ret_tag, struct error **err)
{
    CLEANUP(machine_let_go) struct still_machine machine = {.leash_fd = -1};
    const struct registry registry = host_registry();

    if (machine_hold_still(&registry, image->path, &machine, err) < 0)
        return -error_code(*err);
    return history_take_frozen(image, tag, stop_fd, ret_tag, err);
}

static int take(const struct image *image, const char *tag, int stop_fd, char **ret_tag, struct error **err)
{
    auto_error struct error *refused = NULL, *no_machine = NULL;

    int r = history_take(image, tag, stop_fd, ret_tag, &refused);
    if (r == -EBUSY) {
        r = take_running(image, tag, stop_fd, ret_tag, &no_machine);
        if (r < 0 && r != -ENXIO) {
            *err = TAKE(no_machine);
            return r;
        }
    }
    if (r < 0)
        *err = TAKE(refused);
    return r;
}

static void print_taken(const struct image *image, const char *tag, enum json_style style)
{
    struct json json = {.style = style};

    json_object(&json, NULL);
    json_string(&json, "image", image->name);
    json_string(&json, "tag", tag);
    json_end(&json);
    json_finish(&json);
}

int verb_snapshot(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};
    auto_close int stop_fd = interrupt_open();
    struct keep_rule rule = {0};
    auto_free char *tag = NULL;

    (void) ret_status;
    if (read_keep(call, &rule, err) < 0)
        return -error_code(*err);
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0 ||
        take(&image, call->argc > 1 ? call->argv[1] : NULL, stop_fd, &tag, err) < 0)
        return fail_in(err, "Could not take a snapshot");
    if (call->options->json != JSON_OFF)
        print_taken(&image, tag, call->options->json);
    else if (!call->options->quiet)
        (void) puts(tag);
    return expire(call, &image, &rule, err) < 0 ? fail_in(err, "Could not remove old snapshots") : 0;
}

static const struct table_column columns[] = {
    {"IMAGE", "image"}, {"TAG", "tag"}, {"TYPE", "type"}, {"TAKEN", "taken"}, {"AGE", "age", .hidden = true},
};

static void add_record(struct table *table, const struct image *image, const struct snapshot_record *record)
{
    char text[TIMESTAMP_SIZE];

    table_add_text(table, image->name);
    table_add_text(table, record->tag);
    table_add_text(table, record->layered ? "layers" : image_type_name(record->type));
    table_add_number(table, record->taken_us, timestamp_format(record->taken_us, text));
    table_add_text(table, timestamp_format_relative(record->taken_us, text));
}

static int add_image(const struct verb_call *call, const struct image *image, const struct keep_rule *rule,
                     struct table *table, struct error **err)
{
    CLEANUP(snapshot_records_done) struct snapshot_records records = {0};

    if (expire(call, image, rule, err) < 0 || history_list(image, &records, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < records.count; i++)
        add_record(table, image, &records.item[i]);
    return 0;
}

static int add_all(const struct verb_call *call, const struct keep_rule *rule, struct table *table, struct error **err)
{
    CLEANUP(images_done) struct images images = {0};

    image_list(call->options->user_scope, &images);
    for (size_t i = 0; i < images.count; i++)
        if (add_image(call, &images.item[i], rule, table, err) < 0)
            return -error_code(*err);
    return 0;
}

static int add_named(const struct verb_call *call, const struct keep_rule *rule, struct table *table,
                     struct error **err)
{
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        if (image_get(call->argv[i], call->options->user_scope, &image, err) < 0 ||
            add_image(call, &image, rule, table, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

int verb_snapshots(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct table_style style = {.json = call->options->json,
                                      .legend = !call->options->no_legend,
                                      .full = call->options->full,
                                      .noun = "snapshots"};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
    struct keep_rule rule = {0};

    (void) ret_status;
    if (read_keep(call, &rule, err) < 0)
        return -error_code(*err);
    int r = call->argc == 0 ? add_all(call, &rule, &table, err) : add_named(call, &rule, &table, err);
    if (r < 0)
        return fail_in(err, "Could not list snapshots");
    table_print(&table, &style);
    return 0;
}

/* --now: the machine is stopped, set back, and started again. */
static int restore_running(const struct verb_call *call, const struct image *image, const char *name, int stop_fd,
                           struct error **err)
{
    CLEANUP(running_done) struct running machine = RUNNING_INIT;
    CLEANUP(snapshot_record_done) struct snapshot_record record = {0};
    const struct registry registry = host_registry();
    char *words[] = {(char *) name, NULL};
    struct verb_call start = *call;
    int status = 0;

    /* nothing is stopped for a snapshot that is not there */
    if (history_find(image, call->argv[1], &record, err) < 0 || running_open(&registry, name, &machine, err) < 0 ||
        running_stop(&machine, STOP_TIMEOUT_DEFAULT_US, err) < 0 ||
        history_restore(image, call->argv[1], stop_fd, err) < 0)
        return -error_code(*err);
    start.argc = 1;
    start.argv = words;
    interrupt_unblock();
    return verb_start(&start, &status, err);
}

int verb_restore(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};
    const struct registry registry = host_registry();
    auto_close int stop_fd = interrupt_open();
    auto_free char *name = NULL;

    (void) ret_status;
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0)
        return fail_in(err, "Could not restore the snapshot");
    name = machine_running_from(&registry, image.path);
    if (name && !call->options->now) {
        fail_plain(err, EBUSY, "machine '%s' runs", name);
        fail_hint(*err, "--now stops it, restores, and starts it again");
        fail_id(*err, "R3037");
        return fail_in(err, "Could not restore the snapshot");
    }
    int r = name ? restore_running(call, &image, name, stop_fd, err)
                 : history_restore(&image, call->argv[1], stop_fd, err);
    return r < 0 ? fail_in(err, "Could not restore the snapshot") : 0;
}

int verb_remove_snapshot(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};

    (void) ret_status;
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0)
        return fail_in(err, "Could not remove the snapshot");
    for (int i = 1; i < call->argc; i++)
        if (history_remove(&image, call->argv[i], err) < 0)
            return fail_in(err, "Could not remove the snapshot");
    return 0;
}

/* -- diff -- */

static void print_change(void *context, char change, const char *path)
{
    struct table *table = context;
    const char word[] = {change, '\0'};

    if (!table) {
        (void) printf("%c /%s\n", change, path);
        return;
    }
    auto_free char *absolute = mem_format("/%s", path);
    table_add_text(table, word);
    table_add_text(table, absolute);
}

static int open_then(const struct image *image, const char *tag, int *ret_fd, struct error **err)
{
    CLEANUP(snapshot_record_done) struct snapshot_record record = {0};

    if (history_find(image, tag, &record, err) < 0)
        return -error_code(*err);
    const struct image then = {
        .name = image->name, .path = record.path, .entry = record.path, .type = record.type,
    };
    return image_tree_open(&then, ret_fd, err);
}

/* The newest snapshot when none is named. */
static int open_both(const struct verb_call *call, const struct image *image, int *ret_then, int *ret_now,
                     struct error **err)
{
    CLEANUP(snapshot_records_done) struct snapshot_records records = {0};
    const char *tag = call->argc > 1 ? call->argv[1] : NULL;

    if (image->type == IMAGE_RAW || image->type == IMAGE_BLOCK) {
        fail_plain(err, EOPNOTSUPP, "'%s' is a disk image, whose files are not compared", image->name);
        fail_id(*err, "R3036");
        return -EOPNOTSUPP;
    }
    if (!tag && history_list(image, &records, err) < 0)
        return -error_code(*err);
    if (!tag && records.count > 0)
        tag = records.item[records.count - 1].tag;
    if (open_then(image, tag ? tag : "", ret_then, err) < 0)
        return -error_code(*err);
    return call->argc > 2 ? open_then(image, call->argv[2], ret_now, err) : image_tree_open(image, ret_now, err);
}

int verb_diff(const struct verb_call *call, int *ret_status, struct error **err)
{
    static const struct table_column change_columns[] = {{"CHANGE", "change"}, {"PATH", "path"}};
    const struct table_style style = {.json = call->options->json};
    CLEANUP(table_done) struct table table = {change_columns, COUNT_OF(change_columns)};
    CLEANUP(image_done) struct image image = {0};
    auto_close int then_fd = -1, now_fd = -1;
    bool json = style.json != JSON_OFF;

    (void) ret_status;
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0 ||
        open_both(call, &image, &then_fd, &now_fd, err) < 0 ||
        tree_diff(then_fd, now_fd, print_change, json ? &table : NULL, err) < 0)
        return fail_in(err, "Could not compare");
    if (json)
        table_print(&table, &style);
    return 0;
}
