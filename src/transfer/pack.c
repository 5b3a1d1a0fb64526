/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks the tree and writes entries. The tree may be in use: a file that shrinks meanwhile is filled up with zeroes. */
#include "transfer/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wchar.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "image/walk.h"
#include "transfer/acl.h"

#define BUFFER_SIZE (256u * 1024)
#define XATTR_MAX (64u * 1024)
#define LIST_MAX (256u * 1024)

/* A file with several names, met before. */
struct link {
    dev_t dev;
    ino_t ino;
    char *path;                 /* NULL: a free place */
};

struct packing {
    struct archive *archive;
    struct compressor *compressor;
    struct channel *up;
    struct error **err;
    char *buffer, *value, *list;
    struct strings path;        /* components of the directory we are in */
    struct link *link;
    size_t n_links, links_size;
    uint64_t done;
};

static la_ssize_t write_out(struct archive *archive, void *data, const void *bytes, size_t size)
{
    struct packing *packing = data;

    if (compressor_write(packing->compressor, bytes, size, packing->err) == 0)
        return (la_ssize_t) size;
    archive_set_error(archive, error_code(*packing->err), "the output ended");
    return -1;
}

static int refused(struct packing *packing, const char *path)
{
    const char *why = archive_error_string(packing->archive);

    if (*packing->err)
        return -error_code(*packing->err);
    fail_plain(packing->err, EIO, "cannot put '%s' into the archive: %s", path, why ? why : "unknown error");
    fail_id(*packing->err, "R5082");
    return -EIO;
}

static int unreadable(struct packing *packing, const char *path)
{
    int code = errno;

    fail(packing->err, code, "cannot read '%s' of the tree", path);
    fail_id(*packing->err, "R5083");
    return -code;
}

static char *path_of(const struct packing *packing, const char *name)
{
    char *path = mem_copy_string(".");

    for (size_t i = 0; i < packing->path.count; i++) {
        char *longer = mem_format("%s/%s", path, packing->path.item[i]);

        free(path);
        path = longer;
    }
    char *whole = name ? mem_format("%s/%s", path, name) : mem_copy_string(path);
    free(path);
    return whole;
}

/* -- hard links -- */

static struct link *find_link(const struct packing *packing, dev_t dev, ino_t ino)
{
    size_t at = (size_t) (ino * 0x9e3779b97f4a7c15ull) & (packing->links_size - 1);

    while (packing->link[at].path && (packing->link[at].ino != ino || packing->link[at].dev != dev))
        at = (at + 1) & (packing->links_size - 1);
    return &packing->link[at];
}

static void grow_links(struct packing *packing)
{
    struct link *old = packing->link;
    size_t n = packing->links_size;

    packing->links_size = n ? 2 * n : 256;
    packing->link = mem_alloc(packing->links_size * sizeof *packing->link);
    for (size_t i = 0; i < n; i++)
        if (old[i].path)
            *find_link(packing, old[i].dev, old[i].ino) = old[i];
    free(old);
}

/* The path under which the file is in the archive already; NULL: this is the first one. */
static const char *first_name(struct packing *packing, const struct stat *st, const char *path)
{
    struct link *link;

    if (packing->n_links * 2 >= packing->links_size)
        grow_links(packing);
    link = find_link(packing, st->st_dev, st->st_ino);
    if (link->path)
        return link->path;
    *link = (struct link){.dev = st->st_dev, .ino = st->st_ino, .path = mem_copy_string(path)};
    packing->n_links++;
    return NULL;
}

/* -- attributes -- */

/* Of NAME in the working directory when FD is -1. */
static ssize_t get_xattr(int fd, const char *name, const char *key, void *value)
{
    return fd >= 0 ? fgetxattr(fd, key, value, XATTR_MAX) : lgetxattr(name, key, value, XATTR_MAX);
}

static void add_attributes(struct packing *packing, struct archive_entry *entry, int fd, const char *name)
{
    ssize_t size = fd >= 0 ? flistxattr(fd, packing->list, LIST_MAX) : llistxattr(name, packing->list, LIST_MAX);

    for (const char *key = packing->list; size > 0 && key < packing->list + size; key += strlen(key) + 1) {
        bool is_access = strcmp(key, ACL_XATTR_ACCESS) == 0, is_default = strcmp(key, ACL_XATTR_DEFAULT) == 0;
        bool wanted = string_starts(key, "user.") || strcmp(key, "security.capability") == 0;
        ssize_t n = is_access || is_default || wanted ? get_xattr(fd, name, key, packing->value) : -1;

        if (n < 0)
            continue;
        if (wanted)
            archive_entry_xattr_add_entry(entry, key, packing->value, (size_t) n);
        else
            (void) acl_to_entry(entry, is_default, packing->value, (size_t) n);
    }
}

