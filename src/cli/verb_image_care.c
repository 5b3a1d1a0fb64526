/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount, unmount, verify, repair: looking after images. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/verb.h"
#include "image/find.h"
#include "image/image_mount.h"
#include "image/repair.h"
#include "image/verify.h"

int verb_mount(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};
    auto_free char *place = NULL;

    (void) ret_status;
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0)
        return fail_in(err, "Could not mount image");
    if (call->argc > 1 && path_make_absolute(call->argv[1], &place, err) < 0)
        return -error_code(*err);
    if (!place)
        place = image_mount_place(&image);
    if (image_mount(&image, place, call->options->read_only, err) < 0)
        return fail_in(err, "Could not mount image");
    if (!call->options->quiet)
        (void) puts(place);
    return 0;
}

int verb_unmount(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    for (int i = 0; i < call->argc; i++) {
        const struct image image = {.name = call->argv[i]};
        auto_free char *place = NULL;

        if (!strchr(call->argv[i], '/'))
            place = image_mount_place(&image);
        else if (path_make_absolute(call->argv[i], &place, err) < 0)
            return -error_code(*err);
        if (image_unmount(place, err) < 0)
            return fail_in(err, "Could not unmount image");
    }
    return 0;
}

/* -- verify -- */

static void print_problems(const struct strings *problems, const struct verified *verified, bool quiet)
{
    for (size_t i = 0; i < problems->count; i++)
        (void) puts(problems->item[i]);
    if (quiet)
        return;
    (void) printf("%zu images, %zu layers, %zu snapshots: ", verified->images, verified->layers, verified->snapshots);
    if (problems->count == 0)
        (void) puts("nothing is wrong.");
    else
        (void) printf("%zu problem%s.\n", problems->count, problems->count == 1 ? "" : "s");
}

static void print_problems_json(const struct strings *problems, const struct verified *verified, enum json_style style)
{
    struct json json = {.style = style};

    json_object(&json, NULL);
    json_unsigned(&json, "images", verified->images);
    json_unsigned(&json, "layers", verified->layers);
    json_unsigned(&json, "snapshots", verified->snapshots);
    json_array(&json, "problems");
    for (size_t i = 0; i < problems->count; i++)
        json_string(&json, NULL, problems->item[i]);
    json_end(&json);
    json_end(&json);
    json_finish(&json);
}

static int verify_all(bool user_scope, struct strings *problems, struct verified *verified, struct error **err)
{
    CLEANUP(strings_done) struct strings folders = {0};

    image_folders(user_scope, &folders);
    for (size_t i = 0; i < folders.count; i++) {
        auto_error struct error *failure = NULL;

        if (pool_verify(folders.item[i], NULL, problems, verified, &failure) < 0 && error_code(failure) != ENOENT) {
            *err = TAKE(failure);
            return -error_code(*err);
        }
    }
    return 0;
}

int verb_verify(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(strings_done) struct strings problems = {0};
    struct verified verified = {0};

    int r = call->argc == 0 ? verify_all(call->options->user_scope, &problems, &verified, err) : 0;
    for (int i = 0; r == 0 && i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};
        auto_free char *folder = NULL;

        r = image_get(call->argv[i], call->options->user_scope, &image, err);
        if (r == 0) {
            folder = path_parent(image.entry);
            r = pool_verify(folder, path_last(image.entry), &problems, &verified, err);
        }
    }
    if (r < 0)
        return fail_in(err, "Could not verify");
    if (call->options->json != JSON_OFF)
        print_problems_json(&problems, &verified, call->options->json);
    else
        print_problems(&problems, &verified, call->options->quiet);
    *ret_status = problems.count > 0;
    return 0;
}

/* -- repair -- */

static void print_plan(const char *name, const struct repair *plan)
{
    if (plan->unlinked) {
        (void) printf("%s: a copy of a machine in layers, whose links are missing\n", name);
        return;
    }
    for (size_t i = 0; i < plan->n_ranges; i++)
        (void) printf("%s: %" PRIu64 " files of the range from %u\n", name, plan->range[i].files, plan->range[i].base);
    if (plan->to_change == 0)
        (void) printf("%s: nothing is wrong\n", name);
}

/* What was to be done, and the number of files that were. */
static void print_repair_json(const char *name, const struct repair *plan, uint64_t changed, enum json_style style)
{
    struct json json = {.style = style};

    json_object(&json, NULL);
    json_string(&json, "image", name);
    json_bool(&json, "unlinked", plan->unlinked);
    json_array(&json, "ranges");
    for (size_t i = 0; i < plan->n_ranges; i++) {
        json_object(&json, NULL);
        json_unsigned(&json, "base", plan->range[i].base);
        json_unsigned(&json, "files", plan->range[i].files);
        json_end(&json);
    }
    json_end(&json);
    json_unsigned(&json, "wrong", plan->to_change);
    json_unsigned(&json, "moved", changed);
    json_end(&json);
    json_finish(&json);
}

static int repair_for_programs(const struct verb_call *call, const struct image *image, int stop_fd,
                               struct error **err)
{
    CLEANUP(repair_done) struct repair plan = {0};
    uint64_t changed = 0;

    if (image_repair_plan(image, &plan, err) < 0)
        return -error_code(*err);
    if ((plan.to_change > 0 || plan.unlinked) && !call->options->dry_run &&
        image_repair(image, &plan, stop_fd, &changed, err) < 0)
        return -error_code(*err);
    print_repair_json(image->name, &plan, changed, call->options->json);
    return 0;
}

static int repair_one(const struct verb_call *call, const struct image *image, int stop_fd, struct error **err)
{
    CLEANUP(repair_done) struct repair plan = {0};
    bool dry_run = call->options->dry_run, quiet = call->options->quiet;
    uint64_t changed;

    if (image_repair_plan(image, &plan, err) < 0)
        return -error_code(*err);
    if (dry_run || !quiet)
        print_plan(image->name, &plan);
    if (plan.to_change == 0 && !plan.unlinked)
        return 0;
    if (dry_run) {
        if (!plan.unlinked)
            (void) printf("%s: %" PRIu64 " files would be moved to the range from %u\n", image->name, plan.to_change,
                          plan.base);
        return 0;
    }
    if (image_repair(image, &plan, stop_fd, &changed, err) < 0)
        return -error_code(*err);
    if (!quiet && !plan.unlinked)
        (void) printf("%s: %" PRIu64 " files moved to the range from %u\n", image->name, changed, plan.base);
    return 0;
}

int verb_repair(const struct verb_call *call, int *ret_status, struct error **err)
{
    auto_close int stop_fd = interrupt_open();

    (void) ret_status;
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        if (image_get(call->argv[i], call->options->user_scope, &image, err) < 0 ||
            (call->options->json != JSON_OFF ? repair_for_programs : repair_one)(call, &image, stop_fd, err) < 0)
            return fail_in(err, "Could not repair image");
    }
    return 0;
}
