/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries into files, directories, links and nodes. Everything is made by name in a directory that is open; nothing but
 * the worker itself changes the tree meanwhile. Attributes: unpack_attributes.c.
 */
#include "transfer/unpack_entry.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "transfer/path_set.h"
#include "transfer/unpack_attributes.h"
#include "transfer/unpack_parent.h"

#define WHITEOUT ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

int entry_path_clean(const char *name, char **ret, struct error **err)
{
    size_t size = strlen(name), used = 0;
    auto_free char *clean = mem_alloc(size + 2);

    while (*name) {
        size_t n = strcspn(name, "/");

        if (n == 2 && name[0] == '.' && name[1] == '.') {
            fail_plain(err, EBADMSG, "the archive holds a name with '..' in it");
            fail_id(*err, "R5012");
            fail_hint(*err, "such names lead out of the tree; the archive is damaged or made with bad intent");
            return -EBADMSG;
        }
        if (n > 0 && !(n == 1 && name[0] == '.')) {
            if (used > 0)
                clean[used++] = '/';
            (void) memcpy(clean + used, name, n);
            used += n;
        }
        name += n;
        while (*name == '/')
            name++;
    }
    clean[used] = '\0';
    *ret = TAKE(clean);
    return 0;
}

/* The directory that holds PATH, which is cut: *ret_name is its last component. */
static int open_parent(struct tree *tree, char *path, struct parent **ret, const char **ret_name, struct error **err)
{
    char *slash = strrchr(path, '/');

    *ret_name = slash ? slash + 1 : path;
    if (slash)
        *slash = '\0';

    int r = parent_open(tree, slash ? path : "", ret, err);
    if (slash)
        *slash = '/';
    if (r == 0)
        (*ret)->touched = true;
    return r;
}

static int cannot_make(struct error **err, int code, const char *what, const char *path)
{
    fail(err, code, "cannot make the %s '/%.1000s'", what, path);
    fail_id(*err, "R5015");
    if (code == ENOSPC || code == EDQUOT)
        fail_hint(*err, "nothing of the image is left behind; make room and try again");
    return -code;
}

/* Something is in the way: an earlier entry of the same name, or a lower layer's. -EEXIST: it is a directory that
 * would serve (WANTS_DIRECTORY). */
static int clear_way(struct tree *tree, int *dir_fd, const char *path, const char *name, bool wants_directory)
{
    struct stat st;
    int r = 0;

    if (fstatat(*dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode)) {
        if (wants_directory)
            return -EEXIST;
        r = tree_remove_at(*dir_fd, name);
    } else if (unlinkat(*dir_fd, name, 0) < 0)
        r = -errno;
    if (r == 0 && (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))) {
        /* open directories may have been reached through it */
        auto_error struct error *ignored = NULL;
        auto_free char *copy = mem_copy_string(path);
        struct parent *parent;
        const char *again;

        parents_forget(tree);
        r = open_parent(tree, copy, &parent, &again, &ignored);
        if (r == 0)
            *dir_fd = parent->fd;
    }
    return r;
}

struct making {
    struct tree *tree;
    struct archive *archive;
    struct archive_entry *entry;
    char *path;
    const char *name;
    struct parent *parent;
    mode_t mode;
    int fd;                     /* of the file that was made */
    const char *target;         /* of a link */
    int target_fd;              /* the directory that holds the target of a hard link */
};

/* Makes one thing once. 0 or a negative errno. */
typedef int make_function(struct making *making, int dir_fd);

static int make_file(struct making *making, int dir_fd)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    making->fd = openat(dir_fd, making->name, flags, making->mode & 0777);
    return making->fd < 0 ? -errno : 0;
}

static int make_directory(struct making *making, int dir_fd)
{
    return mkdirat(dir_fd, making->name, making->mode & 01777) < 0 ? -errno : 0;
}

static int make_symlink(struct making *making, int dir_fd)
{
    return symlinkat(making->target, dir_fd, making->name) < 0 ? -errno : 0;
}

static int make_hard_link(struct making *making, int dir_fd)
{
    return linkat(making->target_fd, making->target, dir_fd, making->name, 0) < 0 ? -errno : 0;
}

static int make_node(struct making *making, int dir_fd)
{
    dev_t device = (dev_t) archive_entry_rdev(making->entry);

    return mknodat(dir_fd, making->name, making->mode, device) < 0 ? -errno : 0;
}

/* With a second try when something was in the way. -EEXIST: a directory is there, and one is wanted. */
static int make(struct making *making, make_function *function, bool wants_directory)
{
    int dir_fd = making->parent->fd, r = function(making, dir_fd);

    if (r != -EEXIST)
        return r;
    r = clear_way(making->tree, &dir_fd, making->path, making->name, wants_directory);
    if (r < 0)
        return r;
    return function(making, dir_fd);
}