static struct archive_entry *new_entry(const struct stat *st, const char *path)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_copy_pathname(entry, path);
    archive_entry_set_mode(entry, st->st_mode);
    archive_entry_set_uid(entry, st->st_uid);
    archive_entry_set_gid(entry, st->st_gid);
    archive_entry_set_mtime(entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    if (S_ISREG(st->st_mode))
        archive_entry_set_size(entry, st->st_size);
    else
        archive_entry_set_size(entry, 0);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        archive_entry_set_rdevmajor(entry, major(st->st_rdev));
        archive_entry_set_rdevminor(entry, minor(st->st_rdev));
    }
    return entry;
}

/* -- content -- */

static bool is_utf8(const char *text)
{
    mbstate_t state = {0};

    return mbsrtowcs(NULL, &text, 0, &state) != (size_t) -1;    /* the locale is C.UTF-8 */
}

/* A list of what is data, when there are holes; a file of one piece has none. The format has no place for the name of a
 * file with holes that is no text (libarchive 3.6 loses it): its holes are written out. */
static bool add_holes(struct archive_entry *entry, int fd, off_t size)
{
    off_t at = 0;

    if (!is_utf8(archive_entry_pathname(entry)))
        return false;

    if (size == 0 || lseek(fd, 0, SEEK_HOLE) >= size)
        return false;
    while (at < size) {
        off_t data = lseek(fd, at, SEEK_DATA), hole;

        if (data < 0 || data >= size)
            break;
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole < 0 || hole > size)
            hole = size;
        archive_entry_sparse_add_entry(entry, data, hole - data);
        at = hole;
    }
    if (archive_entry_sparse_count(entry) == 0)
        archive_entry_sparse_add_entry(entry, 0, 0);
    return true;
}

/* Where the hole at AT ends; AT when there is none. */
static off_t hole_end(int fd, off_t at, off_t size)
{
    off_t data = lseek(fd, at, SEEK_DATA);

    return data > at && data < size ? data : data < 0 && errno == ENXIO ? size : at;
}

/* The library leaves out what lies in holes, but must be given all of the file. */
static int write_hole(struct packing *packing, off_t size, const char *path)
{
    (void) memset(packing->buffer, 0, BUFFER_SIZE);
    while (size > 0) {
        size_t n = size < (off_t) BUFFER_SIZE ? (size_t) size : BUFFER_SIZE;

        if (archive_write_data(packing->archive, packing->buffer, n) < 0)
            return refused(packing, path);
        size -= (off_t) n;
    }
    return 0;
}

static int write_content(struct packing *packing, int fd, off_t size, bool has_holes, const char *path)
{
    off_t at = 0, data_end = has_holes ? 0 : size;

    while (at < size) {
        if (at >= data_end) {
            off_t end = hole_end(fd, at, size);

            if (write_hole(packing, end - at, path) < 0)
                return -error_code(*packing->err);
            at = end;
            data_end = at < size ? lseek(fd, at, SEEK_HOLE) : size;
            continue;
        }

        size_t want = data_end - at < (off_t) BUFFER_SIZE ? (size_t) (data_end - at) : BUFFER_SIZE;
        ssize_t n = pread(fd, packing->buffer, want, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return unreadable(packing, path);
        if (n == 0) {           /* it became shorter meanwhile */
            (void) memset(packing->buffer, 0, want);
            n = (ssize_t) want;
        }
        if (archive_write_data(packing->archive, packing->buffer, (size_t) n) < 0)
            return refused(packing, path);
        at += n;
        packing->done += (uint64_t) n;
        channel_progress(packing->up, packing->done, 0);
    }
    return 0;
}

static int write_header(struct packing *packing, struct archive_entry *entry, const char *path)
{
    int r = archive_write_header(packing->archive, entry);

    return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 0 : refused(packing, path);
}

static int pack_regular(struct packing *packing, int dir_fd, const char *name, const char *path)
{
    /* not before the type is known: opening a device has effects */
    auto_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME);
    struct stat st;

    if (fd < 0 && errno == EPERM)
        fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;               /* it went meanwhile */
    if (fd < 0 || fstat(fd, &st) < 0)
        return unreadable(packing, path);

    const char *first = st.st_nlink > 1 ? first_name(packing, &st, path) : NULL;
    struct archive_entry *entry = new_entry(&st, path);
    bool has_holes = false;
    int r;
    if (first) {
        archive_entry_copy_hardlink(entry, first);
        archive_entry_set_size(entry, 0);
    } else {
        add_attributes(packing, entry, fd, NULL);
        has_holes = add_holes(entry, fd, st.st_size);
    }
    r = write_header(packing, entry, path);
    archive_entry_free(entry);
    return r < 0 || first ? r : write_content(packing, fd, st.st_size, has_holes, path);
}

