/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child's side of a network of its own: joining a namespace by path, and its loopback device. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/magic.h>

#include "base/fd.h"
#include "base/mem.h"
#include "runtime/run_state.h"

bool spec_has_own_network(const struct spec *spec)
{
    return spec->private_network && !(spec->netns_path && !spec->private_network_given);
}

int step_network_join(struct child *child, struct error **err)
{
    const struct spec *spec = child->run->spec;
    struct statfs st;

    if (spec->private_network_given)
        return 0;       /* --private-network beside it asks for a new one */

    auto_close int fd = open(spec->netns_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(err, errno, "cannot open file %s", spec->netns_path);
    if (fstatfs(fd, &st) < 0 || st.f_type != NSFS_MAGIC)
        return fail_plain(err, EINVAL, "%s is not a network namespace", spec->netns_path);
    if (setns(fd, CLONE_NEWNET) < 0) {
        int r = fail(err, errno, "cannot join the network namespace %s", spec->netns_path);

        if (r == -EPERM && child->run->has_userns)
            fail_hint(*err, "the namespace belongs to another user namespace; use --private-users=no with it");
        return r;
    }
    return 0;
}

int step_loopback_up(struct child *child, struct error **err)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void) child;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return fail(err, errno, "cannot bring up the loopback device");
    return 0;
}

/* A user namespace with a network of its own may let all its groups ping, as a host does. */
int step_ping_allow(struct child *child, struct error **err)
{
    auto_free char *range = mem_format("0 %u", child->run->uid_size - 1);

    (void) err;
    /* an older kernel or one without IPv4 has no such switch */
    (void) file_write_existing(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", range);
    return 0;
}
