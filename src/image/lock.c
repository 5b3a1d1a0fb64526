/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Image locks. The kernel does not tell who holds an open file description lock, so for the message the processes are
 * searched for one that has the file open and locked; our own kind also writes its machine's name into the file. */
#include "image/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

#define LOCK_FOLDER "/run/systemd/nspawn/locks"

static int set_lock(int fd, bool shared)
{
    struct flock lock = {.l_type = shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

int lock_file_take(struct lock_file *lock, const char *path, bool shared)
{
    for (;;) {
        struct stat st;
        auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        if (fd < 0)
            return -errno;

        int r = set_lock(fd, shared);
        if (r < 0)
            return r;
        if (fstat(fd, &st) < 0)
            return -errno;
        if (st.st_nlink == 0)
            continue;           /* the last holder removed it between our open() and the lock */

        *lock = (struct lock_file){.fd = take_fd(&fd), .path = mem_copy_string(path), .shared = shared};
        return 0;
    }
}

void lock_file_done(struct lock_file *lock)
{
    /* Only who is alone may take the name away: others would no longer meet. */
    if (lock->fd >= 0 && (!lock->shared || set_lock(lock->fd, false) == 0))
        (void) unlink(lock->path);
    fd_closep(&lock->fd);
    free(lock->path);
    lock->path = NULL;
}

int undo_lock_file(const struct strings *args, struct error **err)
{
    for (size_t i = 0; i < args->count; i++) {
        auto_close int fd = open(args->item[i], O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

        if (fd < 0 && errno != ENOENT)
            return fail(err, errno, "cannot open the lock file %s", args->item[i]);
        if (fd >= 0 && set_lock(fd, false) == 0 && unlink(args->item[i]) < 0 && errno != ENOENT)
            return fail(err, errno, "cannot remove the lock file %s", args->item[i]);
    }
    return 0;
}

/* "12 web\n" for whom it may concern. Costs nothing that matters: the file lies on a tmpfs. */
static void write_holder(const struct lock_file *lock, const char *machine)
{
    auto_free char *text = mem_format("%d %s\n", (int) getpid(), machine);
    struct stat st;

    if (fstat(lock->fd, &st) == 0 && st.st_size > 0)
        (void) !ftruncate(lock->fd, 0);
    (void) !pwrite(lock->fd, text, strlen(text), 0);
}

/* The machine that process PID wrote into the lock file; NULL when it is not that process's. */
static char *read_machine(const char *path, pid_t pid)
{
    auto_free char *text = NULL;
    char *end;

    if (file_read_quiet(AT_FDCWD, path, 256, &text) < 0)
        return NULL;
    long writer = strtol(text, &end, 10);
    if (writer != pid || *end != ' ' || !string_is_printable(string_trim(end)))
        return NULL;
    return mem_copy_string(string_trim(end));
}

/* Whether descriptor FD of process PID is open on the file and locks it. */
static bool has_locked(int proc_fd, const char *pid, const char *fd, const struct stat *file)
{
    auto_free char *info = NULL;
    auto_free char *path = mem_format("%s/fd/%s", pid, fd);
    struct stat st;

    if (fstatat(proc_fd, path, &st, 0) < 0 || st.st_ino != file->st_ino || st.st_dev != file->st_dev)
        return false;
    free(path);
    path = mem_format("%s/fdinfo/%s", pid, fd);
    return file_read_quiet(proc_fd, path, 4096, &info) == 0 && strstr(info, "\nlock:");
}

static bool process_has_locked(int proc_fd, const char *pid, const struct stat *file)
{
    auto_free char *path = mem_format("%s/fd", pid);
    bool found = false;
    int fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(dir));)
        found = entry->d_name[0] != '.' && has_locked(proc_fd, pid, entry->d_name, file);
    (void) closedir(dir);
    return found;
}

char *lock_file_holder(const char *path)
{
    struct stat file;
    char *holder = NULL;
    DIR *proc = stat(path, &file) < 0 ? NULL : opendir("/proc");
    if (!proc)
        return NULL;

    for (struct dirent *entry; !holder && (entry = readdir(proc));) {
        auto_free char *comm = NULL, *machine = NULL;
        char comm_path[32];
        uint32_t pid;

        if (parse_u32(entry->d_name, &pid) < 0 || (pid_t) pid == getpid() ||
            !process_has_locked(dirfd(proc), entry->d_name, &file))
            continue;
        (void) snprintf(comm_path, sizeof comm_path, "%u/comm", pid);
        if (file_read_quiet(dirfd(proc), comm_path, 64, &comm) < 0)
            comm = mem_copy_string("?");
        machine = read_machine(path, (pid_t) pid);
        holder = machine ? mem_format("machine '%s' (process %u, %s)", machine, pid, string_trim(comm))
                         : mem_format("process %u (%s)", pid, string_trim(comm));
    }
    (void) closedir(proc);
    return holder;
}

/* ".#NAME.lck" beside PATH; NULL for "/", which has nothing beside it. */
static char *path_beside(const char *path)
{
    auto_free char *parent = path_parent(path);
    const char *name = path_last(path);
    auto_free char *file = mem_format(".#%s.lck", name);

    return *name ? path_join(parent, file) : NULL;
}

static int path_of_inode(int image_fd, struct stat *ret_st, char **ret, struct error **err)
{
    struct stat st;

    if (fstat(image_fd, &st) < 0)
        return fail(err, errno, "cannot look at the image to be locked");
    *ret_st = st;
    *ret = S_ISBLK(st.st_mode) ? mem_format(LOCK_FOLDER "/block-%u:%u", major(st.st_rdev), minor(st.st_rdev))
                               : mem_format(LOCK_FOLDER "/inode-%llu:%llu", (unsigned long long) st.st_dev,
                                            (unsigned long long) st.st_ino);
    return 0;
}

/* The folder is made when it turns out to be missing. */
static int take_in_folder(struct lock_file *lock, const char *path, bool shared)
{
    int r = lock_file_take(lock, path, shared);
    if (r != -ENOENT)
        return r;

    auto_free char *parent = path_parent(LOCK_FOLDER);
    r = dir_make_all(parent, 0755);
    if (r == 0 && mkdir(LOCK_FOLDER, 0700) < 0 && errno != EEXIST)
        r = -errno;
    return r < 0 ? r : lock_file_take(lock, path, shared);
}

static int lock_failed(int r, const char *path, int image_fd, const char *lock_path, struct error **err)
{
    struct stat st;

    if (r != -EBUSY) {
        fail(err, -r, "cannot lock %s by %s", path, lock_path);
        fail_id(*err, "R2102");
        return r;
    }
    bool is_tree = fstat(image_fd, &st) == 0 && S_ISDIR(st.st_mode);
    auto_free char *holder = lock_file_holder(lock_path);
    fail_plain(err, EBUSY, "%s %s is currently busy.", is_tree ? "Directory tree" : "Disk image", path);
    if (holder)
        fail_hint(*err, "%s has it: stop that first; 'redd clone' then makes a copy that can run beside it", holder);
    else
        fail_hint(*err, "whoever locks %s has it; 'redd clone' makes a copy once that is free", lock_path);
    fail_id(*err, "R2101");
    return -EBUSY;
}

/* The file stays, and who owns the folder of images has to be able to lock his image again. */
static void give_to_folder(const struct lock_file *lock)
{
    auto_free char *parent = path_parent(lock->path);
    struct stat st;

    if (lock->fd >= 0 && stat(parent, &st) == 0 && st.st_uid != 0)
        (void) !fchown(lock->fd, st.st_uid, st.st_gid);
}

int image_lock_take(struct image_lock *lock, const char *path, int image_fd, bool shared, const char *machine,
                    struct error **err)
{
    auto_free char *beside = path_beside(path), *inode = NULL;
    struct image_lock taken = IMAGE_LOCK_NONE;
    struct stat st;

    if (path_of_inode(image_fd, &st, &inode, err) < 0)
        return -error_code(*err);

    /* First the one that says who holds it. */
    int first = take_in_folder(&taken.inode, inode, shared), r;
    /* a plain user may not lock there, but beside his own images */
    if (first < 0 && (!beside || (first != -EACCES && first != -EPERM)))
        return lock_failed(first, path, image_fd, inode, err);

    r = beside ? lock_file_take(&taken.beside, beside, shared) : 0;
    if (first < 0 && r < 0 && r != -EBUSY)
        return lock_failed(first, path, image_fd, inode, err);
    /* Nobody can write there, or not we, or it is full, which removing an image may be to mend: then nobody like us can
     * meet there either, and the other lock does. */
    if (r < 0 && r != -EROFS && r != -EACCES && r != -EPERM && r != -ENAMETOOLONG && r != -ENOSPC && r != -EDQUOT) {
        r = lock_failed(r, path, image_fd, beside, err);
        image_lock_done(&taken);
        return r;
    }
    if (st.st_uid != 0 && geteuid() == 0)
        give_to_folder(&taken.beside);
    write_holder(first < 0 ? &taken.beside : &taken.inode, machine);
    *lock = taken;
    return 0;
}

void image_lock_done(struct image_lock *lock)
{
    /* An exclusive one stays on disk, empty, for the next start: making and removing a file there costs more than all
     * the rest of the locks. Who only read the tree leaves no trace beside it. */
    if (!lock->beside.shared)
        fd_closep(&lock->beside.fd);
    lock_file_done(&lock->beside);
    lock_file_done(&lock->inode);
}

char *image_lock_holder(const char *path, int image_fd)
{
    auto_error struct error *ignored = NULL;
    auto_free char *beside = path_beside(path), *inode = NULL;
    struct stat st;
    char *holder = path_of_inode(image_fd, &st, &inode, &ignored) == 0 ? lock_file_holder(inode) : NULL;

    return holder || !beside ? holder : lock_file_holder(beside);
}
