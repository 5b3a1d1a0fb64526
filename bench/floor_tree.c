/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor's root and all that is mounted in it: the mounts, nodes, links and files a container is promised.
 * Runs in the child, in the new namespaces; paths are relative to the tree until it has become the root.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/kernel.h"

#define STRICT (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct mount_row {
    const char *type, *target;
    unsigned long flags;
    const char *options;
};

struct node_row {
    const char *path, *link;
    unsigned minor, major;
    mode_t mode;
};

/* clang-format off */
static const struct mount_row api_mounts[] = {
    { "proc",   "proc",       STRICT, NULL },
    { "tmpfs",  "dev",        MS_NOSUID | MS_STRICTATIME, "mode=0755,size=4m,nr_inodes=64k" },
    { "devpts", "dev/pts",    MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5" },
    { "tmpfs",  "dev/shm",    MS_NOSUID | MS_NODEV, "mode=01777,size=10%,nr_inodes=400k" },
    { "mqueue", "dev/mqueue", STRICT, NULL },
    { "tmpfs",  "run",        MS_NOSUID | MS_NODEV, "mode=0755,size=20%,nr_inodes=800k" },
    { "tmpfs",  "tmp",        MS_NOSUID | MS_NODEV, "mode=01777,size=10%,nr_inodes=400k" },
};

static const struct node_row nodes[] = {
    { "dev/null",    "dev/char/1:3",    3,   1,  0666 },
    { "dev/zero",    "dev/char/1:5",    5,   1,  0666 },
    { "dev/full",    "dev/char/1:7",    7,   1,  0666 },
    { "dev/random",  "dev/char/1:8",    8,   1,  0666 },
    { "dev/urandom", "dev/char/1:9",    9,   1,  0666 },
    { "dev/tty",     "dev/char/5:0",    0,   5,  0666 },
    { "dev/fuse",    "dev/char/10:229", 229, 10, 0600 },
    { "dev/net/tun", "dev/char/10:200", 200, 10, 0600 },
};

static const struct { const char *target, *path; } links[] = {
    { "/proc/self/fd",   "dev/fd" },
    { "/proc/self/fd/0", "dev/stdin" },
    { "/proc/self/fd/1", "dev/stdout" },
    { "/proc/self/fd/2", "dev/stderr" },
    { "pts/ptmx",        "dev/ptmx" },
};

static const char *const sys_parts[] = { "block", "bus", "class", "dev", "devices", "kernel" };
static const char *const proc_read_only[] = {
    "proc/acpi", "proc/apm", "proc/asound", "proc/bus", "proc/fs", "proc/irq", "proc/scsi",
};
static const char *const proc_hidden[] = {
    "proc/kallsyms", "proc/kcore", "proc/keys", "proc/sysrq-trigger", "proc/timer_list",
};
/* clang-format on */

static void make_dir(const char *path, mode_t mode)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        floor_die(path);
}

static void make_file(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        floor_die(path);
    (void) close(fd);
}

static void mount_one(const char *source, const char *target, const char *type, unsigned long flags,
                      const char *options)
{
    if (mount(source, target, type, flags, options) == 0)
        return;
    if (errno != ENOENT || mkdir(target, 0755) < 0 || mount(source, target, type, flags, options) < 0)
        floor_die(target);
}

