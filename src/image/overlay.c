/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building overlay mounts. Layers are named to the kernel as /proc/self/fd/N, so no path of the host or of a tree is
 * resolved twice, and no escaping of ":" and "," is ever needed. */
#include "image/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/idmap.h"
#include "image/mapped_tree.h"
#include "image/remove_tree.h"

#define HELPER_STACK_SIZE (64u * 1024)

/* What is handed to the kernel: own descriptors of all layers, clones of their mounts where that is needed. */
struct layers {
    const struct overlay *overlay;
    int *lower_fds;             /* lowest first */
    size_t n_lowers;
    int top_fd, upper_fd, work_fd;
    int mount_fd;               /* the result */
    int code;                   /* negative errno */
    char log[256];              /* what the kernel had to say */
};

static void layers_done(struct layers *layers)
{
    for (size_t i = 0; i < layers->n_lowers; i++)
        fd_closep(&layers->lower_fds[i]);
    free(layers->lower_fds);
    fd_closep(&layers->top_fd);
    fd_closep(&layers->upper_fd);
    fd_closep(&layers->work_fd);
    fd_closep(&layers->mount_fd);
}

static int layer_open(int fd, bool clone, int *ret_fd, struct error **err)
{
    auto_close int own = clone ? sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC) : -1;

    /* EINVAL: a detached mount, which older kernels clone for nobody; it will do itself */
    if (!clone || (own < 0 && errno == EINVAL))
        own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return fail(err, errno, "cannot open a layer of the overlay");
    *ret_fd = take_fd(&own);
    return 0;
}

static int lower_open(const struct overlay *overlay, int fd, bool clone, int *ret_fd, struct error **err)
{
    if (overlay->userns_fd < 0)
        return layer_open(fd, clone, ret_fd, err);
    return tree_mount_mapped_layer(fd, overlay->userns_fd, ret_fd, err) < 0
               ? fail_in(err, "cannot map a layer of the overlay") : 0;
}

static int top_open(const struct overlay *overlay, bool clone, int *ret_fd, struct error **err)
{
    auto_close int own = -1;

    if (layer_open(overlay->top_fd, clone, &own, err) < 0)
        return -error_code(*err);
    if (overlay->userns_fd >= 0 && idmap_tree(own, overlay->userns_fd, false, err) < 0)
        return fail_in(err, "cannot map the writable layer of the overlay");
    *ret_fd = take_fd(&own);
    return 0;
}

