/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening pseudo terminals. Needs no mount point and no name: what is inside the container's tree is never asked. */
#include "inside/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)      /* Linux 4.13 */
#endif

int pty_open_peer(int master_fd)
{
    int fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int pty_open(int devpts_fd, uid_t uid, gid_t gid, int *ret_master_fd, int *ret_peer_fd, struct error **err)
{
    int unlock = 0;
    auto_close int master_fd = openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master_fd < 0) {
        int r = fail(err, errno, "cannot open a pseudo terminal");
        if (r == -ENOSPC) {
            fail_hint(*err, "all pseudo terminals are in use; kernel.pty.max and the devpts option max= limit them");
            fail_id(*err, "R2502");
        }
        return r;
    }
    if (ioctl(master_fd, TIOCSPTLCK, &unlock) < 0)
        return fail(err, errno, "cannot unlock the pseudo terminal");

    auto_close int peer_fd = pty_open_peer(master_fd);
    if (peer_fd < 0)
        return fail(err, -peer_fd, "cannot open the other end of the pseudo terminal");

    if (fchown(peer_fd, uid, gid) < 0 || fchmod(peer_fd, 0600) < 0)
        return fail(err, errno, "cannot give the pseudo terminal to user %u, group %u", (unsigned) uid, (unsigned) gid);

    *ret_master_fd = take_fd(&master_fd);
    *ret_peer_fd = take_fd(&peer_fd);
    return 0;
}
