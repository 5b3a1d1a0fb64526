/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cgroup_limit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

#define CGROUP_V1_MAGIC 0x27e0eb

/* A period of 100 ms, as is usual. */
#define CPU_PERIOD_US 100000

enum form {
    FORM_NUMBER,                /* digits, or what the last two columns say for "unlimited" */
    FORM_QUOTA,
    FORM_LIST,
    FORM_WEIGHT,                /* 1 to 10000 with 100 in the middle; version 1 has scales of its own */
};

static const struct {
    const char *name;
    const char *controller;
    const char *controller_v1;  /* its folder; NULL: version 1 has nothing like it */
    const char *file, *file_v1;
    const char *unlimited, *unlimited_v1;
    enum form form;
} rows[N_RESOURCES] = {
    /* clang-format off */
    [RESOURCE_MEMORY_MAX] =
        {"MemoryMax", "memory", "memory", "memory.max", "memory.limit_in_bytes", "max", "-1", FORM_NUMBER},
    [RESOURCE_MEMORY_HIGH] =
        {"MemoryHigh", "memory", "memory", "memory.high", "memory.soft_limit_in_bytes", "max", "-1", FORM_NUMBER},
    [RESOURCE_MEMORY_LOW] = {"MemoryLow", "memory", NULL, "memory.low", NULL, "max", NULL, FORM_NUMBER},
    [RESOURCE_MEMORY_MIN] = {"MemoryMin", "memory", NULL, "memory.min", NULL, "max", NULL, FORM_NUMBER},
    [RESOURCE_MEMORY_SWAP_MAX] = {"MemorySwapMax", "memory", NULL, "memory.swap.max", NULL, "max", NULL, FORM_NUMBER},
    [RESOURCE_CPU_QUOTA] = {"CPUQuota", "cpu", "cpu", "cpu.max", "cpu.cfs_quota_us", "max", "-1", FORM_QUOTA},
    [RESOURCE_CPU_WEIGHT] = {"CPUWeight", "cpu", "cpu", "cpu.weight", "cpu.shares", "100", "1024", FORM_WEIGHT},
    [RESOURCE_IO_WEIGHT] = {"IOWeight", "io", "blkio", "io.weight", "blkio.bfq.weight", "100", "100", FORM_WEIGHT},
    [RESOURCE_TASKS_MAX] = {"TasksMax", "pids", "pids", "pids.max", "pids.max", "max", "max", FORM_NUMBER},
    [RESOURCE_ALLOWED_CPUS] =
        {"AllowedCPUs", "cpuset", "cpuset", "cpuset.cpus", "cpuset.cpus", "", NULL, FORM_LIST},
    [RESOURCE_ALLOWED_MEMORY_NODES] =
        {"AllowedMemoryNodes", "cpuset", "cpuset", "cpuset.mems", "cpuset.mems", "", NULL, FORM_LIST},
    /* clang-format on */
};

const char *cgroup_resource_name(enum cgroup_resource resource)
{
    return rows[resource].name;
}

/* -- where -- */

