/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding, killing and removing control groups. Making them, limiting them and moving processes into them is the
 * runtime's. Called when a machine ends, and by undo for the group of a machine whose supervisor died.
 */
#include "base/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/strings.h"

#define CGROUP_V1_MAGIC 0x27e0eb
#define CGROUP_V2_MAGIC 0x63677270

/* How many processes are killed and awaited at a time where the kernel does not do it for us. */
#define BATCH 256

struct group {
    const char *path;
    int fd;                     /* of the topmost group */
    bool unified;
    bool is_empty;              /* the kernel has killed all of it; the groups below hold nobody */
    int64_t deadline_ms;
};

char *cgroup_of_text(const char *text)
{
    const char *line = string_starts(text, "0::") ? text : strstr(text, "\n0::");

    if (!line)
        return NULL;
    line += *line == '\n' ? strlen("\n0::") : strlen("0::");
    return mem_copy_bytes(line, strcspn(line, "\n"));
}

static int time_left_ms(const struct group *group)
{
    int64_t left = group->deadline_ms - clock_ms();

    return left > 0 ? (int) left : 0;
}

static int fail_timeout(const struct group *group, struct error **err)
{
    fail_plain(err, ETIMEDOUT, "processes in the control group %s do not end", group->path);
    fail_hint(*err, "a process that waits for a disk or a network file system cannot be killed; "
                    "see %s/cgroup.procs", group->path);
    return -ETIMEDOUT;
}

/* Refuses what must not be killed. */
static int check_group(struct group *group, struct error **err)
{
    struct statfs fs;

    if (fstatfs(group->fd, &fs) < 0)
        return fail(err, errno, "cannot look at the control group %s", group->path);
    group->unified = fs.f_type == CGROUP_V2_MAGIC;
    if (!group->unified && fs.f_type != CGROUP_V1_MAGIC)
        return fail_plain(err, EINVAL, "%s is not a control group", group->path);

    /* only the root of a hierarchy has no events, or a release agent */
    bool is_root = group->unified ? faccessat(group->fd, "cgroup.events", F_OK, 0) < 0
                                  : faccessat(group->fd, "release_agent", F_OK, 0) == 0;
    return is_root ? fail_plain(err, EINVAL, "%s is the control group of the whole system", group->path) : 0;
}

/* -- where the kernel kills -- */

static int wait_until_empty(const struct group *group, struct error **err)
{
    enum { SLICE_MS = 50 };
    auto_close int fd = openat(group->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    char text[256];

    if (fd < 0)
        return fail(err, errno, "cannot open %s/cgroup.events", group->path);
    for (;;) {
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        if (n < 0)      /* ENODEV: the group was removed meanwhile */
            return errno == ENODEV ? 0 : fail(err, errno, "cannot read %s/cgroup.events", group->path);
        text[n] = '\0';
        if (strstr(text, "populated 0"))
            return 0;

        /* A second event within 10 ms is told late, and never when the group is removed meanwhile. */
        struct pollfd change = {.fd = fd, .events = POLLPRI};
        int left_ms = time_left_ms(group);
        if (left_ms == 0)
            return fail_timeout(group, err);
        (void) poll(&change, 1, left_ms < SLICE_MS ? left_ms : SLICE_MS);
    }
}

/* -- where we do -- */

static int read_pids(int group_fd, struct strings *ret)
{
    auto_free char *text = NULL;
    int r = file_read_quiet(group_fd, "cgroup.procs", (size_t) 4 << 20, &text);

    if (r == 0)
        strings_split(ret, text, "\n");
    return r;
}

/* Gives up to BATCH pidfds of processes that are in the group now, behind the first SKIP ones. A pid that was listed
 * may belong to somebody else by the time its pidfd is open; if it is still listed after that, the pidfd is that of the
 * listed process. */
static int open_members(int group_fd, size_t skip, struct pollfd *ret, size_t *ret_n)
{
    CLEANUP(strings_done) struct strings before = {0};
    CLEANUP(strings_done) struct strings after = {0};
    struct { uint32_t pid; int fd; } opened[BATCH];
    uint32_t self = (uint32_t) getpid();
    size_t n = 0;

    int r = read_pids(group_fd, &before);
    if (r < 0)
        return r;
    for (size_t i = skip; i < before.count && n < BATCH; i++) {
        uint32_t pid;

        /* 0 stands for a process of an outer pid namespace, which we cannot name */
        if (parse_u32(before.item[i], &pid) < 0 || pid <= 1 || pid == self)
            continue;
        opened[n].pid = pid;
        opened[n].fd = sys_pidfd_open((pid_t) pid, 0);
        if (opened[n].fd >= 0)
            n++;
    }

    r = read_pids(group_fd, &after);
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        bool member = false;

        for (size_t k = 0; k < after.count && !member; k++) {
            uint32_t pid;

            member = parse_u32(after.item[k], &pid) == 0 && pid == opened[i].pid;
        }
        if (member)
            ret[(*ret_n)++] = (struct pollfd){.fd = opened[i].fd, .events = POLLIN};
        else
            (void) close(opened[i].fd);
    }
    return r;
}

