/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone, rename, remove, read-only, set-limit, clean, flatten: what is done to whole images. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/interrupt.h"
#include "cli/run_host.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "config/quantity.h"
#include "image/find.h"
#include "image/image_info.h"
#include "image/image_limit.h"
#include "image/image_verbs.h"
#include "machine/hold_still.h"

/* Images may have names that no machine can have. */
static void remark_on_name(const struct verb_call *call, const char *name)
{
    auto_free char *nearest = machine_name_is_valid(name) ? NULL : machine_name_nearest(name);

    if (nearest && !call->options->quiet)
        log_info("'%s' cannot be the name of a machine; to start it by its name, call it '%s'", name, nearest);
}

/* Of one that runs: with its machine held still for as long as that takes. */
static int clone_running(const struct verb_call *call, const struct image *image, const char *folder, int stop_fd,
                         enum clone_kind *ret_kind, struct error **err)
{
    CLEANUP(machine_let_go) struct still_machine machine = {.leash_fd = -1};
    const struct registry registry = host_registry();

    if (machine_hold_still(&registry, image->path, &machine, err) < 0)
        return -error_code(*err);
    return image_clone_frozen(image, folder, call->argv[1], call->options->read_only, stop_fd, ret_kind, err);
}

static int clone_image(const struct verb_call *call, const struct image *image, const char *folder, int stop_fd,
                       enum clone_kind *ret_kind, struct error **err)
{
    auto_error struct error *refused = NULL, *no_machine = NULL;

    int r = image_clone(image, folder, call->argv[1], call->options->read_only, stop_fd, ret_kind, &refused);
    if (r == -EBUSY) {
        r = clone_running(call, image, folder, stop_fd, ret_kind, &no_machine);
        if (r < 0 && r != -ENXIO) {
            *err = TAKE(no_machine);
            return r;
        }
    }
    if (r < 0)
        *err = TAKE(refused);
    return r;
}

int verb_clone(const struct verb_call *call, int *ret_status, struct error **err)
{
    bool user_scope = call->options->user_scope;
    auto_free char *folder = image_new_folder(user_scope);
    CLEANUP(image_done) struct image image = {0};
    auto_close int stop_fd = interrupt_open();
    enum clone_kind kind;

    (void) ret_status;
    if (image_get(call->argv[0], user_scope, &image, err) < 0 ||
        clone_image(call, &image, folder, stop_fd, &kind, err) < 0)
        return fail_in(err, "Could not clone image");
    log_debug("'%s' is a clone of '%s', made by %s", call->argv[1], call->argv[0], clone_kind_name(kind));
    remark_on_name(call, call->argv[1]);
    return 0;
}

int verb_rename(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};

    (void) ret_status;
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0 ||
        image_rename(&image, call->argv[1], err) < 0)
        return fail_in(err, "Could not rename image");
    remark_on_name(call, call->argv[1]);
    return 0;
}

static int remove_one(const struct verb_call *call, const struct image *image, struct error **err)
{
    auto_free char *kept = NULL;
    bool is_link = image_is_link(image);

    if (image_remove(image, call->options->purge, &kept, err) < 0)
        return -error_code(*err);
    if (kept && !call->options->quiet)
        log_info("Kept %s, which is the administrator's; --purge removes it too.", kept);
    if (is_link && !call->options->quiet)
        log_info("'%s' was a link; %s stays.", image->name, image->path);
    return 0;
}

int verb_remove(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        if (image_get(call->argv[i], call->options->user_scope, &image, err) < 0 || remove_one(call, &image, err) < 0)
            return fail_in(err, "Could not remove image");
    }
    return 0;
}

int verb_read_only(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};
    int value = call->argc > 1 ? parse_boolean(call->argv[1]) : 1;

    (void) ret_status;
    if (value < 0) {
        fail_plain(err, EINVAL, "Failed to parse boolean argument: %s", call->argv[1]);
        fail_hint(*err, "it is yes or no");
        fail_id(*err, "R3020");
        return -EINVAL;
    }
    if (image_get(call->argv[0], call->options->user_scope, &image, err) < 0 ||
        image_set_read_only(&image, value, err) < 0)
        return fail_in(err, "Could not mark image read-only");
    return 0;
}

int verb_set_limit(const struct verb_call *call, int *ret_status, struct error **err)
{
    const char *text = call->argv[call->argc - 1];
    auto_free char *folder = image_new_folder(call->options->user_scope);
    CLEANUP(image_done) struct image image = {0};
    uint64_t bytes = UINT64_MAX;

    (void) ret_status;
    if (strcmp(text, "-") != 0 && quantity_parse_bytes(text, &bytes) < 0) {
        fail_plain(err, EINVAL, "Failed to parse size: %s", text);
        fail_hint(*err, "as in 500M, 10G, or '-' for none");
        fail_id(*err, "R3021");
        return -EINVAL;
    }
    int r = call->argc == 1 ? pool_set_limit(folder, bytes, err)
                            : image_get(call->argv[0], call->options->user_scope, &image, err);
    if (r == 0 && call->argc > 1)
        r = image_set_limit(&image, bytes, err);
    return r < 0 ? fail_in(err, "Could not set limit") : 0;
}

int verb_flatten(const struct verb_call *call, int *ret_status, struct error **err)
{
    auto_close int stop_fd = interrupt_open();

    (void) ret_status;
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        if (image_get(call->argv[i], call->options->user_scope, &image, err) < 0 ||
            image_flatten(&image, stop_fd, err) < 0)
            return fail_in(err, "Could not flatten image");
    }
    return 0;
}

/* The distribution's stay in any case. */
static bool is_to_be_cleaned(const struct image *image, bool all)
{
    return strcmp(image->name, ".host") != 0 && !image_is_vendors(image) && (all || image->name[0] == '.');
}

int verb_clean(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(images_done) struct images images = {0};
    uint64_t freed = 0;
    unsigned removed = 0;
    bool known = true;
    char text[SIZE_TEXT_SIZE];

    (void) ret_status;
    image_list(call->options->user_scope, &images);
    for (size_t i = 0; i < images.count; i++) {
        const struct image *image = &images.item[i];
        struct image_info info;

        if (!is_to_be_cleaned(image, call->options->all))
            continue;
        image_info_read(image, &info);
        if (remove_one(call, image, err) < 0)
            return fail_in(err, "Could not clean pool: Failed to remove image '%s'", image->name);
        removed++;
        known &= info.usage_exclusive != SIZE_UNKNOWN;
        freed += known ? info.usage_exclusive : 0;
        if (info.usage_exclusive == SIZE_UNKNOWN)
            (void) printf("Removed image '%s'\n", image->name);
        else
            (void) printf("Removed image '%s'. Freed exclusive disk space: %s\n", image->name,
                          size_format(info.usage_exclusive, text));
    }
    if (known)
        (void) printf("Removed %u images in total. Total freed exclusive disk space: %s.\n", removed,
                      size_format(freed, text));
    else
        (void) printf("Removed %u images in total.\n", removed);
    return 0;
}
