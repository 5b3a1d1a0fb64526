/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* newuidmap(1) and newgidmap(1) write the first map, since a user may not; the second one is ours to write. */
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
#include "base/strings.h"

#define RANGE 65536u
#define FILE_MAX (1024u * 1024)

static int no_range(struct error **err, const char *why)
{
    fail_plain(err, EPERM, "a plain user cannot make a tree with its owners here: %s", why);
    fail_id(*err, "R5195");
    fail_hint(*err, "it takes a range of 65536 ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                    "NAME) and the programs newuidmap and newgidmap (package uidmap)");
    return -EPERM;
}

/* The first id of a range in a file of lines "NAME:START:COUNT". */
static bool find_range(const char *path, const char *name, uint32_t *ret)
{
    auto_free char *text = NULL, *number = mem_format("%u", (unsigned) getuid());
    CLEANUP(strings_done) struct strings lines = {0};

    if (file_read_quiet(AT_FDCWD, path, FILE_MAX, &text) < 0)
        return false;
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        CLEANUP(strings_done) struct strings words = {0};
        uint32_t start, count;

        strings_split(&words, lines.item[i], ":");
        if (words.count == 3 && (strcmp(words.item[0], name) == 0 || strcmp(words.item[0], number) == 0) &&
            parse_u32(words.item[1], &start) == 0 && parse_u32(words.item[2], &count) == 0 && count >= RANGE) {
            *ret = start;
            return true;
        }
    }
    return false;
}

/* -- the first namespace -- */

static int run_mapper(const char *program, pid_t pid, uint32_t own, uint32_t start)
{
    auto_free char *pid_text = mem_format("%d", (int) pid), *own_text = mem_format("%u", own);
    auto_free char *start_text = mem_format("%u", start), *count = mem_format("%u", RANGE);
    char *argv[] = {(char *) program, pid_text, "0", own_text, "1", "1", start_text, count, NULL};
    int status;

    pid_t child = fork();
    if (child == 0) {
        (void) execvp(program, argv);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

/* A child that is still outside writes the maps once its parent is inside; its exit status is 0 then. */
static pid_t start_mapper(uint32_t uids, uint32_t gids, int *ret_go_fd)
{
    pid_t parent = getpid();
    uid_t uid = getuid();
    gid_t gid = getgid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;

    pid_t child = fork();
    if (child == 0) {
        char byte;

        (void) close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 1 && run_mapper("newuidmap", parent, uid, uids) == 0 &&
                      run_mapper("newgidmap", parent, gid, gids) == 0
                  ? 0
                  : 1);
    }
    (void) close(ends[0]);
    *ret_go_fd = ends[1];
    return child;
}

static int enter_first(uint32_t uids, uint32_t gids, struct error **err)
{
    auto_close int go_fd = -1;
    pid_t mapper = start_mapper(uids, gids, &go_fd);
    int status = 1;
    /* what was run by others' programs before this one may not be read by them: the maps are written through /proc */
    bool inside = mapper > 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && unshare(CLONE_NEWUSER) == 0;

    if (inside)
        (void) fd_write_full(go_fd, "x", 1);
    fd_closep(&go_fd);
    while (mapper > 0 && waitpid(mapper, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!inside)
        return no_range(err, "the kernel does not let users make user namespaces");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return no_range(err, "newuidmap or newgidmap is missing or refuses");
    if (sys_setresgid(0) < 0 || sys_setresuid(0) < 0)
        return fail(err, errno, "cannot become root of the user namespace");
    (void) sys_setgroups(0, NULL);
    return 0;
}

/* -- the second -- */

static int write_map(pid_t pid, const char *file)
{
    auto_free char *path = mem_format("/proc/%d/%s", (int) pid, file), *text = mem_format("0 1 %u", RANGE);

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
    const char *name = user ? user->pw_name : "";
    uint32_t uids, gids;

    if (!find_range("/etc/subuid", name, &uids) || !find_range("/etc/subgid", name, &gids))
        return no_range(err, "there is no range of ids for them in /etc/subuid and /etc/subgid");
    return enter_first(uids, gids, err) < 0 ? -error_code(*err) : make_second(ret_userns_fd, err);
}

int rootless_become_root_of(int userns_fd, struct error **err)
{
    if (setns(userns_fd, CLONE_NEWUSER) < 0 || sys_setresgid(0) < 0 || sys_setresuid(0) < 0)
        return fail(err, errno, "cannot enter the user namespace for trees");
    (void) sys_setgroups(0, NULL);
    return 0;
}
