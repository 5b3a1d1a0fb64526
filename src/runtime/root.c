/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The child's way into the tree: its root becomes "/", the host's tree goes out of sight by name at once and for good
 * when the API mounts are done.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "runtime/run_state.h"

/* FD becomes the root by pivot_root(2): always possible, but the kernel then looks at every thread of the host, and
 * does so with the lock that each fork and exit waits for. */
static int pivot_to(int fd, struct error **err)
{
    if (sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot put the tree into place");
    if (fchdir(fd) < 0)
        return fail(err, errno, "cannot enter the tree");
    /* A copy of a shared mount, as all are on a host of systemd, is shared as well; pivot_root(2) refuses that. */
    if (mount_plain(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL, err) < 0)
        return -error_code(*err);
    if (sys_pivot_root(".", ".") < 0) {
        int r = fail(err, errno, "cannot make the tree the root");

        if (r == -EINVAL)
            fail_hint(*err, "the root of the calling process must be a mount point, which it is not in a plain chroot");
        return r;
    }
    /* The old root now lies on top of the new one, which is what "." finds here and where ".." in a link of the tree
     * would lead into it: away with it before any name of the tree is looked up. */
    return umount2(".", MNT_DETACH) < 0 ? fail(err, errno, "cannot detach the host's root") : 0;
}

/* The mount namespace's root is covered by the tree, for good. */
static int cover_root(const struct child *child, struct error **err)
{
    if (sys_move_mount(child->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot put the tree into place");
    if (fchdir(child->root_fd) < 0 || chroot(".") < 0)
        return fail(err, errno, "cannot enter the tree");
    /* before anything is mounted in it, which the host would see where the tree's own mount is shared */
    return mount_plain(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL, err);
}

/* In a user namespace the kernel mounts a proc or sysfs only where a whole one is in the mount namespace already, and
 * those of a container have parts hidden. So whole ones lie below the tree, on a ground that no path leads to:
 * containers within the container (Docker, Podman, redd) can have theirs then. */
static int enter_on_ground(const struct child *child, struct error **err)
{
    enum { SAFE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
    static const struct mount_option options[] = {{"mode", "0555"}, {"size", "4k"}, {"nr_inodes", "3"}};
    bool has_network = spec_has_own_network(child->run->spec);
    auto_close int ground_fd = mount_new("tmpfs", options, COUNT_OF(options), SAFE, err);
    auto_close int proc_fd = ground_fd < 0 ? -1 : mount_new("proc", NULL, 0, SAFE, err);
    auto_close int sys_fd =
        proc_fd < 0 || !has_network ? -1 : mount_new("sysfs", NULL, 0, SAFE | MOUNT_ATTR_RDONLY, err);

    if (*err)
        return -error_code(*err);
    if (mkdirat(ground_fd, "proc", 0555) < 0 || mkdirat(ground_fd, "sys", 0555) < 0)
        return fail(err, errno, "cannot make the ground of the tree");
    if (pivot_to(ground_fd, err) < 0)
        return -error_code(*err);
    if (sys_move_mount(proc_fd, "", ground_fd, "proc", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        (has_network && sys_move_mount(sys_fd, "", ground_fd, "sys", MOVE_MOUNT_F_EMPTY_PATH) < 0))
        return fail(err, errno, "cannot mount proc and sysfs below the tree");
    return cover_root(child, err);
}

/* Without pivot_root(2), where the host's root is gone already: its namespace is entered anew, at the empty root that
 * lies below every other, and the tree put there. What results is what pivot_root(2) leaves. */
static int enter_emptied(const struct child *child, struct error **err)
{
    enum { MYSELF = 1 };        /* the first process of a PID namespace */
    auto_close int self_fd = sys_pidfd_open(MYSELF, 0);

    if (self_fd < 0 || setns(self_fd, CLONE_NEWNS) < 0)
        return fail(err, errno, "cannot enter our own mount namespace");
    return cover_root(child, err);
}

int step_root_enter(struct child *child, struct error **err)
{
    /* nothing that follows may reach the host's mount namespace */
    if (mount_plain(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL, err) < 0 || api_mounts_prepare(child, err) < 0)
        return -error_code(*err);

    /* the mount that the descriptor stands for is the root from here on */
    child->root_fd = child->run->root_fd;
    if (child->run->has_userns)
        return enter_on_ground(child, err);
    return umount2("/", MNT_DETACH) == 0 ? enter_emptied(child, err) : pivot_to(child->root_fd, err);
}

int step_mounts_seal(struct child *child, struct error **err)
{
    static const char incoming[] = "/run/host/incoming";
    const struct run *run = child->run;

    /* Mounts that came from the host listen to it and never speak to it; inside, mounts pass on. */
    if (mount_plain(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL, err) < 0)
        return -error_code(*err);

    if (run->has_userns && sys_move_mount(run->incoming_fd, "", AT_FDCWD, incoming, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot mount %s", incoming);
    if (mount_plain(NULL, "/", NULL, MS_SHARED | MS_REC, NULL, err) < 0)
        return -error_code(*err);
    /* Without a user namespace it stays a mere listener: what arrives is for this namespace alone. */
    if (run->has_userns)
        return 0;
    if (sys_move_mount(run->incoming_fd, "", AT_FDCWD, incoming, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot mount %s", incoming);
    return mount_plain(NULL, incoming, NULL, MS_SLAVE, NULL, err);
}

int step_root_pivot_inside(struct child *child, struct error **err)
{
    const char *put_old = child->run->spec->pivot_root_old;
    auto_close int new_root = path_open_in(child->root_fd, child->run->spec->pivot_root_new, O_PATH | O_DIRECTORY, 0);

    if (new_root < 0)
        return fail(err, -new_root, "cannot open %s in the tree", child->run->spec->pivot_root_new);

    int tree_fd = mount_clone(new_root, "", true, err);
    if (tree_fd < 0)
        return tree_fd;
    fd_closep(&new_root);
    new_root = tree_fd;

    /* what was mounted for the container moves along with the root */
    static const char *const moved[] = {"/proc", "/sys", "/dev", "/run", "/tmp"};
    auto_close int old_root = file_open("/", O_PATH | O_DIRECTORY);
    if (sys_move_mount(new_root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(new_root) < 0 ||
        sys_pivot_root(".", ".") < 0 || old_root < 0)
        return fail(err, errno, "cannot make %s the root", child->run->spec->pivot_root_new);
    fd_closep(&child->root_fd);
    child->root_fd = file_open("/", O_PATH | O_DIRECTORY);
    for (size_t i = 0; i < COUNT_OF(moved); i++) {
        auto_close int target = path_make_dir_in(child->root_fd, moved[i], 0, 0);

        if (target < 0)
            return fail(err, -target, "cannot make %s below the new root", moved[i]);
        if (sys_move_mount(old_root, moved[i] + 1, target, "", MOVE_MOUNT_T_EMPTY_PATH) < 0 && errno != EINVAL)
            return fail(err, errno, "cannot move %s to the new root", moved[i]);
    }
    if (step_base_folders_make(child, err) < 0)
        return -error_code(*err);
    if (!put_old) {
        if (fchdir(old_root) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
            return fail(err, errno, "cannot detach the old root");
        return 0;
    }

    auto_close int target = path_make_dir_in(child->root_fd, put_old, 0, 0);
    if (target < 0)
        return fail(err, -target, "cannot make %s for the old root", put_old);
    if (sys_move_mount(old_root, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot put the old root on %s", put_old);
    return chdir("/") < 0 ? fail(err, errno, "cannot enter the new root") : 0;
}

/* As the kernel lays them out: getdents(2). */
struct dirent_head {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    unsigned char type;
    char name[];
};

/* What a tree must have at its top for a system to run; a tree of nothing but /usr gets it all. */
static const struct base_folder {
    const char *name;
    mode_t mode;                /* 0: a link */
    const char *target;         /* of a link, or what must exist in it first (merged /usr) */
} base_folders[] = {
    {"bin", 0, "usr/bin"},   {"lib", 0, "usr/lib"},  {"lib64", 0, "usr/lib64"}, {"sbin", 0, "usr/sbin"},
    {"root", 0750, NULL},    {"var", 0755, NULL},    {"etc", 0755, NULL},       {"proc", 0555, NULL},
    {"sys", 0555, NULL},     {"dev", 0755, NULL},    {"run", 0755, NULL},       {"tmp", 01777, NULL},
};

static const unsigned ALL_FOLDERS = (1u << COUNT_OF(base_folders)) - 1;

/* Which of base_folders[] exist, as bits: one pass over the top of the tree costs less than a look-up each. */
static unsigned present_folders(int root_fd)
{
    char buffer[4096] __attribute__((aligned(8)));
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned found = 0;

    for (long n; fd >= 0 && (n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0;)
        for (long at = 0; at < n;) {
            const struct dirent_head *entry = (const struct dirent_head *) (buffer + at);

            for (size_t i = 0; i < COUNT_OF(base_folders); i++)
                if (strcmp(entry->name, base_folders[i].name) == 0)
                    found |= 1u << i;
            at += entry->length;
            if (found == ALL_FOLDERS)
                return found;
        }
    return found;               /* the descriptor closes itself at exec */
}

int step_base_folders_make(struct child *child, struct error **err)
{
    unsigned present = present_folders(child->root_fd);
    struct stat st;

    (void) err;
    if (present == ALL_FOLDERS)
        return 0;

    mode_t mask = umask(0);
    int r = 0;
    for (size_t i = 0; i < COUNT_OF(base_folders) && r == 0; i++) {
        const struct base_folder *f = &base_folders[i];

        if (present & 1u << i || (f->target && fstatat(child->root_fd, f->target, &st, AT_SYMLINK_NOFOLLOW) < 0))
            continue;
        r = f->target ? symlinkat(f->target, child->root_fd, f->name) : mkdirat(child->root_fd, f->name, f->mode);
    }
    (void) umask(mask);
    /* A full or read-only disk shows at the mounts that miss their folder, which say which one. */
    return 0;
}
