/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry folder and its locks. Claiming stands on the way of every start: it costs five system calls when nobody
 * died before. Reading what runs is in registry_read.c.
 */
#include "machine/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "machine/registry_lock.h"

static int check_name(const char *name, struct error **err)
{
    if (*name && *name != '.' && !strchr(name, '/') && strlen(name) < 128)
        return 0;
    return fail_plain(err, EINVAL, "'%s' is not a machine name", name);
}

/* -- the folder of one machine -- */

static char *path_in(const struct machine_claim *claim, const char *name)
{
    return path_join(claim->folder, name);
}

/* What keeps the folder of machines from being written keeps all machines from starting. */
static int fail_folder(const struct registry *registry, int code, const char *path, struct error **err)
{
    int r = fail(err, code, "cannot make %s", path);

    if (code == ENOSPC || code == EDQUOT)
        fail_hint(*err, "the file system of %s is full: 'df %s' shows how full, 'du -x /run' what fills it",
                  registry->folder, registry->folder);
    else if (code == EROFS)
        fail_hint(*err, "'mount -o remount,rw /run' makes it writable; redd keeps there what runs");
    fail_id(*err, "R2041");
    return r;
}

/* Makes the folder, where missing, and opens its lock. */
static int open_lock(const struct registry *registry, struct machine_claim *claim, struct error **err)
{
    auto_free char *path = path_in(claim, "lock");

    for (;;) {
        int code = mkdir(claim->folder, 0700) < 0 ? errno : 0;
        if (code == ENOENT) {
            int r = dir_make_all(registry->folder, 0755);

            if (r < 0)
                return fail_folder(registry, -r, registry->folder, err);
            continue;
        }
        if (code != 0 && code != EEXIST)
            return fail_folder(registry, code, claim->folder, err);

        claim->lock_fd = openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (claim->lock_fd >= 0)
            return 0;
        if (errno != ENOENT)    /* ENOENT: its last owner removed the folder just now */
            return fail_folder(registry, errno, path, err);
    }
}

static int fail_busy(const char *name, pid_t pid, struct error **err)
{
    fail_plain(err, EBUSY, "machine '%s' is already running", name);
    fail_id(*err, "R2040");
    fail_hint(*err, "process %d supervises it: 'kill %d' shuts it down, and --machine= gives another one another name",
              pid, pid);
    return -EBUSY;
}

/* Becomes the owner of the lock. Whoever mends the folder is waited for: that ends by itself. */
static int take_lock(const struct registry *registry, struct machine_claim *claim, struct error **err)
{
    for (;;) {
        if (open_lock(registry, claim, err) < 0)
            return -error_code(*err);

        pid_t pid = 0;
        enum lock_holder holder = lock_take(claim->lock_fd, LOCK_ALIVE, &pid);
        if (holder == HELD_BY_MACHINE)
            return fail_busy(claim->name, pid, err);
        if (holder == HELD_BY_MENDER)
            lock_wait_for_mender(claim->lock_fd);
        if (holder == HELD_BY_US && lock_file_exists(claim->lock_fd))
            return 0;
        fd_closep(&claim->lock_fd);
    }
}

/* Removes what is in the folder, all but the lock and, where it is still needed, the undo list. */
static void clear_folder(const struct machine_claim *claim, bool keep_undo)
{
    DIR *dir = opendir(claim->folder);

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lock") == 0 ||
            (keep_undo && strcmp(name, "undo") == 0))
            continue;
        (void) tree_remove_at(dirfd(dir), name);
    }
    (void) closedir(dir);
}

/* The lock goes last but the folder: until then nobody else can have claimed it. */
static void remove_folder(const struct machine_claim *claim)
{
    auto_free char *lock = path_in(claim, "lock");

    (void) unlink(lock);
    if (rmdir(claim->folder) == 0 || errno != ENOTEMPTY)
        return;

    /* the next owner, if there is one already, has bound nothing yet */
    auto_free char *binds = path_in(claim, "binds");
    (void) unlink(binds);
    (void) rmdir(claim->folder);
}

