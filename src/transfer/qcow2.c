/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header, two levels of tables, clusters. All numbers are big endian. After QEMU's docs/interop/qcow2.txt. */
#include "transfer/qcow2.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

#define MAGIC "QFI\xfb"
#define HEADER_V2_SIZE 72u
#define HEADER_V3_SIZE 104u

/* What the format itself allows, and a disk nobody has yet. */
#define CLUSTER_BITS_MIN 9u
#define CLUSTER_BITS_MAX 21u
#define DISK_MAX (1ull << 50)
#define L1_BYTES_MAX (32u << 20)

#define OFFSET_MASK 0x00fffffffffffe00ull
#define FLAG_COMPRESSED (1ull << 62)
#define FLAG_ZERO 1ull

#define INCOMPATIBLE_DIRTY (1ull << 0)
#define INCOMPATIBLE_CORRUPT (1ull << 1)
#define INCOMPATIBLE_EXTERNAL (1ull << 2)
#define INCOMPATIBLE_COMPRESSION (1ull << 3)
#define INCOMPATIBLE_SUBCLUSTERS (1ull << 4)

struct header {
    char magic[4];
    uint32_t version;
    uint64_t backing_file_offset;
    uint32_t backing_file_size;
    uint32_t cluster_bits;
    uint64_t size;
    uint32_t crypt_method;
    uint32_t l1_size;
    uint64_t l1_table_offset;
    uint64_t refcount_table_offset;
    uint32_t refcount_table_clusters;
    uint32_t nb_snapshots;
    uint64_t snapshots_offset;
    uint64_t incompatible_features;
    uint64_t compatible_features;
    uint64_t autoclear_features;
    uint32_t refcount_order;
    uint32_t header_length;
    uint8_t compression_type;
    uint8_t padding[7];
} __attribute__((packed));

struct qcow2 {
    struct qcow2_file file;
    uint64_t size;
    uint32_t cluster_bits;
    uint32_t entries_per_table; /* of the second level */
    bool is_zstd;
    bool has_zero_flag;         /* version 3 */
    uint64_t *l1;
    uint32_t l1_size;
    uint64_t *l2;               /* the table that was read last */
    uint64_t l2_offset;         /* 0: none yet */
    unsigned char *packed;      /* a compressed cluster */
};

static int damaged(struct error **err, const char *what)
{
    fail_plain(err, EBADMSG, "the qcow2 image is damaged: %s", what);
    fail_id(*err, "R5060");
    return -EBADMSG;
}

static int read_at(struct qcow2 *image, void *buffer, size_t size, uint64_t offset, struct error **err)
{
    int r = image->file.read(image->file.data, buffer, size, offset);

    if (r == -ENODATA)
        return damaged(err, "it ends too early");
    return r < 0 ? fail(err, -r, "cannot read the qcow2 image") : 0;
}

bool qcow2_is_one(const void *start, size_t size)
{
    return size >= 4 && memcmp(start, MAGIC, 4) == 0;
}

static int refuse(struct error **err, const char *id, const char *what, const char *hint)
{
    fail_plain(err, EOPNOTSUPP, "the qcow2 image %s", what);
    fail_id(*err, id);
    fail_hint(*err, "%s", hint);
    return -EOPNOTSUPP;
}

static int check_features(const struct header *header, uint32_t version, struct error **err)
{
    static const char flatten[] = "make one that stands alone: qemu-img convert -O qcow2 OLD NEW";
    uint64_t incompatible = version >= 3 ? be64toh(header->incompatible_features) : 0;

    if (header->backing_file_offset)
        return refuse(err, "R5061", "has another image below it", flatten);
    if (header->crypt_method)
        return refuse(err, "R5062", "is encrypted", flatten);
    if (incompatible & INCOMPATIBLE_EXTERNAL)
        return refuse(err, "R5063", "keeps its data in another file", flatten);
    if (incompatible & INCOMPATIBLE_CORRUPT)
        return damaged(err, "it is marked as corrupt");
    if (incompatible & ~(INCOMPATIBLE_DIRTY | INCOMPATIBLE_COMPRESSION))
        return refuse(err, "R5064",
                      incompatible & INCOMPATIBLE_SUBCLUSTERS ? "has subclusters" : "has unknown features", flatten);
    return 0;
}

