/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decompressors. Each may be fed by an enemy: limits on memory are given to the libraries where they take them. */
#include "transfer/decode.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include <archive.h>
#include <archive_entry.h>
#include <lzma.h>
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/mem.h"

static int damaged(struct error **err, const char *what, const char *why)
{
    fail_plain(err, EBADMSG, "the %s data is damaged: %s", what, why);
    fail_id(*err, "R5010");
    fail_hint(*err, "fetch or copy the file anew, and compare its checksum with the publisher's");
    return -EBADMSG;
}

static int unreadable(struct error **err, int code)
{
    return fail(err, -code, "cannot read the input");
}

/* -- as it is -- */

struct plain {
    struct decode_input input;
    const char *at;
    size_t left;
};

static int plain_start(void **ret_state, const struct decode_input *input, struct error **err)
{
    struct plain *plain = mem_alloc(sizeof *plain);

    (void) err;
    plain->input = *input;
    *ret_state = plain;
    return 0;
}

static ssize_t plain_read(void *state, void *out, size_t size, struct error **err)
{
    struct plain *plain = state;
    size_t done = 0;

    while (done < size) {
        if (plain->left == 0) {
            const void *next;
            int r = plain->input.read(plain->input.data, &next, &plain->left);

            if (r < 0)
                return unreadable(err, r);
            if (r == 0)
                break;
            plain->at = next;
        }

        size_t n = plain->left < size - done ? plain->left : size - done;
        (void) memcpy((char *) out + done, plain->at, n);
        plain->at += n;
        plain->left -= n;
        done += n;
    }
    return (ssize_t) done;
}

/* -- gzip -- */

#ifdef HAVE_ISAL
struct gzip {
    struct decode_input input;
    struct inflate_state inflate;
    bool between;               /* a member ended, perhaps another begins */
    bool ended;
};

static int gzip_start(void **ret_state, const struct decode_input *input, struct error **err)
{
    struct gzip *gzip = mem_alloc(sizeof *gzip);

    (void) err;
    gzip->input = *input;
    isal_inflate_init(&gzip->inflate);
    gzip->inflate.crc_flag = ISAL_GZIP;
    *ret_state = gzip;
    return 0;
}

/* 1: there is input, 0: the end, which is right only between members. */
static int gzip_refill(struct gzip *gzip, struct error **err)
{
    const void *next;
    size_t size;

    while (gzip->inflate.avail_in == 0) {
        int r = gzip->input.read(gzip->input.data, &next, &size);

        if (r < 0)
            return unreadable(err, r);
        if (r == 0)
            return gzip->between ? 0 : damaged(err, "gzip", "it ends too early");
        /* the library reads through this pointer only */
        gzip->inflate.next_in = (uint8_t *) (uintptr_t) next;
        gzip->inflate.avail_in = (uint32_t) size;
    }
    return 1;
}

/* Behind a member comes another one, or padding of zeroes and what else tape drives leave, which nobody minds. */
static int gzip_next_member(struct gzip *gzip, struct error **err)
{
    int r = gzip_refill(gzip, err);

    if (r <= 0)
        return r;
    if (*gzip->inflate.next_in != 0x1f) {
        gzip->inflate.avail_in = 0;
        return 0;
    }

    uint8_t *next = gzip->inflate.next_in;
    uint32_t left = gzip->inflate.avail_in;
    isal_inflate_reset(&gzip->inflate);
    gzip->inflate.crc_flag = ISAL_GZIP;
    gzip->inflate.next_in = next;
    gzip->inflate.avail_in = left;
    gzip->between = false;
    return 1;
}

