/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which parts of an image are the system's, how each is protected, and whether the policy allows it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/image_policy.h"
#include "image/disk.h"
#include "image/partition_table.h"
#include "image/verity_signature.h"
#include "image/version.h"

enum role { ROLE_DATA, ROLE_HASHES, ROLE_SIGNATURE };

/* Discoverable Partitions Specification (UAPI.2). */
static const struct {
    const char *type;
    enum disk_part part;
    enum role role;
} types[] = {
#if defined(__x86_64__)
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", DISK_ROOT, ROLE_DATA},
    {"2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", DISK_ROOT, ROLE_HASHES},
    {"41092b05-9fc8-4523-994f-2def0408b176", DISK_ROOT, ROLE_SIGNATURE},
    {"8484680c-9521-48c6-9c11-b0720656f69e", DISK_USR, ROLE_DATA},
    {"77ff5f63-e7b6-4633-acf4-1565b864c0e6", DISK_USR, ROLE_HASHES},
    {"e7bb33fb-06cf-4e81-8273-e543b413e2e2", DISK_USR, ROLE_SIGNATURE},
#elif defined(__aarch64__)
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", DISK_ROOT, ROLE_DATA},
    {"df3300ce-d69f-4c92-978c-9bfb0f38d820", DISK_ROOT, ROLE_HASHES},
    {"6db69de6-29f4-4758-a7a5-962190f00ce3", DISK_ROOT, ROLE_SIGNATURE},
    {"b0e01050-ee5f-4390-949a-9101b17104e9", DISK_USR, ROLE_DATA},
    {"6e11a4e7-fbca-4ded-b9e9-e1a512bb664e", DISK_USR, ROLE_HASHES},
    {"c23ce4ff-44bd-4b00-b2d4-b41b3419e02a", DISK_USR, ROLE_SIGNATURE},
#elif defined(__riscv) && __riscv_xlen == 64
    {"72ec70a6-cf74-40e6-bd49-4bda08e8f224", DISK_ROOT, ROLE_DATA},
    {"b6ed5582-440b-4209-b8da-5ff7c419ea3d", DISK_ROOT, ROLE_HASHES},
    {"efe0f087-ea8d-4469-821a-4c2a96a8386a", DISK_ROOT, ROLE_SIGNATURE},
    {"beaec34b-8442-439b-a40b-984381ed097d", DISK_USR, ROLE_DATA},
    {"8f1056be-9b05-47c4-81d6-be53128e5b54", DISK_USR, ROLE_HASHES},
    {"d2f9000a-7a18-453f-b5cd-4d32f77a7b32", DISK_USR, ROLE_SIGNATURE},
#endif
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", DISK_HOME, ROLE_DATA},
    {"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", DISK_SRV, ROLE_DATA},
    {"4d21b016-b534-45c2-a9fb-5c16e091fd2d", DISK_VAR, ROLE_DATA},
    {"7ec6f557-3bc5-4aca-b293-16ef5df639d1", DISK_TMP, ROLE_DATA},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", DISK_XBOOTLDR, ROLE_DATA},
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", DISK_ESP, ROLE_DATA},
};
#define TYPE_LINUX_DATA "0fc63daf-8483-4772-8e79-3d69d8477de4"

/* An image being looked at. */
struct search {
    struct disk *disk;
    const char *path;
    const struct disk_request *request;
    const struct partition_table *table;
};

static bool has_type(const struct partition *partition, const char *type)
{
    struct id128 id;

    return id128_parse(type, &id) == 0 && id128_equal(id, partition->type);
}

static bool has_role(const struct partition *partition, enum disk_part part, enum role role)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i].part == part && types[i].role == role && has_type(partition, types[i].type))
            return !(partition->attributes & PARTITION_NO_AUTO);
    return false;
}

static int forbid(struct error **err, enum disk_part part, const char *what)
{
    int r = fail_plain(err, EPERM, "the image policy does not allow the partition '%s' to be %s", disk_part_name(part),
                       what);

    fail_id(*err, "R3205");
    fail_hint(*err, "--image-policy= says what may be used: '*' is everything");
    return r;
}

static struct image_policy policy_of(const struct search *search, enum disk_part part)
{
    struct image_policy policy;

    image_policy_of(search->request->policy, disk_part_name(part), &policy);
    return policy;
}

static void take_stretch(struct disk *disk, enum disk_part part, uint64_t offset, uint64_t size, unsigned attributes)
{
    disk->part[part] = (struct disk_place){
        .is_there = true,
        .offset = offset,
        .size = size,
        .read_only = attributes & PARTITION_READ_ONLY,
        .grow = attributes & PARTITION_GROW,
        .loop = LOOP_NONE,
    };
}

