/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two bytes of a machine's lock file; registry_lock.h says what they mean. */
#include "machine/registry_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static struct flock bytes(short type, off_t start, off_t length)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

enum lock_holder lock_look(int fd, pid_t *ret_pid)
{
    struct flock lock = bytes(F_WRLCK, 0, LOCK_ALIVE);

    /* what comes back is the lock in the way, whole */
    if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return HELD_BY_NOBODY;
    if (ret_pid)
        *ret_pid = lock.l_pid;
    return lock.l_len == LOCK_MENDING ? HELD_BY_MENDER : HELD_BY_MACHINE;
}

enum lock_holder lock_take(int fd, enum lock_use use, pid_t *ret_pid)
{
    struct flock lock = bytes(F_WRLCK, 0, use);

    return fcntl(fd, F_SETLK, &lock) == 0 ? HELD_BY_US : lock_look(fd, ret_pid);
}

void lock_wait_for_mender(int fd)
{
    struct flock lock = bytes(F_RDLCK, LOCK_ALIVE, LOCK_MENDING - LOCK_ALIVE);

    while (fcntl(fd, F_SETLKW, &lock) < 0 && errno == EINTR)
        ;
}

bool lock_file_exists(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_nlink > 0;
}