static ssize_t gzip_read(void *state, void *out, size_t size, struct error **err)
{
    struct gzip *gzip = state;
    struct inflate_state *inflate = &gzip->inflate;

    inflate->next_out = out;
    inflate->avail_out = (uint32_t) size;
    while (inflate->avail_out > 0 && !gzip->ended) {
        uint8_t *next_out = inflate->next_out;
        uint32_t avail_out = inflate->avail_out;
        int r = gzip->between ? gzip_next_member(gzip, err) : gzip_refill(gzip, err);

        inflate->next_out = next_out;
        inflate->avail_out = avail_out;
        if (r < 0)
            return r;
        if (r == 0) {
            gzip->ended = true;
            break;
        }
        r = isal_inflate(inflate);
        if (r == ISAL_INCORRECT_CHECKSUM)
            return damaged(err, "gzip", "its checksum is wrong");
        if (r < 0)
            return damaged(err, "gzip", "it cannot be decoded");
        if (inflate->block_state == ISAL_BLOCK_FINISH)
            gzip->between = true;
    }
    return (ssize_t) (size - inflate->avail_out);
}
#endif

/* -- xz -- */

/* What -9 needs for each of a few threads; a single thread may take more, for odd dictionaries. */
#define XZ_MEMORY_THREADS (256ull << 20)
#define XZ_MEMORY_MAX (1600ull << 20)

struct xz {
    struct decode_input input;
    lzma_stream stream;
    lzma_action action;
    bool ended;
};

static int xz_start(void **ret_state, const struct decode_input *input, struct error **err)
{
    struct xz *xz = mem_alloc(sizeof *xz);
    lzma_ret r;

    xz->input = *input;
    xz->stream = (lzma_stream) LZMA_STREAM_INIT;
    xz->action = LZMA_RUN;
#if LZMA_VERSION >= 50040002
    lzma_mt threads = {
        .flags = LZMA_CONCATENATED,
        .threads = lzma_cputhreads(),
        .memlimit_threading = XZ_MEMORY_THREADS,
        .memlimit_stop = XZ_MEMORY_MAX,
    };
    if (threads.threads == 0)
        threads.threads = 1;
    r = lzma_stream_decoder_mt(&xz->stream, &threads);
#else
    r = lzma_stream_decoder(&xz->stream, XZ_MEMORY_MAX, LZMA_CONCATENATED);
#endif
    if (r != LZMA_OK) {
        free(xz);
        return fail(err, ENOMEM, "cannot start the xz decoder");
    }
    *ret_state = xz;
    return 0;
}

static ssize_t xz_read(void *state, void *out, size_t size, struct error **err)
{
    struct xz *xz = state;

    xz->stream.next_out = out;
    xz->stream.avail_out = size;
    while (xz->stream.avail_out > 0 && !xz->ended) {
        if (xz->stream.avail_in == 0 && xz->action == LZMA_RUN) {
            const void *next;
            size_t n;
            int r = xz->input.read(xz->input.data, &next, &n);

            if (r < 0)
                return unreadable(err, r);
            if (r == 0)
                xz->action = LZMA_FINISH;
            else {
                xz->stream.next_in = next;
                xz->stream.avail_in = n;
            }
        }
        switch ((int) lzma_code(&xz->stream, xz->action)) {
        case LZMA_OK:
            break;
        case LZMA_STREAM_END:
            xz->ended = true;
            break;
        case LZMA_BUF_ERROR:
            return damaged(err, "xz", "it ends too early");
        case LZMA_MEMLIMIT_ERROR:
            return damaged(err, "xz", "it wants more than 1600 MiB of memory");
        default:
            return damaged(err, "xz", "it cannot be decoded");
        }
    }
    return (ssize_t) (size - xz->stream.avail_out);
}

static void xz_stop(void *state)
{
    struct xz *xz = state;

    lzma_end(&xz->stream);
    free(xz);
}

/* -- the rest, by libarchive -- */

struct filter {
    struct decode_input input;
    struct archive *archive;
    const char *at;
    size_t left;
    bool ended;
};

