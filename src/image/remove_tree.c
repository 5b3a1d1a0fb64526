/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing trees that resist. The plain way is tried first; what it takes to clear flags is paid only when needed. */
#include "image/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "image/btrfs.h"
#include "image/walk.h"

/* Containers may set these flags on their files, and then even root cannot remove them. */
void clear_flags(int dir_fd, const char *name)
{
    unsigned flags = 0;
    auto_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
        return;
    flags &= ~(unsigned) (FS_IMMUTABLE_FL | FS_APPEND_FL);
    (void) ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

bool flag_is_set(int fd)
{
    unsigned flags = 0;
    auto_close int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return real >= 0 && ioctl(real, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_IMMUTABLE_FL);
}

void flag_set(int dir_fd, const char *name)
{
    unsigned flags = 0;
    auto_close int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= (unsigned) FS_IMMUTABLE_FL;
        (void) ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
}

static int clear_file_flags(void *context, int dir_fd, const char *name, unsigned char type)
{
    (void) context;
    if (type == DT_REG)
        clear_flags(dir_fd, name);
    return 0;
}

static int clear_directory_flags(void *context, int dir_fd, const char *name, int fd)
{
    (void) context;
    (void) dir_fd;
    (void) name;
    clear_flags(fd, ".");
    return 0;
}

static int remove_plain(int parent_fd, const char *name)
{
    static const struct walk_calls calls = {.file = clear_file_flags, .enter = clear_directory_flags};

    int r = tree_remove_at(parent_fd, name);
    if (r != -EPERM)
        return r;

    auto_close int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    clear_flags(fd, ".");
    (void) walk_tree(fd, &calls, NULL, NULL);
    return tree_remove_at(parent_fd, name);
}

/* Images and snapshots that are thrown away lie in a folder together, not far below. A subvolume goes in one call and
 * with its quota groups, where removing its files one by one would end in an rmdir(2) that leaves those. */
enum { FOLDERS_DEEP = 4 };

static void remove_subvolumes(int parent_fd, const char *name, int depth)
{
    auto_close int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    /* what is mounted in there is somebody else's */
    if (fd < 0 || sys_is_mount_root(fd) != 0 || btrfs_subvolume_remove(parent_fd, name) == 0 || depth == 0)
        return;
    DIR *dir = fdopendir(fd);
    if (!dir)
        return;
    fd = -1;                    /* closedir() closes it */
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_subvolumes(dirfd(dir), entry->d_name, depth - 1);
    (void) closedir(dir);
}

int remove_tree(int parent_fd, const char *name)
{
    if (btrfs_is_file_system(parent_fd))
        remove_subvolumes(parent_fd, name, FOLDERS_DEEP);
    return remove_plain(parent_fd, name);
}
