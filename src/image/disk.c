/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/strings.h"
#include "config/image_policy.h"
#include "image/grow.h"
#include "image/partition_table.h"
#include "image/version.h"

static const struct {
    const char *name, *path;
} parts[] = {
    [DISK_ROOT] = {"root", "/"},   [DISK_USR] = {"usr", "/usr"}, [DISK_HOME] = {"home", "/home"},
    [DISK_SRV] = {"srv", "/srv"},  [DISK_VAR] = {"var", "/var"}, [DISK_TMP] = {"tmp", "/var/tmp"},
    [DISK_XBOOTLDR] = {"xbootldr", "/boot"}, [DISK_ESP] = {"esp", "/efi"},
};

const char *disk_part_path(enum disk_part part)
{
    return parts[part].path;
}

#if defined(__x86_64__)
#define TYPE_ROOT "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
#define TYPE_USR "8484680c-9521-48c6-9c11-b0720656f69e"
#elif defined(__aarch64__)
#define TYPE_ROOT "b921b045-1df0-41c3-af44-4c6f280d3fae"
#define TYPE_USR "b0e01050-ee5f-4390-949a-9101b17104e9"
#elif defined(__riscv) && __riscv_xlen == 64
#define TYPE_ROOT "72ec70a6-cf74-40e6-bd49-4bda08e8f224"
#define TYPE_USR "beaec34b-8442-439b-a40b-984381ed097d"
#endif
#define TYPE_LINUX_DATA "0fc63daf-8483-4772-8e79-3d69d8477de4"

/* Discoverable Partitions Specification (UAPI.2). */
static const struct {
    const char *type;
    enum disk_part part;
} types[] = {
#ifdef TYPE_ROOT
    {TYPE_ROOT, DISK_ROOT},
    {TYPE_USR, DISK_USR},
#endif
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", DISK_HOME},
    {"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", DISK_SRV},
    {"4d21b016-b534-45c2-a9fb-5c16e091fd2d", DISK_VAR},
    {"7ec6f557-3bc5-4aca-b293-16ef5df639d1", DISK_TMP},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", DISK_XBOOTLDR},
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", DISK_ESP},
};

static bool has_type(const struct partition *partition, const char *type)
{
    struct id128 id;

    return id128_parse(type, &id) == 0 && id128_equal(id, partition->type);
}

static int find_part(const struct partition *partition)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (has_type(partition, types[i].type))
            return (int) types[i].part;
    return -1;
}

static void take_partition(struct disk *disk, enum disk_part part, const struct partition *partition)
{
    disk->part[part] = (struct disk_place){
        .is_there = true,
        .offset = partition->offset,
        .size = partition->size,
        .read_only = partition->attributes & PARTITION_READ_ONLY,
        .grow = partition->attributes & PARTITION_GROW,
        .loop = LOOP_NONE,
    };
}

/* Of several of a type the newest, going by their labels; of equal ones the first. */
static void take_gpt(struct disk *disk, const struct partition_table *table)
{
    const struct partition *chosen[N_DISK_PARTS] = {0}, *data = NULL;
    size_t n_data = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->item[i];
        int part = find_part(partition);

        if (has_type(partition, TYPE_LINUX_DATA)) {
            data = partition;
            n_data++;
        }
        if (part < 0 || partition->attributes & PARTITION_NO_AUTO)
            continue;
        const struct partition *old = chosen[part];
        if (!old || version_compare(partition->label, strlen(partition->label), old->label, strlen(old->label)) > 0)
            chosen[part] = partition;
    }
    if (!chosen[DISK_ROOT] && !chosen[DISK_USR] && n_data == 1)
        chosen[DISK_ROOT] = data;
    for (int i = 0; i < N_DISK_PARTS; i++)
        if (chosen[i])
            take_partition(disk, (enum disk_part) i, chosen[i]);
}

