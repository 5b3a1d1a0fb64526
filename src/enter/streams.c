/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard streams, and the pipes that stand for terminals among them. */
#include "enter/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum { BUFFER_SIZE = 16 << 10 };

static int make_pipe(struct stream *stream, int fd, int *ret, struct error **err)
{
    bool is_input = fd == STDIN_FILENO;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    stream->pipe_fd = ends[is_input];
    stream->their_fd = *ret = ends[!is_input];
    stream->is_open = true;
    (void) fcntl(stream->pipe_fd, F_SETFL, O_NONBLOCK);
    endpoint_open(&stream->terminal, fd, is_input ? O_RDONLY : O_WRONLY);
    return 0;
}

static int fail_folder(int fd, struct error **err)
{
    int r = fail_plain(err, EISDIR, "descriptor %d is a folder: through it a machine could leave its tree", fd);

    fail_id(*err, "R4207");
    fail_hint(*err, "redirect a file, a pipe or /dev/null");
    return r;
}

static int open_stream(struct streams *streams, int fd, int *ret, struct error **err)
{
    struct stream *stream = &streams->stream[fd];
    struct stat st;

    *ret = fd;
    if (fstat(fd, &st) < 0) {
        stream->their_fd = *ret = file_open("/dev/null", O_RDWR);
        return *ret < 0 ? fail(err, errno, "cannot open /dev/null") : 0;
    }
    if (S_ISDIR(st.st_mode) || fcntl(fd, F_GETFL) & O_PATH)
        return fail_folder(fd, err);
    if (!S_ISCHR(st.st_mode) || !isatty(fd))
        return 0;
    streams->carries = true;
    return make_pipe(stream, fd, ret, err);
}

int streams_open(struct streams *streams, int ret_fds[3], struct error **err)
{
    for (int fd = 0; fd <= 2; fd++)
        if (open_stream(streams, fd, &ret_fds[fd], err) < 0)
            return -error_code(*err);
    return 0;
}

void streams_close_ends(struct streams *streams)
{
    for (size_t i = 0; i < COUNT_OF(streams->stream); i++)
        fd_closep(&streams->stream[i].their_fd);
}

void streams_poll_fds(const struct streams *streams, struct pollfd fds[STREAMS_POLL_FDS])
{
    for (size_t i = 0; i < COUNT_OF(streams->stream); i++) {
        const struct stream *stream = &streams->stream[i];
        bool is_full = stream->begin < stream->end;
        int from = i == 0 ? stream->terminal.fd : stream->pipe_fd, to = i == 0 ? stream->pipe_fd : stream->terminal.fd;

        fds[2 * i] = (struct pollfd){.fd = stream->is_open && !is_full ? from : -1, .events = POLLIN};
        fds[2 * i + 1] = (struct pollfd){.fd = stream->is_open && is_full ? to : -1, .events = POLLOUT};
    }
}

static void close_stream(struct stream *stream)
{
    stream->is_open = false;
    fd_closep(&stream->pipe_fd);
}

static ssize_t read_pipe(int fd, void *buffer, size_t size)
{
    ssize_t n = read(fd, buffer, size);

    return n < 0 ? -errno : n;
}

static ssize_t write_pipe(int fd, const void *buffer, size_t size)
{
    ssize_t n = write(fd, buffer, size);

    return n < 0 ? -errno : n;
}

static bool would_wait(ssize_t n)
{
    return n == -EAGAIN || n == -EINTR;
}

/* One read or one write. False: nothing moves for now, or any more. */
static bool carry(struct stream *stream, bool is_input)
{
    ssize_t n;

    if (!stream->is_open)
        return false;
    if (!stream->buffer)
        stream->buffer = mem_alloc(BUFFER_SIZE);
    if (stream->begin == stream->end) {
        n = is_input ? endpoint_read(&stream->terminal, stream->buffer, BUFFER_SIZE)
                     : read_pipe(stream->pipe_fd, stream->buffer, BUFFER_SIZE);
        if (n > 0) {
            stream->begin = 0;
            stream->end = (size_t) n;
        } else if (!would_wait(n))
            close_stream(stream);
        return n > 0;
    }

    const char *from = stream->buffer + stream->begin;
    size_t size = stream->end - stream->begin;
    n = is_input ? write_pipe(stream->pipe_fd, from, size) : endpoint_write(&stream->terminal, from, size);
    if (n >= 0)
        stream->begin += (size_t) n;
    else if (!would_wait(n))
        close_stream(stream);
    return n > 0;
}

void streams_carry(struct streams *streams, const struct pollfd fds[STREAMS_POLL_FDS])
{
    enum { AT_ONCE = 8 };

    for (size_t i = 0; i < COUNT_OF(streams->stream); i++) {
        /* a terminal is read only when it has something to say: the attempt alone stops a process in the background */
        bool is_due = fds[2 * i].revents || fds[2 * i + 1].revents;

        for (int n = 0; is_due && n < AT_ONCE && carry(&streams->stream[i], i == 0); n++)
            ;
    }
}

void streams_drain(struct streams *streams)
{
    close_stream(&streams->stream[0]);
    for (size_t i = 1; i < COUNT_OF(streams->stream); i++) {
        struct stream *stream = &streams->stream[i];

        for (;;) {
            if (carry(stream, false))
                continue;
            if (!stream->is_open || stream->begin == stream->end)
                break;
            (void) poll(&(struct pollfd){.fd = stream->terminal.fd, .events = POLLOUT}, 1, -1);
        }
    }
}

void streams_done(struct streams *streams)
{
    streams_close_ends(streams);
    for (size_t i = 0; i < COUNT_OF(streams->stream); i++) {
        struct stream *stream = &streams->stream[i];

        close_stream(stream);
        endpoint_close(&stream->terminal);
        mem_freep(&stream->buffer);
    }
}
