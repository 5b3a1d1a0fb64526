/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames in a pipe. A frame is smaller than PIPE_BUF only most of the time, but each pipe has one writer. */
#include "transfer/channel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define PROGRESS_INTERVAL_MS 100

struct frame {
    uint32_t type;
    uint32_t size;
};

void channel_send(struct channel *channel, enum message_type type, const void *data, size_t size)
{
    char buffer[sizeof(struct frame) + MESSAGE_MAX];
    struct frame frame = {.type = (uint32_t) type, .size = (uint32_t) (size > MESSAGE_MAX ? MESSAGE_MAX : size)};

    if (type == MESSAGE_PROGRESS && channel->progress_fd >= 0)
        (void) pwrite(channel->progress_fd, data, size, 0);
    if (channel->fd < 0)
        return;
    (void) memcpy(buffer, &frame, sizeof frame);
    (void) memcpy(buffer + sizeof frame, data, frame.size);
    if (fd_write_full(channel->fd, buffer, sizeof frame + frame.size) < 0)
        channel->fd = -1;   /* borrowed: whoever opened it closes it */
}

static void send_text(struct channel *channel, enum message_type type, const char *fmt, va_list words)
{
    char text[MESSAGE_MAX];
    int n = vsnprintf(text, sizeof text, fmt, words);

    channel_send(channel, type, text, n < 0 ? 0 : (size_t) n < sizeof text ? (size_t) n : sizeof text - 1);
}

void channel_line(struct channel *channel, const char *fmt, ...)
{
    va_list words;

    va_start(words, fmt);
    send_text(channel, MESSAGE_LINE, fmt, words);
    va_end(words);
}

void channel_fact(struct channel *channel, const char *fmt, ...)
{
    va_list words;

    va_start(words, fmt);
    send_text(channel, MESSAGE_FACT, fmt, words);
    va_end(words);
}

void channel_progress(struct channel *channel, uint64_t done, uint64_t total)
{
    struct progress progress = {.done = done, .total = total};
    int64_t now = clock_ms();

    channel->total = total;
    if (now - channel->progress_ms < PROGRESS_INTERVAL_MS)
        return;
    channel->progress_ms = now;
    channel_send(channel, MESSAGE_PROGRESS, &progress, sizeof progress);
}

void channel_progress_end(struct channel *channel)
{
    struct progress progress = {.done = channel->total, .total = channel->total};

    if (channel->total > 0)
        channel_send(channel, MESSAGE_PROGRESS, &progress, sizeof progress);
}

void channel_error(struct channel *channel, const struct error *err)
{
    char packed[MESSAGE_MAX];

    channel_send(channel, MESSAGE_ERROR, packed, error_pack(err, packed, sizeof packed));
}

int channel_receive(int fd, struct message *ret)
{
    struct frame frame;
    ssize_t n = fd_read_full(fd, &frame, sizeof frame);

    if (n <= 0)
        return (int) n;
    if ((size_t) n < sizeof frame || frame.size > MESSAGE_MAX)
        return -EBADMSG;
    n = fd_read_full(fd, ret->data, frame.size);
    if (n < 0)
        return (int) n;
    if ((size_t) n < frame.size)
        return -EBADMSG;
    ret->type = (enum message_type) frame.type;
    ret->size = frame.size;
    ret->data[frame.size] = '\0';
    if (ret->type == MESSAGE_PROGRESS && frame.size != sizeof(struct progress))
        return -EBADMSG;
    return 1;
}
