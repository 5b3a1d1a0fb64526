/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots as they are read. What takes and restores them is in history_change.c. */
#include "image/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "config/quantity.h"
#include "image/btrfs.h"
#include "image/lineage.h"
#include "image/pool.h"

void snapshot_record_done(struct snapshot_record *record)
{
    free(record->tag);
    free(record->path);
    *record = (struct snapshot_record){0};
}

void snapshot_records_done(struct snapshot_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        snapshot_record_done(&records->item[i]);
    free(records->item);
    *records = (struct snapshot_records){0};
}

static uint64_t read_time(int dir_fd)
{
    auto_free char *text = NULL;
    uint64_t value = 0;

    if (file_read_quiet(dir_fd, "snapshot", 4096, &text) < 0)
        return 0;
    char *at = strstr(text, "\ntaken=");
    if (!at)
        return 0;
    at += strlen("\ntaken=");
    at[strcspn(at, "\n")] = '\0';
    return parse_u64(at, &value) < 0 ? 0 : value;
}

/* 1: *ret is filled; 0: it is not whole. */
static int read_record(const char *folder, int snapshots_fd, const char *tag, struct snapshot_record *ret)
{
    auto_close int fd = openat(snapshots_fd, tag, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_close int tree_fd = fd < 0 ? -1 : openat(fd, "tree", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || (tree_fd < 0 && fstatat(fd, "image.raw", &st, AT_SYMLINK_NOFOLLOW) < 0))
        return 0;
    *ret = (struct snapshot_record){
        .tag = mem_copy_string(tag),
        .taken_us = read_time(fd),
        .type = tree_fd < 0 ? IMAGE_RAW : btrfs_is_subvolume(tree_fd) ? IMAGE_SUBVOLUME : IMAGE_DIRECTORY,
        .layered = tree_fd >= 0 && lineage_is_likely(tree_fd),
        .path = mem_format("%s/%s/%s", folder, tag, tree_fd < 0 ? "image.raw" : "tree"),
    };
    return 1;
}

static int compare_records(const void *a, const void *b)
{
    const struct snapshot_record *x = a, *y = b;

    return x->taken_us != y->taken_us ? (x->taken_us < y->taken_us ? -1 : 1) : strcmp(x->tag, y->tag);
}

int history_list(const struct image *image, struct snapshot_records *ret, struct error **err)
{
    auto_free char *parent = path_parent(image->entry);
    auto_free char *folder = mem_format("%s/" POOL_NAME "/snapshots/%s", parent, image->name);
    DIR *dir = opendir(folder);

    *ret = (struct snapshot_records){0};
    if (!dir)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot read %s", folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct snapshot_record record;

        if (entry->d_name[0] == '.' || read_record(folder, dirfd(dir), entry->d_name, &record) != 1)
            continue;
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count++] = record;
    }
    (void) closedir(dir);
    if (ret->count > 0)
        qsort(ret->item, ret->count, sizeof *ret->item, compare_records);
    return 0;
}

int history_find(const struct image *image, const char *tag, struct snapshot_record *ret, struct error **err)
{
    CLEANUP(snapshot_records_done) struct snapshot_records records = {0};
    auto_free const char **tags = NULL;

    if (history_list(image, &records, err) < 0)
        return -error_code(*err);
    tags = mem_alloc((records.count + 1) * sizeof *tags);
    for (size_t i = 0; i < records.count; i++) {
        tags[i] = records.item[i].tag;
        if (strcmp(tags[i], tag) != 0)
            continue;
        *ret = records.item[i];
        records.item[i] = (struct snapshot_record){0};
        return 0;
    }
    const char *nearest = string_nearest(tag, tags, records.count);
    fail_plain(err, ENOENT, "'%s' has no snapshot '%s'", image->name, tag);
    if (nearest)
        fail_hint(*err, "did you mean '%s'? 'redd snapshots %s' lists them", nearest, image->name);
    else if (records.count > 0)
        fail_hint(*err, "'redd snapshots %s' lists them; the newest is '%s'", image->name, tags[records.count - 1]);
    else
        fail_hint(*err, "it has none; 'redd snapshot %s' takes one", image->name);
    fail_id(*err, "R3030");
    return -ENOENT;
}

int keep_rule_parse(const char *text, struct keep_rule *ret)
{
    CLEANUP(strings_done) struct strings words = {0};
    struct keep_rule rule = {0};

    strings_split(&words, text, ",");
    for (size_t i = 0; i < words.count; i++) {
        uint32_t count;

        if (parse_u32(words.item[i], &count) == 0 && count > 0)
            rule.count = count;
        else if (quantity_parse_time(words.item[i], 0, &rule.age_us) < 0 || rule.age_us == 0)
            return -EINVAL;
    }
    if (rule.count == 0 && rule.age_us == 0)
        return -EINVAL;
    *ret = rule;
    return 0;
}