static int pack_other(struct packing *packing, int dir_fd, const char *name, const char *path)
{
    struct stat st;
    char target[4097];

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : unreadable(packing, path);

    const char *first = st.st_nlink > 1 ? first_name(packing, &st, path) : NULL;
    struct archive_entry *entry = new_entry(&st, path);
    int r = 0;
    if (first)
        archive_entry_copy_hardlink(entry, first);
    else if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlinkat(dir_fd, name, target, sizeof target - 1);

        target[n > 0 ? n : 0] = '\0';
        archive_entry_copy_symlink(entry, target);
    } else if (fchdir(dir_fd) == 0)
        add_attributes(packing, entry, -1, name);
    r = write_header(packing, entry, path);
    archive_entry_free(entry);
    return r;
}

/* -- the walk -- */

static int visit_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    struct packing *packing = context;
    auto_free char *path = path_of(packing, name);

    if (type == DT_SOCK)
        return 0;
    return type == DT_REG ? pack_regular(packing, dir_fd, name, path) : pack_other(packing, dir_fd, name, path);
}

static int pack_directory(struct packing *packing, int fd, const char *path)
{
    struct archive_entry *entry;
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return unreadable(packing, path);
    entry = new_entry(&st, path);
    add_attributes(packing, entry, fd, NULL);
    r = write_header(packing, entry, path);
    archive_entry_free(entry);
    return r;
}

static int visit_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct packing *packing = context;
    auto_free char *path = path_of(packing, name);
    int r = pack_directory(packing, fd, path);

    (void) dir_fd;
    strings_add(&packing->path, name);
    return r;
}

static int leave_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct packing *packing = context;

    (void) dir_fd, (void) name, (void) fd;
    strings_remove(&packing->path, packing->path.count - 1);
    return 0;
}

static int pack_tree(struct packing *packing, int root_fd)
{
    static const struct walk_calls calls = {.file = visit_file, .enter = visit_directory, .leave = leave_directory};
    auto_free char *where = NULL;
    int r = pack_directory(packing, root_fd, "./");

    if (r == 0)
        r = walk_tree(root_fd, &calls, packing, &where);
    if (r < 0 && !*packing->err) {
        fail(packing->err, -r, "cannot read '%s' of the tree", where ? where : "");
        fail_id(*packing->err, "R5083");
    }
    return r;
}

static void packing_done(struct packing *packing)
{
    if (packing->archive)
        (void) archive_write_free(packing->archive);
    for (size_t i = 0; i < packing->links_size; i++)
        free(packing->link[i].path);
    free(packing->link);
    strings_done(&packing->path);
    free(packing->buffer);
    free(packing->value);
    free(packing->list);
}

int pack_work(void *data, struct channel *up, struct error **err)
{
    const struct pack *pack = data;
    CLEANUP(compressor_closep) struct compressor *compressor = NULL;
    CLEANUP(packing_done) struct packing packing = {.up = up, .err = err};

    if ((pack->since ? compressor_open_increment(pack->since, pack->output_fd, &compressor, err)
                     : compressor_open(pack->compression, pack->output_fd, &compressor, err)) < 0)
        return -error_code(*err);
    packing.compressor = compressor;
    packing.buffer = mem_alloc(BUFFER_SIZE);
    packing.value = mem_alloc(XATTR_MAX);
    packing.list = mem_alloc(LIST_MAX);
    packing.archive = archive_write_new();
    (void) archive_write_set_format_pax(packing.archive);
    (void) archive_write_set_format_option(packing.archive, "pax", "xattrheader", "SCHILY");
    (void) archive_write_set_bytes_per_block(packing.archive, 128 * 1024);
    (void) archive_write_set_bytes_in_last_block(packing.archive, 10240);
    if (archive_write_open(packing.archive, &packing, NULL, write_out, NULL) != ARCHIVE_OK)
        return refused(&packing, "./");
    if (pack_tree(&packing, pack->root_fd) < 0)
        return -error_code(*err);
    if (archive_write_close(packing.archive) != ARCHIVE_OK)
        return refused(&packing, "./");
    return compressor_finish(compressor, err);
}
