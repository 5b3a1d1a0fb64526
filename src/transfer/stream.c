/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread fills a ring of slots, the other empties it. The only shared state is the ring, under its lock. */
#include "transfer/stream.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/decode.h"

#define SLOT_SIZE (256u * 1024)
#define N_SLOTS 8u
#define INPUT_SIZE (256u * 1024)

struct slot {
    char *bytes;
    size_t size;
};

struct stream {
    int fd;
    int stop_fd[2];             /* its second end is closed to interrupt a read that waits */
    const struct decoder *decoder;
    void *state;
    uint64_t file_size;
    _Atomic uint64_t position;

    char *input;                /* what was read last */
    size_t input_size;
    bool input_waits;           /* it was read to see the magic, and is still to be decoded */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot slot[N_SLOTS];
    size_t filled, taken;       /* counts; the slots between them are full */
    bool ended, stopped;
    struct error *failure;      /* the thread's, taken over by the reader */

    bool holds;                 /* the reader uses slot `taken` */
};

/* -- the thread's side -- */

/* Somebody may keep a pipe open and say nothing, while the reader gave up long ago. */
static int wait_for_input(const struct stream *stream)
{
    struct pollfd wait[] = {{.fd = stream->fd, .events = POLLIN}, {.fd = stream->stop_fd[0], .events = POLLIN}};

    while (poll(wait, 2, -1) < 0)
        if (errno != EINTR)
            return -errno;
    return wait[1].revents ? -ECANCELED : 0;
}

static ssize_t read_input(struct stream *stream)
{
    ssize_t n;

    do {
        int r = wait_for_input(stream);

        if (r < 0)
            return r;
        n = read(stream->fd, stream->input, INPUT_SIZE);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        (void) atomic_fetch_add_explicit(&stream->position, (uint64_t) n, memory_order_relaxed);
    return n < 0 ? -errno : n;
}

static int give_input(void *data, const void **ret, size_t *ret_size)
{
    struct stream *stream = data;

    if (!stream->input_waits) {
        ssize_t n = read_input(stream);

        if (n <= 0)
            return (int) n;
        stream->input_size = (size_t) n;
    }
    stream->input_waits = false;
    *ret = stream->input;
    *ret_size = stream->input_size;
    return stream->input_size > 0 ? 1 : 0;
}

static bool wait_for_room(struct stream *stream)
{
    bool go_on;

    (void) pthread_mutex_lock(&stream->lock);
    while (stream->filled - stream->taken == N_SLOTS && !stream->stopped)
        (void) pthread_cond_wait(&stream->changed, &stream->lock);
    go_on = !stream->stopped;
    (void) pthread_mutex_unlock(&stream->lock);
    return go_on;
}

static void *decode_thread(void *data)
{
    struct stream *stream = data;
    struct error *err = NULL;
    bool more = true;

    while (more && wait_for_room(stream)) {
        struct slot *slot = &stream->slot[stream->filled % N_SLOTS];
        ssize_t n = stream->decoder->read(stream->state, slot->bytes, SLOT_SIZE, &err);

        more = n == (ssize_t) SLOT_SIZE;
        (void) pthread_mutex_lock(&stream->lock);
        slot->size = n > 0 ? (size_t) n : 0;
        stream->filled += n > 0;
        stream->ended = !more;
        stream->failure = err;
        (void) pthread_cond_broadcast(&stream->changed);
        (void) pthread_mutex_unlock(&stream->lock);
    }
    return NULL;
}

/* -- the reader's side -- */

static int start_thread(struct stream *stream, struct error **err)
{
    sigset_t all, old;

    /* signals belong to the thread that waits for them */
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);
    int code = pthread_create(&stream->thread, NULL, decode_thread, stream);
    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (code != 0)
        return fail(err, code, "cannot start a thread");
    stream->has_thread = true;
    return 0;
}