static int take_header(struct qcow2 *image, const struct header *header, struct error **err)
{
    uint32_t version = be32toh(header->version);
    uint64_t needed;

    if (version != 2 && version != 3)
        return refuse(err, "R5064", "is of an unknown version", "versions 2 and 3 are known");
    if (check_features(header, version, err) < 0)
        return -error_code(*err);
    image->size = be64toh(header->size);
    image->cluster_bits = be32toh(header->cluster_bits);
    image->l1_size = be32toh(header->l1_size);
    image->has_zero_flag = version == 3;
    if (image->cluster_bits < CLUSTER_BITS_MIN || image->cluster_bits > CLUSTER_BITS_MAX)
        return damaged(err, "its clusters have an impossible size");
    if (image->size > DISK_MAX)
        return damaged(err, "its disk is impossibly large");
    if (version == 3 && (be64toh(header->incompatible_features) & INCOMPATIBLE_COMPRESSION)) {
        if (be32toh(header->header_length) < HEADER_V3_SIZE + 8 || header->compression_type > 1)
            return refuse(err, "R5064", "is compressed in an unknown way", "deflate and zstd are known");
        image->is_zstd = header->compression_type == 1;
    }
    image->entries_per_table = 1u << (image->cluster_bits - 3);

    /* each entry of the first level stands for a table of the second */
    needed = (image->size >> image->cluster_bits) / image->entries_per_table + 1;
    if (image->size == 0)
        needed = 0;
    else if (image->size % ((uint64_t) image->entries_per_table << image->cluster_bits) == 0)
        needed--;
    if (image->l1_size < needed)
        return damaged(err, "its first table is too short for the disk");
    image->l1_size = (uint32_t) needed;
    return 0;
}

int qcow2_open(const struct qcow2_file *file, struct qcow2 **ret, struct error **err)
{
    CLEANUP(qcow2_closep) struct qcow2 *image = mem_alloc(sizeof *image);
    struct header header = {0};
    void *l1;

    image->file = *file;
    if (read_at(image, &header, HEADER_V2_SIZE, 0, err) < 0)
        return -error_code(*err);
    if (!qcow2_is_one(&header, sizeof header))
        return damaged(err, "it has another magic number");
    if (be32toh(header.version) >= 3 &&
        read_at(image, (char *) &header + HEADER_V2_SIZE, sizeof header - HEADER_V2_SIZE, HEADER_V2_SIZE, err) < 0)
        return -error_code(*err);
    if (take_header(image, &header, err) < 0 ||
        mem_alloc_bounded((size_t) image->l1_size * 8 + 8, L1_BYTES_MAX, &l1, err) < 0)
        return -error_code(*err);
    image->l1 = l1;
    if (read_at(image, image->l1, (size_t) image->l1_size * 8, be64toh(header.l1_table_offset), err) < 0)
        return -error_code(*err);
    image->l2 = mem_alloc((size_t) image->entries_per_table * 8);
    image->packed = mem_alloc((2u << image->cluster_bits) + 512);
    *ret = TAKE(image);
    return 0;
}

uint64_t qcow2_size(const struct qcow2 *image)
{
    return image->size;
}

uint32_t qcow2_cluster_size(const struct qcow2 *image)
{
    return 1u << image->cluster_bits;
}

/* The entry of the second level for the cluster; 0 when there is no table for it. */
static int find_entry(struct qcow2 *image, uint64_t index, uint64_t *ret, struct error **err)
{
    uint64_t at = index / image->entries_per_table, offset;

    *ret = 0;
    if (at >= image->l1_size)
        return 0;
    offset = be64toh(image->l1[at]) & OFFSET_MASK;
    if (offset == 0)
        return 0;
    if (offset & ((1u << image->cluster_bits) - 1))
        return damaged(err, "a table does not begin at a cluster");
    if (offset != image->l2_offset) {
        image->l2_offset = 0;
        if (read_at(image, image->l2, (size_t) image->entries_per_table * 8, offset, err) < 0)
            return -error_code(*err);
        image->l2_offset = offset;
    }
    *ret = be64toh(image->l2[index % image->entries_per_table]);
    return 0;
}

