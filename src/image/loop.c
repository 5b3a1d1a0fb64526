/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/loop.h>

#include "base/fd.h"

enum { LOOP_MAJOR = 7, ATTEMPTS = 64 };

static int fail_no_loop(struct error **err, int code)
{
    int r = fail(err, code, "cannot get a loop device");

    fail_id(*err, "R3203");
    if (code == ENOENT || code == ENXIO || code == ENODEV)
        fail_hint(*err, "load the driver: modprobe loop");
    else if (code == EACCES || code == EPERM)
        fail_hint(*err, "disk images need a device; in a container of its own, redd needs /dev/loop-control and "
                        "/dev/loop*: --bind=/dev/loop-control with the outer one's DeviceAllow=block-loop rwm");
    else
        fail_hint(*err, "'losetup -a' lists those in use; max_loop of the module limits their number");
    return r;
}

/* Devices that were never used have no node where nobody watches the kernel's events. */
static int open_device(int number, bool read_only, char *path, size_t size)
{
    int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;

    (void) snprintf(path, size, "/dev/loop%d", number);
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT &&
        mknod(path, S_IFBLK | 0660, makedev(LOOP_MAJOR, (unsigned) number)) == 0)
        fd = open(path, flags);
    return fd < 0 ? -errno : fd;
}

/* LOOP_CONFIGURE is there since Linux 5.8, below our floor. */
static int configure(int loop_fd, int file_fd, uint64_t offset, uint64_t size, uint32_t flags)
{
    struct loop_config config = {
        .fd = (uint32_t) file_fd,
        .info = {.lo_offset = offset, .lo_sizelimit = size, .lo_flags = flags},
    };

    return ioctl(loop_fd, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
}

int loop_attach(int file_fd, uint64_t offset, uint64_t size, bool read_only, bool direct_io, struct loop *ret,
                struct error **err)
{
    uint32_t flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
    auto_close int control_fd = file_open("/dev/loop-control", O_RDWR);
    int r = -EBUSY;

    if (control_fd < 0)
        return fail_no_loop(err, errno);
    /* the device that is free may be somebody else's by the time it is asked for */
    for (int i = 0; i < ATTEMPTS; i++) {
        struct loop loop;
        int number = ioctl(control_fd, LOOP_CTL_GET_FREE);

        if (number < 0)
            return fail_no_loop(err, errno);
        loop.fd = open_device(number, read_only, loop.path, sizeof loop.path);
        if (loop.fd < 0)
            return fail_no_loop(err, -loop.fd);
        r = configure(loop.fd, file_fd, offset, size, flags | (direct_io ? LO_FLAGS_DIRECT_IO : 0));
        if (r == -EINVAL && direct_io)
            r = configure(loop.fd, file_fd, offset, size, flags);
        if (r == 0) {
            *ret = loop;
            return 0;
        }
        (void) close(loop.fd);
        if (r != -EBUSY)
            break;
    }
    return fail_no_loop(err, -r);
}

void loop_done(struct loop *loop)
{
    fd_closep(&loop->fd);
}
