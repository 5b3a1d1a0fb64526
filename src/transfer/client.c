/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of transfers. Locks are POSIX record locks: the kernel says who holds one. */
#include "transfer/client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "transfer/channel.h"

#define STATE_MAX (64 * 1024)

char *transfer_folder(bool user_scope)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (!user_scope)
        return mem_copy_string("/run/redd/transfers");
    if (runtime && path_is_absolute(runtime))
        return mem_format("%s/redd/transfers", runtime);
    return mem_format("/run/user/%u/redd/transfers", (unsigned) getuid());
}

static struct flock whole_file(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* Who holds the lock of the transfer NAME; 0: nobody, it is dead. */
static pid_t holder_of(int folder_fd, const char *name)
{
    auto_free char *path = mem_format("%s/lock", name);
    auto_close int fd = openat(folder_fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct flock lock = whole_file(F_WRLCK);

    if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

/* Numbers are given and remains removed by one at a time. */
static int lock_folder(int folder_fd)
{
    auto_close int fd = openat(folder_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? -ESTALE : -errno;
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return -errno;
    /* the last transfer may have removed the folder meanwhile */
    if (fstat(fd, &st) == 0 && st.st_nlink == 0)
        return -ESTALE;
    return take_fd(&fd);
}

static bool is_transfer(const char *name, uint32_t *ret)
{
    return parse_u32(name, ret) == 0 && *ret > 0;
}

/* Calls VISIT for each transfer that lives. The others are removed, when the folder's lock is held. */
static int each(int folder_fd, bool may_remove, void (*visit)(void *data, int folder_fd, const char *name, uint32_t id),
                void *data)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;
    uint32_t id;

    if (!dir)
        return -errno;
    while ((item = readdir(dir))) {
        if (!is_transfer(item->d_name, &id))
            continue;
        if (holder_of(folder_fd, item->d_name) > 0)
            visit(data, folder_fd, item->d_name, id);
        else if (may_remove)
            (void) tree_remove_at(folder_fd, item->d_name);
    }
    (void) closedir(dir);
    return 0;
}

static void find_highest(void *data, int folder_fd, const char *name, uint32_t id)
{
    uint32_t *highest = data;

    (void) folder_fd, (void) name;
    if (id > *highest)
        *highest = id;
}

static int claim_in(const char *top, char **ret_folder, uint32_t *ret_id, int *ret_lock_fd)
{
    struct flock lock = whole_file(F_WRLCK);
    uint32_t highest = 0;
    int r = dir_make_all(top, 0755);

    if (r < 0)
        return r;

    auto_close int folder_fd = file_open(top, O_RDONLY | O_DIRECTORY);
    if (folder_fd < 0)
        return -errno;
    auto_close int held_fd = lock_folder(folder_fd);
    if (held_fd < 0)
        return held_fd;
    r = each(folder_fd, true, find_highest, &highest);
    if (r < 0)
        return r;

    auto_free char *folder = mem_format("%s/%u", top, highest + 1), *path = path_join(folder, "lock");
    if (mkdir(folder, 0755) < 0)
        return -errno;
    auto_close int fd = openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0)
        return -errno;
    *ret_folder = TAKE(folder);
    *ret_id = highest + 1;
    *ret_lock_fd = take_fd(&fd);
    return 0;
}

int transfer_claim(bool user_scope, char **ret_folder, uint32_t *ret_id, int *ret_lock_fd)
{
    auto_free char *top = transfer_folder(user_scope);
    int r;

    do {
        r = claim_in(top, ret_folder, ret_id, ret_lock_fd);
    } while (r == -ESTALE);
    return r;
}

void transfer_release(bool user_scope, const char *folder)
{
    auto_free char *top = transfer_folder(user_scope), *parent = path_parent(top);
    auto_close int folder_fd = file_open(top, O_RDONLY | O_DIRECTORY);
    auto_close int held_fd = folder_fd < 0 ? -1 : lock_folder(folder_fd);
    uint32_t highest = 0;

    (void) tree_remove_at(AT_FDCWD, folder);
    if (held_fd < 0 || each(folder_fd, true, find_highest, &highest) < 0 || highest > 0)
        return;
    (void) unlinkat(folder_fd, "lock", 0);
    (void) rmdir(top);
    (void) rmdir(parent);       /* stays where others use it */
}

/* -- reading -- */

static char *value_of(char *state, const char *key)
{
    size_t size = strlen(key);

    for (char *line = state; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, size) == 0 && line[size] == '=')
            return mem_copy_bytes(line + size + 1, strcspn(line + size + 1, "\n"));
    return mem_copy_string("");
}

static int read_percent(int folder_fd, const char *name)
{
    auto_free char *path = mem_format("%s/progress", name);
    auto_close int fd = openat(folder_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct progress progress;

    if (fd < 0 || fd_read_full(fd, &progress, sizeof progress) != sizeof progress || progress.total == 0)
        return -1;
    return progress.done >= progress.total ? 100 : (int) (progress.done * 100.0 / progress.total);
}

static void add_transfer(void *data, int folder_fd, const char *name, uint32_t id)
{
    struct transfers *transfers = data;
    auto_free char *path = mem_format("%s/state", name), *state = NULL;

    if (file_read_quiet(folder_fd, path, STATE_MAX, &state) < 0)
        return;         /* it has not said yet what it is */
    MEM_GROW(transfers->item, transfers->count);
    transfers->item[transfers->count++] = (struct transfer){
        .id = id,
        .percent = read_percent(folder_fd, name),
        .type = value_of(state, "TYPE"),
        .class = value_of(state, "CLASS"),
        .local = value_of(state, "LOCAL"),
        .remote = value_of(state, "REMOTE"),
        .verify = value_of(state, "VERIFY"),
    };
}

static int compare_ids(const void *a, const void *b)
{
    const struct transfer *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static void transfer_clear(struct transfer *transfer)
{
    free(transfer->type);
    free(transfer->class);
    free(transfer->local);
    free(transfer->remote);
    free(transfer->verify);
}

int transfer_list(bool user_scope, const char *class, struct transfers *ret, struct error **err)
{
    auto_free char *top = transfer_folder(user_scope);
    auto_close int folder_fd = file_open(top, O_RDONLY | O_DIRECTORY);
    CLEANUP(transfers_done) struct transfers all = {0};

    *ret = (struct transfers){0};
    if (folder_fd < 0 && errno == ENOENT)
        return 0;
    int r = folder_fd < 0 ? -errno : each(folder_fd, false, add_transfer, &all);
    if (r < 0) {
        fail(err, -r, "cannot list the transfers in %s", top);
        fail_id(*err, "R5050");
        return r;
    }
    if (all.count > 0)
        qsort(all.item, all.count, sizeof *all.item, compare_ids);
    for (size_t i = 0; i < all.count; i++) {
        if (class && strcmp(all.item[i].class, class) != 0)
            continue;
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count++] = all.item[i];
        all.item[i] = (struct transfer){0};
    }
    return 0;
}

void transfers_done(struct transfers *transfers)
{
    for (size_t i = 0; i < transfers->count; i++)
        transfer_clear(&transfers->item[i]);
    free(transfers->item);
    *transfers = (struct transfers){0};
}

int transfer_cancel(bool user_scope, uint32_t id, struct error **err)
{
    auto_free char *top = transfer_folder(user_scope), *name = mem_format("%u", id);
    auto_close int folder_fd = file_open(top, O_RDONLY | O_DIRECTORY);
    pid_t pid = folder_fd < 0 ? 0 : holder_of(folder_fd, name);
    auto_close int pid_fd = pid > 0 ? sys_pidfd_open(pid, 0) : -1;

    /* asked again, now that the process cannot be another one's */
    if (pid_fd < 0 || holder_of(folder_fd, name) != pid) {
        fail_plain(err, ENOENT, "Could not cancel transfer: No transfer by id %u", id);
        fail_id(*err, "R5051");
        return -ENOENT;
    }
    if (sys_pidfd_send_signal(pid_fd, SIGTERM, NULL, 0) == 0)
        return 0;
    fail(err, errno, "Could not cancel transfer %u", id);
    fail_id(*err, "R5052");
    return -error_code(*err);
}

char *transfer_program(void)
{
    return path_of_own_program("redd-transfer");
}
