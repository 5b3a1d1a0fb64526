/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev of the container: a tmpfs filled by the supervisor while detached, and the devpts beside it.
 * Filled outside, since only the initial user namespace may make device nodes, and the nodes of a tmpfs made there
 * work in any namespace it is mounted in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "inside/console.h"
#include "inside/pty.h"
#include "inside/terminal.h"
#include "runtime/run_state.h"

enum { GID_TTY = 5 };           /* fixed by the container interface */

struct node {
    const char *path;
    unsigned major, minor;
    mode_t mode;
    bool optional;              /* left out where the host's kernel or policy refuses it */
};

static const struct node nodes[] = {
    {"null", 1, 3, 0666, false},    {"zero", 1, 5, 0666, false},   {"full", 1, 7, 0666, false},
    {"random", 1, 8, 0666, false},  {"urandom", 1, 9, 0666, false}, {"tty", 5, 0, 0666, false},
    {"fuse", 10, 229, 0600, true},  {"net/tun", 10, 200, 0600, true},
};

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

static int make_node(const struct run *run, const struct node *node, struct error **err)
{
    char link[32], target[32];

    if (mknodat(run->dev_fd, node->path, S_IFCHR | node->mode, makedev(node->major, node->minor)) < 0)
        return node->optional && (errno == EPERM || errno == EACCES)
                   ? 0
                   : fail(err, errno, "cannot make the device node /dev/%s", node->path);
    if (give(run, run->dev_fd, node->path, err) < 0)
        return -error_code(*err);
    (void) snprintf(link, sizeof link, "char/%u:%u", node->major, node->minor);
    (void) snprintf(target, sizeof target, "../%s", node->path);
    if (symlinkat(target, run->dev_fd, link) < 0)
        return fail(err, errno, "cannot make the link /dev/%s", link);
    return 0;
}

static int make_folder(const struct run *run, const char *name, bool owned, struct error **err)
{
    if (mkdirat(run->dev_fd, name, 0755) < 0)
        return fail(err, errno, "cannot make /dev/%s", name);
    return owned ? give(run, run->dev_fd, name, err) : 0;
}

static int fill(const struct run *run, struct error **err)
{
    if (make_folder(run, "char", true, err) < 0 || make_folder(run, "net", true, err) < 0 ||
        make_folder(run, "pts", true, err) < 0 || make_folder(run, "shm", true, err) < 0 ||
        make_folder(run, "mqueue", true, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        if (make_node(run, &nodes[i], err) < 0)
            return -error_code(*err);
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if (symlinkat(links[i].target, run->dev_fd, links[i].name) < 0 ||
            give(run, run->dev_fd, links[i].name, err) < 0)
            return *err ? -error_code(*err) : fail(err, errno, "cannot make the link /dev/%s", links[i].name);
    if (run->console_mode != CONSOLE_PIPE && symlinkat("pts/0", run->dev_fd, "console") < 0)
        return fail(err, errno, "cannot make the link /dev/console");
    return 0;
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
        {"mode", "0755"}, {"size", "4m"}, {"nr_inodes", "64k"}, {run->has_userns ? "uid" : NULL, owner},
        {run->has_userns ? "gid" : NULL, owner},
    };

    run->console_mode = console_mode_effective(run->spec->console, isatty(STDIN_FILENO), isatty(STDOUT_FILENO));
    run->dev_fd = mount_new("tmpfs", options, COUNT_OF(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, err);
    if (run->dev_fd < 0)
        return run->dev_fd;

    mode_t mask = umask(0);
    int r = fill(run, err);
    (void) umask(mask);
    return r < 0 ? r : prepare_devpts(run, err);
}

void step_dev_close(struct run *run)
{
    fd_closep(&run->dev_fd);
    fd_closep(&run->devpts_fd);
    fd_closep(&run->pty_fd);
    fd_closep(&run->pty_peer_fd);
}
