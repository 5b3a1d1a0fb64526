/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a console log while it is written. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "machine/log.h"

enum { PIECE = 16384, LINE_MAX_SIZE = 65536 };

struct follower {
    char *path;
    int fd;                     /* -1: the log is not there yet */
    ino_t inode;
    bool (*take)(void *data, const char *line);
    void *data;
    char *line;                 /* what is there of the next one */
    size_t length;
    bool is_over;
};

static void follower_done(struct follower *follower)
{
    fd_closep(&follower->fd);
    free(follower->line);
    free(follower->path);
}

static void end_line(struct follower *f)
{
    auto_free char *line = machine_log_clean_line(f->line, f->length);

    f->length = 0;
    f->is_over = f->is_over || !f->take(f->data, line);
}

static void take_bytes(struct follower *f, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && !f->is_over; i++) {
        if (bytes[i] == '\n' || f->length == LINE_MAX_SIZE)
            end_line(f);
        if (bytes[i] != '\n')
            f->line[f->length++] = bytes[i];
    }
}

static void read_on(struct follower *f)
{
    char piece[PIECE];
    ssize_t n;

    while (f->fd >= 0 && !f->is_over && (n = read(f->fd, piece, sizeof piece)) > 0)
        take_bytes(f, piece, (size_t) n);
}

/* Into the file that has the name now, where it is another one. */
static void reopen(struct follower *f)
{
    struct stat st;

    if (stat(f->path, &st) < 0 || (f->fd >= 0 && st.st_ino == f->inode))
        return;
    read_on(f);
    fd_closep(&f->fd);
    f->fd = openat(AT_FDCWD, f->path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    f->inode = st.st_ino;
    read_on(f);
}

/* The last LINES lines of what is there, and on from its end. */
static void read_tail(struct follower *f, unsigned lines)
{
    enum { LINE_USUAL = 256, TAIL_MAX = 1 << 20 };
    size_t size = lines < TAIL_MAX / LINE_USUAL ? (size_t) (lines + 4) * LINE_USUAL : TAIL_MAX;
    struct stat st;

    f->fd = openat(AT_FDCWD, f->path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &st) < 0)
        return;
    f->inode = st.st_ino;
    if ((uint64_t) st.st_size > size)
        (void) lseek(f->fd, st.st_size - (off_t) size, SEEK_SET);
    else
        size = (size_t) st.st_size;

    auto_free char *text = mem_alloc(size + 1);
    ssize_t n = fd_read_full(f->fd, text, size);
    size_t begin = n > 0 ? (size_t) n : 0, end = begin;
    if (begin > 0 && text[begin - 1] == '\n')
        begin--;
    for (unsigned found = 0; begin > 0; begin--)
        if (text[begin - 1] == '\n' && ++found == lines)
            break;
    take_bytes(f, text + begin, end - begin);
}

int machine_log_follow(const char *top, const char *name, unsigned lines, int stop_fd,
                       bool (*take)(void *data, const char *line), void *data, struct error **err)
{
    enum { MASK = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM };
    CLEANUP(follower_done) struct follower f = {
        .path = machine_log_console(top, name), .fd = -1, .take = take, .data = data,
        .line = mem_alloc(LINE_MAX_SIZE)};
    auto_free char *folder = path_join(top, name);
    auto_close int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char events[4096] __attribute__((aligned(8)));
    int r = dir_make_all(folder, 0700);

    if (r < 0)
        return fail(err, -r, "cannot make %s", folder);
    if (inotify_fd < 0 || inotify_add_watch(inotify_fd, folder, MASK) < 0)
        return fail(err, errno, "cannot watch %s", folder);
    read_tail(&f, lines);
    while (!f.is_over) {
        struct pollfd fds[] = {{.fd = inotify_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};

        read_on(&f);
        reopen(&f);
        if (f.is_over || (poll(fds, 2, -1) > 0 && fds[1].revents))
            break;
        (void) !read(inotify_fd, events, sizeof events);
    }
    return 0;
}
