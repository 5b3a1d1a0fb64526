/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map of the first is written by newuidmap(1) and newgidmap(1), since a user may not; the second one is ours. */
#include "transfer/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "image/user_range.h"

static int no_range(struct error **err, const char *why)
{
    fail_plain(err, EPERM, "a plain user cannot make a tree with its owners here: %s", why);
    fail_id(*err, "R5195");
    fail_hint(*err, "it takes a range of 65536 ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                    "NAME) and the programs newuidmap and newgidmap (package uidmap)");
    return -EPERM;
}

/* -- the first namespace -- */

static int enter_first(const struct user_range *range, struct error **err)
{
    int r = user_range_enter(range, true);

    if (r == -EPERM)
        return no_range(err, "the kernel does not let users make user namespaces");
    if (r < 0)
        return no_range(err, "newuidmap or newgidmap is missing or refuses");
    if (sys_setresgid(0) < 0 || sys_setresuid(0) < 0)
        return fail(err, errno, "cannot become root of the user namespace");
    (void) sys_setgroups(0, NULL);
    return 0;
}

/* -- the second -- */

static int write_map(pid_t pid, const char *file)
{
    auto_free char *path = mem_format("/proc/%d/%s", (int) pid, file), *text = mem_format("0 1 %u", USER_RANGE_SIZE);

    return file_write_existing(AT_FDCWD, path, text);
}

static int make_second(int *ret_fd, struct error **err)
{
    int ends[2], r;
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");

    pid_t child = fork();
    if (child == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWUSER) == 0)
            (void) fd_write_full(ends[1], "x", 1);
        (void) close(ends[1]);
        for (;;)
            (void) pause();
    }
    (void) close(ends[1]);
    r = child > 0 && read(ends[0], &byte, 1) == 1 ? 0 : -EPERM;
    (void) close(ends[0]);
    if (r == 0)
        r = write_map(child, "uid_map");
    if (r == 0)
        r = write_map(child, "gid_map");

    auto_free char *path = mem_format("/proc/%d/ns/user", (int) child);
    if (r == 0)
        *ret_fd = file_open(path, O_RDONLY);
    if (child > 0) {
        (void) kill(child, SIGKILL);
        (void) waitpid(child, NULL, 0);
    }
    return r < 0 || *ret_fd < 0 ? fail(err, r < 0 ? -r : errno, "cannot make a user namespace for trees") : 0;
}

int rootless_enter(int *ret_userns_fd, struct error **err)
{
    const struct passwd *user = getpwuid(getuid());
    struct user_range range;

    if (!user_range_find(user ? user->pw_name : NULL, &range))
        return no_range(err, "there is no range of ids for them in /etc/subuid and /etc/subgid");
    return enter_first(&range, err) < 0 ? -error_code(*err) : make_second(ret_userns_fd, err);
}

int rootless_become_root_of(int userns_fd, struct error **err)
{
    if (setns(userns_fd, CLONE_NEWUSER) < 0 || sys_setresgid(0) < 0 || sys_setresuid(0) < 0)
        return fail(err, errno, "cannot enter the user namespace for trees");
    (void) sys_setgroups(0, NULL);
    return 0;
}