static int start(struct stream *stream, struct error **err)
{
    const struct decode_input input = {.read = give_input, .data = stream};
    struct stat st;
    ssize_t n = read_input(stream);

    if (n < 0)
        return fail(err, (int) -n, "cannot read the input");
    if (fstat(stream->fd, &st) == 0 && S_ISREG(st.st_mode))
        stream->file_size = (uint64_t) st.st_size;
    stream->input_size = (size_t) n;
    /* a pipe may give less than the magic at first */
    while (stream->input_size < 16 && n > 0) {
        n = fd_read_full(stream->fd, stream->input + stream->input_size, 16 - stream->input_size);
        if (n < 0)
            return fail(err, (int) -n, "cannot read the input");
        stream->input_size += (size_t) n;
    }
    stream->input_waits = true;
    stream->decoder = decoder_for(stream->input, stream->input_size);
    if (stream->decoder->start(&stream->state, &input, err) < 0)
        return -error_code(*err);
    return start_thread(stream, err);
}

int stream_open(int fd, struct stream **ret, struct error **err)
{
    CLEANUP(stream_closep) struct stream *stream = mem_alloc(sizeof *stream);

    stream->fd = fd;
    stream->stop_fd[0] = stream->stop_fd[1] = -1;
    stream->input = mem_alloc(INPUT_SIZE);
    (void) pthread_mutex_init(&stream->lock, NULL);
    (void) pthread_cond_init(&stream->changed, NULL);
    for (size_t i = 0; i < N_SLOTS; i++)
        stream->slot[i].bytes = mem_alloc(SLOT_SIZE);
    if (pipe2(stream->stop_fd, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    if (start(stream, err) < 0)
        return -error_code(*err);
    *ret = TAKE(stream);
    return 0;
}

/* Waits for a full slot, the end, or the thread's error. 1: there is one. */
static int wait_for_slot(struct stream *stream, struct error **err)
{
    int r;

    (void) pthread_mutex_lock(&stream->lock);
    while (stream->filled == stream->taken && !stream->ended)
        (void) pthread_cond_wait(&stream->changed, &stream->lock);
    r = stream->filled > stream->taken;
    if (r == 0 && stream->failure) {
        *err = TAKE(stream->failure);
        r = -error_code(*err);
    }
    (void) pthread_mutex_unlock(&stream->lock);
    return r;
}

int stream_peek(struct stream *stream, const void **ret, size_t *ret_size, struct error **err)
{
    int r = wait_for_slot(stream, err);

    if (r < 0)
        return r;
    *ret = r == 0 ? "" : stream->slot[stream->taken % N_SLOTS].bytes;
    *ret_size = r == 0 ? 0 : stream->slot[stream->taken % N_SLOTS].size;
    return 0;
}

int stream_next(struct stream *stream, const void **ret, size_t *ret_size, struct error **err)
{
    if (stream->holds) {
        (void) pthread_mutex_lock(&stream->lock);
        stream->taken++;
        (void) pthread_cond_broadcast(&stream->changed);
        (void) pthread_mutex_unlock(&stream->lock);
    }

    int r = wait_for_slot(stream, err);
    stream->holds = r == 1;
    if (r == 1) {
        *ret = stream->slot[stream->taken % N_SLOTS].bytes;
        *ret_size = stream->slot[stream->taken % N_SLOTS].size;
    }
    return r;
}

uint64_t stream_position(const struct stream *stream)
{
    return atomic_load_explicit(&stream->position, memory_order_relaxed);
}

uint64_t stream_size(const struct stream *stream)
{
    return stream->file_size;
}

const char *stream_compression(const struct stream *stream)
{
    return stream->decoder->name;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    if (stream->has_thread) {
        (void) pthread_mutex_lock(&stream->lock);
        stream->stopped = true;
        (void) pthread_cond_broadcast(&stream->changed);
        (void) pthread_mutex_unlock(&stream->lock);
        fd_closep(&stream->stop_fd[1]);
        (void) pthread_join(stream->thread, NULL);
    }
    if (stream->decoder && stream->state)
        stream->decoder->stop(stream->state);
    fd_closep(&stream->stop_fd[0]);
    fd_closep(&stream->stop_fd[1]);
    (void) pthread_mutex_destroy(&stream->lock);
    (void) pthread_cond_destroy(&stream->changed);
    for (size_t i = 0; i < N_SLOTS; i++)
        free(stream->slot[i].bytes);
    (void) error_free(stream->failure);
    free(stream->input);
    free(stream);
}

void stream_closep(struct stream **stream)
{
    stream_close(*stream);
}