/* Opens the undo list and runs what a dead supervisor left in it. The list is the first thing an owner of the lock
 * makes, so where it is new nothing can be left. */
static int open_undo(const struct registry *registry, struct machine_claim *claim, struct error **err)
{
    auto_free char *path = path_in(claim, "undo");

    int r = undo_open(AT_FDCWD, path, &claim->undo, err);
    if (r <= 0)
        return r;
    if (!undo_is_empty(claim->undo)) {
        log_debug("undoing what machine '%s' left", claim->name);
        if (undo_run(claim->undo, registry->kinds, registry->n_kinds, &claim->leftover) < 0)
            fail_in(&claim->leftover, "a dead machine '%s' left something behind", claim->name);
    }
    clear_folder(claim, true);
    return 0;
}

/* -- claim and release -- */

static void claim_init(struct machine_claim *claim, const struct registry *registry, const char *name)
{
    *claim = (struct machine_claim){
        .name = mem_copy_string(name),
        .folder = path_join(registry->folder, name),
        .lock_fd = -1,
    };
}

void machine_claim_done(struct machine_claim *claim)
{
    fd_closep(&claim->lock_fd);
    claim->undo = undo_free(claim->undo);
    claim->leftover = error_free(claim->leftover);
    free(claim->announced_unit);
    free(claim->folder);
    free(claim->name);
    *claim = (struct machine_claim){.lock_fd = -1};
}

int registry_claim(const struct registry *registry, const char *name, struct machine_claim *ret, struct error **err)
{
    CLEANUP(machine_claim_done) struct machine_claim claim = {.lock_fd = -1};

    if (check_name(name, err) < 0)
        return -error_code(*err);
    claim_init(&claim, registry, name);
    if (take_lock(registry, &claim, err) < 0 || open_undo(registry, &claim, err) < 0)
        return -error_code(*err);

    *ret = claim;
    claim = (struct machine_claim){.lock_fd = -1};
    return 0;
}

int registry_release(const struct registry *registry, struct machine_claim *claim, struct error **err)
{
    auto_free char *control = path_in(claim, "control");
    auto_free char *state = path_in(claim, "state");
    auto_free char *undo = path_in(claim, "undo");

    (void) unlink(control);
    int r = undo_run(claim->undo, registry->kinds, registry->n_kinds, err);
    (void) unlink(state);
    if (r == 0) {
        (void) unlink(undo);
        remove_folder(claim);
    } else
        r = fail_in(err, "machine '%s' leaves something behind", claim->name);
    machine_claim_done(claim);
    return r;
}

