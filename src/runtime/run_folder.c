/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /run of the container with /run/host in it: what a payload may know of its manager (container interface, section 5),
 * and the two folders of the host that show up there. Filled by the supervisor while detached, like /dev.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/undo.h"
#include "runtime/run_state.h"

#define HOST_EXPORT "/run/systemd/nspawn/%s"
#define HOST_INCOMING "/run/systemd/nspawn/propagate/%s"

static int give(const struct run *run, const char *path, struct error **err)
{
    if (run->has_userns && fchownat(run->run_fd, path, run->uid_base, run->uid_base, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(err, errno, "cannot give /run/%s to the container's root", path);
    return 0;
}

static int make_node(const struct run *run, const char *path, mode_t mode, struct error **err)
{
    int r = S_ISDIR(mode) ? mkdirat(run->run_fd, path, mode & 07777) : mknodat(run->run_fd, path, mode, 0);

    return r < 0 ? fail(err, errno, "cannot make /run/%s", path) : give(run, path, err);
}

/* A file of the host's root: what it says of the container is not the container's to say. */
static int make_file(const struct run *run, const char *path, const char *text, struct error **err)
{
    auto_close int fd = openat(run->run_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0)
        return fail(err, errno, "cannot make /run/%s", path);

    int r = fd_write_full(fd, text, strlen(text));
    return r < 0 ? fail(err, -r, "cannot write /run/%s", path) : 0;
}

static int make_identity(const struct run *run, struct error **err)
{
    char uuid[38], boot_id[38];
    struct id128 boot;

    id128_random(&boot);
    id128_format_uuid(boot, boot_id);
    id128_format_uuid(run->machine_id, uuid);
    uuid[36] = boot_id[36] = '\n';
    uuid[37] = boot_id[37] = '\0';

    auto_free char *manager = mem_format("%s\n", run->spec->container_service);
    if (make_file(run, "host/container-manager", manager, err) < 0 ||
        make_file(run, "host/container-uuid", uuid, err) < 0 ||
        make_file(run, "host/proc-sys-kernel-random-boot-id", boot_id, err) < 0)
        return -error_code(*err);
    return give(run, "host/proc-sys-kernel-random-boot-id", err);
}

/* The nodes that others are hidden behind: one of each type, with no permission at all. */
static int make_inaccessible(const struct run *run, struct error **err)
{
    static const struct {
        const char *path;
        mode_t mode;
    } nodes[] = {
        {"host/inaccessible", S_IFDIR | 0755}, {"host/inaccessible/reg", S_IFREG},
        {"host/inaccessible/dir", S_IFDIR},    {"host/inaccessible/fifo", S_IFIFO},
        {"host/inaccessible/sock", S_IFSOCK},  {"host/inaccessible/chr", S_IFCHR},
        {"host/inaccessible/blk", S_IFBLK},
    };

    for (size_t i = 0; i < COUNT_OF(nodes); i++) {
        bool is_device = S_ISCHR(nodes[i].mode) || S_ISBLK(nodes[i].mode);

        if (make_node(run, nodes[i].path, nodes[i].mode, err) == 0)
            continue;
        /* a device policy around us (DevicePolicy=closed, another container) lets nobody make them: the plain file
         * hides devices, too */
        if (!is_device || error_code(*err) != EPERM)
            return -error_code(*err);
        error_freep(err);
    }
    if (fchmodat(run->run_fd, "host/inaccessible", 0555, 0) < 0 ||
        (run->has_userns && fchownat(run->run_fd, "host/inaccessible", 0, 0, 0) < 0))
        return fail(err, errno, "cannot protect /run/host/inaccessible");
    return 0;
}

/* Binds the socket that the payload sends its notifications to. bind(2) knows only paths, so the way is our own fd. */
static int make_notify_socket(struct run *run, struct error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    run->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (run->notify_fd < 0)
        return fail(err, errno, "cannot make the notification socket");
    if (setsockopt(run->notify_fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0)
        return fail(err, errno, "cannot have credentials on the notification socket");
    (void) snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/host/notify", run->run_fd);
    if (bind(run->notify_fd, (struct sockaddr *) &address, sizeof address) < 0)
        return fail(err, errno, "cannot bind the notification socket");
    if (fchmodat(run->run_fd, "host/notify", 0200, 0) < 0)
        return fail(err, errno, "cannot protect the notification socket");
    return give(run, "host/notify", err);
}

static int fill(struct run *run, struct error **err)
{
    if (make_node(run, "host", S_IFDIR | 0755, err) < 0 || make_identity(run, err) < 0 ||
        make_inaccessible(run, err) < 0 || make_node(run, "host/incoming", S_IFDIR | 0600, err) < 0 ||
        make_node(run, "host/unix-export", S_IFDIR | 0755, err) < 0 ||
        make_node(run, "host/proc-kmsg", S_IFIFO | 0600, err) < 0 || make_notify_socket(run, err) < 0)
        return -error_code(*err);

    /* Held open for writing, so that a reader of /proc/kmsg waits in silence instead of seeing an end. */
    run->kmsg_fd = openat(run->run_fd, "host/proc-kmsg", O_RDWR | O_CLOEXEC);
    return run->kmsg_fd < 0 ? fail(err, errno, "cannot hold /run/host/proc-kmsg open") : 0;
}

/* A folder of the host that belongs to this run alone: made now, removed with it. */
static int make_host_folder(const char *path, mode_t mode, struct error **err)
{
    if (mkdir(path, mode) == 0)
        return 0;
    if (errno == ENOENT) {
        auto_free char *parent = path_parent(path);
        int r = dir_make_all(parent, 0755);

        if (r < 0)
            return fail(err, -r, "cannot make %s", parent);
        if (mkdir(path, mode) == 0)
            return 0;
    }
    return errno == EEXIST ? 0 : fail(err, errno, "cannot make %s", path);
}

/* What is there on the host of one run, in the order in which it is made. */
struct host_side {
    char *home, *export, *incoming;
};

static void host_side_done(struct host_side *side)
{
    free(side->home);
    free(side->export);
    free(side->incoming);
}

static struct host_side host_side_of(const char *machine)
{
    return (struct host_side){
        .home = mem_format(HOST_EXPORT, machine),
        .export = mem_format(HOST_EXPORT "/unix-export", machine),
        .incoming = mem_format(HOST_INCOMING, machine),
    };
}

static int host_side_record(const struct host_side *side, struct undo *undo, struct error **err)
{
    const struct undo_entry entries[] = {
        {"remove-dir", side->incoming}, {"remove-dir", side->home}, {"remove-dir", side->export},
        {"unmount", side->export},
    };

    return undo_record_all(undo, entries, COUNT_OF(entries), err);
}

/* The tmpfs in which the payload may leave sockets for the host. Small on purpose: the host pays for it. */
static int prepare_export(struct run *run, const struct host_side *side, struct error **err)
{
    if (make_host_folder(side->home, 0755, err) < 0 || make_host_folder(side->export, 0755, err) < 0 ||
        mount_plain("tmpfs", side->export, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW,
                    "mode=0755,size=4m,nr_inodes=64", err) < 0)
        return -error_code(*err);
    run->unix_export_fd = mount_clone(AT_FDCWD, side->export, false, err);
    if (run->unix_export_fd < 0)
        return run->unix_export_fd;
    if (run->has_userns && fchownat(run->unix_export_fd, "", run->uid_base, run->uid_base, AT_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot give %s to the container's root", side->export);
    return 0;
}

/* What `machinectl bind` hands in later arrives through this folder. */
static int prepare_incoming(struct run *run, const struct host_side *side, struct error **err)
{
    if (make_host_folder(side->incoming, 0600, err) < 0)
        return -error_code(*err);
    run->incoming_fd = mount_clone(AT_FDCWD, side->incoming, false, err);
    if (run->incoming_fd < 0)
        return run->incoming_fd;
    return mount_change(run->incoming_fd, MOUNT_ATTR_RDONLY, 0, false, err);
}

static int prepare_host_side(struct run *run, struct error **err)
{
    CLEANUP(host_side_done) struct host_side side = host_side_of(run->machine);

    if (host_side_record(&side, run->undo, err) < 0 || prepare_export(run, &side, err) < 0)
        return -error_code(*err);
    return prepare_incoming(run, &side, err);
}

static int prepare_os_release(struct run *run, struct error **err)
{
    static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};

    for (size_t i = 0; i < COUNT_OF(paths) && run->os_release_fd < 0; i++)
        run->os_release_fd = sys_open_tree(AT_FDCWD, paths[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (run->os_release_fd < 0)
        return 0;
    if (make_node(run, "host/os-release", S_IFREG | 0444, err) < 0)
        return -error_code(*err);
    return mount_change(run->os_release_fd,
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false, err);
}

/* A user namespace may mount sysfs only for a network that is its own; that of others is mounted for it here. */
int step_sys_prepare(struct run *run, struct error **err)
{
    int own_netns_fd;

    if (network_enter(run, &own_netns_fd, err) < 0)
        return -error_code(*err);
    run->sys_fd = mount_new("sysfs", NULL, 0,
                            MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
                                (run->spec->api_vfs_writable ? 0 : MOUNT_ATTR_RDONLY), err);
    return network_leave(&own_netns_fd, err) < 0 || run->sys_fd < 0 ? -error_code(*err) : 0;
}

int step_run_prepare(struct run *run, struct error **err)
{
    char owner[16];

    (void) snprintf(owner, sizeof owner, "%u", run->uid_base);
    const struct mount_option options[] = {
        {"mode", "0755"}, {"size", "20%"}, {"nr_inodes", "800k"}, {run->has_userns ? "uid" : NULL, owner},
        {run->has_userns ? "gid" : NULL, owner},
    };

    run->run_fd = mount_new("tmpfs", options, COUNT_OF(options),
                            MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME, err);
    if (run->run_fd < 0)
        return run->run_fd;

    mode_t mask = umask(0);
    int r = fill(run, err);
    (void) umask(mask);
    if (r < 0 || prepare_host_side(run, err) < 0 || prepare_os_release(run, err) < 0)
        return -error_code(*err);
    return 0;
}

int run_folder_record_leftovers(struct undo *undo, const char *machine, struct error **err)
{
    CLEANUP(host_side_done) struct host_side side = host_side_of(machine);

    return host_side_record(&side, undo, err);
}

void step_run_close(struct run *run)
{
    fd_closep(&run->run_fd);
    fd_closep(&run->sys_fd);
    fd_closep(&run->notify_fd);
    fd_closep(&run->kmsg_fd);
    fd_closep(&run->os_release_fd);
    fd_closep(&run->incoming_fd);
    fd_closep(&run->unix_export_fd);
}