/* The bootable one, or the only one. */
static void take_mbr(struct disk *disk, const struct partition_table *table)
{
    enum { TYPE_LINUX = 0x83 };
    const struct partition *chosen = NULL;
    size_t n = 0, n_bootable = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->item[i];

        if (partition->mbr_type != TYPE_LINUX)
            continue;
        n++;
        n_bootable += partition->is_bootable;
        if (!chosen || partition->is_bootable)
            chosen = partition;
    }
    if (n_bootable == 1 || (n_bootable == 0 && n == 1))
        take_partition(disk, DISK_ROOT, chosen);
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

static int read_table(struct disk *disk, const char *path, struct error **err)
{
    auto_free struct partition_table *table = mem_alloc(sizeof *table);
    enum content content;

    if (partition_table_read(disk->fd, disk->size, table, err) < 0)
        return -error_code(*err);
    if (table->kind == TABLE_NONE) {
        if (content_probe(disk->fd, 0, disk->size, &content, err) < 0)
            return -error_code(*err);
        if (content != CONTENT_UNKNOWN)
            disk->part[DISK_ROOT] = (struct disk_place){.is_there = true, .size = disk->size, .loop = LOOP_NONE};
    } else if (table->kind == TABLE_GPT)
        take_gpt(disk, table);
    else
        take_mbr(disk, table);
    return disk->part[DISK_ROOT].is_there || disk->part[DISK_USR].is_there ? 0 : fail_no_system(table, path, err);
}

static int forbid(struct error **err, enum disk_part part, const char *what)
{
    int r = fail_plain(err, EPERM, "the image policy does not allow the partition '%s' to be %s", parts[part].name,
                       what);

    fail_id(*err, "R3205");
    fail_hint(*err, "--image-policy= says what may be used: '*' is everything");
    return r;
}

static int fail_content(struct error **err, enum disk_part part, enum content content)
{
    int r = fail_plain(err, EOPNOTSUPP, "the partition '%s' holds %s, which cannot be mounted", parts[part].name,
                       content_name(content));

    fail_id(*err, "R3206");
    if (content == CONTENT_LUKS)
        fail_hint(*err, "open it first: 'cryptsetup open --type luks $(losetup -f --show -P IMAGE)p1 NAME', then "
                        "--image=/dev/mapper/NAME");
    else
        fail_hint(*err, "file systems that are known: ext4, xfs, btrfs, squashfs, erofs, vfat, f2fs, iso9660");
    return r;
}