static void make_read_only(const char *target, unsigned long flags)
{
    if (mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
        floor_die(target);
}

/* What this kernel's /proc does not have is not hidden in it either. */
static bool mount_bind_if_there(const char *source, const char *target)
{
    if (mount(source, target, NULL, MS_BIND, NULL) == 0)
        return true;
    if (errno != ENOENT)
        floor_die(target);
    return false;
}

/* The loop device goes with the mount. */
static void mount_image(const char *image, const char *target)
{
    struct loop_config config = {.info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number, loop_fd = -1;
    int image_fd = open(image, O_RDWR | O_CLOEXEC);
    char path[32];

    config.fd = (uint32_t) image_fd;
    do {
        number = ioctl(control_fd, LOOP_CTL_GET_FREE);
        (void) snprintf(path, sizeof(path), "/dev/loop%d", number);
        (void) close(loop_fd);
        loop_fd = open(path, O_RDWR | O_CLOEXEC);
        if (image_fd < 0 || number < 0 || loop_fd < 0)
            floor_die(image);
    } while (ioctl(loop_fd, LOOP_CONFIGURE, &config) < 0 && errno == EBUSY);
    mount_one(path, target, "ext4", 0, NULL);
    (void) close(loop_fd);
    (void) close(image_fd);
    (void) close(control_fd);
}

static void mount_root(struct floor *floor)
{
    const char *tree = floor->tree;
    char options[3 * 4096 + 64];

    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        floor_die("stop mount propagation to the host");

    if (floor->image != NULL) {
        mount_image(floor->image, tree);
    } else if (floor->first_id != 0) {
        if (sys_move_mount(floor->root_fd, "", AT_FDCWD, tree, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            floor_die("mount the idmapped tree");
    } else if (floor->root == ROOT_OVERLAY) {
        (void) snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", tree,
                        floor->upper_dir, floor->upper_dir);
        mount_one("overlay", tree, "overlay", 0, options);
    } else if (floor->root == ROOT_VOLATILE) {
        (void) snprintf(options, sizeof(options), "%s/usr", tree);
        int usr_fd = sys_open_tree(AT_FDCWD, options, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        mount_one("tmpfs", tree, "tmpfs", 0, "mode=0755,size=10%,nr_inodes=1m");
        make_dir(options, 0755);
        if (usr_fd < 0 || sys_move_mount(usr_fd, "", AT_FDCWD, options, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            floor_die("mount /usr");
        make_read_only(options, 0);
    } else {
        mount_one(tree, tree, NULL, MS_BIND | MS_REC, NULL);
    }
    if (chdir(tree) < 0)
        floor_die(tree);
}

static void make_volatile_links(void)
{
    static const char *const dirs[] = {"bin", "sbin", "lib", "lib64"};
    char target[16];

    for (size_t i = 0; i < COUNT(dirs); i++) {
        (void) snprintf(target, sizeof(target), "usr/%s", dirs[i]);
        if (symlink(target, dirs[i]) < 0)
            floor_die(dirs[i]);
    }
}

/* In a user namespace devices cannot be made: the host's are mounted on empty files. */
static void make_nodes(const struct floor *floor)
{
    char source[32];

    make_dir("dev/net", 0755);
    make_dir("dev/char", 0755);
    for (size_t i = 0; i < COUNT(nodes); i++) {
        const struct node_row *node = &nodes[i];
        dev_t device = makedev(node->major, node->minor);

        if (floor->first_id == 0) {
            if (mknod(node->path, S_IFCHR | node->mode, device) < 0)
                floor_die(node->path);
        } else {
            (void) snprintf(source, sizeof(source), "/%s", node->path);
            if (mknod(node->path, S_IFREG, 0) < 0)
                floor_die(node->path);
            (void) mount_bind_if_there(source, node->path);
        }
        (void) snprintf(source, sizeof(source), "../%s", node->path + strlen("dev/"));
        if (symlink(source, node->link) < 0)
            floor_die(node->link);
    }
    for (size_t i = 0; i < COUNT(links); i++)
        if (symlink(links[i].target, links[i].path) < 0)
            floor_die(links[i].path);
    if (floor->is_boot && symlink("pts/0", "dev/console") < 0)
        floor_die("dev/console");
}

static void make_inaccessible(const struct floor *floor)
{
    make_dir("run/host/inaccessible", 0555);
    make_dir("run/host/inaccessible/dir", 0);
    if (mknod("run/host/inaccessible/reg", S_IFREG, 0) < 0 || mknod("run/host/inaccessible/fifo", S_IFIFO, 0) < 0 ||
        mknod("run/host/inaccessible/sock", S_IFSOCK, 0) < 0 || mknod("run/host/proc-kmsg", S_IFIFO | 0600, 0) < 0)
        floor_die("make the files that stand for hidden ones");
    if (floor->first_id == 0 &&
        (mknod("run/host/inaccessible/chr", S_IFCHR, 0) < 0 || mknod("run/host/inaccessible/blk", S_IFBLK, 0) < 0))
        floor_die("make the nodes that stand for hidden ones");
}

static void mount_run_host(const struct floor *floor)
{
    unsigned char random[16];
    char uuid[40];

    if (getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random))
        floor_die("read random bytes");
    (void) snprintf(uuid, sizeof(uuid), "%02x%02x%02x%02x-%02x%02x-4%01x%02x-8%01x%02x-%02x%02x%02x%02x%02x%02x\n",
                    random[0], random[1], random[2], random[3], random[4], random[5], random[6] & 15, random[7],
                    random[8] & 15, random[9], random[10], random[11], random[12], random[13], random[14], random[15]);

    make_dir("run/host", 0755);
    mount_one("run/host", "run/host", NULL, MS_BIND, NULL);
    make_file("run/host/container-manager", 0444, "floor\n");
    make_file("run/host/container-uuid", 0444, uuid);
    make_file("run/host/proc-sys-kernel-random-boot-id", 0444, uuid);
    make_file("run/host/os-release", 0444, "");
    make_inaccessible(floor);
    make_dir("run/host/incoming", 0600);
    mount_one("tmpfs", "run/host/unix-export", "tmpfs", STRICT, "mode=0755,size=4m,nr_inodes=64");
    if (mount_bind_if_there("/etc/os-release", "run/host/os-release"))
        make_read_only("run/host/os-release", STRICT);
    make_read_only("run/host", STRICT);
}

static void protect_proc(const struct floor *floor)
{
    mount_one("proc/sys", "proc/sys", NULL, MS_BIND, NULL);
    if (floor->has_net)
        mount_one("proc/sys/net", "proc/sys/net", NULL, MS_BIND, NULL);
    make_read_only("proc/sys", STRICT);
    for (size_t i = 0; i < COUNT(proc_read_only); i++)
        if (mount_bind_if_there(proc_read_only[i], proc_read_only[i]))
            make_read_only(proc_read_only[i], STRICT);

    /* These take the read-only flag from the mount they are bound from. */
    for (size_t i = 0; i < COUNT(proc_hidden); i++)
        (void) mount_bind_if_there("run/host/inaccessible/reg", proc_hidden[i]);
    (void) mount_bind_if_there("run/host/proc-kmsg", "proc/kmsg");
    (void) mount_bind_if_there("run/host/proc-sys-kernel-random-boot-id", "proc/sys/kernel/random/boot_id");
}

/* A /sys with nothing but the parts that show this network namespace's devices. Without a network namespace of its own
 * a user namespace may not mount sysfs: then the parts are the host's. */
static void mount_sys_parts(const struct floor *floor)
{
    char from[64], to[64];

    mount_one("tmpfs", "sys", "tmpfs", STRICT, "mode=0555,size=4m,nr_inodes=1k");
    if (floor->has_net) {
        make_dir("sys/all", 0755);
        mount_one("sysfs", "sys/all", "sysfs", STRICT | MS_RDONLY, NULL);
    }
    for (size_t i = 0; i < COUNT(sys_parts); i++) {
        (void) snprintf(from, sizeof(from), "%s/%s", floor->has_net ? "sys/all" : "/sys", sys_parts[i]);
        (void) snprintf(to, sizeof(to), "sys/%s", sys_parts[i]);
        make_dir(to, 0755);
        mount_one(from, to, NULL, MS_BIND | (floor->has_net ? 0 : MS_REC), NULL);
        if (!floor->has_net)
            make_read_only(to, STRICT);
    }
    if (floor->has_net && (umount2("sys/all", MNT_DETACH) < 0 || rmdir("sys/all") < 0))
        floor_die("sys/all");
    make_dir("sys/fs", 0755);
    make_dir("sys/fs/cgroup", 0755);
}

void tree_enter(struct floor *floor)
{
    mode_t umask_before = umask(0);

    mount_root(floor);
    if (floor->root == ROOT_VOLATILE)
        make_volatile_links();

    for (size_t i = 0; i < COUNT(api_mounts); i++) {
        const struct mount_row *row = &api_mounts[i];

        mount_one(row->type, row->target, row->type, row->flags, row->options);
    }
    make_nodes(floor);
    mount_run_host(floor);
    protect_proc(floor);

    if (floor->has_net || floor->first_id != 0) {
        mount_sys_parts(floor);
        mount_one("cgroup2", "sys/fs/cgroup", "cgroup2", STRICT, NULL);
        make_read_only("sys", STRICT);
    } else {
        mount_one("sysfs", "sys", "sysfs", STRICT | MS_RDONLY, NULL);
        mount_one("cgroup2", "sys/fs/cgroup", "cgroup2", STRICT, NULL);
    }

    if (sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
        floor_die("make the tree the root");
    if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
        floor_die("share the container's mounts among its own namespaces");
    (void) umask(umask_before);
}

int tree_open_idmapped(const char *tree, int userns_fd)
{
    struct mount_attr shift = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns_fd};
    int fd = sys_open_tree(AT_FDCWD, tree, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &shift, sizeof(shift)) < 0)
        floor_die("shift the owners of the tree");
    return fd;
}

void tree_prepare(struct floor *floor)
{
    char dir[4096 + 8];

    (void) snprintf(floor->upper_dir, sizeof(floor->upper_dir), "%s.floor-XXXXXX", floor->tree);
    if (mkdtemp(floor->upper_dir) == NULL)
        floor_die(floor->upper_dir);
    (void) snprintf(dir, sizeof(dir), "%s/upper", floor->upper_dir);
    make_dir(dir, 0755);
    (void) snprintf(dir, sizeof(dir), "%s/work", floor->upper_dir);
    make_dir(dir, 0755);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void) status;
    (void) kind;
    (void) where;
    return remove(path);
}

void tree_remove(const struct floor *floor)
{
    enum { OPEN_DIRS = 16 };

    if (nftw(floor->upper_dir, remove_entry, OPEN_DIRS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0)
        floor_die(floor->upper_dir);
}
