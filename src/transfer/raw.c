/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs in a worker that can open nothing: input, output and scratch are given. */
#include "transfer/raw.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "transfer/qcow2.h"
#include "transfer/stream.h"
#include "transfer/tar_reader.h"
#include "transfer/unpack_entry.h"

#define BLOCK 4096u
#define COPY_MAX (64u << 20)

static bool is_zero(const char *bytes, size_t size)
{
    /* the first byte is zero, and each is like the one before it */
    return size == 0 || (*bytes == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

int sparse_write(int fd, const char *bytes, size_t size, uint64_t at)
{
    size_t start = 0;

    while (start < size) {
        size_t end = start;

        while (start < size) {      /* over zeroes, to the borders of blocks in the file */
            size_t n = BLOCK - (size_t) ((at + start) % BLOCK);

            n = n < size - start ? n : size - start;
            if (!is_zero(bytes + start, n))
                break;
            start += n;
        }
        end = start;
        while (end < size) {
            size_t n = BLOCK - (size_t) ((at + end) % BLOCK);

            n = n < size - end ? n : size - end;
            if (is_zero(bytes + end, n))
                break;
            end += n;
        }
        while (start < end) {
            ssize_t n = pwrite(fd, bytes + start, end - start, (off_t) (at + start));

            if (n < 0 && errno != EINTR)
                return -errno;
            start += n > 0 ? (size_t) n : 0;
        }
    }
    return 0;
}

static int cannot_write(struct error **err, int code)
{
    fail(err, code, "cannot write the disk image");
    fail_id(*err, "R5065");
    if (code == ENOSPC || code == EDQUOT)
        fail_hint(*err, "nothing of the image is left behind; make room and try again");
    return -code;
}

static int finish(int fd, uint64_t size, struct error **err)
{
    return ftruncate(fd, (off_t) size) < 0 ? cannot_write(err, errno) : 0;
}

/* All of the stream into FD. */
static int pour(struct stream *stream, int fd, struct channel *up, struct error **err)
{
    uint64_t at = 0;
    const void *bytes;
    size_t size;
    int r;

    while ((r = stream_next(stream, &bytes, &size, err)) == 1) {
        r = sparse_write(fd, bytes, size, at);
        if (r < 0)
            return cannot_write(err, -r);
        at += size;
        channel_progress(up, stream_position(stream), stream_size(stream));
    }
    return r < 0 ? r : finish(fd, at, err);
}

/* -- qcow2 -- */

static int read_file(void *data, void *buffer, size_t size, uint64_t offset)
{
    const int *fd = data;

    while (size > 0) {
        ssize_t n = offset > INT64_MAX ? 0 : pread(*fd, buffer, size, (off_t) offset);

        if (n == 0)
            return -ENODATA;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            buffer = (char *) buffer + n;
            size -= (size_t) n;
            offset += (uint64_t) n;
        }
    }
    return 0;
}

static int convert(int from_fd, int to_fd, struct channel *up, struct error **err)
{
    const struct qcow2_file file = {.read = read_file, .data = &from_fd};
    CLEANUP(qcow2_closep) struct qcow2 *image = NULL;

    if (qcow2_open(&file, &image, err) < 0)
        return -error_code(*err);

    uint64_t size = qcow2_size(image), cluster = qcow2_cluster_size(image);
    auto_free char *buffer = mem_alloc(cluster);
    for (uint64_t at = 0; at < size; at += cluster) {
        int r = qcow2_read(image, at / cluster, buffer, err);

        if (r < 0)
            return r;
        r = r == 0 ? 0 : sparse_write(to_fd, buffer, size - at < cluster ? (size_t) (size - at) : cluster, at);
        if (r < 0)
            return cannot_write(err, -r);
        channel_progress(up, at, size);
    }
    return finish(to_fd, size, err);
}

static int from_qcow2(const struct raw *raw, struct stream *stream, struct channel *up, struct error **err)
{
    struct stat st;
    bool direct = strcmp(stream_compression(stream), "none") == 0 && fstat(raw->input_fd, &st) == 0 &&
                  S_ISREG(st.st_mode);

    channel_fact(up, "kind=qcow2");
    if (direct)
        return convert(raw->input_fd, raw->output_fd, up, err);
    if (pour(stream, raw->scratch_fd, up, err) < 0)
        return -error_code(*err);
    return convert(raw->scratch_fd, raw->output_fd, up, err);
}

/* -- a disk in an archive -- */

static bool is_tar(const char *start, size_t size)
{
    return size >= 265 && memcmp(start + 257, "ustar", 5) == 0;
}

static bool is_disk_name(const char *name)
{
    return name && (string_ends(name, ".raw") || string_ends(name, ".img"));
}

static int pour_entry(struct tar_reader *reader, int fd, struct archive_entry *entry, struct error **err)
{
    la_int64_t offset;
    const void *block;
    size_t size;
    int r;

    while ((r = archive_read_data_block(reader->archive, &block, &size, &offset)) == ARCHIVE_OK) {
        r = sparse_write(fd, block, size, (uint64_t) offset);
        if (r < 0)
            return cannot_write(err, -r);
    }
    if (r != ARCHIVE_EOF)
        return *err ? -error_code(*err) : archive_damaged(reader->archive, err);
    return finish(fd, (uint64_t) archive_entry_size(entry), err);
}

static int from_tar(const struct raw *raw, struct stream *stream, struct channel *up, struct error **err)
{
    CLEANUP(tar_reader_done) struct tar_reader reader = {0};
    struct archive_entry *entry;
    bool found = false;
    int r = tar_reader_open(&reader, stream, up, err);

    while (r == 0 && (r = tar_reader_next(&reader, &entry)) == 1) {
        r = 0;
        if (archive_entry_filetype(entry) != AE_IFREG || !is_disk_name(archive_entry_pathname(entry)) || found)
            continue;
        found = true;
        channel_line(up, "The archive holds the disk '%s'.", archive_entry_pathname(entry));
        r = pour_entry(&reader, raw->output_fd, entry, err);
    }
    if (r < 0)
        return r;
    if (found)
        return tar_reader_drain(&reader);
    fail_plain(err, EINVAL, "the file is an archive, and no disk image is in it");
    fail_id(*err, "R5066");
    fail_hint(*err, "a disk in an archive is called *.raw or *.img; for the tree of a system there is import-tar");
    return -EINVAL;
}

/* -- all -- */

/* A plain file on the same file system shares its blocks, or is copied by the kernel. */
static int from_file(const struct raw *raw, uint64_t size, struct channel *up, struct error **err)
{
    off_t in = 0, data;

    while ((uint64_t) in < size && (data = lseek(raw->input_fd, in, SEEK_DATA)) >= 0) {
        off_t end = lseek(raw->input_fd, data, SEEK_HOLE), out = data;

        while (data < end) {
            size_t n = (uint64_t) (end - data) < COPY_MAX ? (size_t) (end - data) : COPY_MAX;
            ssize_t done = copy_file_range(raw->input_fd, &data, raw->output_fd, &out, n, 0);

            if (done <= 0)
                return -ENOTSUP;
            channel_progress(up, (uint64_t) data, size);
        }
        in = end;
    }
    return finish(raw->output_fd, size, err);
}

int raw_work(void *data, struct channel *up, struct error **err)
{
    const struct raw *raw = data;
    CLEANUP(stream_closep) struct stream *stream = NULL;
    bool at_start = lseek(raw->input_fd, 0, SEEK_CUR) == 0;
    const void *start;
    size_t size;

    if (stream_open(raw->input_fd, &stream, err) < 0 || stream_peek(stream, &start, &size, err) < 0)
        return -error_code(*err);
    if (size == 0) {
        fail_plain(err, EBADMSG, "the disk image is empty");
        fail_id(*err, "R5067");
        return -EBADMSG;
    }
    if (qcow2_is_one(start, size))
        return from_qcow2(raw, stream, up, err);
    channel_fact(up, "kind=raw");
    if (is_tar(start, size))
        return from_tar(raw, stream, up, err);
    if (at_start && strcmp(stream_compression(stream), "none") == 0 && stream_size(stream) > 0) {
        uint64_t total = stream_size(stream);

        stream_close(TAKE(stream));
        int r = from_file(raw, total, up, err);
        if (r == 0 || *err)
            return r;
        /* what the kernel cannot copy between these two files goes through our hands, from the start */
        if (lseek(raw->input_fd, 0, SEEK_SET) < 0 || stream_open(raw->input_fd, &stream, err) < 0)
            return *err ? -error_code(*err) : fail(err, errno, "cannot read the input anew");
    }
    return pour(stream, raw->output_fd, up, err);
}