static int layers_open(struct layers *layers, bool clone, struct error **err)
{
    const struct overlay *overlay = layers->overlay;

    layers->lower_fds = mem_alloc(overlay->n_lowers * sizeof(int));
    for (; layers->n_lowers < overlay->n_lowers; layers->n_lowers++) {
        int *fd = &layers->lower_fds[layers->n_lowers];

        if (lower_open(overlay, overlay->lower_fds[layers->n_lowers], clone, fd, err) < 0)
            return -error_code(*err);
    }
    if (overlay->top_fd < 0)
        return 0;

    if (top_open(overlay, clone, &layers->top_fd, err) < 0)
        return -error_code(*err);
    /* through the clone, so that both lie on one mount: the kernel insists */
    layers->upper_fd = openat(layers->top_fd, overlay->upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    layers->work_fd = openat(layers->top_fd, overlay->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (layers->upper_fd < 0 || layers->work_fd < 0)
        return fail(err, errno, "cannot open %s, the writable layer of the overlay",
                    layers->upper_fd < 0 ? overlay->upper : overlay->work);
    return 0;
}

static int set_layer(int fs_fd, const char *key, int fd)
{
    char path[32];

    return sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, key, path_of_fd(path, fd), 0) < 0 ? -errno : 0;
}

static bool kernel_is_before(unsigned long wanted_major, unsigned long wanted_minor)
{
    struct utsname name;
    char *end;

    if (uname(&name) < 0)
        return false;
    unsigned long major = strtoul(name.release, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return major < wanted_major || (major == wanted_major && minor < wanted_minor);
}

/* Overlayfs then has all options handed to it as text, whatever they are, and looks at them when it mounts. */
static bool reads_options_late(void)
{
    return kernel_is_before(6, 5);
}

size_t overlay_layers_max(void)
{
    return kernel_is_before(6, 7) ? 12 : 100;
}

/* "lowerdir+" takes one layer a call, top first, since Linux 6.7; before that all go into one string of 256 bytes. */
static int set_lowers(int fs_fd, const struct layers *layers)
{
    char all[256];
    size_t used = 0;

    int r = reads_options_late() ? -EINVAL : set_layer(fs_fd, "lowerdir+", layers->lower_fds[layers->n_lowers - 1]);
    for (size_t i = layers->n_lowers - 1; r == 0 && i > 0; i--)
        r = set_layer(fs_fd, "lowerdir+", layers->lower_fds[i - 1]);
    if (r != -EINVAL)       /* the key is unknown: an older kernel */
        return r;

    for (size_t i = layers->n_lowers; i > 0; i--) {
        int n =
            snprintf(all + used, sizeof all - used, "%s/proc/self/fd/%d", used ? ":" : "", layers->lower_fds[i - 1]);
        if (n < 0 || used + (size_t) n >= sizeof all)
            return -E2BIG;
        used += (size_t) n;
    }
    return sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, "lowerdir", all, 0) < 0 ? -errno : 0;
}

/* VALUE NULL: an option without one. */
static int set_option(int fs_fd, const char *key, const char *value)
{
    return sys_fsconfig(fs_fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0 ? -errno : 0;
}

/* Each of these is as old as the kernels we run on. */
static int set_writable(int fs_fd, const struct layers *layers)
{
    const struct overlay *overlay = layers->overlay;

    int r = set_layer(fs_fd, "upperdir", layers->upper_fd);
    if (r == 0)
        r = set_layer(fs_fd, "workdir", layers->work_fd);
    if (r == 0 && overlay->discard)
        r = set_option(fs_fd, "volatile", NULL);
    if (r == 0 && overlay->index)
        r = set_option(fs_fd, "index", "on");
    /* with an index the kernel insists on being the only user of an upper layer */
    if (r == 0 && overlay->shared)
        r = set_option(fs_fd, "index", "off");
    return r;
}

/* How the notes are read that lower layers have from when they were upper ones; without these the kernel would not
 * follow them. */
static int set_notes(int fs_fd, const struct overlay *overlay)
{
    int r = overlay->redirect_dir ? set_option(fs_fd, "redirect_dir", overlay->redirect_dir) : 0;

    return r == 0 && overlay->metadata_only ? set_option(fs_fd, "metacopy", "on") : r;
}

/* The kernel's own words about what went wrong, without the level and the name it starts them with. */
static void read_log(int fs_fd, struct layers *layers)
{
    ssize_t n = read(fs_fd, layers->log, sizeof layers->log - 1);

    layers->log[n > 0 ? n : 0] = '\0';
    if (n > 0 && layers->log[n - 1] == '\n')
        layers->log[n - 1] = '\0';
    if (strncmp(layers->log, "e overlay: ", 11) == 0)
        memmove(layers->log, layers->log + 11, strlen(layers->log + 11) + 1);
}

/* What overlayfs does by itself (making its work directory, copying up) it does as who created the mount. On mapped
 * layers that must be an id they have, which the host's root is not: so the one who owns the layer becomes our file
 * system id for the moment, with our capabilities kept. */
struct disguise {
    bool worn;
    int dumpable;
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct capabilities[2];
};

static int disguise_put_on(struct disguise *disguise, int layer_fd)
{
    struct stat st;

    disguise->header = (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
    disguise->dumpable = prctl(PR_GET_DUMPABLE);
    if (fstat(layer_fd, &st) < 0 || syscall(SYS_capget, &disguise->header, disguise->capabilities) < 0)
        return -errno;
    disguise->worn = true;
    (void) setfsgid(st.st_gid);
    (void) setfsuid(st.st_uid);
    /* the change has taken those capabilities out of effect that have to do with files */
    return syscall(SYS_capset, &disguise->header, disguise->capabilities) < 0 ? -errno : 0;
}

static void disguise_take_off(struct disguise *disguise)
{
    if (!disguise->worn)
        return;
    (void) setfsuid(geteuid());
    (void) setfsgid(getegid());
    (void) syscall(SYS_capset, &disguise->header, disguise->capabilities);
    /* the change of ids has switched it off, and with it our children's access to their own /proc */
    (void) prctl(PR_SET_DUMPABLE, disguise->dumpable == 1, 0, 0, 0);
}

static int create(int fs_fd, const struct layers *layers)
{
    struct disguise disguise = {0};
    bool mapped = layers->top_fd >= 0 && layers->overlay->userns_fd >= 0;

    int r = mapped ? disguise_put_on(&disguise, layers->work_fd) : 0;
    if (r == 0 && sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        r = -errno;
    disguise_take_off(&disguise);
    return r;
}

/* When its work directory is of no use, overlayfs makes do without and mounts read-only, without a word to us. */
static bool is_writable(int mount_fd)
{
    struct statvfs fs;

    return fstatvfs(mount_fd, &fs) == 0 && !(fs.f_flag & ST_RDONLY);
}

static int make_mount(struct layers *layers)
{
    auto_close int fs_fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);
    if (fs_fd < 0)
        return -errno;

    int r = set_option(fs_fd, "source", "overlay");
    if (r == 0)
        r = set_lowers(fs_fd, layers);
    if (r == 0)
        r = set_notes(fs_fd, layers->overlay);
    if (r == 0 && layers->top_fd >= 0)
        r = set_writable(fs_fd, layers);
    if (r == 0 && layers->overlay->user_attributes)
        r = set_option(fs_fd, "userxattr", NULL);
    if (r == 0)
        r = create(fs_fd, layers);
    if (r == 0) {
        layers->mount_fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
        r = layers->mount_fd < 0 ? -errno : 0;
    }
    if (r == 0 && layers->top_fd >= 0 && !is_writable(layers->mount_fd))
        r = -EROFS;
    if (r < 0)
        read_log(fs_fd, layers);
    return r;
}

static int attach(int fd, const char *folder, unsigned number)
{
    char path[48];

    (void) snprintf(path, sizeof path, "%s/%u", folder, number);
    if (mkdir(path, 0700) < 0 || sys_move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    return 0;
}

/* In the namespace of the helper: gives the layers a place on a tmpfs, which lies over /sys since that is
 * everywhere and nobody needs it here, and mounts. The namespace vanishes with the helper, the overlay keeps the
 * layers. */
__attribute__((no_sanitize("address"))) static int attach_and_mount(void *argument)
{
    struct layers *layers = argument;

    int r = mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
                    mount("tmpfs", "/sys", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0
                ? -errno : 0;
    for (unsigned i = 0; r == 0 && i < layers->n_lowers; i++)
        r = attach(layers->lower_fds[i], "/sys", i);
    if (r == 0 && layers->top_fd >= 0)
        r = attach(layers->top_fd, "/sys", (unsigned) layers->n_lowers);
    layers->code = r < 0 ? r : make_mount(layers);
    return 0;
}

/* Before Linux 6.15 a layer must be part of the caller's mount namespace. Ours is the host's, and others would see it:
 * so a child with a namespace of its own, which shares all else with us, does the call, and we wait for it. */
static int make_mount_in_namespace(struct layers *layers)
{
    auto_free char *stack = mem_alloc(HELPER_STACK_SIZE);

    layers->code = -ECHILD;
    pid_t pid = clone(attach_and_mount, stack + HELPER_STACK_SIZE - 16,
                      CLONE_NEWNS | CLONE_VM | CLONE_VFORK | CLONE_FILES, layers);
    if (pid < 0)
        return -errno;
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
        ;
    return layers->code;
}

static int cannot_mount(const struct layers *layers, int r, struct error **err)
{
    const struct overlay *overlay = layers->overlay;
    char buffer[32];

    fail(err, -r, *layers->log ? "cannot mount the overlay (%s)" : "cannot mount the overlay%s", layers->log);
    if (r == -ENODEV)
        fail_hint(*err, "the kernel has no overlayfs; load it with 'modprobe overlay'");
    else if (r == -EROFS)
        fail_hint(
            *err,
            "its work directory is on something read-only, or belongs to an id that is not mapped; the kernel's log "
            "(dmesg) has the reason");
    else if (r == -EINVAL && overlay->top_fd >= 0)
        fail_hint(*err,
                  "a file system of type %s may be unfit for what is written; the kernel's log (dmesg) has the reason",
                  file_system_name(overlay->top_fd, buffer));
    fail_id(*err, "R2302");
    return r;
}

int overlay_mount(const struct overlay *overlay, int *ret_mount_fd, struct error **err)
{
    /* A mapped layer is a clone in any case; clones are tried as they are first, since that costs nothing. */
    for (int attempt = overlay->in_namespace; attempt < 2; attempt++) {
        CLEANUP(layers_done) struct layers layers = {
            .overlay = overlay, .top_fd = -1, .upper_fd = -1, .work_fd = -1, .mount_fd = -1,
        };
        bool clone_layers = attempt == 1 || overlay->userns_fd >= 0;

        if (layers_open(&layers, clone_layers, err) < 0)
            return -error_code(*err);
        /* a try that failed has marked it as one whose data may be lost, which no later mount accepts */
        if (attempt == 1 && overlay->discard && overlay->top_fd >= 0)
            (void) remove_tree(layers.work_fd, "work");
        int r = attempt == 0 ? make_mount(&layers) : make_mount_in_namespace(&layers);
        if (r == 0) {
            *ret_mount_fd = take_fd(&layers.mount_fd);
            return 0;
        }
        if (attempt == 1 || r != -EINVAL)
            return cannot_mount(&layers, r, err);
    }
    return fail(err, EINVAL, "cannot mount the overlay");
}
