/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First the owner (which takes set-user-id bits and capabilities away), then mode, then attributes, last the time. */
#include "transfer/unpack_attributes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "transfer/acl.h"
#include "transfer/unpack_entry.h"

#define ID_MAX 0xfffffffeu      /* the one behind it means "leave it" */

struct timespec entry_mtime(struct archive_entry *entry)
{
    return (struct timespec){.tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)};
}

static int cannot_set(struct error **err, int code, const char *what, const char *path)
{
    fail(err, code, "cannot set the %s of '/%s'", what, path);
    fail_id(*err, "R5018");
    return -code;
}

static int owner_of(struct archive_entry *entry, uid_t *ret_uid, gid_t *ret_gid, const char *path, struct error **err)
{
    la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

    if (uid < 0 || gid < 0 || uid > ID_MAX || gid > ID_MAX) {
        fail_plain(err, ERANGE, "'/%s' has an owner that cannot be: %lld:%lld", path, (long long) uid, (long long) gid);
        fail_id(*err, "R5019");
        return -ERANGE;
    }
    *ret_uid = (uid_t) uid;
    *ret_gid = (gid_t) gid;
    return 0;
}

/* Attributes that are the kernel's bookkeeping on the machine the archive was made on, or need rights over the whole
 * host. Capabilities of files and those of users remain. */
static bool is_portable(const char *name)
{
    return string_starts(name, "user.") || strcmp(name, "security.capability") == 0;
}

/* Names are written with %XX for "=" and "%" (GNU tar), or for all that is no plain ASCII (libarchive). Gives. */
static char *decode_name(const char *name)
{
    char *decoded = mem_copy_string(name), *to = decoded;

    for (; *name; name++) {
        int high = *name == '%' ? hex_digit_value(name[1]) : -1, low = high < 0 ? -1 : hex_digit_value(name[2]);

        if (low >= 0 && high + low > 0) {
            *to++ = (char) (high * 16 + low);
            name += 2;
        } else
            *to++ = *name;
    }
    *to = '\0';
    return decoded;
}

static bool is_lack(int code)
{
    return code == EOPNOTSUPP || code == EPERM;
}

/* FD, or NAME in the working directory where FD is -1. */
static int set_one(int fd, const char *name, const char *key, const void *value, size_t size)
{
    int r = fd >= 0 ? fsetxattr(fd, key, value, size, 0) : lsetxattr(name, key, value, size, 0);

    return r < 0 ? -errno : 0;
}

static int set_xattrs(struct tree *tree, int fd, const char *name, struct archive_entry *entry, const char *path,
                      struct error **err)
{
    const char *key;
    const void *value;
    size_t size;

    (void) archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK) {
        auto_free char *decoded = decode_name(key ? key : "");

        if (!is_portable(decoded))
            continue;

        int r = set_one(fd, name, decoded, value, size);
        if (r < 0 && !is_lack(-r))
            return cannot_set(err, -r, key, path);
        if (r < 0)
            tree_lost(tree, key);
    }
    return 0;
}

static int set_acl(struct tree *tree, int fd, const char *name, struct archive_entry *entry, const char *path,
                   struct error **err)
{
    for (int is_default = 0; is_default < 2; is_default++) {
        auto_free void *blob = NULL;
        size_t size;
        const char *key = is_default ? ACL_XATTR_DEFAULT : ACL_XATTR_ACCESS;
        int r = acl_from_entry(entry, is_default, &blob, &size);

        if (r == 0 && size > 0)
            r = set_one(fd, name, key, blob, size);
        if (r < 0 && !is_lack(-r))
            return cannot_set(err, -r, "access control list", path);
        if (r < 0)
            tree_lost(tree, "access control lists");
    }
    return 0;
}

static bool has_extras(struct archive_entry *entry)
{
    return archive_entry_xattr_count(entry) > 0 ||
           archive_entry_acl_count(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) > 0;
}