static int recover(const struct registry *registry, const char *name, struct error **err)
{
    CLEANUP(machine_claim_done) struct machine_claim claim = {.lock_fd = -1};

    claim_init(&claim, registry, name);
    auto_free char *lock = path_in(&claim, "lock");

    /* made where missing: its owner may have died between making the folder and the lock */
    claim.lock_fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (claim.lock_fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail(err, errno, "cannot open %s", lock);
    if (lock_take(claim.lock_fd, LOCK_MENDING, NULL) != HELD_BY_US || !lock_file_exists(claim.lock_fd))
        return 0;
    if (open_undo(registry, &claim, err) < 0)
        return -error_code(*err);
    if (claim.leftover) {
        *err = TAKE(claim.leftover);
        return -error_code(*err);
    }
    clear_folder(&claim, false);
    remove_folder(&claim);
    return 0;
}

int registry_recover_all(const struct registry *registry, struct error **err)
{
    CLEANUP(strings_done) struct strings names = {0};

    if (registry_names(registry, &names, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < names.count; i++) {
        auto_error struct error *failure = NULL;

        if (recover(registry, names.item[i], &failure) < 0 && !*err)
            *err = TAKE(failure);
    }
    return *err ? -error_code(*err) : 0;
}

/* -- what runs -- */

int registry_set_state(struct machine_claim *claim, const struct machine_state *state, struct error **err)
{
    auto_free char *path = path_in(claim, "state");
    auto_free char *text = machine_state_format(state);

    /* The first state comes into an empty folder by one write(2); a reader who is faster finds an empty file, which to
     * him is a start that has not got so far yet. Readable by all, for the second name that registry_announce()
     * gives it; the folder is not. */
    auto_close int fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, err);

    int r = fd_write_full(fd, text, strlen(text));
    return r < 0 ? fail(err, -r, "cannot write %s", path) : 0;
}

/* By flock(2), which who looks from within redd-apid does not release by closing. */
bool registry_has_own_manager(const struct registry *registry)
{
    auto_close int fd = registry->own_sign ? file_open(registry->own_sign, O_RDONLY | O_NOCTTY | O_NONBLOCK) : -1;

    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool registry_has_foreign_manager(const struct registry *registry)
{
    return registry->foreign_sign && access(registry->foreign_sign, F_OK) == 0 && !registry_has_own_manager(registry);
}

/* The public file is a second name of the state. It has to arrive by a rename: that is what sd-login's monitors look
 * for. */
static int link_state(const struct machine_claim *claim, const char *target)
{
    auto_free char *state = path_in(claim, "state");
    auto_free char *link_name = path_in(claim, "state.link");

    if (link(state, link_name) < 0)
        return -errno;
    int r = rename(link_name, target) < 0 ? -errno : 0;
    if (r < 0)
        (void) unlink(link_name);
    return r;
}

/* Where the folders are on different file systems. */
static int copy_state(const struct machine_claim *claim, const char *target, struct error **err)
{
    auto_free char *state = path_in(claim, "state");
    auto_free char *text = NULL;
    size_t size;

    auto_free char *fresh = mem_format("%s.new~", target);
    if (undo_record(claim->undo, "remove-file", err, fresh, NULL) < 0 ||
        file_read_at(AT_FDCWD, state, STATE_LIMIT, &text, &size, err) < 0)
        return -error_code(*err);
    return file_replace_at(AT_FDCWD, target, text, size, 0644, err);
}

static int announce_unit(const struct registry *registry, struct machine_claim *claim, const char *unit,
                         struct error **err)
{
    auto_free char *path = mem_format("%s/unit:%s", registry->public_folder, unit);

    if (string_equal(claim->announced_unit, unit))
        return 0;
    if (undo_record(claim->undo, "remove-file", err, path, NULL) < 0)
        return -error_code(*err);
    if (symlink(claim->name, path) < 0 && (errno != EEXIST || unlink(path) < 0 || symlink(claim->name, path) < 0))
        return fail(err, errno, "cannot make %s", path);
    free(claim->announced_unit);
    claim->announced_unit = mem_copy_string(unit);
    return 0;
}

int registry_announce(const struct registry *registry, struct machine_claim *claim, const char *unit,
                      struct error **err)
{
    if (!registry->public_folder || registry_has_foreign_manager(registry))
        return 0;

    auto_free char *path = path_join(registry->public_folder, claim->name);
    if (!claim->announced && undo_record(claim->undo, "remove-file", err, path, NULL) < 0)
        return -error_code(*err);
    claim->announced = true;

    int r = link_state(claim, path);
    if (r == -ENOENT) {
        r = dir_make_all(registry->public_folder, 0755);
        if (r == 0)
            r = link_state(claim, path);
    }
    if (r < 0 && copy_state(claim, path, err) < 0)
        return -error_code(*err);
    return unit ? announce_unit(registry, claim, unit, err) : 0;
}

void registry_forget_announcement(struct machine_claim *claim)
{
    claim->announced = false;
    free(TAKE(claim->announced_unit));
}
