/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sanity of directory trees. Everything inside is looked up as the container would: links never lead to the host. */
#include "image/tree_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/mount_entry.h"

int tree_open(const char *path, int *ret_fd, struct error **err)
{
    int fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        *ret_fd = fd;
        return 0;
    }

    int r = -errno;
    if (r == -ENOTDIR) {
        struct stat st;
        bool is_file = stat(path, &st) == 0;

        fail_plain(err, ENOTDIR,
                   is_file ? "%s is not a directory" : "Failed to resolve path %s: a part of it is not a directory",
                   path);
        if (is_file)
            fail_hint(*err, "for a disk image in a file or on a device use --image=%s", path);
        fail_id(*err, "R2032");
        return r;
    }
    fail(err, -r, "Failed to resolve path %s", path);
    if (r == -ENOENT)
        fail_hint(*err,
                  "-D names a directory; an image in one of the machine folders is named with -M, and --template= "
                  "fills a new directory");
    fail_id(*err, "R2031");
    return r;
}

bool tree_is_host_root(int tree_fd)
{
    struct stat tree, host;

    return fstat(tree_fd, &tree) == 0 && stat("/", &host) == 0 && tree.st_ino == host.st_ino &&
           tree.st_dev == host.st_dev;
}

static bool has_directory(int top_fd, const char *path)
{
    struct stat st;

    /* no need to follow what is no link */
    if (!strchr(path, '/') && fstatat(top_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
        return true;

    auto_close int fd = path_open_in(top_fd, path, O_PATH | O_DIRECTORY, 0);

    return fd >= 0;
}

/* A dangling link does not open, which is how it ought to count. */
static bool has_os_release(int top_fd)
{
    static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        auto_close int fd = path_open_in(top_fd, paths[i], O_PATH, 0);

        if (fd >= 0)
            return true;
    }
    return false;
}

static int refuse_usr(int top_fd, const char *path, const struct tree_needs *needs, struct error **err)
{
    struct stat st;

    fail_plain(err, ENOENT, "Directory %s doesn't look like it has an OS tree (/usr/ directory is missing). Refusing.",
               path);
    if (top_fd < 0)
        fail_hint(*err, "the tree has no directory %s, which --pivot-root= names", needs->pivot_root_new);
    else if (needs->pivot_root_new)
        fail_hint(*err, "with --pivot-root= the system is looked for in %s of the tree", needs->pivot_root_new);
    else if (has_directory(top_fd, "rootfs/usr"))
        fail_hint(*err, "%s/rootfs has one; try -D %s/rootfs", path, path);
    else if (has_directory(top_fd, "bin"))
        fail_hint(*err, "a tree without /usr works once an empty directory 'usr' is made in it");
    else if (fstatat(top_fd, "config.json", &st, 0) == 0)
        fail_hint(*err, "it looks like an OCI bundle; try --oci-bundle=%s", path);
    else
        fail_hint(*err,
                  "fill it with a distribution first, with debootstrap, dnf --installroot or 'machinectl import-tar'");
    fail_id(*err, "R2033");
    return -ENOENT;
}

/* In a merged tree these lead into /usr, or are not there at all. */
static int check_merged(int top_fd, struct error **err)
{
    static const char *const folders[] = {"bin", "sbin", "lib"};

    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        struct stat st;

        if (fstatat(top_fd, folders[i], &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
            continue;
        fail_plain(err, EINVAL,
                   "Sorry, --volatile=yes mode is not supported with OS images that have not merged /bin/, /sbin/, "
                   "/lib/, /lib64/ into /usr/.");
        fail_hint(*err, "/%s is a directory of its own in this tree; --volatile=overlay works with any tree",
                  folders[i]);
        fail_id(*err, "R2006");
        return -EINVAL;
    }
    return 0;
}

int tree_check(int tree_fd, const char *path, const struct tree_needs *needs, struct error **err)
{
    auto_close int pivot_fd = -1;
    int top_fd = tree_fd;

    if (!needs->host_root_allowed && tree_is_host_root(tree_fd)) {
        fail_plain(err, EINVAL, "Spawning container on root directory is not supported. Consider using --ephemeral, "
                                "--volatile=yes or --volatile=state.");
        fail_id(*err, "R2005");
        return -EINVAL;
    }
    if (needs->pivot_root_new)
        top_fd = pivot_fd = path_open_in(tree_fd, needs->pivot_root_new, O_PATH | O_DIRECTORY, 0);
    if (top_fd < 0 || !has_directory(top_fd, "usr"))
        return refuse_usr(top_fd, path, needs, err);
    if (needs->boot && needs->os_release && !has_os_release(top_fd)) {
        fail_plain(err, ENOENT,
                   "Directory %s doesn't look like an OS root directory (os-release file is missing). Refusing.", path);
        fail_hint(*err,
                  "a system to be booted has /etc/os-release or /usr/lib/os-release; without --boot a single command "
                  "runs in any tree, and $SYSTEMD_NSPAWN_CHECK_OS_RELEASE=0 turns this check off");
        fail_id(*err, "R2034");
        return -ENOENT;
    }
    return needs->merged_usr ? check_merged(top_fd, err) : 0;
}

static char *mount_point_of(int fd)
{
    auto_error struct error *ignored = NULL;
    CLEANUP(mount_entry_done) struct mount_entry entry = {0};

    return mount_entry_of(fd, &entry, &ignored) < 0 ? NULL : TAKE(entry.mount_point);
}

int tree_check_mount(int tree_fd, const char *path, struct error **err)
{
    struct statvfs fs;

    if (fstatvfs(tree_fd, &fs) < 0 || !(fs.f_flag & ST_NOEXEC))
        return 0;

    auto_free char *mount_point = mount_point_of(tree_fd);
    fail_plain(err, EACCES, "no program in %s can be started: the file system mounted on %s has noexec", path,
               mount_point ? mount_point : path);
    /* the options user and users of fstab imply it */
    fail_hint(*err,
              "allow it with 'mount -o remount,exec %s'; in /etc/fstab 'user' and 'users' mean noexec as well, unless "
              "'exec' follows",
              mount_point ? mount_point : path);
    fail_id(*err, "R2008");
    return -EACCES;
}

bool tree_is_nosuid(int tree_fd, char **ret_mount_point)
{
    struct statvfs fs;

    if (fstatvfs(tree_fd, &fs) < 0 || !(fs.f_flag & ST_NOSUID))
        return false;
    *ret_mount_point = mount_point_of(tree_fd);
    return true;
}