/* -- the root hash -- */

/* What is known of the hash of a part; NULL where nothing is, or where the policy has it run unprotected. */
static int find_verity(const struct search *search, enum disk_part part, struct disk_verity **ret, struct error **err)
{
    CLEANUP(disk_verity_freep) struct disk_verity *verity = NULL;
    bool is_root = part == DISK_ROOT;

    *ret = NULL;
    if (!is_root && part != DISK_USR)
        return 0;
    if (!(policy_of(search, part).uses & (IMAGE_VERITY | IMAGE_SIGNED)))
        return is_root && search->request->root_hash ? forbid(err, part, "used with verity, which was asked for") : 0;
    verity = disk_verity_new();
    if (disk_verity_find(search->disk->fd, search->path, !is_root, search->request, verity, err) < 0)
        return -error_code(*err);
    *ret = TAKE(verity);
    return 0;
}

static int fail_no_hashes(struct error **err, enum disk_part part)
{
    int r = fail_plain(err, ENODATA, "there are no hashes (verity) for the partition '%s', whose root hash is known",
                       disk_part_name(part));

    fail_id(*err, "R3217");
    fail_hint(*err,
              "they are in the partition that the end of the root hash names, in NAME.verity beside the image, or "
              "where --verity-data= says; --image-policy=%s=unprotected starts without checking",
              disk_part_name(part));
    return r;
}

static int fail_no_partition(struct error **err, enum disk_part part, const char *hash)
{
    struct id128 data, hashes;
    char digits[37];

    disk_verity_ids(hash, &data, &hashes);
    id128_format_uuid(data, digits);
    int r = fail_plain(err, ENODATA, "no partition '%s' belongs to the root hash: none has the UUID %s",
                       disk_part_name(part), digits);
    fail_id(*err, "R3218");
    fail_hint(*err, "the root hash is of another image; or 'sfdisk --part-uuid IMAGE N UUID' gives the partition its "
                    "place: the first 32 digits of the hash, and for the partition of its hashes the last 32");
    return r;
}

/* The signed hash of a partition whose id it begins with. */
static int take_signature(const struct search *search, const struct partition *partition,
                          const struct partition *data, struct disk_verity *verity, struct error **err)
{
    CLEANUP(verity_signature_done) struct verity_signature signature = {0};
    size_t size = partition->size < VERITY_SIGNATURE_MAX ? (size_t) partition->size : VERITY_SIGNATURE_MAX;
    auto_free char *text = mem_alloc(size + 1);
    struct id128 id, ignored;
    ssize_t n = pread(search->disk->fd, text, size, (off_t) partition->offset);

    if (n < 0)
        return fail(err, errno, "cannot read the signature of the root hash");
    text[n] = '\0';
    if (!*text)                 /* a place that waits for a later version */
        return 0;
    if (verity_signature_parse(text, &signature, err) < 0)
        return -error_code(*err);
    disk_verity_ids(signature.hash, &id, &ignored);
    if (!id128_equal(id, data->id) || (verity->hash && strcmp(verity->hash, signature.hash) != 0))
        return 0;
    if (!verity->hash)
        verity->hash = TAKE(signature.hash);
    verity->signature = TAKE(signature.bytes);
    verity->signature_size = signature.size;
    return 0;
}

static int take_signatures(const struct search *search, enum disk_part part, const struct partition *data,
                           struct disk_verity *verity, struct error **err)
{
    for (size_t i = 0; i < search->table->count && !verity->signature; i++)
        if (has_role(&search->table->item[i], part, ROLE_SIGNATURE) &&
            take_signature(search, &search->table->item[i], data, verity, err) < 0)
            return -error_code(*err);
    return 0;
}

static const struct partition *find_by_id(const struct partition_table *table, enum disk_part part, enum role role,
                                          struct id128 id)
{
    for (size_t i = 0; i < table->count; i++)
        if (has_role(&table->item[i], part, role) && id128_equal(table->item[i].id, id))
            return &table->item[i];
    return NULL;
}

/* Finds what belongs to a hash: the partition, its hashes, its signature. Without a hash, one that is signed counts for
 * the partition *DATA. */
static int match_verity(const struct search *search, enum disk_part part, struct disk_verity *verity,
                        const struct partition **data, struct error **err)
{
    struct id128 data_id, hashes_id;

    if (verity->hash) {
        disk_verity_ids(verity->hash, &data_id, &hashes_id);
        *data = find_by_id(search->table, part, ROLE_DATA, data_id);
        if (!*data)
            return fail_no_partition(err, part, verity->hash);
    }
    if (take_signatures(search, part, *data, verity, err) < 0)
        return -error_code(*err);
    if (!verity->hash)
        return 0;
    disk_verity_ids(verity->hash, &data_id, &hashes_id);
    const struct partition *hashes = find_by_id(search->table, part, ROLE_HASHES, hashes_id);
    if (hashes) {
        verity->has_place = true;
        verity->offset = hashes->offset;
        verity->size = hashes->size;
    }
    return verity->has_place || verity->data_fd >= 0 ? 0 : fail_no_hashes(err, part);
}