/* PATH behind the mount of the unified hierarchy it is in. */
static const char *below_hierarchy(const char *path)
{
    static const char *const mounts[] = {"/run/redd/unified", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

    for (size_t i = 0; i < COUNT_OF(mounts); i++)
        if (path_is_below(path, mounts[i]))
            return path + strlen(mounts[i]);
    return path;
}

static char *group_v1(const char *path, const char *controller)
{
    auto_free char *mount = mem_format("/sys/fs/cgroup/%s", controller);
    struct statfs fs;

    if (statfs(mount, &fs) < 0 || fs.f_type != CGROUP_V1_MAGIC)
        return NULL;

    char *group = mem_format("%s/%s", mount, below_hierarchy(path) + 1);
    for (char *p = group + strlen(mount) + 1; *p; p++)
        if (*p == '/')
            *p = ':';
    return group;
}

static bool has_file(const char *group, const char *file)
{
    auto_free char *path = path_join(group, file);

    return access(path, F_OK) == 0;
}

/* Has the group's parent hand the controller on, where it may. */
static void request_controller(const char *path, const char *controller)
{
    auto_free char *parent = path_parent(path);
    auto_free char *file = path_join(parent, "cgroup.subtree_control");
    auto_free char *word = mem_format("+%s", controller);

    (void) file_write_existing(AT_FDCWD, file, word);
}

char *cgroup_limit_group(const char *path, enum cgroup_resource resource)
{
    if (!has_file(path, rows[resource].file))
        request_controller(path, rows[resource].controller);
    /* a group has files of the controllers that its parent hands on, and only of those */
    if (has_file(path, rows[resource].file))
        return mem_copy_string(path);
    return rows[resource].controller_v1 ? group_v1(path, rows[resource].controller_v1) : NULL;
}

static bool is_v1(const char *group)
{
    struct statfs fs;

    return statfs(group, &fs) == 0 && fs.f_type == CGROUP_V1_MAGIC;
}

/* A new cpuset of version 1 has no CPU and takes no process. */
static void inherit_cpuset(const char *group)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    auto_free char *parent = path_parent(group);

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        auto_free char *from = path_join(parent, files[i]), *to = path_join(group, files[i]);
        auto_free char *own = NULL, *value = NULL;

        if (file_read_quiet(AT_FDCWD, to, 4096, &own) == 0 && *string_trim(own) == '\0' &&
            file_read_quiet(AT_FDCWD, from, 4096, &value) == 0)
            (void) file_write_existing(AT_FDCWD, to, string_trim(value));
    }
}

int cgroup_limit_make_group(const char *group, struct error **err)
{
    if (mkdir(group, 0755) < 0 && errno != EEXIST)
        return fail(err, errno, "cannot make the control group %s", group);
    inherit_cpuset(group);
    return 0;
}

char *cgroup_limited_path(const char *payload)
{
    auto_free char *parent = path_parent(payload);
    const char *name = path_last(parent);

    return mem_copy_string(string_starts(name, "redd-") && string_ends(name, ".scope") ? parent : payload);
}

/* -- what -- */

static uint64_t total_of(enum cgroup_resource resource)
{
    auto_free char *text = NULL;
    struct sysinfo info;
    uint64_t number;

    if (resource == RESOURCE_TASKS_MAX) {
        if (file_read_quiet(AT_FDCWD, "/proc/sys/kernel/pid_max", 64, &text) == 0 &&
            parse_u64(string_trim(text), &number) == 0)
            return number;
        return 32768;
    }
    if (sysinfo(&info) < 0)
        return 0;
    return (uint64_t) (resource == RESOURCE_MEMORY_SWAP_MAX ? info.totalswap : info.totalram) * info.mem_unit;
}

static uint64_t absolute(const struct cgroup_limit *limit)
{
    if (!limit->is_share || limit->number == RESOURCE_UNLIMITED)
        return limit->number;
    return total_of(limit->resource) / 100 * limit->number / 100;
}

/* Weights go from 1 to 10000 with 100 in the middle, shares from 2 with 1024, weights of blkio from 10 to 1000. */
static uint64_t weight_v1(const struct cgroup_limit *limit)
{
    if (limit->resource == RESOURCE_CPU_WEIGHT)
        return limit->number * 1024 / 100 > 2 ? limit->number * 1024 / 100 : 2;
    return limit->number < 10 ? 10 : limit->number > 1000 ? 1000 : limit->number;
}

