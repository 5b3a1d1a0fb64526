/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thin wrappers over the mount calls that put what failed, and the kernel's remark, into the error. */
#include "base/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"

/* The kernel leaves "e text" lines in a file system context; the first one says why. */
static int fail_from_context(int context_fd, const char *type, const char *doing, struct error **err)
{
    int code = errno;
    char text[256];
    ssize_t n = read(context_fd, text, sizeof text - 1);

    if (n <= 2)
        return fail(err, code, "cannot %s %s", doing, type);
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return fail(err, code, "cannot %s %s (%s)", doing, type, text + 2);
}

static bool has_source(const struct mount_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (options[i].key && strcmp(options[i].key, "source") == 0)
            return true;
    return false;
}

int mount_new(const char *type, const struct mount_option *options, size_t n, unsigned attributes, struct error **err)
{
    auto_close int context_fd = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (context_fd < 0) {
        int r = fail(err, errno, "the kernel has no file system '%s'", type);

        if (r == -ENODEV)
            fail_hint(*err, "load its module: modprobe %s", type);
        return r;
    }
    /* shown as the mount's source, where "none" would say nothing */
    if (!has_source(options, n))
        (void) sys_fsconfig(context_fd, FSCONFIG_SET_STRING, "source", type, 0);
    for (size_t i = 0; i < n; i++) {
        const struct mount_option *o = &options[i];

        if (o->key &&
            sys_fsconfig(context_fd, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, o->key, o->value, 0) < 0)
            return fail_from_context(context_fd, o->key, "set option", err);
    }
    if (sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return fail_from_context(context_fd, type, "make a", err);

    int fd = sys_fsmount(context_fd, FSMOUNT_CLOEXEC, attributes);
    return fd < 0 ? fail_from_context(context_fd, type, "mount a", err) : fd;
}

int mount_clone(int dir_fd, const char *path, bool recursive, struct error **err)
{
    int fd = sys_open_tree(dir_fd, path,
                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH) |
                               (recursive ? AT_RECURSIVE : 0));

    return fd < 0 ? fail(err, errno, "cannot clone the mount of %s", *path ? path : "an open folder") : fd;
}

int mount_change(int fd, unsigned long set, unsigned long clear, bool recursive, struct error **err)
{
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear};

    if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr) < 0)
        return fail(err, errno, "cannot change the flags of a mount");
    return 0;
}

int mount_freeze(int fd, struct error **err)
{
    auto_close int context_fd = sys_fspick(fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

    if (context_fd < 0 || sys_fsconfig(context_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
        sys_fsconfig(context_fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
        return fail(err, errno, "cannot make a file system read-only");
    return 0;
}

int mount_protect(const char *path, unsigned long set, struct error **err)
{
    struct mount_attr attr = {.attr_set = set};

    if (sys_mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof attr) < 0)
        return fail(err, errno, "cannot change the flags of what is mounted on %s", path);
    return 0;
}

int mount_attach(int fd, int target_fd, const char *what, struct error **err)
{
    if (sys_move_mount(fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot put the mount on %s", what);
    return 0;
}

int mount_plain(const char *source, const char *target, const char *type, unsigned long flags, const char *options,
                struct error **err)
{
    if (mount(source, target, type, flags, options) < 0)
        return fail(err, errno, "cannot mount %s on %s", type ? type : source ? source : "new flags", target);
    return 0;
}
