/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of mountinfo: "36 35 98:0 /root /mnt rw,noatime shared:1 - ext3 /dev/sda1 rw,errors=continue", see proc(5). */
#include "image/mount_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"

#define TABLE_MAX (16u << 20)

/* Undoes \NNN, in place. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
            from[3] <= '7') {
            *to++ = (char) ((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 3;
        } else
            *to++ = *from;
    }
    *to = '\0';
}

/* Commas that are part of a value are escaped, so the list is cut before that is undone. */
static void split_options(struct strings *list, const char *text)
{
    strings_split(list, text, ",");
    for (size_t i = 0; i < list->count; i++)
        unescape(list->item[i]);
}

static char *field(const char *text)
{
    char *copy = mem_copy_string(text);

    unescape(copy);
    return copy;
}

void mount_entry_done(struct mount_entry *entry)
{
    free(entry->device);
    free(entry->root);
    free(entry->mount_point);
    free(entry->type);
    strings_done(&entry->options);
    strings_done(&entry->super_options);
    *entry = (struct mount_entry){0};
}

int mount_entry_parse(const char *line, size_t size, struct mount_entry *ret, int *ret_id)
{
    CLEANUP(strings_done) struct strings fields = {0};
    auto_free char *text = mem_copy_bytes(line, size);
    size_t dash = 6;
    int32_t id;

    strings_split(&fields, text, " ");
    while (dash < fields.count && strcmp(fields.item[dash], "-") != 0)
        dash++;
    if (dash + 2 >= fields.count || parse_i32(fields.item[0], &id) < 0)
        return -EINVAL;

    *ret = (struct mount_entry){
        .device = mem_copy_string(fields.item[2]),
        .root = field(fields.item[3]),
        .mount_point = field(fields.item[4]),
        .type = field(fields.item[dash + 1]),
    };
    split_options(&ret->options, fields.item[5]);
    split_options(&ret->super_options, fields.item[fields.count - 1]);
    *ret_id = id;
    return 0;
}

static int mount_id_of(int fd)
{
    CLEANUP(strings_done) struct strings words = {0};
    auto_free char *info = NULL;
    char path[48];
    int32_t id;

    (void) snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    int r = file_read_quiet(AT_FDCWD, path, 4096, &info);
    if (r < 0)
        return r;
    strings_split(&words, info, " \t\n");
    for (size_t i = 0; i + 1 < words.count; i++)
        if (strcmp(words.item[i], "mnt_id:") == 0 && parse_i32(words.item[i + 1], &id) == 0)
            return id;
    return -ENOENT;
}

int mount_entry_of(int fd, struct mount_entry *ret, struct error **err)
{
    auto_free char *table = NULL;
    int wanted = mount_id_of(fd);
    if (wanted < 0)
        return fail(err, -wanted, "cannot tell which mount a directory lies on");

    if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", TABLE_MAX, &table, NULL, err) < 0)
        return -error_code(*err);
    for (const char *line = table, *end; *line; line = *end ? end + 1 : end) {
        struct mount_entry entry;
        int id;

        end = strchrnul(line, '\n');
        if (mount_entry_parse(line, (size_t) (end - line), &entry, &id) < 0)
            continue;
        if (id == wanted) {
            *ret = entry;
            return 0;
        }
        mount_entry_done(&entry);
    }
    return fail_plain(err, ENOENT, "a mount is not in the table of mounts");
}

const char *mount_entry_option(const struct mount_entry *entry, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < entry->super_options.count; i++)
        if (strncmp(entry->super_options.item[i], name, length) == 0 && entry->super_options.item[i][length] == '=')
            return entry->super_options.item[i] + length + 1;
    return NULL;
}
