/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The payload's cgroup. Always of the unified hierarchy (v2), whatever the host mounts: on a hybrid host it is at
 * /sys/fs/cgroup/unified, on a v1 host we mount it at /run/redd/unified. So every guest sees the same tree.
 *
 *     with --keep-unit:  OWN/payload, and the supervisor moves to OWN/supervisor, so that OWN may hand out controllers
 *     else:              OWN/redd-NAME.scope/payload, or the scope that the service manager gave
 *     with --slice=, and no service manager:
 *                        SLICE/redd-NAME.scope/payload, the supervisor in …/supervisor; SLICE is beside the host's
 *                        first process
 *
 * The root group is never given away as OWN: there two runs would meet in "/payload".
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strings.h"
#include "base/undo.h"
#include "runtime/run_state.h"

/* Where we mount it on a host that has none. It stays: other runs use it, and undo records name paths in it. */
#define OWN_HIERARCHY "/run/redd/unified"

static bool is_cgroup2(const char *path)
{
    struct statfs st;

    return statfs(path, &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC;
}

/* Where the host has its unified hierarchy; NULL on a host with v1 only. */
static const char *hierarchy_path(void)
{
    static const char *const paths[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", OWN_HIERARCHY};

    for (size_t i = 0; i < COUNT_OF(paths); i++)
        if (is_cgroup2(paths[i]))
            return paths[i];
    return NULL;
}

/* The hierarchy that the group at PATH lies in. */
static const char *hierarchy_of(const char *path)
{
    return path_is_below(path, OWN_HIERARCHY)            ? OWN_HIERARCHY
           : path_is_below(path, "/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified"
                                                           : "/sys/fs/cgroup";
}

/* A process's group in the unified hierarchy, from its /proc/PID/cgroup. Gives. */
static int group_of(const char *proc_path, char **ret, struct error **err)
{
    auto_free char *text = NULL;

    if (file_read_at(AT_FDCWD, proc_path, 64 << 10, &text, NULL, err) < 0)
        return -error_code(*err);

    auto_free char *path = cgroup_of_text(text);
    /* outside of the tree that is in sight, as who entered a container by its namespaces alone: then its top is used */
    *ret = path && !string_starts(path, "/..") ? TAKE(path) : mem_copy_string("/");
    return 0;
}

static int make_group(int dir_fd, const char *name, struct error **err)
{
    if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST) {
        int r = fail(err, errno, "cannot make the cgroup '%s'", name);

        if (r == -EROFS || r == -EACCES || r == -EPERM)
            fail_hint(*err,
                      "the cgroup file system must be writable here; in a container, it needs a delegated cgroup");
        return r;
    }

    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? fail(err, errno, "cannot open the cgroup '%s'", name) : fd;
}

/* The controllers that an init expects to find in its own group. */
static const char *const handed_on[] = {"cpu", "cpuset", "io", "memory", "pids"};

/* Hands the controllers that OWN has to its children, or takes them back. Failures are no matter: without, limits
 * inside have no effect. */
static void switch_controllers(int group_fd, char sign)
{
    auto_free char *text = NULL;

    if (file_read_quiet(group_fd, sign == '+' ? "cgroup.controllers" : "cgroup.subtree_control", 4096, &text) < 0)
        return;

    CLEANUP(strings_done) struct strings names = {0};
    strings_split(&names, text, " \n");
    for (size_t i = 0; i < COUNT_OF(handed_on); i++)
        if (strings_contain(&names, handed_on[i])) {
            char word[16];

            (void) snprintf(word, sizeof word, "%c%s", sign, handed_on[i]);
            (void) file_write_existing(group_fd, "cgroup.subtree_control", word);
        }
}

static bool has_controllers(int group_fd)
{
    auto_free char *text = NULL;

    if (file_read_quiet(group_fd, "cgroup.controllers", 4096, &text) < 0)
        return false;

    CLEANUP(strings_done) struct strings names = {0};
    strings_split(&names, text, " \n");
    for (size_t i = 0; i < COUNT_OF(handed_on); i++)
        if (strings_contain(&names, handed_on[i]))
            return true;
    return false;
}

/* The files that the container's root must own to run the subtree as its own (kernel: /sys/kernel/cgroup/delegate). */
static int delegate(int group_fd, uid_t uid, struct error **err)
{
    auto_free char *text = NULL;

    if (fchown(group_fd, uid, uid) < 0)
        return fail(err, errno, "cannot give the cgroup to the container's root");
    if (file_read_quiet(AT_FDCWD, "/sys/kernel/cgroup/delegate", 4096, &text) < 0)
        text = mem_copy_string("cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n");

    CLEANUP(strings_done) struct strings files = {0};
    strings_split(&files, text, "\n");
    /* to be read only, but programs look whose they are */
    strings_split(&files, "cgroup.controllers cgroup.events cgroup.stat", " ");
    for (size_t i = 0; i < files.count; i++)
        if (fchownat(group_fd, files.item[i], uid, uid, 0) < 0 && errno != ENOENT)
            return fail(err, errno, "cannot give the cgroup's file '%s' to the container's root", files.item[i]);
    return 0;
}

/* The supervisor's group, new if that can be: where a group was ever told to kill its processes, the kernel (Linux 6.14
 * and later) also kills whom a process in it has born elsewhere. */
static int make_supervisor_group(struct run *run, int dir_fd, struct error **err)
{
    run->cgroup_is_reused = unlinkat(dir_fd, "supervisor", AT_REMOVEDIR) < 0 && errno != ENOENT;
    return make_group(dir_fd, "supervisor", err);
}

/* --keep-unit in a unit of our own: the supervisor makes room in it. OWN_FD is locked, so nobody else takes a name. */
static int make_beside_locked(struct run *run, int own_fd, const char *own_path, struct error **err)
{
    auto_free char *supervisor = path_join(own_path, "supervisor");
    /* two runs in one unit share its supervisor group, not the payload's */
    bool taken = faccessat(own_fd, "payload", F_OK, 0) == 0;
    auto_free char *name = taken ? mem_format("payload-%s", run->machine) : mem_copy_string("payload");

    run->cgroup_path = path_join(own_path, name);
    /* A group of its own for the supervisor matters only where controllers are handed on: then OWN must be empty. */
    if (!has_controllers(own_fd)) {
        if (undo_record(run->undo, "cgroup", err, run->cgroup_path, NULL) < 0)
            return -error_code(*err);
        run->cgroup_fd = make_group(own_fd, name, err);
        return run->cgroup_fd < 0 ? run->cgroup_fd : 0;
    }

    /* The supervisor's own is only ever removed, never killed: at the end we may still be in it. */
    if (undo_record(run->undo, "remove-cgroup", err, supervisor, NULL) < 0 ||
        undo_record(run->undo, "cgroup", err, run->cgroup_path, NULL) < 0)
        return -error_code(*err);

    auto_close int supervisor_fd = make_supervisor_group(run, own_fd, err);
    if (supervisor_fd < 0)
        return supervisor_fd;
    if (file_write_existing(supervisor_fd, "cgroup.procs", "0") == 0) {
        run->cgroup_home_fd = fcntl(own_fd, F_DUPFD_CLOEXEC, 3);
        switch_controllers(own_fd, '+');
    }
    run->cgroup_fd = make_group(own_fd, name, err);
    return run->cgroup_fd < 0 ? run->cgroup_fd : 0;
}

static int make_beside(struct run *run, int own_fd, const char *own_path, struct error **err)
{
    while (flock(own_fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return fail(err, errno, "cannot lock our own cgroup %s", own_path);

    int r = make_beside_locked(run, own_fd, own_path, err);
    (void) flock(own_fd, LOCK_UN);
    return r;
}

static int make_below(struct run *run, int own_fd, const char *own_path, struct error **err)
{
    auto_free char *name = mem_format("redd-%s.scope", run->machine);
    auto_free char *scope = path_join(own_path, name);

    run->cgroup_path = path_join(scope, "payload");
    if (undo_record(run->undo, "cgroup", err, scope, NULL) < 0)
        return -error_code(*err);

    auto_close int scope_fd = make_group(own_fd, name, err);
    if (scope_fd < 0)
        return scope_fd;
    switch_controllers(scope_fd, '+');
    run->cgroup_fd = make_group(scope_fd, "payload", err);
    return run->cgroup_fd < 0 ? run->cgroup_fd : 0;
}

/* "a-b.slice" lies in "a.slice". Makes the folders below BASE, with a record for each, since the last machine in a
 * slice takes it along. Gives the path. */
static int make_slice(struct run *run, const char *base, const char *slice, char **ret, struct error **err)
{
    auto_free char *path = mem_copy_string(base);
    size_t length = strlen(slice) - strlen(".slice");

    for (size_t i = 1; strcmp(slice, "-.slice") != 0 && i <= length; i++) {
        if (i < length && slice[i] != '-')
            continue;
        auto_free char *above = path;
        auto_close int above_fd = file_open(above, O_RDONLY | O_DIRECTORY);

        path = mem_format("%s/%.*s.slice", above, (int) i, slice);
        if (undo_record(run->undo, "remove-cgroup", err, path, NULL) < 0)
            return -error_code(*err);
        if (above_fd >= 0)
            switch_controllers(above_fd, '+');
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return fail(err, errno, "cannot make the cgroup %s", path);
    }
    *ret = TAKE(path);
    return 0;
}

/* The scope and the two groups in it. -ENOENT: the slice was removed just now, by the last machine in it. */
static int make_scope_in(struct run *run, const char *slice, struct error **err)
{
    auto_free char *scope = mem_format("%s/redd-%s.scope", slice, run->machine);
    auto_free char *supervisor = path_join(scope, "supervisor"), *payload = path_join(scope, "payload");

    if (undo_record(run->undo, "remove-cgroup", err, scope, NULL) < 0 ||
        undo_record(run->undo, "remove-cgroup", err, supervisor, NULL) < 0 ||
        undo_record(run->undo, "cgroup", err, payload, NULL) < 0)
        return -error_code(*err);

    auto_close int slice_fd = file_open(slice, O_RDONLY | O_DIRECTORY);
    if (slice_fd >= 0)
        switch_controllers(slice_fd, '+');
    if (mkdir(scope, 0755) < 0 && errno != EEXIST)
        return fail(err, errno, "cannot make the cgroup %s", scope);

    auto_close int scope_fd = file_open(scope, O_RDONLY | O_DIRECTORY);
    auto_close int supervisor_fd = scope_fd < 0 ? -1 : make_supervisor_group(run, scope_fd, err);
    if (supervisor_fd < 0)
        return *err ? -error_code(*err) : fail(err, errno, "cannot open the cgroup %s", scope);
    int r = file_write_existing(supervisor_fd, "cgroup.procs", "0");
    if (r < 0)
        return fail(err, -r, "cannot move into %s", supervisor);
    switch_controllers(scope_fd, '+');
    run->cgroup_path = TAKE(payload);
    run->cgroup_fd = make_group(scope_fd, "payload", err);
    return run->cgroup_fd < 0 ? run->cgroup_fd : 0;
}

/* As a service manager would, where there is none. The place is that of the first process, not ours: whoever starts a
 * machine in the background may sit in the group of a login session, which ends. */
static int make_in_slice(struct run *run, const char *hierarchy, struct error **err)
{
    enum { TRIES = 100 };
    auto_free char *first = NULL;

    if (group_of("/proc/1/cgroup", &first, err) < 0)
        return -error_code(*err);
    auto_free char *base = strcmp(first, "/") == 0 ? mem_copy_string(hierarchy) : mem_format("%s%s", hierarchy, first);

    run->cgroup_is_ours = run->cgroup_is_in_slice = true;
    run->cgroup_home_fd = file_open(base, O_RDONLY | O_DIRECTORY);
    if (run->cgroup_home_fd < 0)
        return fail(err, errno, "cannot open the cgroup %s", base);
    for (int i = 0;; i++) {
        auto_free char *slice = NULL;

        if (make_slice(run, base, run->spec->slice, &slice, err) == 0 && make_scope_in(run, slice, err) == 0)
            return 0;
        if (error_code(*err) != ENOENT || i == TRIES)
            return -error_code(*err);
        error_freep(err);
    }
}

/* Opened by the supervisor: the kernel asks whether the opener of the file may move processes, and the child, in a
 * user namespace, may not. */
static int open_procs(struct run *run, struct error **err)
{
    fd_closep(&run->cgroup_procs_fd);
    run->cgroup_procs_fd = openat(run->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return run->cgroup_procs_fd < 0 ? fail(err, errno, "cannot open cgroup.procs of %s", run->cgroup_path) : 0;
}

static int mount_own_hierarchy(struct error **err)
{
    int r = dir_make_all(OWN_HIERARCHY, 0755);

    if (r < 0)
        return fail(err, -r, "cannot make %s", OWN_HIERARCHY);
    if (mount_plain("cgroup2", OWN_HIERARCHY, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) < 0)
        return fail_in(err, "this host has no unified cgroup hierarchy mounted, and none can be had");
    return 0;
}

/* A unit with DelegateSubgroup=supervisor has put us into that group of it already: the payload's goes beside it. */
static bool use_unit_around(char *own)
{
    char *last = strrchr(own, '/');

    if (!last || strcmp(last, "/supervisor") != 0)
        return false;
    *last = '\0';
    if (string_ends(own, ".service") || string_ends(own, ".scope"))
        return true;
    *last = '/';
    return false;
}

/* Without a cgroup namespace (SYSTEMD_NSPAWN_USE_CGNS=0) the host's whole tree is in sight; our part can be written. A
 * clone of the host's mount: a new one would set the hierarchy's options anew for all, and a user namespace could have
 * none. */
static int clone_whole_tree(struct run *run, const char *hierarchy, struct error **err)
{
    run->cgroup_tree_fd = mount_clone(AT_FDCWD, hierarchy, false, err);
    if (run->cgroup_tree_fd < 0)
        return run->cgroup_tree_fd;
    return mount_change(run->cgroup_tree_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false, err);
}

int step_cgroup_make(struct run *run, struct error **err)
{
    const char *hierarchy = hierarchy_path();
    auto_close int own_fd = -1;
    auto_free char *own = NULL, *own_path = NULL;

    if (group_of("/proc/self/cgroup", &own, err) < 0)
        return -error_code(*err);
    if (!hierarchy) {
        if (mount_own_hierarchy(err) < 0)
            return -error_code(*err);
        hierarchy = OWN_HIERARCHY;
    }
    if (!run->spec->use_cgroup_namespace && clone_whole_tree(run, hierarchy, err) < 0)
        return -error_code(*err);
    if (run->spec->slice && !run->spec->keep_unit && !run->host->allocate_scope) {
        if (make_in_slice(run, hierarchy, err) < 0 ||
            (run->has_userns && delegate(run->cgroup_fd, run->uid_base, err) < 0))
            return -error_code(*err);
        return open_procs(run, err);
    }
    bool is_supervisor = run->spec->keep_unit && use_unit_around(own);
    own_path = strcmp(own, "/") == 0 ? mem_copy_string(hierarchy) : mem_format("%s%s", hierarchy, own);
    own_fd = file_open(own_path, O_RDONLY | O_DIRECTORY);
    if (own_fd < 0)
        return fail(err, errno, "cannot open our own cgroup %s", own_path);

    /* units of a service manager are named so; their device policy is not ours to make */
    run->cgroup_is_ours = !string_ends(own, ".service") && !string_ends(own, ".scope");
    int r = run->spec->keep_unit && strcmp(own, "/") != 0 ? make_beside(run, own_fd, own_path, err)
                                                           : make_below(run, own_fd, own_path, err);
    if (is_supervisor)
        fd_closep(&run->cgroup_home_fd);        /* we are where we belong, and stay */
    if (r == 0 && run->has_userns)
        r = delegate(run->cgroup_fd, run->uid_base, err);
    return r < 0 ? r : open_procs(run, err);
}

/* Whether the supervisor's is the only group left in ours: other runs in the unit still need their controllers. */
static bool is_last_child(int group_fd)
{
    auto_free char *text = NULL;

    return file_read_quiet(group_fd, "cgroup.stat", 4096, &text) == 0 && string_starts(text, "nr_descendants 1\n");
}

/* Us, and whoever still waits for the kernel in our place (net/packet_closer.h): a group with processes cannot go. Only
 * those are in it, since we made it. */
static void move_home(int home_fd)
{
    auto_error struct error *ignored = NULL;
    auto_free char *own = NULL, *text = NULL;
    const char *hierarchy = hierarchy_path();
    CLEANUP(strings_done) struct strings pids = {0};

    if (hierarchy && group_of("/proc/self/cgroup", &own, &ignored) == 0) {
        auto_free char *procs = mem_format("%s%s/cgroup.procs", hierarchy, own);

        if (file_read_quiet(AT_FDCWD, procs, 4096, &text) == 0)
            strings_split(&pids, text, "\n");
    }
    (void) file_write_existing(home_fd, "cgroup.procs", "0");
    for (size_t i = 0; i < pids.count; i++)
        (void) file_write_existing(home_fd, "cgroup.procs", pids.item[i]);
}

void step_cgroup_leave(struct run *run)
{
    auto_error struct error *ignored = NULL;

    /* Back where we came from. A group that hands out controllers may hold no process, so that has to end first, and
     * before it the payload's group, which may hand them on. What fails here is left to the undo list. */
    if (run->cgroup_home_fd >= 0) {
        (void) cgroup_remove(run->cgroup_path, 10000, &ignored);
        if (!run->cgroup_is_in_slice && is_last_child(run->cgroup_home_fd))
            switch_controllers(run->cgroup_home_fd, '-');
        move_home(run->cgroup_home_fd);
    }
    fd_closep(&run->cgroup_home_fd);
    fd_closep(&run->cgroup_tree_fd);
    fd_closep(&run->cgroup_fd);
    fd_closep(&run->cgroup_procs_fd);
    free(TAKE(run->cgroup_path));
}

int cgroup_adopt(struct run *run, char *path, struct error **err)
{
    auto_free char *below = path;
    const char *hierarchy = hierarchy_path();
    auto_free char *scope = mem_format("%s%s", hierarchy ? hierarchy : "/sys/fs/cgroup", below);
    auto_close int scope_fd = file_open(scope, O_RDONLY | O_DIRECTORY);

    if (scope_fd < 0)
        return fail(err, errno, "cannot open the scope's cgroup %s", scope);

    int fd = make_group(scope_fd, "payload", err);
    if (fd < 0)
        return fd;
    fd_closep(&run->cgroup_fd);
    run->cgroup_fd = fd;
    run->cgroup_has_child = false;
    free(run->cgroup_path);
    run->cgroup_path = path_join(scope, "payload");
    if (undo_record(run->undo, "cgroup", err, run->cgroup_path, NULL) < 0)
        return -error_code(*err);
    if (run->has_userns && delegate(fd, run->uid_base, err) < 0)
        return -error_code(*err);
    return open_procs(run, err);
}

int step_cgroup_enter(struct child *child, struct error **err)
{
    if (!child->run->cgroup_has_child && write(child->cgroup_procs_fd, "0", 1) < 0)
        return fail(err, errno, "cannot move into %s", child->run->cgroup_path);
    /* now, not with the clone: a cgroup namespace is rooted where its maker is */
    if (child->run->spec->use_cgroup_namespace && unshare(CLONE_NEWCGROUP) < 0)
        return fail(err, errno, "the kernel refuses a cgroup namespace");
    return 0;
}

static int mount_whole_tree(const struct run *run, struct error **err)
{
    enum { SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC };
    const char *hierarchy = hierarchy_of(run->cgroup_path);
    auto_free char *own = mem_format("/sys/fs/cgroup%s", run->cgroup_path + strlen(hierarchy));

    if (sys_move_mount(run->cgroup_tree_fd, "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return fail(err, errno, "cannot attach the host's cgroup tree");
    if (mount_plain(own, own, NULL, MS_BIND, NULL, err) < 0)
        return -error_code(*err);
    return mount_plain(NULL, "/sys/fs/cgroup", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL, err);
}

int step_cgroup_mount(struct child *child, struct error **err)
{
    if (!child->run->spec->use_cgroup_namespace)
        return mount_whole_tree(child->run, err);
    return mount_plain("cgroup", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err);
}
