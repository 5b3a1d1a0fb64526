/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ptys of machines. What lies at /dev/pts in there is not believed to be one. */
#include "enter/guest_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/path.h"
#include "enter/guest.h"
#include "inside/pty.h"
#include "inside/terminal.h"

static int open_devpts(const struct guest *guest, struct error **err)
{
    auto_close int fd = path_open_in(guest->root_fd, "dev/pts", O_RDONLY | O_DIRECTORY, 0);
    struct statfs fs;

    if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC)
        return take_fd(&fd);

    int r = fail_plain(err, ENXIO, "there are no pseudo terminals in machine '%s'", guest_name(guest));
    fail_id(*err, "R4206");
    fail_hint(*err, "a devpts has to be mounted at its /dev/pts; 'redd exec' needs none");
    return r;
}

int guest_terminal_open(const struct guest *guest, int *ret_master_fd, int *ret_peer_fd, struct error **err)
{
    auto_close int devpts_fd = open_devpts(guest, err);
    uint32_t uid, gid;

    if (devpts_fd < 0 || guest_host_id(guest, GUEST_UIDS, 0, &uid, err) < 0 ||
        guest_host_id(guest, GUEST_GIDS, 0, &gid, err) < 0 ||
        pty_open(devpts_fd, uid, gid, ret_master_fd, ret_peer_fd, err) < 0)
        return -error_code(*err);
    terminal_copy_size(isatty(STDOUT_FILENO) ? STDOUT_FILENO : isatty(STDIN_FILENO) ? STDIN_FILENO : -1, *ret_peer_fd);
    return 0;
}