/* Kills the processes of one group, not of those below, until none is listed. *RET_ANY: there were some. */
static int kill_members(const struct group *group, int fd, bool *ret_any, struct error **err)
{
    struct pollfd member[BATCH];
    size_t n;

    /* in a frozen group of version 1 even SIGKILL waits for the thaw */
    if (!group->unified)
        (void) file_write_existing(fd, "freezer.state", "THAWED");
    for (*ret_any = false;; *ret_any = true) {
        int r = open_members(fd, 0, member, &n);
        if (r < 0)
            return r == -ENODEV ? 0 : fail(err, -r, "cannot list the processes of the control group %s", group->path);
        if (n == 0)
            return 0;

        for (size_t i = 0; i < n; i++)
            (void) sys_pidfd_send_signal(member[i].fd, SIGKILL, NULL, 0);

        bool late = false;
        for (size_t i = 0; i < n; i++) {
            late = late || poll(&member[i], 1, time_left_ms(group)) == 0;
            (void) close(member[i].fd);
        }
        if (late)
            return fail_timeout(group, err);
    }
}

/* -- down the tree -- */

/* Removes the groups right below FD. The first that is not empty yet is opened: returns 1 and *ret_child_fd. */
static int remove_below(const struct group *group, int fd, int *ret_child_fd, struct error **err)
{
    /* opened anew: a descriptor that was read before would go on where it stopped */
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    int r = 0;

    if (!dir) {
        r = errno == ENOENT ? 0 : fail(err, errno, "cannot list the groups below %s", group->path);
        fd_closep(&again);
        return r;
    }
    for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            continue;
        if (errno != EBUSY) {
            r = fail(err, errno, "cannot remove the control group '%s' below %s", entry->d_name, group->path);
            break;
        }
        *ret_child_fd = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = *ret_child_fd >= 0;
    }
    (void) closedir(dir);
    return r;
}

/* A process that has ended may keep its group busy for some microseconds more, and no event tells when that is over. */
static int wait_a_moment(const struct group *group, struct error **err)
{
    if (time_left_ms(group) == 0)
        return fail_timeout(group, err);
    (void) poll(NULL, 0, 1);
    return 0;
}

/* Walks with two descriptors however deep the owner of the group nested it: ".." leads back, since control groups
 * cannot be moved. */
static int remove_all_below(const struct group *group, struct error **err)
{
    auto_close int here = fcntl(group->fd, F_DUPFD_CLOEXEC, 0);
    bool just_entered = true;

    for (size_t depth = 0; here >= 0;) {
        bool killed_any = false;
        int next = -1;

        if (!group->is_empty && kill_members(group, here, &killed_any, err) < 0)
            return -error_code(*err);

        int r = remove_below(group, here, &next, err);
        if (r < 0)
            return r;
        if (r == 0 && depth == 0)
            return 0;
        if (r == 0) {
            if (just_entered && !killed_any && wait_a_moment(group, err) < 0)
                return -error_code(*err);
            next = openat(here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        just_entered = r == 1;
        depth = just_entered ? depth + 1 : depth - 1;
        (void) close(here);
        here = next;
    }
    return fail(err, errno, "cannot walk the control group %s", group->path);
}

/* -- without removing -- */

static int signal_members(int fd, int signal, const char *path, struct error **err)
{
    struct pollfd member[BATCH];
    size_t n, skip = 0;

    do {
        int r = open_members(fd, skip, member, &n);

        if (r < 0)
            return r == -ENODEV ? 0 : fail(err, -r, "cannot list the processes of the control group %s", path);
        for (size_t i = 0; i < n; i++) {
            (void) sys_pidfd_send_signal(member[i].fd, signal, NULL, 0);
            (void) close(member[i].fd);
        }
        skip += BATCH;
    } while (n == BATCH);
    return 0;
}

static int signal_below(int fd, int signal, const char *path, unsigned depth, struct error **err)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    int r = signal_members(fd, signal, path, err);

    if (!dir)
        fd_closep(&again);
    for (struct dirent *entry; r == 0 && dir && depth > 0 && (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        auto_close int child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            r = signal_below(child, signal, path, depth - 1, err);
    }
    if (dir)
        (void) closedir(dir);
    return r;
}

int cgroup_signal(const char *path, int signal, struct error **err)
{
    enum { DEPTH_MAX = 32 };
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct group group = {.path = path, .fd = fd};

    if (fd < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot open the control group %s", path);
    return check_group(&group, err) < 0 ? -error_code(*err) : signal_below(fd, signal, path, DEPTH_MAX, err);
}

int cgroup_kill(const char *path, unsigned timeout_ms, struct error **err)
{
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct group group = {.path = path, .fd = fd, .deadline_ms = clock_ms() + timeout_ms};

    if (fd < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot open the control group %s", path);
    if (check_group(&group, err) < 0)
        return -error_code(*err);
    if (group.unified && file_write_existing(fd, "cgroup.kill", "1") == 0)
        return wait_until_empty(&group, err);
    return signal_below(fd, SIGKILL, path, 32, err);
}

int cgroup_remove(const char *path, unsigned timeout_ms, struct error **err)
{
    if (rmdir(path) == 0 || errno == ENOENT)
        return 0;

    /* whatever the reason is: only a group may be looked into */
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct group group = {.path = path, .fd = fd, .deadline_ms = clock_ms() + timeout_ms};

    if (fd < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot open the control group %s", path);
    if (check_group(&group, err) < 0)
        return -error_code(*err);
    if (group.unified && file_write_existing(fd, "cgroup.kill", "1") == 0) {
        if (wait_until_empty(&group, err) < 0)
            return -error_code(*err);
        group.is_empty = true;
    }
    if (remove_all_below(&group, err) < 0)
        return -error_code(*err);
    while (rmdir(path) < 0 && errno != ENOENT) {
        if (errno != EBUSY)
            return fail(err, errno, "cannot remove the control group %s", path);
        if (wait_a_moment(&group, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