/* Whether a part is used, and how, after the policy and after what is in it. */
static int judge_part(struct disk *disk, enum disk_part part, const char *text, struct error **err)
{
    struct disk_place *place = &disk->part[part];
    struct image_policy policy;

    image_policy_of(text, parts[part].name, &policy);
    if (!place->is_there)
        return policy.uses & IMAGE_ABSENT || policy.uses == 0 ? 0 : forbid(err, part, "absent");
    if (content_probe(disk->fd, place->offset, place->size, &place->content, err) < 0)
        return fail_in(err, "cannot use the partition '%s'", parts[part].name);

    bool is_encrypted = place->content == CONTENT_LUKS;
    if (!(policy.uses & (is_encrypted ? IMAGE_ENCRYPTED : IMAGE_UNPROTECTED))) {
        place->is_there = false;
        return policy.uses & IMAGE_UNUSED ? 0 : forbid(err, part, is_encrypted ? "encrypted" : "used unprotected");
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
    place->read_only |= disk->read_only || content_is_read_only(place->content);
    return 0;
}

static int measure(struct disk *disk, const char *path, struct error **err)
{
    struct stat st;

    if (fstat(disk->fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", path);
    bool is_block = S_ISBLK(st.st_mode);
    if (!is_block && !S_ISREG(st.st_mode)) {
        int r = fail_plain(err, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "%s is neither a file nor a block device", path);

        fail_id(*err, "R3207");
        if (S_ISDIR(st.st_mode))
            fail_hint(*err, "a directory is run with --directory=%s", path);
        return r;
    }
    disk->size = (uint64_t) st.st_size;
    if (is_block && ioctl(disk->fd, BLKGETSIZE64, &disk->size) < 0)
        return fail(err, errno, "cannot get the size of %s", path);
    return 0;
}

/* A file nobody may write, although root could, is meant to stay as it is. */
int disk_open_file(const char *path, bool read_only, struct disk *ret, struct error **err)
{
    struct stat st;

    if (!read_only && stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0222) == 0)
        read_only = true;

    int fd = file_open(path, (read_only ? O_RDONLY : O_RDWR) | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && !read_only && (errno == EROFS || errno == EACCES || errno == EPERM || errno == ETXTBSY)) {
        read_only = true;
        fd = file_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    }
    if (fd < 0 && errno == EISDIR)
        fd = file_open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        int r = fail(err, errno, "cannot open the disk image %s", path);

        fail_id(*err, "R3208");
        return r;
    }
    ret->fd = fd;
    ret->read_only = read_only;
    return measure(ret, path, err);
}

int disk_find_parts(struct disk *disk, const char *path, const char *policy, struct error **err)
{
    if (read_table(disk, path, err) < 0)
        return -error_code(*err);
    for (int i = 0; i < N_DISK_PARTS; i++)
        if (judge_part(disk, (enum disk_part) i, policy, err) < 0)
            return fail_in(err, "cannot use the disk image %s", path);
    return 0;
}

void disk_init(struct disk *disk)
{
    *disk = (struct disk){.fd = -1};
    for (int i = 0; i < N_DISK_PARTS; i++)
        disk->part[i].loop.fd = -1;
}

/* $SYSTEMD_LOOP_DIRECT_IO=0 keeps the image in the host's page cache. */
static bool wants_direct_io(void)
{
    const char *value = getenv("SYSTEMD_LOOP_DIRECT_IO");

    return !value || parse_boolean(value) != 0;
}

int disk_attach(struct disk *disk, struct error **err)
{
    for (int i = 0; i < N_DISK_PARTS; i++) {
        struct disk_place *place = &disk->part[i];

        if (place->is_there && loop_attach(disk->fd, place->offset, place->size, place->read_only, wants_direct_io(),
                                           &place->loop, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

static int fail_mount(struct error **err, enum disk_part part, enum content content)
{
    int r = fail_in(err, "cannot mount the partition '%s'", parts[part].name);

    fail_id(*err, "R3209");
    if (r == -EUCLEAN || r == -EBADMSG || r == -EIO)
        fail_hint(*err, "the file system is damaged: 'fsck.%s' mends it", content_name(content));
    else if (r == -EROFS)
        fail_hint(*err, "it was not unmounted the last time, and its journal has to be replayed: start it once without "
                        "--read-only, --ephemeral and --volatile=");
    return r;
}

int disk_mount(const struct disk *disk, enum disk_part part, int *ret_mount_fd, struct error **err)
{
    const struct disk_place *place = &disk->part[part];
    bool is_boot = part == DISK_ESP || part == DISK_XBOOTLDR;
    const struct mount_option options[] = {
        {"source", place->loop.path},
        {place->read_only ? "ro" : NULL, NULL},
        /* a copy of an image has the identity of the original, which xfs refuses to mount twice */
        {place->content == CONTENT_XFS ? "nouuid" : NULL, NULL},
        {is_boot && place->content == CONTENT_VFAT ? "umask" : NULL, "0077"},
    };
    unsigned attributes = (place->read_only ? MOUNT_ATTR_RDONLY : 0) | MOUNT_ATTR_NODEV |
                          (is_boot ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC : 0);

    int fd = mount_new(content_name(place->content), options, COUNT_OF(options), attributes, err);
    if (fd < 0)
        return fail_mount(err, part, place->content);
    if (place->grow && !place->read_only)
        file_system_grow(fd, place->content, place->size);
    *ret_mount_fd = fd;
    return 0;
}

void disk_done(struct disk *disk)
{
    for (int i = 0; i < N_DISK_PARTS; i++)
        loop_done(&disk->part[i].loop);
    fd_closep(&disk->fd);
}
