/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip by our own threads, xz and zstd by those of their libraries, the rest, whose libraries have none, by a "raw"
 * archive of libarchive with one filter. */
#include "transfer/compress.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <lzma.h>
#include <zstd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "transfer/increment.h"
#include "transfer/parallel_gzip.h"

/* clang-format off */
static const struct {
    const char *name, *suffixes[3];
    int (*add_filter)(struct archive *archive);
} kinds[] = {
    [COMPRESS_NONE]  = {"uncompressed", {NULL},                     NULL},
    [COMPRESS_GZIP]  = {"gzip",         {".gz", ".tgz", NULL},      NULL},
    [COMPRESS_XZ]    = {"xz",           {".xz", ".txz", NULL},      NULL},
    [COMPRESS_ZSTD]  = {"zstd",         {".zst", ".zstd", ".tzst"}, NULL},
    [COMPRESS_BZIP2] = {"bzip2",        {".bz2", ".tbz2", ".tbz"},  archive_write_add_filter_bzip2},
    [COMPRESS_LZ4]   = {"lz4",          {".lz4", NULL},             archive_write_add_filter_lz4},
};
/* clang-format on */

#define XZ_BUFFER_SIZE (128u * 1024)
#define XZ_MEMORY_MAX (1ull << 30)

struct xz_output {
    lzma_stream stream;
    unsigned char buffer[XZ_BUFFER_SIZE];
};

/* A thread of zstd takes up some three jobs. The library would make them of 8 MiB, and files by one in 250 smaller. */
#define ZSTD_JOB_SIZE (4 << 20)
#define ZSTD_THREADS_MAX 16u
#define ZSTD_BUFFER_SIZE (256u * 1024)

struct zstd_output {
    ZSTD_CCtx *context;
    char buffer[ZSTD_BUFFER_SIZE];
};

struct compressor {
    enum compression compression;
    int fd;
    struct parallel_gzip *gzip;
    struct xz_output *xz;
    struct zstd_output *zstd;
    struct archive *archive;
    struct increment_writer *increment;
};

const char *compression_name(enum compression compression)
{
    return kinds[compression].name;
}

enum compression compression_parse(const char *name)
{
    for (size_t i = 0; name && i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return (enum compression) i;
    return name && strcmp(name, "zst") == 0 ? COMPRESS_ZSTD : COMPRESS_NONE;
}

enum compression compression_of_file(const char *path)
{
    for (size_t i = 0; path && i < COUNT_OF(kinds); i++)
        for (size_t k = 0; k < COUNT_OF(kinds[i].suffixes) && kinds[i].suffixes[k]; k++)
            if (string_ends(path, kinds[i].suffixes[k]))
                return (enum compression) i;
    return COMPRESS_NONE;
}

static int cannot_write(struct error **err, int code)
{
    fail(err, code, "cannot write the output");
    fail_id(*err, "R5080");
    return -code;
}

static int start_filter(struct compressor *compressor, struct error **err)
{
    struct archive_entry *entry = archive_entry_new();
    struct archive *archive = compressor->archive = archive_write_new();
    int r;

    (void) archive_write_set_format_raw(archive);
    r = kinds[compressor->compression].add_filter(archive);
    (void) archive_write_set_bytes_per_block(archive, 256 * 1024);
    (void) archive_write_set_bytes_in_last_block(archive, 1);
    if (r == ARCHIVE_OK)
        r = archive_write_open_fd(archive, compressor->fd);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_pathname(entry, "data");
    if (r == ARCHIVE_OK)
        r = archive_write_header(archive, entry);
    archive_entry_free(entry);
    if (r == ARCHIVE_OK)
        return 0;
    fail_plain(err, EOPNOTSUPP, "cannot compress with %s: %s", kinds[compressor->compression].name,
               archive_error_string(archive) ? archive_error_string(archive) : "the library does not know it");
    fail_id(*err, "R5081");
    return -EOPNOTSUPP;
}

/* As many threads as there are processors, fewer when they would take more memory than a gigabyte. */
static int start_xz(struct compressor *compressor, struct error **err)
{
    static const lzma_stream fresh = LZMA_STREAM_INIT;
    lzma_mt options = {.threads = lzma_cputhreads(), .preset = LZMA_PRESET_DEFAULT, .check = LZMA_CHECK_CRC64};

    while (options.threads > 1 && lzma_stream_encoder_mt_memusage(&options) > XZ_MEMORY_MAX)
        options.threads--;
    if (options.threads == 0)
        options.threads = 1;
    compressor->xz = mem_alloc(sizeof *compressor->xz);
    compressor->xz->stream = fresh;
    if (lzma_stream_encoder_mt(&compressor->xz->stream, &options) == LZMA_OK)
        return 0;
    return fail(err, ENOMEM, "cannot start the xz encoder");
}

static int write_xz(struct compressor *compressor, const void *bytes, size_t size, lzma_action action)
{
    struct xz_output *xz = compressor->xz;
    lzma_ret r = LZMA_OK;

    xz->stream.next_in = bytes;
    xz->stream.avail_in = size;
    while (r == LZMA_OK && (xz->stream.avail_in > 0 || action == LZMA_FINISH)) {
        xz->stream.next_out = xz->buffer;
        xz->stream.avail_out = XZ_BUFFER_SIZE;
        r = lzma_code(&xz->stream, action);

        int w = fd_write_full(compressor->fd, xz->buffer, XZ_BUFFER_SIZE - xz->stream.avail_out);
        if (w < 0)
            return w;
    }
    return r == LZMA_OK || r == LZMA_STREAM_END ? 0 : r == LZMA_MEM_ERROR ? -ENOMEM : -EIO;
}

/* A library that was built without threads refuses the number of them, and goes on with the caller's. */
static int start_zstd(struct compressor *compressor, struct error **err)
{
    struct zstd_output *zstd = compressor->zstd = mem_alloc(sizeof *zstd);
    unsigned threads = lzma_cputhreads();   /* of the processors we may run on */

    if (threads > ZSTD_THREADS_MAX)
        threads = ZSTD_THREADS_MAX;
    zstd->context = ZSTD_createCCtx();
    if (!zstd->context)
        return fail(err, ENOMEM, "cannot start the zstd encoder");
    (void) ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_checksumFlag, 1);
    if (!ZSTD_isError(ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_nbWorkers, (int) threads)))
        (void) ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_jobSize, ZSTD_JOB_SIZE);
    return 0;
}

