/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking snapshots, going back to them, and letting them go. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/history.h"
#include "image/image_act.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/remove_tree.h"

/* "2026-11-25T09-30-18": sorts by time, and is a file name. */
static char *tag_of_now(void)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32] = "";

    if (gmtime_r(&now, &utc))
        (void) strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &utc);
    return mem_copy_string(text);
}

static int check_tag(const char *tag, struct error **err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";

    if (*tag && *tag != '.' && *tag != '-' && strlen(tag) <= 100 && strspn(tag, allowed) == strlen(tag))
        return 0;
    fail_plain(err, EINVAL, "'%s' cannot be the name of a snapshot", tag);
    fail_hint(*err, "letters, digits and '._-+', 100 of them at most, no '.' or '-' in front");
    fail_id(*err, "R3031");
    return -EINVAL;
}

static int not_for_this(const struct image *image, struct error **err)
{
    fail_plain(err, EOPNOTSUPP, "'%s' is a %s, of which there are no snapshots", image->name,
               image->type == IMAGE_BLOCK ? "block device" : "link to another tree");
    fail_id(*err, "R3032");
    return -EOPNOTSUPP;
}

/* Opens snapshots/NAME in the pool, made when missing. */
static int open_history(const struct image_act *act, const char *name, int *ret_fd, struct error **err)
{
    auto_close int all_fd = pool_open_folder(&act->pool, "snapshots", true);

    if (all_fd < 0 || (mkdirat(all_fd, name, 0700) < 0 && errno != EEXIST) ||
        (*ret_fd = openat(all_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        return fail(err, errno, "cannot open the snapshots of '%s'", name);
    return 0;
}

/* A folder without snapshots says nothing. */
static void close_history(const struct image_act *act, const char *name)
{
    auto_close int all_fd = pool_open_folder(&act->pool, "snapshots", false);

    if (all_fd >= 0)
        (void) unlinkat(all_fd, name, AT_REMOVEDIR);
}

static int make_record(struct image_act *act, const struct image *image, int stop_fd, struct error **err)
{
    auto_close int record_fd = -1;
    enum clone_kind kind;
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    auto_free char *text = mem_format("# redd snapshot 1\nof=%s\ntaken=%lld%06ld\n", image->name,
                                      (long long) now.tv_sec, now.tv_nsec / 1000);
    if (mkdirat(act->work.fd, "record", 0700) < 0 ||
        (record_fd = openat(act->work.fd, "record", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return fail(err, errno, "cannot make a folder for the snapshot");
    if (pool_write_file(record_fd, "snapshot", text, err) < 0 ||
        image_copy(act, image, image->name, stop_fd, &kind, err) < 0)
        return -error_code(*err);
    if (renameat(act->work.fd, "image", record_fd, image->type == IMAGE_RAW ? "image.raw" : "tree") < 0)
        return fail(err, errno, "cannot put the snapshot together");
    return 0;
}

static int take(const struct image *image, const char *tag, bool frozen, int stop_fd, char **ret_tag,
                struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    enum act_lock lock = frozen || image->type == IMAGE_SUBVOLUME ? ACT_NO_LOCK : ACT_SHARED;
    auto_free char *own_tag = tag ? mem_copy_string(tag) : tag_of_now();
    auto_close int history_fd = -1;

    if (image->type == IMAGE_BLOCK || image_is_link(image))
        return not_for_this(image, err);
    act.frozen = frozen;
    if (check_tag(own_tag, err) < 0 || image_check_changeable(image, err) < 0 ||
        (!frozen && image_shorten(image, stop_fd, err) < 0) ||
        image_act_begin(&act, image, NULL, lock, err) < 0 ||
        make_record(&act, image, stop_fd, err) < 0 || open_history(&act, image->name, &history_fd, err) < 0)
        return -error_code(*err);
    int r = syscall(SYS_renameat2, act.work.fd, "record", history_fd, own_tag, RENAME_NOREPLACE) < 0 ? -errno : 0;
    /* the second one of a second */
    for (unsigned i = 2; r == -EEXIST && !tag && i < 100; i++) {
        free(own_tag);
        auto_free char *now = tag_of_now();
        own_tag = mem_format("%s-%u", now, i);
        r = syscall(SYS_renameat2, act.work.fd, "record", history_fd, own_tag, RENAME_NOREPLACE) < 0 ? -errno : 0;
    }
    if (r < 0) {
        r = fail(err, -r, "cannot put the snapshot '%s' into place", own_tag);

        if (r == -EEXIST)
            fail_hint(*err, "there is one of that name; 'redd snapshots %s' lists them", image->name);
        fail_id(*err, "R3033");
        close_history(&act, image->name);
        return r;
    }
    (void) fsync(history_fd);
    *ret_tag = TAKE(own_tag);
    return 0;
}

int history_take(const struct image *image, const char *tag, int stop_fd, char **ret_tag, struct error **err)
{
    return take(image, tag, false, stop_fd, ret_tag, err);
}

int history_take_frozen(const struct image *image, const char *tag, int stop_fd, char **ret_tag, struct error **err)
{
    return take(image, tag, true, stop_fd, ret_tag, err);
}

/* -- back -- */

/* What the image is now and what it becomes change names. */
static int exchange(struct image_act *act, const struct image *image, struct error **err)
{
    const char *file = path_last(image->entry);

    if (image->read_only && image->type == IMAGE_DIRECTORY)
        clear_flags(act->pool.folder_fd, file);
    if (syscall(SYS_renameat2, act->work.fd, "image", act->pool.folder_fd, file, RENAME_EXCHANGE) < 0) {
        int r = fail(err, errno, "cannot put the snapshot into the place of %s", image->entry);

        fail_id(*err, "R3034");
        return r;
    }
    (void) fsync(act->work.fd);
    if (image->read_only && image->type == IMAGE_DIRECTORY)
        flag_set(act->pool.folder_fd, file);
    (void) remove_tree(act->work.fd, "image/" LINEAGE_LINKS);
    return layers_collect(&act->pool, &act->work, err);
}

/* The machine was made when it was made, whatever it is set back to. */
static int copy_back(struct image_act *act, const struct image *image, const struct snapshot_record *record,
                     int stop_fd, struct error **err)
{
    const struct image then = {
        .name = image->name, .path = record->path, .entry = record->path, .type = record->type,
    };
    enum clone_kind kind;

    fd_closep(&act->fd);
    act->fd = open(record->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (act->fd < 0)
        return fail(err, errno, "cannot open the snapshot '%s'", record->tag);
    return image_copy(act, &then, image->name, stop_fd, &kind, err);
}

int history_restore(const struct image *image, const char *tag, int stop_fd, struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    CLEANUP(snapshot_record_done) struct snapshot_record record = {0};

    if (image_is_link(image))
        return not_for_this(image, err);
    if (image_check_changeable(image, err) < 0 || history_find(image, tag, &record, err) < 0 ||
        image_act_begin(&act, image, NULL, ACT_ALONE, err) < 0 ||
        copy_back(&act, image, &record, stop_fd, err) < 0 || exchange(&act, image, err) < 0)
        return -error_code(*err);
    return 0;
}

/* -- away -- */

static int remove_record(struct image_act *act, const char *name, const char *tag, struct error **err)
{
    auto_close int history_fd = -1;

    if (open_history(act, name, &history_fd, err) < 0)
        return -error_code(*err);
    if (renameat(history_fd, tag, act->work.fd, tag) < 0)
        return fail(err, errno, "cannot remove the snapshot '%s'", tag);
    auto_free char *links = mem_format("%s/tree/" LINEAGE_LINKS, tag);
    (void) remove_tree(act->work.fd, links);
    close_history(act, name);
    return layers_collect(&act->pool, &act->work, err);
}

/* The same on a full disk. */
static int discard_record(struct image_act *act, const char *name, const char *tag, struct error **err)
{
    auto_close int history_fd = -1;

    if (open_history(act, name, &history_fd, err) < 0)
        return -error_code(*err);
    int r = pool_discard(&act->pool, history_fd, tag);
    if (r < 0) {
        fail(err, -r, "cannot remove the snapshot '%s'", tag);
        if (r == -EDQUOT)
            fail_hint(*err, "what all images may take together is used up to the last block; 'redd set-limit BYTES' "
                            "allows more");
        return r;
    }
    close_history(act, name);
    image_collect_if_room(act);
    return 0;
}

int history_remove(const struct image *image, const char *tag, struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    CLEANUP(snapshot_record_done) struct snapshot_record record = {0};
    auto_error struct error *refused = NULL;

    if (history_find(image, tag, &record, err) < 0)
        return -error_code(*err);
    if (image_act_begin(&act, image, NULL, ACT_NO_LOCK, &refused) == 0)
        return remove_record(&act, image->name, tag, err);
    if (image_is_full(refused) && act.pool.lock_fd >= 0)
        return discard_record(&act, image->name, tag, err);
    *err = TAKE(refused);
    return -error_code(*err);
}

int history_expire(const struct image *image, const struct keep_rule *rule, struct strings *ret_removed,
                   struct error **err)
{
    CLEANUP(snapshot_records_done) struct snapshot_records records = {0};
    struct timespec now;

    if (history_list(image, &records, err) < 0)
        return -error_code(*err);
    (void) clock_gettime(CLOCK_REALTIME, &now);
    uint64_t now_us = (uint64_t) now.tv_sec * 1000000;
    for (size_t i = 0; i < records.count; i++) {
        const struct snapshot_record *record = &records.item[i];
        bool among_newest = rule->count > 0 && records.count - i <= rule->count;
        bool young = rule->age_us > 0 && record->taken_us + rule->age_us > now_us;

        if (among_newest || young)
            continue;
        if (history_remove(image, record->tag, err) < 0)
            return -error_code(*err);
        strings_add(ret_removed, record->tag);
    }
    return 0;
}