static bool inflate_cluster(const unsigned char *packed, size_t size, void *buffer, size_t want)
{
    z_stream z = {.next_in = (unsigned char *) (uintptr_t) packed, .avail_in = (uInt) size, .next_out = buffer,
                  .avail_out = (uInt) want};

    if (inflateInit2(&z, -12) != Z_OK)
        return false;
    /* the packed size is known in sectors only: what is behind the end is nobody's */
    int r = inflate(&z, Z_FINISH);
    (void) inflateEnd(&z);
    return z.avail_out == 0 && (r == Z_STREAM_END || r == Z_BUF_ERROR || r == Z_OK);
}

static bool unzstd_cluster(const unsigned char *packed, size_t size, void *buffer, size_t want)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {.src = packed, .size = size};
    ZSTD_outBuffer out = {.dst = buffer, .size = want};
    size_t r = stream ? ZSTD_initDStream(stream) : 0;

    while (stream && !ZSTD_isError(r) && out.pos < out.size && in.pos < in.size)
        r = ZSTD_decompressStream(stream, &out, &in);
    (void) ZSTD_freeDStream(stream);
    return out.pos == want;
}

static int read_compressed(struct qcow2 *image, uint64_t entry, void *buffer, struct error **err)
{
    uint32_t bits = 62 - (image->cluster_bits - 8), cluster_size = 1u << image->cluster_bits;
    uint64_t offset = entry & ((1ull << bits) - 1);
    uint64_t sectors = ((entry & ((1ull << 62) - 1)) >> bits) + 1;
    size_t size = (size_t) (sectors * 512 - (offset & 511));
    int r;

    if (size > (2u << image->cluster_bits) + 512)
        return damaged(err, "a compressed cluster is larger than it can be");
    /* the last one may end before its last sector does */
    r = image->file.read(image->file.data, image->packed, size, offset);
    while (r == -ENODATA && size > 1) {
        size -= size > 512 ? 512 : size / 2 + 1;
        if (size == 0)
            break;
        r = image->file.read(image->file.data, image->packed, size, offset);
    }
    if (r < 0)
        return r == -ENODATA ? damaged(err, "it ends too early") : fail(err, -r, "cannot read the qcow2 image");
    if (!(image->is_zstd ? unzstd_cluster : inflate_cluster)(image->packed, size, buffer, cluster_size))
        return damaged(err, "a compressed cluster cannot be decoded");
    return 1;
}

int qcow2_read(struct qcow2 *image, uint64_t index, void *buffer, struct error **err)
{
    uint64_t entry, offset;

    if (find_entry(image, index, &entry, err) < 0)
        return -error_code(*err);
    if (entry & FLAG_COMPRESSED)
        return read_compressed(image, entry, buffer, err);
    if (image->has_zero_flag && (entry & FLAG_ZERO))
        return 0;
    offset = entry & OFFSET_MASK;
    if (offset == 0)
        return 0;
    if (offset & ((1u << image->cluster_bits) - 1))
        return damaged(err, "a cluster begins where none can");

    uint32_t cluster_size = 1u << image->cluster_bits;
    uint64_t left = image->size - (index << image->cluster_bits);
    size_t want = left < cluster_size ? (size_t) left : cluster_size;
    (void) memset(buffer, 0, cluster_size);
    return read_at(image, buffer, want, offset, err) < 0 ? -error_code(*err) : 1;
}

void qcow2_close(struct qcow2 *image)
{
    if (!image)
        return;
    free(image->l1);
    free(image->l2);
    free(image->packed);
    free(image);
}

void qcow2_closep(struct qcow2 **image)
{
    qcow2_close(*image);
}