static int write_zstd(struct compressor *compressor, const void *bytes, size_t size, ZSTD_EndDirective how)
{
    struct zstd_output *zstd = compressor->zstd;
    ZSTD_inBuffer in = {.src = bytes, .size = size};
    size_t left;

    do {
        ZSTD_outBuffer out = {.dst = zstd->buffer, .size = ZSTD_BUFFER_SIZE};

        left = ZSTD_compressStream2(zstd->context, &out, &in, how);
        if (ZSTD_isError(left))
            return -ENOMEM;     /* nothing else can be wrong with bytes to compress */

        int r = fd_write_full(compressor->fd, zstd->buffer, out.pos);
        if (r < 0)
            return r;
    } while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return 0;
}

int compressor_open(enum compression compression, int output_fd, struct compressor **ret, struct error **err)
{
    CLEANUP(compressor_closep) struct compressor *compressor = mem_alloc(sizeof *compressor);

    compressor->compression = compression;
    compressor->fd = output_fd;
    if (compression == COMPRESS_GZIP)
        compressor->gzip = parallel_gzip_open(output_fd);
    else if (compression == COMPRESS_XZ) {
        if (start_xz(compressor, err) < 0)
            return -error_code(*err);
    } else if (compression == COMPRESS_ZSTD) {
        if (start_zstd(compressor, err) < 0)
            return -error_code(*err);
    } else if (compression != COMPRESS_NONE && start_filter(compressor, err) < 0)
        return -error_code(*err);
    *ret = TAKE(compressor);
    return 0;
}

int compressor_open_increment(const struct increment_base *base, int output_fd, struct compressor **ret,
                              struct error **err)
{
    CLEANUP(compressor_closep) struct compressor *compressor = mem_alloc(sizeof *compressor);

    if (increment_writer_open(base, output_fd, &compressor->increment, err) < 0)
        return -error_code(*err);
    *ret = TAKE(compressor);
    return 0;
}

int compressor_write(struct compressor *compressor, const void *bytes, size_t size, struct error **err)
{
    int r;

    if (compressor->increment)
        return increment_writer_write(compressor->increment, bytes, size, err);
    if (compressor->archive)
        r = archive_write_data(compressor->archive, bytes, size) < 0 ? -archive_errno(compressor->archive) : 0;
    else if (compressor->gzip)
        r = parallel_gzip_write(compressor->gzip, bytes, size);
    else if (compressor->xz)
        r = write_xz(compressor, bytes, size, LZMA_RUN);
    else if (compressor->zstd)
        r = write_zstd(compressor, bytes, size, ZSTD_e_continue);
    else
        r = fd_write_full(compressor->fd, bytes, size);
    return r < 0 ? cannot_write(err, -r) : 0;
}

int compressor_finish(struct compressor *compressor, struct error **err)
{
    int r = 0;

    if (compressor->increment)
        return increment_writer_finish(compressor->increment, err);
    if (compressor->archive)
        r = archive_write_close(compressor->archive) == ARCHIVE_OK ? 0 : -archive_errno(compressor->archive);
    else if (compressor->gzip)
        r = parallel_gzip_finish(compressor->gzip);
    else if (compressor->xz)
        r = write_xz(compressor, NULL, 0, LZMA_FINISH);
    else if (compressor->zstd)
        r = write_zstd(compressor, NULL, 0, ZSTD_e_end);
    return r < 0 ? cannot_write(err, -r) : 0;
}

void compressor_close(struct compressor *compressor)
{
    if (!compressor)
        return;
    increment_writer_close(compressor->increment);
    parallel_gzip_close(compressor->gzip);
    if (compressor->xz)
        lzma_end(&compressor->xz->stream);
    free(compressor->xz);
    if (compressor->zstd)
        (void) ZSTD_freeCCtx(compressor->zstd->context);
    free(compressor->zstd);
    if (compressor->archive)
        (void) archive_write_free(compressor->archive);
    free(compressor);
}

void compressor_closep(struct compressor **compressor)
{
    compressor_close(*compressor);
}