static int set_extras(struct tree *tree, int fd, const char *name, struct archive_entry *entry, const char *path,
                      struct error **err)
{
    if (!has_extras(entry))
        return 0;
    return set_acl(tree, fd, name, entry, path, err) < 0 || set_xattrs(tree, fd, name, entry, path, err) < 0
               ? -error_code(*err)
               : 0;
}

int attributes_set_fd(struct tree *tree, int fd, struct archive_entry *entry, bool hands_down, const char *path,
                      struct error **err)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(entry)};
    mode_t mode = archive_entry_perm(entry);
    uid_t uid;
    gid_t gid;

    if (owner_of(entry, &uid, &gid, path, err) < 0)
        return -error_code(*err);
    if ((uid != 0 || gid != 0 || hands_down) && fchown(fd, uid, gid) < 0)
        return cannot_set(err, errno, "owner", path);
    if (hands_down)
        (void) fremovexattr(fd, ACL_XATTR_ACCESS);
    if ((hands_down || (mode & ~0777u)) && fchmod(fd, mode) < 0)
        return cannot_set(err, errno, "mode", path);
    if (set_extras(tree, fd, NULL, entry, path, err) < 0)
        return -error_code(*err);
    if (archive_entry_mtime_is_set(entry) && futimens(fd, times) < 0)
        return cannot_set(err, errno, "time", path);
    return 0;
}

int attributes_set_directory(struct tree *tree, int dir_fd, const char *name, struct archive_entry *entry, bool set_all,
                             const char *path, struct error **err)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(entry)};
    mode_t mode = archive_entry_perm(entry);
    uid_t uid;
    gid_t gid;

    if (owner_of(entry, &uid, &gid, path, err) < 0)
        return -error_code(*err);
    if ((uid != 0 || gid != 0 || set_all) && fchownat(dir_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return cannot_set(err, errno, "owner", path);
    if (set_all || has_extras(entry)) {
        auto_close int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
            return cannot_set(err, errno, "attributes", path);
        if (set_all) {
            (void) fremovexattr(fd, ACL_XATTR_ACCESS);
            (void) fremovexattr(fd, ACL_XATTR_DEFAULT);
        }
        if ((set_all || (mode & ~01777u)) && fchmod(fd, mode) < 0)
            return cannot_set(err, errno, "mode", path);
        if (set_extras(tree, fd, NULL, entry, path, err) < 0)
            return -error_code(*err);
    } else if ((mode & ~01777u) && fchmodat(dir_fd, name, mode, 0) < 0)
        return cannot_set(err, errno, "mode", path);
    if (archive_entry_mtime_is_set(entry) && utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return cannot_set(err, errno, "time", path);
    return 0;
}

int attributes_set_name(struct tree *tree, int dir_fd, const char *name, struct archive_entry *entry, bool hands_down,
                        const char *path, struct error **err)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(entry)};
    bool is_link = archive_entry_filetype(entry) == AE_IFLNK;
    uid_t uid;
    gid_t gid;

    if (owner_of(entry, &uid, &gid, path, err) < 0)
        return -error_code(*err);
    bool new_owner = uid != 0 || gid != 0 || hands_down;
    if (new_owner && fchownat(dir_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return cannot_set(err, errno, "owner", path);
    /* a new owner took these bits away, of devices and pipes as well */
    if (new_owner && !is_link && (archive_entry_perm(entry) & 06000) &&
        fchmodat(dir_fd, name, archive_entry_perm(entry), 0) < 0)
        return cannot_set(err, errno, "mode", path);
    if (has_extras(entry) || (hands_down && !is_link)) {
        /* these calls know no directory but the working one */
        if (fchdir(dir_fd) < 0)
            return cannot_set(err, errno, "attributes", path);
        if (hands_down && !is_link)
            (void) lremovexattr(name, ACL_XATTR_ACCESS);
        if (!is_link && fchmodat(dir_fd, name, archive_entry_perm(entry), 0) < 0)
            return cannot_set(err, errno, "mode", path);
        if (set_extras(tree, -1, name, entry, path, err) < 0)
            return -error_code(*err);
    }
    if (archive_entry_mtime_is_set(entry) && utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return cannot_set(err, errno, "time", path);
    return 0;
}