/* -- the parts -- */

/* Of several of a type the newest, going by their labels; of equal ones the first. */
static const struct partition *find_newest(const struct partition_table *table, enum disk_part part)
{
    const struct partition *newest = NULL;

    for (size_t i = 0; i < table->count; i++) {
        const struct partition *one = &table->item[i];

        if (has_role(one, part, ROLE_DATA) &&
            (!newest || version_compare(one->label, strlen(one->label), newest->label, strlen(newest->label)) > 0))
            newest = one;
    }
    return newest;
}

static int take_part(const struct search *search, enum disk_part part, struct error **err)
{
    CLEANUP(disk_verity_freep) struct disk_verity *verity = NULL;
    const struct partition *data = find_newest(search->table, part);

    if (!data)
        return 0;
    if (find_verity(search, part, &verity, err) < 0 ||
        (verity && match_verity(search, part, verity, &data, err) < 0))
        return -error_code(*err);
    take_stretch(search->disk, part, data->offset, data->size, data->attributes);
    if (verity && verity->hash)
        search->disk->part[part].verity = TAKE(verity);
    return 0;
}

/* A root that no type of its own says to be one: its hashes can be in a file alone. */
static int take_root(const struct search *search, uint64_t offset, uint64_t size, unsigned attributes,
                     struct error **err)
{
    CLEANUP(disk_verity_freep) struct disk_verity *verity = NULL;

    if (find_verity(search, DISK_ROOT, &verity, err) < 0)
        return -error_code(*err);
    if (verity && verity->hash && verity->data_fd < 0)
        return fail_no_hashes(err, DISK_ROOT);
    take_stretch(search->disk, DISK_ROOT, offset, size, attributes);
    if (verity && verity->hash)
        search->disk->part[DISK_ROOT].verity = TAKE(verity);
    return 0;
}

static int take_gpt(const struct search *search, struct error **err)
{
    const struct partition *data = NULL;
    size_t n_data = 0;

    for (int i = 0; i < N_DISK_PARTS; i++)
        if (take_part(search, (enum disk_part) i, err) < 0)
            return -error_code(*err);
    for (size_t i = 0; i < search->table->count; i++)
        if (has_type(&search->table->item[i], TYPE_LINUX_DATA)) {
            data = &search->table->item[i];
            n_data++;
        }
    if (search->disk->part[DISK_ROOT].is_there || search->disk->part[DISK_USR].is_there || n_data != 1)
        return 0;
    return take_root(search, data->offset, data->size, data->attributes, err);
}

/* The bootable one, or the only one. */
static int take_mbr(const struct search *search, struct error **err)
{
    enum { TYPE_LINUX = 0x83 };
    const struct partition *chosen = NULL;
    size_t n = 0, n_bootable = 0;

    for (size_t i = 0; i < search->table->count; i++) {
        const struct partition *partition = &search->table->item[i];

        if (partition->mbr_type != TYPE_LINUX)
            continue;
        n++;
        n_bootable += partition->is_bootable;
        if (!chosen || partition->is_bootable)
            chosen = partition;
    }
    if (n_bootable == 1 || (n_bootable == 0 && n == 1))
        return take_root(search, chosen->offset, chosen->size, 0, err);
    return 0;
}

static int fail_no_system(const struct partition_table *table, const char *path, struct error **err)
{
    int r;

    if (table->kind == TABLE_NONE) {
        r = fail_plain(err, ENOPKG, "no file system and no partition table that is known was found in %s", path);
        fail_hint(*err, "an image that is packed is unpacked by 'importctl -m import-raw FILE NAME'");
    } else {
        r = fail_plain(err, ENOPKG, "%s has %zu partitions, none of which is the root of a system", path, table->count);
        fail_hint(*err, "a root partition has the type for this machine's architecture ('sfdisk --part-type IMAGE N "
                        "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709' for x86-64), or is the only one of type Linux data");
    }
    fail_id(*err, "R3204");
    return r;
}

static int take_bare(const struct search *search, struct error **err)
{
    enum content content;

    if (content_probe(search->disk->fd, 0, search->disk->size, &content, err) < 0)
        return -error_code(*err);
    return content == CONTENT_UNKNOWN ? 0 : take_root(search, 0, search->disk->size, 0, err);
}

