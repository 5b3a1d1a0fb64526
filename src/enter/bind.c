/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts into a machine that runs, and out of it. The list of them is bind_list.c's. */
#include "enter/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "enter/bind_list.h"
#include "enter/file_maker.h"
#include "enter/guest.h"
#include "enter/visit.h"
#include "image/idmap.h"

struct errand {
    const struct guest *guest;
    const char *target;
    bool make;
    bool is_folder;
    struct file_maker maker;    /* as whom the target is made */
    int mount_fd;               /* what to put there; -1 */
};

/* -- what the visitor does -- */

static int fail_target(const struct errand *errand, int code, struct error **err)
{
    int r = fail(err, code, "cannot open %s in machine '%s'", errand->target, guest_name(errand->guest));

    fail_id(*err, "R4220");
    if (code == ENOENT)
        fail_hint(*err, "--mkdir makes it first");
    else if (code == ENOTDIR)
        fail_hint(*err, "a folder can be bound on a folder only");
    return r;
}

/* Made anew also where it was made a moment ago: that is no failure. */
static int make_target(const struct errand *errand, struct error **err)
{
    const struct file_maker *maker = &errand->maker;
    const char *name;

    if (errand->is_folder) {
        auto_close int fd = path_make_dir_in(errand->guest->root_fd, errand->target, maker->uid, maker->gid);

        return fd < 0 ? fail_target(errand, -fd, err) : 0;
    }
    auto_close int parent_fd =
        path_open_parent_in(errand->guest->root_fd, errand->target, true, maker->uid, maker->gid, &name);
    if (parent_fd < 0)
        return fail_target(errand, -parent_fd, err);
    if (mknodat(parent_fd, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
        return fail_target(errand, errno, err);
    return 0;
}

static int open_target(const struct errand *errand, struct error **err)
{
    int fd = path_open_in(errand->guest->root_fd, errand->target, O_PATH | (errand->is_folder ? O_DIRECTORY : 0), 0);

    return fd < 0 ? fail_target(errand, -fd, err) : fd;
}

static int attach(void *data, struct error **err)
{
    const struct errand *errand = data;

    if (errand->make && make_target(errand, err) < 0)
        return -error_code(*err);
    auto_close int target_fd = open_target(errand, err);
    return target_fd < 0 ? target_fd : mount_attach(errand->mount_fd, target_fd, errand->target, err);
}

static int detach(void *data, struct error **err)
{
    const struct errand *errand = data;
    auto_close int target_fd = open_target(errand, err);
    char name[16];

    if (target_fd < 0)
        return target_fd;
    /* the working directory is /proc/self/fd: this is the mount itself, and no path of the machine's */
    (void) snprintf(name, sizeof name, "%d", target_fd);
    return umount2(name, MNT_DETACH) < 0 ? fail(err, errno, "cannot unmount %s", errand->target) : 0;
}

/* -- the host's side -- */

static bool is_device(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

/* Anything between the sockets and the folders can be bound, but it must be there. */
static int clone_source(const struct guest *guest, const struct bind_mount *bind, struct error **err)
{
    auto_close int fd = mount_clone(AT_FDCWD, bind->source, true, err);
    char path[64];

    if (fd < 0)
        return fail_in(err, "cannot open %s", bind->source);
    if (bind->read_only && mount_change(fd, MOUNT_ATTR_RDONLY, 0, true, err) < 0)
        return -error_code(*err);
    if (!guest->has_userns)
        return take_fd(&fd);

    (void) snprintf(path, sizeof path, "/proc/%u/ns/user", guest->state.leader);
    auto_close int userns_fd = file_open(path, O_RDONLY);
    if (userns_fd < 0 || !guest_is_alive(guest))
        return fail(err, ESRCH, "machine '%s' has just ended", guest->state.name);
    if (is_device(fd)) {
        fail_plain(err, EOPNOTSUPP, "%s is a device, and machine '%s' has private users", bind->source,
                   guest->state.name);
        fail_hint(*err, "devices are handed in at a start: --bind=%s, or Bind=%s in the machine's settings file",
                  bind->source, bind->source);
        fail_id(*err, "R4209");
        return -EOPNOTSUPP;
    }
    return idmap_tree(fd, userns_fd, true, err) < 0 ? -error_code(*err) : take_fd(&fd);
}

static int fail_not_running(struct error **err)
{
    int r = fail_plain(err, EINVAL, "the host is no machine to bind into");

    fail_hint(*err, "mount --bind does that there");
    return r;
}

static int check_target(const char *target, struct error **err)
{
    if (path_is_absolute(target) && !path_has_dotdot(target) && strcmp(target, "/") != 0)
        return 0;

    int r = fail_plain(err, EINVAL, "'%s' is no place to bind to", target);
    fail_id(*err, "R4221");
    fail_hint(*err, "it is an absolute path inside the machine, without '..'");
    return r;
}

int bind_add(const struct registry *registry, const struct guest *guest, const struct bind_mount *bind, bool make,
             struct error **err)
{
    struct errand errand = {.guest = guest, .target = bind->target, .make = make, .mount_fd = -1};
    struct stat st;

    if (guest->is_host)
        return fail_not_running(err);
    if (check_target(bind->target, err) < 0)
        return -error_code(*err);
    auto_close int mount_fd = clone_source(guest, bind, err);
    if (mount_fd < 0)
        return mount_fd;
    if (file_maker_of_guest(guest, &errand.maker, err) < 0)
        return -error_code(*err);
    if (fstat(mount_fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", bind->source);
    errand.is_folder = S_ISDIR(st.st_mode);
    errand.mount_fd = mount_fd;

    /* written down first: an entry without its mount is passed over, a mount without an entry would be nobody's */
    if (bind_list_append(registry, guest, bind, err) < 0)
        return -error_code(*err);
    if (visit_machine(guest, attach, &errand, err) >= 0)
        return 0;

    auto_error struct error *ignored = NULL;
    (void) bind_list_forget(registry, guest, bind->target, &ignored);
    return -error_code(*err);
}

int bind_remove(const struct registry *registry, const struct guest *guest, const char *target, struct error **err)
{
    struct errand errand = {.guest = guest, .target = target, .mount_fd = -1};
    CLEANUP(bind_mounts_done) struct bind_mounts binds = {0};
    bool is_ours = false;

    if (guest->is_host)
        return fail_not_running(err);
    if (bind_list(registry, guest, &binds, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < binds.count; i++)
        is_ours = is_ours || strcmp(binds.item[i].target, target) == 0;
    if (!is_ours) {
        int r = fail_plain(err, ENOENT, "nothing was bound to %s of machine '%s'", target, guest_name(guest));

        fail_id(*err, "R4222");
        fail_hint(*err, "'redd binds %s' lists what was", guest_name(guest));
        return r;
    }
    if (visit_machine(guest, detach, &errand, err) < 0)
        return -error_code(*err);
    return bind_list_forget(registry, guest, target, err);
}