static la_ssize_t filter_input(struct archive *archive, void *data, const void **ret)
{
    struct filter *filter = data;
    size_t size = 0;
    int r = filter->input.read(filter->input.data, ret, &size);

    if (r < 0) {
        archive_set_error(archive, -r, "cannot read the input");
        return -1;
    }
    return r == 0 ? 0 : (la_ssize_t) size;
}

static int filter_start(void **ret_state, const struct decode_input *input, struct error **err)
{
    struct filter *filter = mem_alloc(sizeof *filter);
    struct archive_entry *entry;

    filter->input = *input;
    filter->archive = archive_read_new();
    if (!filter->archive) {
        free(filter);
        return fail(err, ENOMEM, "cannot start a decoder");
    }
    (void) archive_read_support_format_raw(filter->archive);
    (void) archive_read_support_filter_bzip2(filter->archive);
    (void) archive_read_support_filter_compress(filter->archive);
    (void) archive_read_support_filter_gzip(filter->archive);
    (void) archive_read_support_filter_lz4(filter->archive);
    (void) archive_read_support_filter_lzip(filter->archive);
    (void) archive_read_support_filter_lzma(filter->archive);
    (void) archive_read_support_filter_zstd(filter->archive);
    if (archive_read_open(filter->archive, filter, NULL, filter_input, NULL) != ARCHIVE_OK ||
        archive_read_next_header(filter->archive, &entry) != ARCHIVE_OK) {
        auto_free char *why = mem_copy_string(archive_error_string(filter->archive));

        (void) archive_read_free(filter->archive);
        free(filter);
        return damaged(err, "compressed", why ? why : "it cannot be decoded");
    }
    *ret_state = filter;
    return 0;
}

static ssize_t filter_read(void *state, void *out, size_t size, struct error **err)
{
    struct filter *filter = state;
    size_t done = 0;

    while (done < size && !filter->ended) {
        if (filter->left == 0) {
            const void *block;
            la_int64_t offset;
            int r = archive_read_data_block(filter->archive, &block, &filter->left, &offset);

            if (r == ARCHIVE_EOF) {
                filter->ended = true;
                break;
            }
            if (r != ARCHIVE_OK)
                return damaged(err, "compressed", archive_error_string(filter->archive));
            filter->at = block;
        }

        size_t n = filter->left < size - done ? filter->left : size - done;
        (void) memcpy((char *) out + done, filter->at, n);
        filter->at += n;
        filter->left -= n;
        done += n;
    }
    return (ssize_t) done;
}

static void filter_stop(void *state)
{
    struct filter *filter = state;

    (void) archive_read_free(filter->archive);
    free(filter);
}

/* clang-format off */
static const struct decoder decoders[] = {
#ifdef HAVE_ISAL
    {"gzip",     "\x1f\x8b",                 2, gzip_start,   gzip_read,   free},
#else
    {"gzip",     "\x1f\x8b",                 2, filter_start, filter_read, filter_stop},
#endif
    {"xz",       "\xfd" "7zXZ\0",            6, xz_start,     xz_read,     xz_stop},
    {"zstd",     "\x28\xb5\x2f\xfd",         4, filter_start, filter_read, filter_stop},
    {"bzip2",    "BZh",                      3, filter_start, filter_read, filter_stop},
    {"lz4",      "\x04\x22\x4d\x18",         4, filter_start, filter_read, filter_stop},
    {"lzip",     "LZIP",                     4, filter_start, filter_read, filter_stop},
    {"compress", "\x1f\x9d",                 2, filter_start, filter_read, filter_stop},
    {"lzma",     "\x5d\0\0",                 3, filter_start, filter_read, filter_stop},
    {"none",     "",                         0, plain_start,  plain_read,  free},
};
/* clang-format on */

const struct decoder *decoder_for(const void *start, size_t size)
{
    size_t i = 0;

    while (decoders[i].magic_size > size || memcmp(start, decoders[i].magic, decoders[i].magic_size) != 0)
        i++;
    return &decoders[i];
}
