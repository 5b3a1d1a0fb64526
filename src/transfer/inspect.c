/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs in a worker that can open nothing. The texts it reads are lines of "key: value"; what it does not know it
 * skips. */
#include "transfer/inspect.h"

#include <errno.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"
#include "config/machine_name.h"
#include "transfer/increment.h"
#include "transfer/qcow2.h"
#include "transfer/stream.h"
#include "transfer/tar_reader.h"
#include "transfer/unpack_entry.h"

/* How far into an archive we look: makers write their descriptions first. */
#define ENTRIES_MAX 4000u
#define TEXT_MAX (256u * 1024)

/* -- lines -- */

/* The value of the next "KEY: VALUE" with this key, at any depth; without quotes. Gives; NULL: there is none. */
static char *value_of(const char *text, const char *key)
{
    size_t n = strlen(key);

    while (*text) {
        size_t size = strcspn(text, "\n");
        const char *at = text + strspn(text, " \t-");

        if (at < text + size && strncmp(at, key, n) == 0 && at[n] == ':') {
            auto_free char *value = mem_copy_bytes(at + n + 1, size - (size_t) (at + n + 1 - text));
            char *trimmed = string_trim(value);
            size_t length = strlen(trimmed);

            if (length >= 2 && (*trimmed == '"' || *trimmed == '\'') && trimmed[length - 1] == *trimmed) {
                trimmed[length - 1] = '\0';
                trimmed++;
            }
            return *trimmed && string_is_printable(trimmed) ? mem_copy_string(trimmed) : NULL;
        }
        text += size + (text[size] == '\n');
    }
    return NULL;
}

static void add_line(char **text, const char *fmt, const char *value)
{
    char *longer = mem_format("%s%s%s\n", *text ? *text : "", fmt, value);

    free(*text);
    *text = longer;
}

static void take_name(struct findings *ret, char *value)
{
    if (value && !ret->name)
        ret->name = machine_name_nearest(value);
    free(value);
}

void inspect_pct_conf(const char *text, struct findings *ret)
{
    static const char *const remarks[] = {"memory", "swap", "cores", "cpulimit", "net0",
                                          "net1",   "mp0",  "mp1",   "features"};
    auto_free char *hostname = value_of(text, "hostname"), *unprivileged = value_of(text, "unprivileged");

    take_name(ret, mem_copy_string(hostname));
    add_line(&ret->settings, "[Exec]\nBoot=", "yes");
    if (hostname)
        add_line(&ret->settings, "Hostname=", hostname);
    add_line(&ret->settings, "PrivateUsers=", unprivileged && strcmp(unprivileged, "1") == 0 ? "pick" : "no");
    auto_free char *net = value_of(text, "net0");
    if (net)
        add_line(&ret->settings, "[Network]\nVirtualEthernet=", "yes");
    for (size_t i = 0; i < COUNT_OF(remarks); i++) {
        auto_free char *value = value_of(text, remarks[i]), *line = NULL;

        if (!value)
            continue;
        line = mem_format("# it had %s: %s", remarks[i], value);
        add_line(&ret->settings, line, "");
    }
}

void inspect_incus_yaml(const char *text, struct findings *ret)
{
    static const char *const remarks[] = {"limits.cpu", "limits.memory", "security.nesting",
                                          "nictype",    "parent",        "network"};
    auto_free char *privileged = value_of(text, "security.privileged"), *nesting = value_of(text, "security.nesting");

    take_name(ret, value_of(text, "name"));
    if (ret->settings)
        return;
    add_line(&ret->settings, "[Exec]\nBoot=", "yes");
    add_line(&ret->settings, "PrivateUsers=", privileged && strcmp(privileged, "true") == 0 ? "no" : "pick");
    if (nesting && strcmp(nesting, "true") == 0)
        add_line(&ret->settings, "SystemCallFilter=", "add_key keyctl bpf");
    add_line(&ret->settings, "[Network]\nVirtualEthernet=", "yes");
    for (size_t i = 0; i < COUNT_OF(remarks); i++) {
        auto_free char *value = value_of(text, remarks[i]), *line = NULL;

        if (!value)
            continue;
        line = mem_format("# it had %s: %s", remarks[i], value);
        add_line(&ret->settings, line, "");
    }
}

void findings_done(struct findings *findings)
{
    free(findings->name);
    free(findings->settings);
    *findings = (struct findings){0};
}

/* -- archives -- */

static bool is_hex_name(const char *path)
{
    return strspn(path, "0123456789abcdef") == 64;
}

