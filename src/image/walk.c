/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a tree. A directory is read to its end before the first of its directories is entered, so no half-read
 * stream has to survive a descent, and a descriptor can be given up on the way down. Removing, copying and changing
 * owners stand on this. */
#include "image/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"

/* Directories kept open at a time. Two chains of this length fit well below the usual limit of 1024. */
#define OPEN_MAX_LEVELS 64

#define READ_SIZE (32u * 1024)

int dir_stack_push(struct dir_stack *stack, int fd)
{
    if (stack->count >= OPEN_MAX_LEVELS) {
        struct dir_level *far = &stack->level[stack->count - OPEN_MAX_LEVELS];
        struct stat st;

        if (fstat(far->fd, &st) < 0) {
            int r = -errno;

            (void) close(fd);
            return r;
        }
        far->dev = st.st_dev;
        far->ino = st.st_ino;
        fd_closep(&far->fd);
    }
    MEM_GROW(stack->level, stack->count);
    stack->level[stack->count++] = (struct dir_level){.fd = fd};
    return 0;
}

int dir_stack_pop(struct dir_stack *stack, int *ret_fd)
{
    struct dir_level *top = &stack->level[stack->count - 1], *next = top - 1;
    int r = 0;

    if (stack->count > 1 && next->fd < 0) {
        struct stat st;

        next->fd = openat(top->fd, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next->fd < 0 || fstat(next->fd, &st) < 0)
            r = -errno;
        else if (st.st_dev != next->dev || st.st_ino != next->ino)
            r = -ESTALE;
    }
    if (ret_fd)
        *ret_fd = take_fd(&top->fd);
    fd_closep(&top->fd);
    stack->count--;
    return r;
}

int dir_stack_top(const struct dir_stack *stack)
{
    return stack->level[stack->count - 1].fd;
}

void dir_stack_done(struct dir_stack *stack)
{
    while (stack->count > 0)
        fd_closep(&stack->level[--stack->count].fd);
    free(stack->level);
    stack->level = NULL;
}

/* What getdents64(2) writes; C libraries disagree about their own name for it. */
struct raw_dirent {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[];
};

/* The directories of one level that are still to be entered, as strings end to end; AT is the one we are in. */
struct todo {
    char *names;
    size_t size, room, at;
};

struct walk {
    const struct walk_calls *calls;
    void *context;
    struct dir_stack dirs;
    struct todo *todo;          /* one for each level of dirs */
    size_t n_todo;
    char *buffer;
    const char *file;           /* the entry in hand, for the path of a failure */
};

static void walk_done(struct walk *walk)
{
    dir_stack_done(&walk->dirs);
    for (size_t i = 0; i < walk->n_todo; i++)
        free(walk->todo[i].names);
    free(walk->todo);
    free(walk->buffer);
}

static void todo_add(struct todo *todo, const char *name)
{
    size_t length = strlen(name) + 1;

    if (todo->size + length > todo->room) {
        todo->room = 2 * todo->room + length + 64;
        todo->names = mem_resize(todo->names, todo->room);
    }
    memcpy(todo->names + todo->size, name, length);
    todo->size += length;
}

static int type_of(int dir_fd, const char *name, unsigned char *type)
{
    struct stat st;

    if (*type != DT_UNKNOWN)
        return 0;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    *type = IFTODT(st.st_mode);
    return 0;
}

static int take_entry(struct walk *walk, int dir_fd, struct todo *todo, const char *name, unsigned char type)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;

    walk->file = name;
    int r = type_of(dir_fd, name, &type);
    if (r == -ENOENT)
        r = 0;          /* gone already */
    else if (r == 0 && type == DT_DIR)
        todo_add(todo, name);
    else if (r == 0 && walk->calls->file)
        r = walk->calls->file(walk->context, dir_fd, name, type);
    if (r >= 0)
        walk->file = NULL;
    return r;
}

/* Reads the directory on top to its end. */
static int read_level(struct walk *walk)
{
    int fd = dir_stack_top(&walk->dirs);
    struct todo todo = {0};
    int r = 0;

    for (;;) {
        long n = syscall(SYS_getdents64, fd, walk->buffer, READ_SIZE);
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            if (r < 0)
                todo.at = todo.size;    /* the failure is this directory's, none of what is in it */
            break;
        }
        for (long at = 0; at < n && r >= 0;) {
            const struct raw_dirent *entry = (const void *) (walk->buffer + at);

            at += entry->d_reclen;
            r = take_entry(walk, fd, &todo, entry->d_name, entry->d_type);
        }
        if (r < 0)
            break;
    }
    MEM_GROW(walk->todo, walk->n_todo);
    walk->todo[walk->n_todo++] = todo;
    return r;
}

/* Opens and enters the next directory of the level on top. */
static int enter_next(struct walk *walk)
{
    struct todo *todo = &walk->todo[walk->n_todo - 1];
    const char *name = todo->names + todo->at;
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
    };
    int parent = dir_stack_top(&walk->dirs), r;

    int fd = sys_openat2(parent, name, &how, sizeof how);
    if (fd < 0) {
        int reason = errno;

        if (walk->calls->closed)
            r = walk->calls->closed(walk->context, parent, name, reason);
        else
            r = reason == EXDEV || reason == ENOENT ? 0 : -reason;
    } else {
        r = walk->calls->enter ? walk->calls->enter(walk->context, parent, name, fd) : 0;
        if (r == 0) {
            r = dir_stack_push(&walk->dirs, fd);
            return r < 0 ? r : read_level(walk);
        }
        (void) close(fd);
    }
    if (r < 0)
        return r;
    todo->at += strlen(name) + 1;
    return 0;
}

static int leave_level(struct walk *walk)
{
    struct todo *above = &walk->todo[walk->n_todo - 2];
    const char *name = above->names + above->at;
    auto_close int fd = -1;

    int r = dir_stack_pop(&walk->dirs, &fd);
    free(walk->todo[--walk->n_todo].names);
    if (r == 0 && walk->calls->leave)
        r = walk->calls->leave(walk->context, dir_stack_top(&walk->dirs), name, fd);
    if (r < 0)
        return r;
    above->at += strlen(name) + 1;
    return 0;
}

static char *where(const struct walk *walk)
{
    auto_free char *path = mem_copy_string("");

    for (size_t i = 0; i < walk->n_todo; i++) {
        const struct todo *todo = &walk->todo[i];
        bool last = i + 1 == walk->n_todo;
        const char *name = last && walk->file ? walk->file : todo->at < todo->size ? todo->names + todo->at : NULL;

        if (name) {
            char *longer = mem_format("%s%s%s", path, *path ? "/" : "", name);

            free(path);
            path = longer;
        }
    }
    return TAKE(path);
}

int walk_tree(int root_fd, const struct walk_calls *calls, void *context, char **ret_where)
{
    CLEANUP(walk_done) struct walk walk = {.calls = calls, .context = context};
    /* a descriptor of our own: reading moves its position, and ROOT_FD may be an O_PATH one */
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;

    walk.buffer = mem_alloc(READ_SIZE);
    int r = dir_stack_push(&walk.dirs, fd);
    if (r == 0)
        r = read_level(&walk);
    while (r >= 0) {
        const struct todo *top = &walk.todo[walk.n_todo - 1];

        if (top->at < top->size)
            r = enter_next(&walk);
        else if (walk.n_todo > 1)
            r = leave_level(&walk);
        else
            return 0;
    }
    if (ret_where)
        *ret_where = where(&walk);
    return r;
}
