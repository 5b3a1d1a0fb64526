/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup_limit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "machine/group_tree.h"

static uint64_t counter(const char *path, enum cgroup_counter which)
{
    uint64_t number;

    return cgroup_counter_read(path, which, &number) ? number : USAGE_UNKNOWN;
}

/* -- by process -- */

struct sums {
    uint64_t cpu_ns, memory, tasks, io_read, io_written;
};

/* The words of /proc/PID/stat behind the name in brackets, which may hold anything: the first is the state. */
static void add_stat(pid_t pid, struct sums *sums)
{
    enum { UTIME = 11, STIME = 12, THREADS = 17, RSS = 21 };
    CLEANUP(strings_done) struct strings words = {0};
    auto_free char *text = NULL;
    char path[48];

    (void) snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    if (file_read_quiet(AT_FDCWD, path, 4096, &text) < 0)
        return;
    const char *rest = strrchr(text, ')');
    if (!rest)
        return;
    strings_split(&words, rest + 1, " ");
    if (words.count <= RSS)
        return;
    uint64_t tick_ns = UINT64_C(1000000000) / (uint64_t) sysconf(_SC_CLK_TCK);
    sums->cpu_ns += (strtoull(words.item[UTIME], NULL, 10) + strtoull(words.item[STIME], NULL, 10)) * tick_ns;
    sums->tasks += strtoull(words.item[THREADS], NULL, 10);
    sums->memory += strtoull(words.item[RSS], NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

static void add_io(pid_t pid, struct sums *sums)
{
    auto_free char *text = NULL;
    char path[48];
    const char *read_bytes, *write_bytes;

    (void) snprintf(path, sizeof path, "/proc/%d/io", (int) pid);
    if (file_read_quiet(AT_FDCWD, path, 4096, &text) < 0)
        return;
    read_bytes = strstr(text, "\nread_bytes: ");
    write_bytes = strstr(text, "\nwrite_bytes: ");
    sums->io_read += read_bytes ? strtoull(read_bytes + strlen("\nread_bytes: "), NULL, 10) : 0;
    sums->io_written += write_bytes ? strtoull(write_bytes + strlen("\nwrite_bytes: "), NULL, 10) : 0;
}

static void add_tree(const struct group_tree *tree, struct sums *sums)
{
    for (size_t i = 0; i < tree->n_processes; i++) {
        add_stat(tree->process[i].pid, sums);
        add_io(tree->process[i].pid, sums);
    }
    for (size_t i = 0; i < tree->n_children; i++)
        add_tree(&tree->child[i], sums);
}

static void fill(uint64_t *field, uint64_t value)
{
    if (*field == USAGE_UNKNOWN)
        *field = value;
}

static void fill_by_process(const struct machine_state *machine, struct machine_usage *usage)
{
    CLEANUP(group_tree_done) struct group_tree tree = {0};
    struct sums sums = {0};

    group_tree_read(machine->cgroup, &tree);
    add_tree(&tree, &sums);
    fill(&usage->cpu_ns, sums.cpu_ns);
    fill(&usage->memory, sums.memory);
    fill(&usage->tasks, sums.tasks);
    fill(&usage->io_read, sums.io_read);
    fill(&usage->io_written, sums.io_written);
}

/* -- the network -- */

bool usage_read_net(const char *text, uint64_t *ret_received, uint64_t *ret_sent)
{
    CLEANUP(strings_done) struct strings lines = {0};
    bool found = false;

    *ret_received = *ret_sent = 0;
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        char *colon = strchr(lines.item[i], ':');
        CLEANUP(strings_done) struct strings words = {0};

        if (!colon)
            continue;
        *colon = '\0';
        strings_split(&words, colon + 1, " ");
        if (strcmp(string_trim(lines.item[i]), "lo") == 0 || words.count < 9)
            continue;
        *ret_received += strtoull(words.item[0], NULL, 10);
        *ret_sent += strtoull(words.item[8], NULL, 10);
        found = true;
    }
    return found;
}

static void read_net(const struct machine_state *machine, struct machine_usage *usage)
{
    auto_free char *text = NULL;
    struct stat own, theirs;
    char path[48];

    /* the network of the host is not the machine's use */
    (void) snprintf(path, sizeof path, "/proc/%u/ns/net", machine->leader);
    if (stat(path, &theirs) < 0 || stat("/proc/self/ns/net", &own) < 0 ||
        (own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev))
        return;
    (void) snprintf(path, sizeof path, "/proc/%u/net/dev", machine->leader);
    if (file_read_quiet(AT_FDCWD, path, 1 << 20, &text) < 0 ||
        !usage_read_net(text, &usage->net_received, &usage->net_sent))
        usage->net_received = usage->net_sent = USAGE_UNKNOWN;
}

void machine_usage_read(const struct machine_state *machine, struct machine_usage *ret)
{
    auto_free char *path = machine->cgroup ? cgroup_limited_path(machine->cgroup) : NULL;

    *ret = (struct machine_usage){
        .cpu_ns = USAGE_UNKNOWN, .memory = USAGE_UNKNOWN, .memory_peak = USAGE_UNKNOWN, .tasks = USAGE_UNKNOWN,
        .io_read = USAGE_UNKNOWN, .io_written = USAGE_UNKNOWN, .net_received = USAGE_UNKNOWN,
        .net_sent = USAGE_UNKNOWN,
        .moment_us = (uint64_t) clock_us(),
    };
    if (path) {
        /* processor time is counted in every group, and there the supervisor's is not the machine's */
        ret->cpu_ns = counter(machine->cgroup, COUNTER_CPU_NS);
        ret->memory = counter(path, COUNTER_MEMORY);
        ret->memory_peak = counter(path, COUNTER_MEMORY_PEAK);
        ret->tasks = counter(path, COUNTER_TASKS);
        ret->io_read = counter(path, COUNTER_IO_READ);
        ret->io_written = counter(path, COUNTER_IO_WRITTEN);
        if (ret->cpu_ns == USAGE_UNKNOWN || ret->memory == USAGE_UNKNOWN || ret->tasks == USAGE_UNKNOWN ||
            ret->io_read == USAGE_UNKNOWN)
            fill_by_process(machine, ret);
    }
    read_net(machine, ret);
}
