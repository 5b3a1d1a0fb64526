/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writable layers, for views that are thrown away (snapshot.c) and for machines in layers (lineage.c). */
#include "image/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/attributes.h"
#include "image/idmap.h"

/* Whether a directory here can be the upper layer of an overlay. File systems that lack what overlayfs needs (renames
 * that leave whiteouts, trusted.* attributes), or lose to memory in speed without being safer. */
bool upper_fits_in(int parent_fd)
{
    static const char *const unfit[] = {"overlay", "nfs",  "fuse",     "cifs",  "9p",    "vfat",
                                        "exfat",   "ceph", "ecryptfs", "ramfs", "vboxsf"};
    char self[32], buffer[32];
    const char *name = file_system_name(parent_fd, buffer);

    for (size_t i = 0; i < COUNT_OF(unfit); i++)
        if (strcmp(name, unfit[i]) == 0)
            return false;
    return faccessat(AT_FDCWD, path_of_fd(self, parent_fd), W_OK | X_OK, AT_EACCESS) == 0;
}

int upper_forget_notes(int fd)
{
    char list[4096];
    ssize_t n = flistxattr(fd, list, sizeof list);

    if (n < 0)
        return errno == EOPNOTSUPP ? 0 : -errno;
    for (const char *name = list; name < list + n; name += strlen(name) + 1)
        if (string_starts(name, "trusted.overlay.") && fremovexattr(fd, name) < 0 && errno != ENODATA)
            return -errno;
    return 0;
}

static int make_work(int top_fd, const struct stat *like, struct error **err)
{
    /* of the owner of the tree, who will be among those that are mapped if any are */
    if (fchownat(top_fd, "", like->st_uid, like->st_gid, AT_EMPTY_PATH) < 0 || mkdirat(top_fd, "work", 0700) < 0 ||
        fchownat(top_fd, "work", like->st_uid, like->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(err, errno, "cannot make the overlay's work directory");
    return 0;
}

int upper_make(int top_fd, int like_fd, const char *hidden, struct error **err)
{
    auto_close int upper_fd = -1, from_fd = openat(like_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st, now;

    if (from_fd < 0 || fstat(from_fd, &st) < 0)
        return fail(err, errno, "cannot open the tree");
    if (make_work(top_fd, &st, err) < 0)
        return -error_code(*err);
    if (mkdirat(top_fd, "upper", 0700) < 0)
        return fail(err, errno, "cannot make the overlay's directory 'upper'");
    upper_fd = openat(top_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (upper_fd < 0)
        return fail(err, errno, "cannot open the overlay's directory 'upper'");
    if (hidden && mknodat(upper_fd, hidden, S_IFCHR, makedev(0, 0)) < 0)
        return fail(err, errno, "cannot hide %s from the overlay", hidden);

    int r = attributes_remove_acl(upper_fd);
    if (r == 0)
        r = fstat(upper_fd, &now) < 0 ? -errno : 0;
    if (r == 0)
        r = attributes_copy(from_fd, upper_fd, &st, (struct created){now.st_uid, now.st_gid, now.st_mode});
    if (r == 0)
        r = upper_forget_notes(upper_fd);
    return r < 0 ? fail(err, -r, "cannot give the overlay the owner and mode of the tree") : 0;
}
