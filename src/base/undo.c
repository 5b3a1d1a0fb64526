/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo list and its file. What undoing means is in the callers' tables; the generic kinds are in undo_kinds.c.
 * The supervisor writes a list while it lives; registry.c opens that of a dead one.
 */
#include "base/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

/* A start records some twenty lines; a list beyond this was not written by us. */
#define LIST_LIMIT ((size_t) 1 << 20)

struct undo {
    int dir_fd;
    char *name;
    int fd;                     /* -1: in memory alone */
    off_t size;                 /* of the whole lines in the file */
    bool spent;                 /* all that the file holds is undone; it is emptied by the next record */
    struct strings lines;       /* without their newlines, oldest first */
};

/* -- one line -- */

static bool is_plain(unsigned char c)
{
    return c > ' ' && c != 0x7f && c != '\\' && c != '"' && c != '\'';
}

/* Escapes as strings_split_words() undoes them. OUT has room for four bytes per byte of TEXT, or two. */
static size_t put_word(char *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    if (!*text) {
        out[n++] = '"';
        out[n++] = '"';
    }
    for (; *text; text++) {
        unsigned char c = (unsigned char) *text;

        if (is_plain(c)) {
            out[n++] = *text;
            continue;
        }
        out[n++] = '\\';
        if (c == ' ')
            out[n++] = 's';
        else if (c == '\n')
            out[n++] = 'n';
        else if (c > ' ' && c != 0x7f)
            out[n++] = *text;
        else {
            out[n++] = 'x';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return n;
}

static char *format_line(const char *kind, va_list list)
{
    size_t room = strlen(kind) + 1, n = 0;
    va_list again;

    va_copy(again, list);
    for (const char *arg; (arg = va_arg(again, const char *));)
        room += 4 * strlen(arg) + 3;
    va_end(again);

    char *line = mem_alloc(room + 1);
    n = put_word(line, kind);
    for (const char *arg; (arg = va_arg(list, const char *));) {
        line[n++] = ' ';
        n += put_word(line + n, arg);
    }
    return line;
}

static int undo_line(const char *line, const struct undo_kind *kinds, size_t n_kinds, struct error **err)
{
    CLEANUP(strings_done) struct strings args = {0};

    if (strings_split_words(&args, line) < 0 || args.count == 0)
        return fail_plain(err, EINVAL, "it is not a record");

    for (size_t i = 0; i < n_kinds; i++)
        if (strcmp(kinds[i].name, args.item[0]) == 0) {
            strings_remove(&args, 0);
            return kinds[i].undo(&args, err);
        }
    return fail_plain(err, EINVAL, "nobody here knows how to undo a '%s'", args.item[0]);
}

/* -- the file -- */

/* Who can write this file has us unmount and remove what he likes. */
static int check_file(const struct stat *st, const char *name, struct error **err)
{
    if (S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 077) == 0)
        return 0;
    fail_plain(err, EPERM, "the undo list %s may have been written by someone else, so it is not run", name);
    fail_hint(*err, "see what it says, undo that by hand, and remove the file");
    return -EPERM;
}

/* Takes the whole lines of the file into the list. A last line without its end was cut by the writer's death, before
 * the act it announces: it is cut off, or the next record would continue it. */
static int load(struct undo *list, size_t size, struct error **err)
{
    auto_free char *text = NULL;

    if (mem_alloc_bounded(size, LIST_LIMIT, (void **) &text, err) < 0)
        return fail_in(err, "cannot read the undo list %s", list->name);

    ssize_t n = fd_read_full(list->fd, text, size);
    if (n < 0)
        return fail(err, (int) -n, "cannot read the undo list %s", list->name);

    char *line = text, *end;
    for (; (end = memchr(line, '\n', (size_t) (text + n - line))); line = end + 1)
        strings_take(&list->lines, mem_copy_bytes(line, (size_t) (end - line)));

    list->size = line - text;
    if (list->size < (off_t) size && ftruncate(list->fd, list->size) < 0)
        return fail(err, errno, "cannot cut the unfinished end off %s", list->name);
    return 0;
}

/* Returns what undo_open() does. */
static int open_file(struct undo *list, struct error **err)
{
    struct stat st;

    list->fd = openat(list->dir_fd, list->name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (list->fd >= 0)
        return 0;
    if (errno == EEXIST)
        list->fd = openat(list->dir_fd, list->name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (list->fd < 0)
        return fail(err, errno, "cannot open the undo list %s", list->name);
    if (fstat(list->fd, &st) < 0)
        return fail(err, errno, "cannot look at the undo list %s", list->name);
    if (check_file(&st, list->name, err) < 0 || load(list, (size_t) st.st_size, err) < 0)
        return -error_code(*err);
    return 1;
}

int undo_open(int dir_fd, const char *name, struct undo **ret, struct error **err)
{
    CLEANUP(undo_freep) struct undo *list = mem_alloc(sizeof *list);
    int r = 0;

    list->dir_fd = dir_fd;
    list->fd = -1;
    if (dir_fd != -1) {
        list->name = mem_copy_string(name);
        r = open_file(list, err);
        if (r < 0)
            return r;
    }
    *ret = TAKE(list);
    return r;
}

/* TEXT is one line, or several with newlines between them. */
static int append(struct undo *list, const char *text, struct error **err)
{
    auto_free char *whole = mem_format("%s\n", text);
    size_t length = strlen(whole);
    ssize_t n;

    if (list->spent) {
        /* should this fail, old lines are undone a second time, which they bear */
        if (ftruncate(list->fd, 0) == 0)
            list->size = 0;
        list->spent = false;
    }
    do
        n = write(list->fd, whole, length);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t) length) {
        list->size += n;
        return 0;
    }

    int r = fail(err, n < 0 ? errno : ENOSPC, "cannot write down how to undo '%s'", text);
    if (r == -ENOSPC || r == -EDQUOT)
        fail_hint(*err,
                  "the list is in /run, or for verbs on images in the folder of images: 'df' shows which is full, "
                  "'du -x' what fills it");
    fail_id(*err, "R2042");
    if (n > 0)
        (void) ftruncate(list->fd, list->size);
    return r;
}

int undo_record(struct undo *list, const char *kind, struct error **err, ...)
{
    va_list args;

    va_start(args, err);
    auto_free char *line = format_line(kind, args);
    va_end(args);

    int r = list->fd >= 0 ? append(list, line, err) : 0;
    if (r == 0)
        strings_take(&list->lines, TAKE(line));
    return r;
}

static char *format_entry(const char *kind, ...)
{
    va_list args;

    va_start(args, kind);
    char *line = format_line(kind, args);
    va_end(args);
    return line;
}

int undo_record_all(struct undo *list, const struct undo_entry *entries, size_t n, struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    auto_free char *text = mem_copy_string("");

    for (size_t i = 0; i < n; i++) {
        char *line = format_entry(entries[i].kind, entries[i].argument, (char *) NULL);
        char *longer = mem_format("%s%s%s", text, i > 0 ? "\n" : "", line);

        strings_take(&lines, line);
        free(text);
        text = longer;
    }

    int r = list->fd >= 0 ? append(list, text, err) : 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        strings_add(&list->lines, lines.item[i]);
    return r;
}

/* The file shall hold what is not undone and nothing else: it would grow with each reboot of a machine that lives for
 * years. If that cannot be written, it goes on holding everything: undoing twice does no harm, and losing a record
 * does. */
static void keep_rest(struct undo *list)
{
    auto_error struct error *ignored = NULL;
    size_t size = 0, n = 0;

    for (size_t i = 0; i < list->lines.count; i++)
        size += strlen(list->lines.item[i]) + 1;
    auto_free char *text = mem_alloc(size);
    for (size_t i = 0; i < list->lines.count; i++) {
        size_t length = strlen(list->lines.item[i]);

        memcpy(text + n, list->lines.item[i], length);
        text[n + length] = '\n';
        n += length + 1;
    }
    if (file_replace_at(list->dir_fd, list->name, text, size, 0600, &ignored) < 0)
        return;

    int fd = openat(list->dir_fd, list->name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    (void) close(list->fd);
    list->fd = fd;
    list->size = (off_t) size;
}

int undo_run_since(struct undo *list, size_t mark, const struct undo_kind *kinds, size_t n_kinds, struct error **err)
{
    struct strings failed = {0};

    for (size_t i = list->lines.count; i-- > mark;) {
        auto_error struct error *failure = NULL;
        const char *line = list->lines.item[i];

        if (undo_line(line, kinds, n_kinds, &failure) == 0)
            continue;
        fail_in(&failure, "cannot undo '%s'", line);
        log_debug("%s", error_text(failure));
        if (!strings_contain(&failed, line))
            strings_add(&failed, line);
        if (!*err)
            *err = TAKE(failure);
    }

    while (list->lines.count > mark)
        strings_remove(&list->lines, list->lines.count - 1);
    for (size_t i = failed.count; i-- > 0;)
        strings_add(&list->lines, failed.item[i]);
    strings_done(&failed);

    if (list->fd >= 0 && list->lines.count > 0)
        keep_rest(list);
    else
        list->spent = true;
    return *err ? -error_code(*err) : 0;
}

int undo_run(struct undo *list, const struct undo_kind *kinds, size_t n_kinds, struct error **err)
{
    return undo_run_since(list, 0, kinds, n_kinds, err);
}

size_t undo_count(const struct undo *list)
{
    return list->lines.count;
}

bool undo_is_empty(const struct undo *list)
{
    return list->lines.count == 0;
}

struct undo *undo_free(struct undo *list)
{
    if (list) {
        fd_closep(&list->fd);
        strings_done(&list->lines);
        free(list->name);
        free(list);
    }
    return NULL;
}

void undo_freep(struct undo **list)
{
    *list = undo_free(*list);
}