static char *format_value(const struct cgroup_limit *limit, bool v1)
{
    uint64_t number = absolute(limit);
    const char *unlimited = v1 ? rows[limit->resource].unlimited_v1 : rows[limit->resource].unlimited;

    if (rows[limit->resource].form == FORM_LIST)
        return mem_copy_string(limit->list);
    if (rows[limit->resource].form == FORM_QUOTA) {
        /* hundredths of a percent of a period of 100000 us: ten of them are a microsecond's worth */
        uint64_t quota_us = number == RESOURCE_UNLIMITED ? 0 : number * CPU_PERIOD_US / 10000;

        if (quota_us > 0 && quota_us < 1000)
            quota_us = 1000;    /* the kernel's least */
        if (v1)
            return quota_us ? mem_format("%llu", (unsigned long long) quota_us) : mem_copy_string(unlimited);
        return quota_us ? mem_format("%llu %d", (unsigned long long) quota_us, CPU_PERIOD_US)
                        : mem_format("%s %d", unlimited, CPU_PERIOD_US);
    }
    if (number == RESOURCE_UNLIMITED)
        return mem_copy_string(unlimited);
    if (v1 && rows[limit->resource].form == FORM_WEIGHT)
        number = weight_v1(limit);
    return mem_format("%llu", (unsigned long long) number);
}

static int fail_missing(const struct cgroup_limit *limit, struct error **err)
{
    fail_plain(err, EOPNOTSUPP, "this host cannot limit by %s=", rows[limit->resource].name);
    fail_id(*err, "R4070");
    fail_hint(*err, "the controller is not there, or not handed on to this group: 'redd doctor' shows those there are");
    return -EOPNOTSUPP;
}

int cgroup_limit_set(const char *path, const struct cgroup_limit *limit, struct error **err)
{
    auto_free char *group = cgroup_limit_group(path, limit->resource);
    bool v1 = group && is_v1(group);
    const char *file = v1 ? rows[limit->resource].file_v1 : rows[limit->resource].file;

    if (!group || !file || !has_file(group, file)) {
        /* the name that kernels without BFQ have for it */
        if (v1 && limit->resource == RESOURCE_IO_WEIGHT && has_file(group, "blkio.weight"))
            file = "blkio.weight";
        else
            return fail_missing(limit, err);
    }
    auto_free char *value = format_value(limit, v1), *target = path_join(group, file);
    /* nothing cannot be written, a line of nothing can; in version 1 that would mean no CPU at all */
    if (!*value) {
        if (v1) {
            inherit_cpuset(group);
            return 0;
        }
        free(value);
        value = mem_copy_string("\n");
    }
    int r = file_write_existing(AT_FDCWD, target, value);
    if (r < 0) {
        fail(err, -r, "cannot set %s= to %s in %s", rows[limit->resource].name, value, group);
        fail_id(*err, "R4071");
        if (r == -EBUSY)
            fail_hint(*err, "the machine uses more than that, and what it uses cannot be taken away");
    }
    return r < 0 ? -error_code(*err) : 0;
}

/* -- moving -- */

/* Moves those of one group; *RET_ANY: there was one that was not in GROUP yet. */
static int move_members(int from_fd, int to_fd, const char *group, bool *ret_any, struct error **err)
{
    CLEANUP(strings_done) struct strings pids = {0}, there = {0};
    auto_free char *text = NULL, *present = NULL, *procs = path_join(group, "cgroup.procs");

    if (file_read_quiet(from_fd, "cgroup.procs", (size_t) 4 << 20, &text) < 0)
        return 0;
    if (file_read_quiet(AT_FDCWD, procs, (size_t) 4 << 20, &present) == 0)
        strings_split(&there, present, "\n");
    strings_split(&pids, text, "\n");
    for (size_t i = 0; i < pids.count; i++) {
        if (strcmp(pids.item[i], "0") == 0 || strings_contain(&there, pids.item[i]))
            continue;
        if (write(to_fd, pids.item[i], strlen(pids.item[i])) > 0)
            *ret_any = true;
        else if (errno != ESRCH)
            return fail(err, errno, "cannot move process %s into %s", pids.item[i], group);
    }
    return 0;
}