static int read_table(struct search *search, struct error **err)
{
    auto_free struct partition_table *table = mem_alloc(sizeof *table);
    const struct disk *disk = search->disk;
    int r;

    if (partition_table_read(disk->fd, disk->size, table, err) < 0)
        return -error_code(*err);
    search->table = table;
    r = table->kind == TABLE_NONE  ? take_bare(search, err)
        : table->kind == TABLE_GPT ? take_gpt(search, err)
                                   : take_mbr(search, err);
    search->table = NULL;
    if (r < 0)
        return r;
    if (!disk->part[DISK_ROOT].is_there && search->request->root_hash)
        return fail_no_partition(err, DISK_ROOT, search->request->root_hash);
    return disk->part[DISK_ROOT].is_there || disk->part[DISK_USR].is_there ? 0
                                                                           : fail_no_system(table, search->path, err);
}

static int fail_content(struct error **err, enum disk_part part, enum content content)
{
    int r = fail_plain(err, EOPNOTSUPP, "the partition '%s' holds %s, which cannot be mounted", disk_part_name(part),
                       content_name(content));

    fail_id(*err, "R3206");
    if (content == CONTENT_LUKS)
        fail_hint(*err, "open it first: 'cryptsetup open --type luks $(losetup -f --show -P IMAGE)p1 NAME', then "
                        "--image=/dev/mapper/NAME");
    else
        fail_hint(*err, "file systems that are known: ext4, xfs, btrfs, squashfs, erofs, vfat, f2fs, iso9660");
    return r;
}

/* Of the ways in which the part can be protected the strongest that is allowed; whatever can be checked can be used
 * unchecked, too, unless the check was asked for. Returns whether one is. */
static bool choose_protection(struct disk_place *place, unsigned uses)
{
    struct disk_verity *verity = place->verity;

    if (place->content == CONTENT_LUKS)
        return uses & IMAGE_ENCRYPTED;
    place->is_signed = verity && verity->signature && uses & IMAGE_SIGNED;
    if (place->is_signed || (verity && uses & IMAGE_VERITY))
        return true;
    if (verity && verity->is_asked)
        return false;
    if (uses & IMAGE_UNPROTECTED)
        place->verity = disk_verity_free(verity);
    return uses & IMAGE_UNPROTECTED;
}

static int forbid_use(struct error **err, enum disk_part part, const struct disk_place *place)
{
    return forbid(err, part, place->content == CONTENT_LUKS ? "encrypted"
                             : place->verity                ? "used without a signature"
                                                            : "used unprotected");
}

/* Whether a part is used, and how, after the policy and after what is in it. */
static int judge_part(const struct search *search, enum disk_part part, struct error **err)
{
    struct disk_place *place = &search->disk->part[part];
    const struct image_policy policy = policy_of(search, part);

    if (!place->is_there)
        return policy.uses & IMAGE_ABSENT || policy.uses == 0 ? 0 : forbid(err, part, "absent");
    if (content_probe(search->disk->fd, place->offset, place->size, &place->content, err) < 0)
        return fail_in(err, "cannot use the partition '%s'", disk_part_name(part));
    if (!choose_protection(place, policy.uses)) {
        place->is_there = false;
        return policy.uses & IMAGE_UNUSED ? 0 : forbid_use(err, part, place);
    }
    if (!content_is_file_system(place->content)) {
        /* nothing in a container starts from these */
        place->is_there = part != DISK_ESP && part != DISK_XBOOTLDR;
        return place->is_there ? fail_content(err, part, place->content) : 0;
    }

    auto_free char *word = mem_format(" %s ", content_name(place->content));
    if (*policy.file_systems && !strstr(policy.file_systems, word))
        return forbid(err, part, content_name(place->content));
    if (policy.read_only != IMAGE_SWITCH_ANY)
        place->read_only = policy.read_only == IMAGE_SWITCH_ON;
    if (policy.grow != IMAGE_SWITCH_ANY)
        place->grow = policy.grow == IMAGE_SWITCH_ON;
    place->read_only |= search->disk->read_only || place->verity || content_is_read_only(place->content);
    return 0;
}

int disk_find_parts(struct disk *disk, const char *path, const struct disk_request *request, struct error **err)
{
    static const struct disk_request nothing;
    struct search search = {.disk = disk, .path = path, .request = request ? request : &nothing};

    if (read_table(&search, err) < 0)
        return error_code(*err) == ENOPKG ? -ENOPKG : fail_in(err, "cannot use the disk image %s", path);
    for (int i = 0; i < N_DISK_PARTS; i++)
        if (judge_part(&search, (enum disk_part) i, err) < 0)
            return fail_in(err, "cannot use the disk image %s", path);
    return 0;
}
