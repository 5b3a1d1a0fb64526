/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file "binds": "rw SOURCE TARGET" a line, in C escapes where a path has blanks. Several may write it at once, so
 * it is locked meanwhile; a reader needs no lock, since it is replaced as a whole.
 */
#include "enter/bind_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "enter/guest.h"

enum { LIST_LIMIT = 1 << 20 };

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000        /* Linux 5.8 */
#endif

static void bind_mount_done(struct bind_mount *bind)
{
    free(bind->source);
    free(bind->target);
    *bind = (struct bind_mount){0};
}

void bind_mounts_done(struct bind_mounts *binds)
{
    for (size_t i = 0; i < binds->count; i++)
        bind_mount_done(&binds->item[i]);
    free(binds->item);
    *binds = (struct bind_mounts){0};
}

/* -- lines -- */

static char *escape(const char *path)
{
    char *text = mem_alloc(4 * strlen(path) + 1), *out = text;

    for (; *path; path++)
        if ((unsigned char) *path <= ' ' || *path == '\\' || *path == 0x7f)
            out += sprintf(out, "\\x%02x", (unsigned char) *path);
        else
            *out++ = *path;
    return text;
}

char *bind_line_format(const struct bind_mount *bind)
{
    auto_free char *source = escape(bind->source);
    auto_free char *target = escape(bind->target);

    return mem_format("%s %s %s", bind->read_only ? "ro" : "rw", source, target);
}

int bind_line_parse(const char *line, struct bind_mount *ret)
{
    CLEANUP(strings_done) struct strings words = {0};
    char *source = NULL, *target = NULL;
    size_t size;

    strings_split(&words, line, " ");
    if (words.count != 3 || (strcmp(words.item[0], "ro") != 0 && strcmp(words.item[0], "rw") != 0))
        return -EINVAL;
    if (string_unescape(words.item[1], strlen(words.item[1]), false, &source, &size) < 0 ||
        string_unescape(words.item[2], strlen(words.item[2]), false, &target, &size) < 0) {
        free(source);
        return -EINVAL;
    }
    *ret = (struct bind_mount){.source = source, .target = target, .read_only = words.item[0][1] == 'o'};
    return 0;
}

/* -- the file -- */

static int open_folder(const struct registry *registry, const struct guest *guest, struct error **err)
{
    auto_free char *path = path_join(registry->folder, guest_name(guest));
    int fd = file_open(path, O_RDONLY | O_DIRECTORY);

    return fd < 0 ? fail(err, errno, "cannot open %s", path) : fd;
}

static int read_lines(int folder_fd, struct strings *ret, struct error **err)
{
    auto_free char *text = NULL;
    int r = file_read_quiet(folder_fd, "binds", LIST_LIMIT, &text);

    if (r < 0 && r != -ENOENT)
        return fail(err, -r, "cannot read what was bound");
    if (r == 0)
        strings_split(ret, text, "\n");
    return 0;
}

static int write_lines(int folder_fd, const struct strings *lines, struct error **err)
{
    size_t size = 0;

    for (size_t i = 0; i < lines->count; i++)
        size += strlen(lines->item[i]) + 1;
    auto_free char *text = mem_alloc(size + 1);
    char *out = text;
    for (size_t i = 0; i < lines->count; i++)
        out += sprintf(out, "%s\n", lines->item[i]);
    return file_replace_at(folder_fd, "binds", text, size, 0600, err);
}

/* The folder is the lock: everybody has it. */
static int lock(int folder_fd, struct error **err)
{
    while (flock(folder_fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return fail(err, errno, "cannot lock the list of what was bound");
    return 0;
}

int bind_list_append(const struct registry *registry, const struct guest *guest, const struct bind_mount *bind,
                     struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    auto_close int folder_fd = open_folder(registry, guest, err);

    if (folder_fd < 0 || lock(folder_fd, err) < 0 || read_lines(folder_fd, &lines, err) < 0)
        return -error_code(*err);
    strings_take(&lines, bind_line_format(bind));
    return write_lines(folder_fd, &lines, err);
}

int bind_list_forget(const struct registry *registry, const struct guest *guest, const char *target,
                     struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    auto_close int folder_fd = open_folder(registry, guest, err);

    if (folder_fd < 0 || lock(folder_fd, err) < 0 || read_lines(folder_fd, &lines, err) < 0)
        return -error_code(*err);
    for (size_t i = lines.count; i-- > 0;) {
        struct bind_mount bind = {0};
        bool is_it = bind_line_parse(lines.item[i], &bind) == 0 && strcmp(bind.target, target) == 0;

        bind_mount_done(&bind);
        if (!is_it)
            continue;
        strings_remove(&lines, i);
        return write_lines(folder_fd, &lines, err);
    }
    return 0;
}

/* Between two boots of a machine its mounts vanish, and the list stays. */
static bool is_mounted(const struct guest *guest, const char *target)
{
    auto_close int fd = path_open_in(guest->root_fd, target, O_PATH, 0);

    return fd >= 0 && sys_is_mount_root(fd);
}

int bind_list(const struct registry *registry, const struct guest *guest, struct bind_mounts *ret, struct error **err)
{
    CLEANUP(bind_mounts_done) struct bind_mounts binds = {0};
    CLEANUP(strings_done) struct strings lines = {0};
    auto_close int folder_fd = open_folder(registry, guest, err);

    if (folder_fd < 0 || read_lines(folder_fd, &lines, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < lines.count; i++) {
        struct bind_mount bind = {0};

        if (bind_line_parse(lines.item[i], &bind) < 0)
            continue;
        if (!is_mounted(guest, bind.target)) {
            bind_mount_done(&bind);
            continue;
        }
        MEM_GROW(binds.item, binds.count);
        binds.item[binds.count++] = bind;
    }
    *ret = binds;
    binds = (struct bind_mounts){0};
    return 0;
}
