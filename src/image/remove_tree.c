/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing trees that resist. The plain way is tried first; what it takes to clear flags is paid only when needed. */
#include "image/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
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

int remove_tree(int parent_fd, const char *name)
{
    if (btrfs_is_file_system(parent_fd) && btrfs_subvolume_remove(parent_fd, name) == 0)
        return 0;
    return remove_plain(parent_fd, name);
}
