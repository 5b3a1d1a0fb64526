/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev of the container: a tmpfs, and the devpts in it.
 *
 * For a user namespace the supervisor fills it while detached, since only the initial one may make device nodes, and
 * the nodes of a tmpfs made there work in any namespace it is mounted in. Else the child makes it itself
 * (api_mounts.c), which takes fewer calls. A devpts with a terminal in it is the supervisor's, whose end it keeps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "inside/pty.h"
#include "inside/terminal.h"
#include "runtime/run_state.h"

enum { GID_TTY = 5 };           /* fixed by the container interface */

struct node {
    const char *path;
    unsigned major, minor;
    mode_t mode;                /* 0: that of the host's own node */
    bool optional;              /* left out where the host's kernel or policy refuses it */
    const char *link, *link_target;     /* its other name, by number */
};

enum { FUSE_MINOR = 229 };

/* clang-format off */
static const struct node nodes[] = {
    {"null",    1,  3,   0666, false, "char/1:3",    "../null"},
    {"zero",    1,  5,   0666, false, "char/1:5",    "../zero"},
    {"full",    1,  7,   0666, false, "char/1:7",    "../full"},
    {"random",  1,  8,   0666, false, "char/1:8",    "../random"},
    {"urandom", 1,  9,   0666, false, "char/1:9",    "../urandom"},
    {"tty",     5,  0,   0666, false, "char/5:0",    "../tty"},
    {"fuse",    10, FUSE_MINOR, 0,    true,  "char/10:229", "../fuse"},
    {"net/tun", 10, 200, 0,    true,  "char/10:200", "../net/tun"},
};
/* clang-format on */

static const struct {
    const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

static int give(const struct run *run, int dir_fd, const char *name, struct error **err)
{
    if (run->has_userns && fchownat(dir_fd, name, run->uid_base, run->uid_base, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(err, errno, "cannot give /dev/%s to the container's root", name);
    return 0;
}

/* Whom the host lets use the device; all, where it has no node. */
static mode_t mode_on_host(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISCHR(st.st_mode) ? st.st_mode & 0777 : 0666;
}

static mode_t mode_of(const struct run *run, const struct node *node)
{
    return node->mode ? node->mode : node->minor == FUSE_MINOR ? run->fuse_mode : run->tun_mode;
}

static int make_node(const struct run *run, int dev_fd, const struct node *node, struct error **err)
{
    if (mknodat(dev_fd, node->path, S_IFCHR | mode_of(run, node), makedev(node->major, node->minor)) < 0)
        return node->optional && (errno == EPERM || errno == EACCES)
                   ? 0
                   : fail(err, errno, "cannot make the device node /dev/%s", node->path);
    if (give(run, dev_fd, node->path, err) < 0)
        return -error_code(*err);
    if (symlinkat(node->link_target, dev_fd, node->link) < 0)
        return fail(err, errno, "cannot make the link /dev/%s", node->link);
    return 0;
}

/* DEV_FD is the new tmpfs: no name in it leads anywhere else. */
static int fill(const struct run *run, int dev_fd, struct error **err)
{
    static const char *const folders[] = {"char", "net", "pts", "shm", "mqueue"};

    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        if (mkdirat(dev_fd, folders[i], 0755) < 0)
            return fail(err, errno, "cannot make /dev/%s", folders[i]);
        if (give(run, dev_fd, folders[i], err) < 0)
            return -error_code(*err);
    }
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        if (make_node(run, dev_fd, &nodes[i], err) < 0)
            return -error_code(*err);
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if (symlinkat(links[i].target, dev_fd, links[i].name) < 0 || give(run, dev_fd, links[i].name, err) < 0)
            return *err ? -error_code(*err) : fail(err, errno, "cannot make the link /dev/%s", links[i].name);
    if (run->console_mode == CONSOLE_PIPE)
        return 0;
    if (symlinkat("pts/0", dev_fd, "console") < 0)
        return fail(err, errno, "cannot make the link /dev/console");
    return give(run, dev_fd, "console", err);
}

static int fill_unmasked(const struct run *run, int dev_fd, struct error **err)
{
    mode_t mask = umask(0);
    int r = fill(run, dev_fd, err);

    (void) umask(mask);
    return r;
}

int dev_make(struct child *child, struct error **err)
{
    const struct run *run = child->run;

    if (fill_unmasked(run, AT_FDCWD, err) < 0)
        return -error_code(*err);
    if (run->devpts_fd >= 0)
        return 0;
    return mount_plain("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0600,gid=5",
                       err);
}

static int prepare_devpts(struct run *run, struct error **err)
{
    char gid[16];

    (void) snprintf(gid, sizeof gid, "%u", run->uid_base + GID_TTY);
    const struct mount_option options[] = {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0600"}, {"gid", gid}};

    run->devpts_fd = mount_new("devpts", options, COUNT_OF(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
    if (run->devpts_fd < 0)
        return run->devpts_fd;
    if (run->has_userns && (fchownat(run->devpts_fd, "", run->uid_base, run->uid_base, AT_EMPTY_PATH) < 0 ||
                            fchownat(run->devpts_fd, "ptmx", run->uid_base, run->uid_base, 0) < 0))
        return fail(err, errno, "cannot give /dev/pts to the container's root");
    if (run->console_mode == CONSOLE_PIPE)
        return 0;
    if (pty_open(run->devpts_fd, run->uid_base, run->uid_base + GID_TTY, &run->pty_fd, &run->pty_peer_fd, err) < 0)
        return -error_code(*err);
    /* now, not when the console starts: a payload may look at once */
    terminal_copy_size(STDOUT_FILENO, run->pty_fd);
    return 0;
}

int step_dev_prepare(struct run *run, struct error **err)
{
    char owner[16];

    (void) snprintf(owner, sizeof owner, "%u", run->uid_base);
    const struct mount_option options[] = {
        {"mode", "0755"}, {"size", "4m"}, {"nr_inodes", "64k"}, {"uid", owner}, {"gid", owner},
    };

    run->fuse_mode = mode_on_host("/dev/fuse");
    run->tun_mode = mode_on_host("/dev/net/tun");
    if (!run->has_userns)
        return run->console_mode == CONSOLE_PIPE ? 0 : prepare_devpts(run, err);
    run->dev_fd = mount_new("tmpfs", options, COUNT_OF(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, err);
    if (run->dev_fd < 0)
        return run->dev_fd;
    return fill_unmasked(run, run->dev_fd, err) < 0 ? -error_code(*err) : prepare_devpts(run, err);
}

void step_dev_close(struct run *run)
{
    fd_closep(&run->dev_fd);
    fd_closep(&run->devpts_fd);
    fd_closep(&run->pty_fd);
    fd_closep(&run->pty_peer_fd);
}