/* Names that only archives of container images have at their top. */
static bool is_oci_path(const char *path)
{
    static const char *const names[] = {"oci-layout", "index.json", "manifest.json", "repositories", "blobs",
                                        "blobs/sha256"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return string_starts(path, "blobs/sha256/") || is_hex_name(path);
}

struct look {
    const char *kind, *maker, *prefix;
    struct findings findings;
    size_t n_entries;
    bool has_disk, has_system;
};

/* The content of the entry, when it is short. Gives; NULL: it is not. */
static char *read_text(struct tar_reader *reader, struct archive_entry *entry)
{
    la_int64_t size = archive_entry_size(entry);
    char *text;

    if (size <= 0 || size > (la_int64_t) TEXT_MAX)
        return NULL;
    text = mem_alloc((size_t) size + 1);
    if (archive_read_data(reader->archive, text, (size_t) size) == size && !memchr(text, 0, (size_t) size))
        return text;
    free(text);
    return NULL;
}

static void look_at_texts(struct look *look, struct tar_reader *reader, struct archive_entry *entry, const char *path)
{
    static const struct {
        const char *path, *maker, *prefix;
        void (*read)(const char *text, struct findings *ret);
    } texts[] = {
        {"etc/vzdump/pct.conf", "Proxmox", NULL, inspect_pct_conf},
        {"backup/index.yaml", "Incus", "backup/container/rootfs", inspect_incus_yaml},
        {"backup/container/backup.yaml", "Incus", "backup/container/rootfs", inspect_incus_yaml},
        {"metadata.yaml", "Incus or LXD", "rootfs", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (strcmp(path, texts[i].path) != 0)
            continue;
        look->maker = texts[i].maker;
        look->prefix = texts[i].prefix;

        auto_free char *text = texts[i].read ? read_text(reader, entry) : NULL;
        if (text)
            texts[i].read(text, &look->findings);
    }
}

/* Enough is known to stop. */
static bool look_at_entry(struct look *look, struct tar_reader *reader, struct archive_entry *entry, const char *path)
{
    if (++look->n_entries <= 3 && is_oci_path(path)) {
        look->kind = "oci";
        look->maker = "a container image";
        return true;
    }
    look_at_texts(look, reader, entry, path);
    if (string_starts(path, "rootfs/usr/") || string_starts(path, "rootfs/etc/"))
        look->prefix = "rootfs";
    if (!strchr(path, '/') && (string_ends(path, ".raw") || string_ends(path, ".img")))
        look->has_disk = true;
    if (string_starts(path, "usr/") || string_starts(path, "etc/") || string_starts(path, "bin"))
        look->has_system = true;
    return look->n_entries >= ENTRIES_MAX;
}

static int look_into_archive(struct look *look, struct stream *stream, struct error **err)
{
    CLEANUP(tar_reader_done) struct tar_reader reader = {0};
    struct archive_entry *entry;
    bool enough = false;
    int r = tar_reader_open(&reader, stream, NULL, err);

    while (r == 0 && !enough && (r = tar_reader_next(&reader, &entry)) == 1) {
        auto_free char *path = NULL;
        const char *raw = archive_entry_pathname(entry);

        r = entry_path_clean(raw ? raw : "", &path, err);
        if (r == 0 && *path)
            enough = look_at_entry(look, &reader, entry, path);
    }
    if (r < 0)
        return r;
    if (!look->kind)
        look->kind = look->has_disk && !look->has_system && !look->prefix ? "disk" : "tree";
    return 0;
}

/* -- disks -- */

static bool is_disk(const char *start, size_t size)
{
    static const struct {
        size_t at;
        const char *magic;
        size_t magic_size;
    } marks[] = {
        {0, "hsqs", 4},                         /* squashfs */
        {1024, "\xe2\xe1\xf5\xe0", 4},          /* erofs */
        {512, "EFI PART", 8},                   /* a partition table */
        {4096, "EFI PART", 8},                  /* … of a disk with large sectors */
        {510, "\x55\xaa", 2},                   /* an old one */
        {1080, "\x53\xef", 2},                  /* ext2 and its heirs */
        {0, "XFSB", 4},
        {0x10040, "_BHRfS_M", 8},               /* btrfs */
    };

    if (qcow2_is_one(start, size))
        return true;
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (marks[i].at + marks[i].magic_size <= size &&
            memcmp(start + marks[i].at, marks[i].magic, marks[i].magic_size) == 0)
            return true;
    return false;
}

static bool is_tar(const char *start, size_t size)
{
    if (size < 512)
        return false;
    /* before there was a magic number: a name, and octal digits where mode and size are */
    return memcmp(start + 257, "ustar", 5) == 0 || (start[0] && start[100] >= '0' && start[100] <= '7' &&
                                                    start[124] >= '0' && start[124] <= '7');
}

static void tell(const struct look *look, struct channel *up)
{
    channel_fact(up, "kind=%s", look->kind);
    if (look->maker)
        channel_fact(up, "maker=%s", look->maker);
    if (look->prefix)
        channel_fact(up, "prefix=%s", look->prefix);
    if (look->findings.name)
        channel_fact(up, "name=%s", look->findings.name);
    if (look->findings.settings)
        channel_fact(up, "setting=%s", look->findings.settings);
}

int inspect_work(void *data, struct channel *up, struct error **err)
{
    const struct inspect *inspect = data;
    CLEANUP(stream_closep) struct stream *stream = NULL;
    struct look look = {0};
    const void *start;
    size_t size;
    int r = 0;

    if (stream_open(inspect->input_fd, &stream, err) < 0 || stream_peek(stream, &start, &size, err) < 0)
        return -error_code(*err);
    if (is_tar(start, size))
        r = look_into_archive(&look, stream, err);
    else if (is_disk(start, size))
        look.kind = "disk";
    else if (increment_is_one(inspect->input_fd)) {
        look.kind = "increment";
        look.maker = "what is new since an earlier export";
    }
    else {
        fail_plain(err, EINVAL, "the file is neither an archive of a system nor a disk");
        fail_id(*err, "R5150");
        fail_hint(*err, "known are tar archives, exports of Incus, LXD and Proxmox, OCI and Docker archives, disk "
                        "images (raw, qcow2, squashfs, erofs), all of them compressed or not, and increments");
        r = -EINVAL;
    }
    if (r == 0)
        tell(&look, up);
    findings_done(&look.findings);
    return r;
}
