/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of what was pulled. It grows by a line a pull; nobody rewrites it. */
#include "transfer/lock_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

#define FILE_MAX (16u << 20)

static char *file_of(const struct request *request)
{
    auto_free char *folder = NULL, *parent = NULL;

    if (request->lock_file)
        return mem_copy_string(request->lock_file);
    if (!request->user_scope)
        return mem_copy_string("/var/lib/redd/pulled.lock");
    folder = class_folder(CLASS_MACHINE, true);
    parent = path_parent(folder);
    return mem_format("%s/redd/pulled.lock", parent);
}

static void format_time(char *buffer, size_t size)
{
    time_t now = time(NULL);
    struct tm tm;

    (void) strftime(buffer, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

int lock_lines_add(const struct request *request, const struct lock_line *line, struct error **err)
{
    auto_free char *path = file_of(request), *folder = path_parent(path), *text = NULL;
    char when[32];

    format_time(when, sizeof when);
    text = mem_format("%s\t%s\t%s\t%s\t%s\t%s\n", line->name, line->verb, line->source, line->sum, line->key, when);
    if (strchr(path, '/'))
        (void) dir_make_all(folder, 0755);

    auto_close int fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0)
        return 0;
    fail(err, errno, "the image is there, but %s cannot be written", path);
    fail_id(*err, "R5122");
    return -error_code(*err);
}

static bool cut(char *line, struct lock_line *ret)
{
    const char **words[] = {&ret->name, &ret->verb, &ret->source, &ret->sum, &ret->key};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        char *tab = strchr(line, '\t');

        if (!tab || tab == line)
            return false;
        *tab = '\0';
        *words[i] = line;
        line = tab + 1;
    }
    return true;
}

int lock_lines_find_in(char *text, const char *name, struct lock_line *ret)
{
    int r = 0;

    while (*text) {
        char *end = strchr(text, '\n'), *next = end ? end + 1 : text + strlen(text);
        size_t size = strlen(name);

        if (end)
            *end = '\0';
        if (strncmp(text, name, size) == 0 && text[size] == '\t')
            r = cut(text, ret) ? 1 : -EBADMSG;
        text = next;
    }
    return r;
}

int lock_lines_find(const struct request *request, const char *name, struct locked *ret, struct error **err)
{
    auto_free char *path = file_of(request), *text = NULL;
    struct lock_line line;
    int r = file_read_quiet(AT_FDCWD, path, FILE_MAX, &text);

    if (r == 0)
        r = lock_lines_find_in(text, name, &line);
    if (r == 1) {
        *ret = (struct locked){.text = TAKE(text), .line = line};
        return 0;
    }
    if (r == 0 || r == -ENOENT) {
        fail_plain(err, ENOENT, "%s has no line for '%s'", path, name);
        fail_id(*err, "R5120");
        fail_hint(*err, "each pull writes one; --lock-file= names another file");
        return -ENOENT;
    }
    fail(err, -r, "cannot read the line for '%s' in %s", name, path);
    fail_id(*err, "R5121");
    return r;
}

void locked_done(struct locked *locked)
{
    free(locked->text);
}
