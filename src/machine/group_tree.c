/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/group_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "machine/look.h"

enum { DEPTH_MAX = 32, PROCESSES_MAX = 4096, GROUPS_MAX = 4096, COMMAND_MAX = 4096 };

void group_tree_done(struct group_tree *tree)
{
    for (size_t i = 0; i < tree->n_processes; i++)
        free(tree->process[i].command);
    for (size_t i = 0; i < tree->n_children; i++)
        group_tree_done(&tree->child[i]);
    free(tree->process);
    free(tree->child);
    free(tree->name);
    *tree = (struct group_tree){0};
}

/* What a process calls itself may hold anything. */
static void make_printable(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 127)
            *p = '?';
}

static char *read_command(pid_t pid)
{
    char path[48], text[COMMAND_MAX + 1];

    (void) snprintf(path, sizeof path, "/proc/%d/cmdline", (int) pid);
    auto_close int fd = file_open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, COMMAND_MAX);

    while (n > 0 && text[n - 1] == '\0')
        n--;
    if (n > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (text[i] == '\0')
                text[i] = ' ';
        text[n] = '\0';
        make_printable(text);
        return mem_copy_string(text);
    }

    auto_free char *name = process_name(pid);
    return name ? mem_format("[%s]", name) : mem_copy_string("n/a");
}

static int compare_processes(const void *a, const void *b)
{
    const struct group_process *x = a, *y = b;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int compare_groups(const void *a, const void *b)
{
    return strcmp(((const struct group_tree *) a)->name, ((const struct group_tree *) b)->name);
}

static void read_processes(int fd, struct group_tree *tree)
{
    CLEANUP(strings_done) struct strings pids = {0};
    auto_free char *text = NULL;

    if (file_read_quiet(fd, "cgroup.procs", (size_t) 1 << 20, &text) < 0)
        return;
    strings_split(&pids, text, "\n");
    for (size_t i = 0; i < pids.count && i < PROCESSES_MAX; i++) {
        uint32_t pid;

        if (parse_u32(pids.item[i], &pid) < 0 || pid == 0)
            continue;
        MEM_GROW(tree->process, tree->n_processes);
        tree->process[tree->n_processes++] =
            (struct group_process){.pid = (pid_t) pid, .command = read_command((pid_t) pid)};
    }
    if (tree->n_processes > 0)
        qsort(tree->process, tree->n_processes, sizeof *tree->process, compare_processes);
}

/* Returns whether anybody is in it or below. Closes FD. */
static bool read_group(int fd, struct group_tree *tree, unsigned depth, unsigned *budget)
{
    DIR *dir = fdopendir(fd);

    if (!dir) {
        (void) close(fd);
        return false;
    }
    read_processes(dirfd(dir), tree);
    for (struct dirent *entry; depth > 0 && *budget > 0 && (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (*budget)--;
        int child_fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct group_tree child = {.name = mem_copy_string(entry->d_name)};

        make_printable(child.name);
        if (child_fd < 0 || !read_group(child_fd, &child, depth - 1, budget)) {
            group_tree_done(&child);
            continue;
        }
        MEM_GROW(tree->child, tree->n_children);
        tree->child[tree->n_children++] = child;
    }
    (void) closedir(dir);
    if (tree->n_children > 0)
        qsort(tree->child, tree->n_children, sizeof *tree->child, compare_groups);
    return tree->n_processes > 0 || tree->n_children > 0;
}

void group_tree_read(const char *path, struct group_tree *ret)
{
    unsigned budget = GROUPS_MAX;
    int fd = file_open(path, O_RDONLY | O_DIRECTORY);

    *ret = (struct group_tree){.name = mem_copy_string(path_last(path))};
    if (fd >= 0)
        (void) read_group(fd, ret, DEPTH_MAX, &budget);
}