static int move_below(int from_fd, int to_fd, const char *group, bool *ret_any, unsigned depth, struct error **err)
{
    int again = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    int r = move_members(from_fd, to_fd, group, ret_any, err);

    if (!dir)
        fd_closep(&again);
    for (struct dirent *entry; r == 0 && dir && depth > 0 && (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        auto_close int child = openat(from_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            r = move_below(child, to_fd, group, ret_any, depth - 1, err);
    }
    if (dir)
        (void) closedir(dir);
    return r;
}

int cgroup_limit_move(const char *path, const char *group, struct error **err)
{
    enum { ROUNDS = 50, DEPTH_MAX = 32 };
    auto_free char *procs = path_join(group, "cgroup.procs");
    auto_close int from_fd = file_open(path, O_RDONLY | O_DIRECTORY), to_fd = file_open(procs, O_WRONLY);
    bool any = true;

    if (from_fd < 0 || to_fd < 0)
        return fail(err, errno, "cannot open %s", from_fd < 0 ? path : procs);
    for (int i = 0; i < ROUNDS && any; i++) {
        any = false;
        if (move_below(from_fd, to_fd, group, &any, DEPTH_MAX, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

void cgroup_limit_join(const char *payload)
{
    static const char *const controllers[] = {"memory", "pids", "cpu", "cpuset", "blkio"};

    /* a host with the unified hierarchy alone */
    if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
        return;
    auto_free char *path = cgroup_limited_path(payload);
    for (size_t i = 0; i < COUNT_OF(controllers); i++) {
        auto_free char *group = group_v1(path, controllers[i]);
        auto_free char *procs = group ? path_join(group, "cgroup.procs") : NULL;

        if (procs)
            (void) file_write_existing(AT_FDCWD, procs, "0");
    }
}

/* -- counters -- */

/* The number behind KEY in lines of "key value", or in each line where there are several. */
static bool sum_of(const char *text, const char *key, uint64_t *ret)
{
    bool found = false;
    uint64_t sum = 0;

    for (const char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
        sum += strtoull(at + strlen(key), NULL, 10);
        found = true;
    }
    *ret = sum;
    return found;
}

bool cgroup_counter_read(const char *path, enum cgroup_counter counter, uint64_t *ret)
{
    static const struct {
        const char *file, *key;         /* NULL: the whole file is the number */
        const char *controller_v1, *file_v1, *key_v1;
        unsigned factor;
    } counters[] = {
        [COUNTER_MEMORY] = {"memory.current", NULL, "memory", "memory.usage_in_bytes", NULL, 1},
        [COUNTER_MEMORY_PEAK] = {"memory.peak", NULL, "memory", "memory.max_usage_in_bytes", NULL, 1},
        [COUNTER_TASKS] = {"pids.current", NULL, "pids", "pids.current", NULL, 1},
        /* "usage_usec" is in every group, "nr_periods" only where the controller is: without it it is the kernel's
         * own count, which is as good */
        [COUNTER_CPU_NS] = {"cpu.stat", "usage_usec ", "cpuacct", "cpuacct.usage", NULL, 1000},
        [COUNTER_IO_READ] = {"io.stat", "rbytes=", "blkio", "blkio.throttle.io_service_bytes", "Read ", 1},
        [COUNTER_IO_WRITTEN] = {"io.stat", "wbytes=", "blkio", "blkio.throttle.io_service_bytes", "Write ", 1},
    };
    auto_free char *text = NULL, *file = path_join(path, counters[counter].file);

    if (file_read_quiet(AT_FDCWD, file, 1 << 20, &text) == 0) {
        bool known = counters[counter].key ? sum_of(text, counters[counter].key, ret)
                                           : parse_u64(string_trim(text), ret) == 0;
        *ret *= counters[counter].factor;
        return known || counter == COUNTER_IO_READ || counter == COUNTER_IO_WRITTEN;
    }
    auto_free char *group = group_v1(path, counters[counter].controller_v1);
    auto_free char *file_v1 = group ? path_join(group, counters[counter].file_v1) : NULL;
    if (!file_v1 || file_read_quiet(AT_FDCWD, file_v1, 1 << 20, &text) < 0)
        return false;
    return counters[counter].key_v1 ? sum_of(text, counters[counter].key_v1, ret)
                                    : parse_u64(string_trim(text), ret) == 0;
}
