/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network that is not the host's: a namespace that is there already, or what the child does in a new one. */
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
#include <linux/nsfs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "runtime/run_state.h"

bool spec_has_own_network(const struct spec *spec)
{
    return spec->private_network && !(spec->netns_path && !spec->private_network_given);
}

static int fail_missing(const char *path, struct error **err)
{
    int r = fail(err, errno, "cannot open file %s", path);

    fail_hint(*err, "'ip netns list' shows those in /run/netns; 'ip netns add NAME' makes one");
    fail_id(*err, "R2809");
    return r;
}

int step_network_open(struct run *run, struct error **err)
{
    const char *path = run->spec->netns_path;
    struct statfs st;

    if (run->spec->private_network_given)
        return 0;       /* --private-network beside it asks for a new one */

    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_missing(path, err);
    if (fstatfs(fd, &st) < 0 || st.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
        return fail_plain(err, EINVAL, "%s is not a network namespace", path);
    run->given_netns_fd = take_fd(&fd);
    return 0;
}

void step_network_close(struct run *run)
{
    fd_closep(&run->given_netns_fd);
}

int network_enter(const struct run *run, int *ret_own_fd, struct error **err)
{
    *ret_own_fd = -1;
    if (run->given_netns_fd < 0)
        return 0;

    auto_close int own_fd = file_open("/proc/self/ns/net", O_RDONLY);
    if (own_fd < 0)
        return fail(err, errno, "cannot open our own network namespace");
    if (setns(run->given_netns_fd, CLONE_NEWNET) < 0)
        return fail(err, errno, "cannot join the network namespace %s", run->spec->netns_path);
    *ret_own_fd = take_fd(&own_fd);
    return 0;
}

int network_leave(int *own_fd, struct error **err)
{
    int r = 0;

    if (*own_fd >= 0 && setns(*own_fd, CLONE_NEWNET) < 0)
        r = fail(err, errno, "cannot leave the network namespace");
    fd_closep(own_fd);
    return r;
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
