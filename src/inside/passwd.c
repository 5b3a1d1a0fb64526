/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of the account files: a window over the file, and the parsers of one line. */
#include "inside/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

enum { WINDOW_SIZE = 4096 };
#define FILE_MAX (UINT64_C(1) << 30)    /* a "regular" file of procfs or FUSE may never end */

int file_lines_open_in(struct file_lines *lines, int root_fd, const char *path)
{
    struct stat st;

    *lines = (struct file_lines){.fd = -1};

    int fd = path_open_in(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return fd;
    lines->fd = fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

void file_lines_of_text(struct file_lines *lines, char *text)
{
    size_t length = strlen(text);

    *lines = (struct file_lines){.fd = -1, .buffer = text, .size = length, .end = length, .at_end = true};
}

void file_lines_done(struct file_lines *lines)
{
    fd_closep(&lines->fd);
    free(lines->buffer);
    *lines = (struct file_lines){.fd = -1};
}

/* Moves the unfinished line to the front and reads behind it. 1 when something came or the file ended. */
static int refill(struct file_lines *lines)
{
    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
    }
    if (lines->end == lines->size && lines->size >= PASSWD_LINE_MAX) {
        lines->skipping = true;
        lines->end = 0;
    } else if (lines->end == lines->size) {
        lines->size = lines->size ? 4 * lines->size : WINDOW_SIZE;
        lines->buffer = mem_resize(lines->buffer, lines->size + 1);     /* and room for a NUL */
    }
    for (;;) {
        ssize_t n = read(lines->fd, lines->buffer + lines->end, lines->size - lines->end);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        lines->at_end = n == 0;
        lines->end += (size_t) n;
        lines->taken += (uint64_t) n;
        return lines->taken > FILE_MAX ? -EFBIG : 1;
    }
}

int file_lines_next(struct file_lines *lines, char **ret)
{
    size_t looked_at = 0;       /* of the unfinished line: what holds no newline */

    for (;;) {
        size_t length = lines->end - lines->start;
        char *line = length > 0 ? lines->buffer + lines->start : NULL;
        char *newline = length > looked_at ? memchr(line + looked_at, '\n', length - looked_at) : NULL;

        if (!newline && !lines->at_end) {
            looked_at = length;
            int r = refill(lines);
            if (r < 0)
                return r;
            if (lines->skipping)
                looked_at = 0;
            continue;
        }
        if (length == 0)
            return 0;

        bool skipped = lines->skipping;
        if (!newline)
            newline = lines->buffer + lines->end;
        *newline = '\0';
        lines->start = (size_t) (newline - lines->buffer) + 1;
        if (lines->start > lines->end)
            lines->start = lines->end;
        lines->skipping = false;
        looked_at = 0;
        if (skipped)
            continue;
        *ret = line;
        return 1;
    }
}

int file_lines_next_with_key(struct file_lines *lines, const char *key, char **ret)
{
    size_t length = strlen(key);
    char *line;
    int r;

    while ((r = file_lines_next(lines, &line)) > 0)
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            *ret = line;
            return 1;
        }
    return r;
}

/* Cuts LINE at colons into at most N fields; what is missing is empty. Returns how many there were. */
static size_t split_fields(char *line, const char *field[], size_t n)
{
    size_t count = 1;

    for (size_t i = 0; i < n; i++)
        field[i] = "";
    field[0] = line;
    while (count < n && (line = strchr(line, ':'))) {
        *line++ = '\0';
        field[count++] = line;
    }
    return count;
}

static bool names_an_entry(const char *line)
{
    return *line && !strchr("+-#:", *line);
}

static int parse_id(const char *text, uint32_t *ret)
{
    uint32_t id;

    /* the last number means "none" to every system call */
    if (parse_u32(text, &id) < 0 || id == UINT32_MAX)
        return -EINVAL;
    *ret = id;
    return 0;
}

int passwd_entry_parse(char *line, struct passwd_entry *ret)
{
    const char *field[7];
    struct passwd_entry entry;

    line += strspn(line, " \t");
    if (!names_an_entry(line) || split_fields(line, field, COUNT_OF(field)) < 4)
        return -EINVAL;
    if (parse_id(field[2], &entry.uid) < 0 || parse_id(field[3], &entry.gid) < 0)
        return -EINVAL;
    entry.name = field[0];
    entry.password = field[1];
    entry.gecos = field[4];
    entry.home = field[5];
    entry.shell = field[6];
    *ret = entry;
    return 0;
}

int group_entry_parse(char *line, struct group_entry *ret)
{
    const char *field[4];
    uint32_t gid;

    line += strspn(line, " \t");
    if (!names_an_entry(line) || split_fields(line, field, COUNT_OF(field)) < 3 || parse_id(field[2], &gid) < 0)
        return -EINVAL;
    *ret = (struct group_entry){.name = field[0], .members = field[3], .gid = gid};
    return 0;
}

bool group_entry_has_member(const struct group_entry *group, const char *name)
{
    size_t wanted = strlen(name);

    for (const char *at = group->members; *at;) {
        at += strspn(at, ", \t");

        size_t length = strcspn(at, ", \t");
        if (length == wanted && wanted > 0 && memcmp(at, name, length) == 0)
            return true;
        at += length;
    }
    return false;
}

int passwd_next(struct file_lines *lines, struct passwd_entry *ret)
{
    char *line;
    int r;

    while ((r = file_lines_next(lines, &line)) > 0)
        if (passwd_entry_parse(line, ret) == 0)
            return 1;
    return r;
}

int group_next(struct file_lines *lines, struct group_entry *ret)
{
    char *line;
    int r;

    while ((r = file_lines_next(lines, &line)) > 0)
        if (group_entry_parse(line, ret) == 0)
            return 1;
    return r;
}

bool account_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    bool number = true;

    if (length == 0 || length > 255 || *name == '-' || *name == '.')
        return false;
    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char) *p;
        bool digit = c >= '0' && c <= '9';

        if (!digit && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c < 128 && !strchr("._-$@", c))
            return false;
        number = number && digit;
    }
    return !number;
}
