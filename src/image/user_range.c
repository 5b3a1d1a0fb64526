/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files are read as text: a static program has no name service. The two mappers check the range themselves. */
#include "image/user_range.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

#define FILE_LIMIT (8u << 20)
#define MAP_ARGUMENTS 9

/* -- whose range is it -- */

/* The fields of each line, until FUNCTION returns true. */
typedef bool line_function(const struct strings *fields, const void *wanted, void *ret);

static bool find_line(const char *path, line_function *function, const void *wanted, void *ret)
{
    auto_free char *text = NULL;
    CLEANUP(strings_done) struct strings lines = {0};

    if (file_read_quiet(AT_FDCWD, path, FILE_LIMIT, &text) < 0)
        return false;
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        CLEANUP(strings_done) struct strings fields = {0};

        if (strings_split_colons(&fields, lines.item[i]) == 0 && function(&fields, wanted, ret))
            return true;
    }
    return false;
}

/* NAME:START:COUNT */
static bool is_large(const struct strings *fields, uint32_t *ret_start)
{
    uint32_t count;

    return fields->count == 3 && parse_u32(fields->item[1], ret_start) == 0 &&
           parse_u32(fields->item[2], &count) == 0 && count >= USER_RANGE_SIZE;
}

static bool is_of_user(const struct strings *fields, const void *wanted, void *ret)
{
    auto_free char *number = mem_format("%u", (unsigned) getuid());
    uint32_t start;

    if (!is_large(fields, &start) || (strcmp(fields->item[0], wanted) != 0 && strcmp(fields->item[0], number) != 0))
        return false;
    *(uint32_t *) ret = start;
    return true;
}

static bool is_start(const struct strings *fields, const void *wanted, void *ret)
{
    uint32_t start;

    (void) ret;
    return is_large(fields, &start) && start == *(const uint32_t *) wanted;
}

/* NAME:PASSWORD:UID:... */
static bool is_passwd_line(const struct strings *fields, const void *wanted, void *ret)
{
    uint32_t uid;

    if (fields->count < 3 || parse_u32(fields->item[2], &uid) < 0 || uid != *(const uid_t *) wanted)
        return false;
    *(char **) ret = mem_copy_string(fields->item[0]);
    return true;
}

bool user_range_find(const char *name, struct user_range *ret)
{
    auto_free char *found = NULL;
    struct user_range range;
    uid_t uid = getuid();

    if (!name && find_line("/etc/passwd", is_passwd_line, &uid, &found))
        name = found;
    if (!name)
        name = "";
    if (!find_line("/etc/subuid", is_of_user, name, &range.uids) ||
        !find_line("/etc/subgid", is_of_user, name, &range.gids))
        return false;
    *ret = range;
    return true;
}

bool user_range_starts_at(uint32_t id)
{
    return find_line("/etc/subuid", is_start, &id, NULL);
}

/* -- the namespace -- */

static bool has_program(const char *name)
{
    const char *path = getenv("PATH");
    CLEANUP(strings_done) struct strings folders = {0};

    strings_split(&folders, path ? path : "/usr/bin:/bin", ":");
    for (size_t i = 0; i < folders.count; i++) {
        auto_free char *file = path_join(folders.item[i], name);

        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

bool user_range_has_mappers(void)
{
    return has_program("newuidmap") && has_program("newgidmap");
}

static int run_mapper(const char *program, pid_t pid, uint32_t own, uint32_t start, bool as_root)
{
    auto_free char *pid_text = mem_format("%d", (int) pid), *own_text = mem_format("%u", own);
    auto_free char *start_text = mem_format("%u", start), *count = mem_format("%u", USER_RANGE_SIZE);
    char *argv[MAP_ARGUMENTS] = {(char *) program, pid_text, as_root ? "0" : own_text,   own_text, "1",
                                 as_root ? "1" : start_text, start_text,                count,    NULL};
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
static pid_t start_mapper(const struct user_range *range, bool as_root, int *ret_go_fd)
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
        _exit(read(ends[0], &byte, 1) == 1 && run_mapper("newuidmap", parent, uid, range->uids, as_root) == 0 &&
                      run_mapper("newgidmap", parent, gid, range->gids, as_root) == 0
                  ? 0
                  : 1);
    }
    (void) close(ends[0]);
    *ret_go_fd = ends[1];
    return child;
}

int user_range_enter(const struct user_range *range, bool as_root)
{
    auto_close int go_fd = -1;
    pid_t mapper = start_mapper(range, as_root, &go_fd);
    int status = 1;
    /* what was run by others' programs before this one may not be read by them: the maps are written through /proc */
    bool inside = mapper > 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && unshare(CLONE_NEWUSER) == 0;

    if (inside)
        (void) fd_write_full(go_fd, "x", 1);
    fd_closep(&go_fd);
    while (mapper > 0 && waitpid(mapper, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!inside)
        return -EPERM;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EACCES;
}