/* -- content -- */

static int write_at(int fd, const char *bytes, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, bytes, size, at);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            size -= (size_t) n;
            at += n;
        }
    }
    return 0;
}

int archive_damaged(struct archive *archive, struct error **err)
{
    const char *why = archive_error_string(archive);

    fail_plain(err, EBADMSG, "the archive cannot be read: %s", why ? why : "it is damaged");
    fail_id(*err, "R5011");
    return -EBADMSG;
}

/* What the archive leaves out between blocks stays a hole. */
static int write_content(const struct making *making, struct error **err)
{
    la_int64_t offset, end = 0, size = archive_entry_size(making->entry);
    const void *block;
    size_t n;
    int r;

    while ((r = archive_read_data_block(making->archive, &block, &n, &offset)) == ARCHIVE_OK) {
        if (n == 0)
            continue;
        r = write_at(making->fd, block, n, offset);
        if (r < 0)
            return cannot_make(err, -r, "file", making->path);
        end = offset + (la_int64_t) n;
    }
    if (r != ARCHIVE_EOF)
        return *err ? -error_code(*err) : archive_damaged(making->archive, err);
    if (end < size && ftruncate(making->fd, size) < 0)
        return cannot_make(err, errno, "file", making->path);
    return 0;
}

/* -- kinds of entries -- */

static int add_file(struct making *making, struct error **err)
{
    int r = make(making, make_file, false);

    if (r < 0)
        return cannot_make(err, -r, "file", making->path);

    auto_close int fd = making->fd;
    if (archive_entry_size(making->entry) > 0 && write_content(making, err) < 0)
        return -error_code(*err);
    return attributes_set_fd(making->tree, fd, making->entry, making->parent->hands_down, making->path, err);
}

static int add_directory(struct making *making, struct error **err)
{
    int r = make(making, make_directory, true);

    if (r < 0 && r != -EEXIST)
        return cannot_make(err, -r, "directory", making->path);
    if (attributes_set_directory(making->tree, making->parent->fd, making->name, making->entry,
                                 r == -EEXIST || making->parent->hands_down, making->path, err) < 0)
        return -error_code(*err);
    if (archive_entry_mtime_is_set(making->entry))
        parent_set_time(making->tree, making->path, entry_mtime(making->entry));
    return 0;
}

/* The top of the tree itself. */
static int add_top(struct making *making, struct error **err)
{
    if (archive_entry_filetype(making->entry) != AE_IFDIR)
        return 0;
    if (attributes_set_directory(making->tree, making->tree->root_fd, ".", making->entry, true, "", err) < 0)
        return -error_code(*err);
    if (archive_entry_mtime_is_set(making->entry))
        parent_set_time(making->tree, "", entry_mtime(making->entry));
    return 0;
}

static int add_symlink(struct making *making, struct error **err)
{
    making->target = archive_entry_symlink(making->entry);
    if (!making->target)
        making->target = "";

    int r = make(making, make_symlink, false);
    if (r < 0)
        return cannot_make(err, -r, "symbolic link", making->path);
    return attributes_set_name(making->tree, making->parent->fd, making->name, making->entry,
                               making->parent->hands_down, making->path, err);
}

static int add_node(struct making *making, struct error **err)
{
    int r = make(making, make_node, false);

    if (r == -EPERM) {          /* in a user namespace nobody makes devices; containers get theirs from elsewhere */
        tree_lost(making->tree, "devices");
        return 0;
    }
    if (r < 0)
        return cannot_make(err, -r, "device, pipe or socket", making->path);
    return attributes_set_name(making->tree, making->parent->fd, making->name, making->entry,
                               making->parent->hands_down, making->path, err);
}

/* Takes the prefix away from PATH; false: PATH does not lie below it. */
static bool cut_prefix(const struct tree *tree, char *path)
{
    size_t size = tree->prefix ? strlen(tree->prefix) : 0;

    if (size == 0)
        return true;
    if (strncmp(path, tree->prefix, size) != 0 || (path[size] && path[size] != '/'))
        return false;
    size += path[size] == '/';
    (void) memmove(path, path + size, strlen(path + size) + 1);
    return true;
}

static int add_hard_link(struct making *making, const char *to, struct error **err)
{
    auto_free char *target = NULL;
    struct parent *parent;

    if (entry_path_clean(to, &target, err) < 0)
        return -error_code(*err);
    (void) cut_prefix(making->tree, target);
    if (strcmp(target, making->path) == 0)
        return 0;
    if (open_parent(making->tree, target, &parent, &making->target, err) < 0)
        return -error_code(*err);
    making->target_fd = parent->fd;

    int r = make(making, make_hard_link, false);
    if (r == 0)
        return 0;
    fail(err, -r, "cannot link '/%.1000s' to '/%.1000s'", making->path, target);
    fail_id(*err, "R5013");
    if (r == -ENOENT)
        fail_hint(*err, "the archive has no such file before the link: it is a part of another one, or damaged");
    return r;
}

/* -- marks of image layers -- */

static int clear_below(struct tree *tree, int dir_fd, const char *path)
{
    DIR *dir = fdopendir(dir_fd);
    const struct dirent *item;
    int r = 0;

    if (!dir) {
        (void) close(dir_fd);
        return -errno;
    }
    while (r == 0 && (item = readdir(dir))) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;

        auto_free char *below = mem_format("%s%s%s", path, *path ? "/" : "", item->d_name);
        if (!path_set_has(tree->made, below)) {
            r = tree_remove_at(dirfd(dir), item->d_name);
            continue;
        }

        int fd = openat(dirfd(dir), item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            r = clear_below(tree, fd, below);
    }
    (void) closedir(dir);
    return r;
}

static int too_late(const struct making *making, struct error **err)
{
    fail_plain(err, E2BIG, "the layer empties '/%s' behind more entries than can be kept in mind", making->path);
    fail_id(*err, "R5021");
    fail_hint(*err,
              "such a mark spares what the layer itself holds; in layers of more than %u files it has to come first",
              PATH_SET_MAX);
    return -E2BIG;
}

static int apply_mark(struct making *making, struct error **err)
{
    const char *gone = making->name + strlen(WHITEOUT);
    int r;

    if (strcmp(making->name, WHITEOUT_OPAQUE) == 0) {
        if (!making->tree->made)
            return 0;           /* there is nothing below the first layer */
        if (path_set_is_full(making->tree->made))
            return too_late(making, err);

        auto_free char *path = mem_copy_bytes(making->path, (size_t) (making->name - making->path));
        size_t size = strlen(path);

        if (size > 0)
            path[size - 1] = '\0';

        int fd = openat(making->parent->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = fd < 0 ? -errno : clear_below(making->tree, fd, path);
    } else if (string_starts(gone, ".wh."))
        return 0;               /* bookkeeping of another file system */
    else if (!*gone || strcmp(gone, ".") == 0 || strcmp(gone, "..") == 0) {
        fail_plain(err, EBADMSG, "the layer marks '%s' as removed, which is no name", gone);
        fail_id(*err, "R5016");
        return -EBADMSG;
    } else
        r = tree_remove_at(making->parent->fd, gone);
    parents_forget(making->tree);
    return r < 0 ? fail(err, -r, "cannot remove what the layer marks as gone: '/%s'", making->path) : 0;
}

/* -- one entry -- */

static int add_kind(struct making *making, struct error **err)
{
    const char *hard_link = archive_entry_hardlink(making->entry);

    if (hard_link)
        return add_hard_link(making, hard_link, err);
    switch (archive_entry_filetype(making->entry)) {
    case AE_IFREG:
        return add_file(making, err);
    case AE_IFDIR:
        return add_directory(making, err);
    case AE_IFLNK:
        return add_symlink(making, err);
    default:
        return add_node(making, err);
    }
}

int tree_add(struct tree *tree, struct archive *archive, struct archive_entry *entry, struct error **err)
{
    const char *raw = archive_entry_pathname(entry);
    auto_free char *path = NULL;
    struct making making = {.tree = tree, .archive = archive, .entry = entry, .mode = archive_entry_mode(entry)};

    if (!raw || !*raw) {
        fail_plain(err, EBADMSG, "the archive holds an entry without a name");
        fail_id(*err, "R5017");
        return -EBADMSG;
    }
    if (entry_path_clean(raw, &path, err) < 0)
        return -error_code(*err);
    if (!cut_prefix(tree, path))
        return 0;
    tree->n_entries++;
    making.path = path;
    if (!*path)
        return add_top(&making, err);
    if (open_parent(tree, path, &making.parent, &making.name, err) < 0)
        return -error_code(*err);
    if (tree->is_layer && string_starts(making.name, WHITEOUT))
        return apply_mark(&making, err);
    if (tree->made)
        path_set_add(tree->made, path);
    return add_kind(&making, err);
}

void tree_done(struct tree *tree)
{
    parents_forget(tree);
    tree->made = path_set_free(tree->made);
}

void tree_lost(struct tree *tree, const char *what)
{
    if (tree->n_lost++ == 0)
        (void) strncpy(tree->lost, what, sizeof tree->lost - 1);
}
