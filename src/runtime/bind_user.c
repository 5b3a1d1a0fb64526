/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bound users: chosen and opened on the host, recorded and mounted in the container. */
#include "runtime/bind_user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "image/idmap.h"
#include "inside/passwd.h"
#include "inside/user.h"
#include "runtime/bind_user_record.h"
#include "runtime/host_user.h"

#define HOMES "/run/host/home"

enum { NOBODY = 65534 };

static void bound_user_done(struct bound_user *user)
{
    free(user->name);
    free(user->real_name);
    free(user->password);
    strings_done(&user->ssh_keys);
    free(user->shell);
    free(user->home);
    fd_closep(&user->home_fd);
}

void bind_users_done(struct bind_users *users)
{
    for (size_t i = 0; i < users->count; i++)
        bound_user_done(&users->item[i]);
    free(users->item);
    strings_done(&users->groups);
    *users = (struct bind_users){0};
}

/* The ids that are not free, as bits: bit n stands for BOUND_ID_FIRST + n. */
_Static_assert(BOUND_ID_LAST - BOUND_ID_FIRST < 64, "the ids fit the bits of one number");

static void take_id(uint64_t *ids, uint32_t id)
{
    if (id >= BOUND_ID_FIRST && id <= BOUND_ID_LAST)
        *ids |= UINT64_C(1) << (id - BOUND_ID_FIRST);
}

/* Adds the container's ids, and refuses NAME where it is in use there. */
static int check_container(int tree_fd, const char *name, uint64_t *ids, struct error **err)
{
    CLEANUP(file_lines_done) struct file_lines users = {.fd = -1}, groups = {.fd = -1};
    struct passwd_entry user;
    struct group_entry group;

    int r = file_lines_open_in(&users, tree_fd, "/etc/passwd");
    while (r >= 0 && (r = passwd_next(&users, &user)) > 0) {
        take_id(ids, user.uid);
        take_id(ids, user.gid);
        if (strcmp(user.name, name) == 0)
            return fail_plain(err, EEXIST, "Sorry, the user '%s' already exists in the machine.", name);
    }
    if (r < 0 && r != -ENOENT)
        return fail(err, -r, "cannot read the container's /etc/passwd");

    r = file_lines_open_in(&groups, tree_fd, "/etc/group");
    while (r >= 0 && (r = group_next(&groups, &group)) > 0) {
        take_id(ids, group.gid);
        if (strcmp(group.name, name) == 0)
            return fail_plain(err, EEXIST, "Sorry, the group '%s' already exists in the machine.", name);
    }
    return r < 0 && r != -ENOENT ? fail(err, -r, "cannot read the container's /etc/group") : 0;
}

static int choose_id(uint64_t *ids, uint32_t id_count, uint32_t *ret, struct error **err)
{
    for (uint32_t id = BOUND_ID_FIRST; id <= BOUND_ID_LAST; id++) {
        if (*ids & UINT64_C(1) << (id - BOUND_ID_FIRST))
            continue;
        if (id_count > 0 && id >= id_count) {
            fail_plain(err, ERANGE, "the container has ids 0 to %u only, so that no user can get one from %u on",
                       id_count - 1, BOUND_ID_FIRST);
            fail_hint(*err, "give it a range of 65536: --private-users=BASE:65536");
            return -ERANGE;
        }
        take_id(ids, id);
        *ret = id;
        return 0;
    }
    return fail_plain(err, EADDRNOTAVAIL, "all ids for bound users, %u to %u, are in use in the container",
                      BOUND_ID_FIRST, BOUND_ID_LAST);
}

/* Accounts of daemons have a home that is none. */
static bool is_no_home(const char *path)
{
    return !path_is_absolute(path) || strcmp(path, "/") == 0 || strcmp(path, "/nonexistent") == 0 ||
           strcmp(path, "/var/empty") == 0;
}

/* A mapped clone of the home, with what is mounted in it where that can be mapped too. */
static int clone_home(int home_fd, int userns_fd, int *ret_fd, struct error **err)
{
    for (int recursive = 1; recursive >= 0; recursive--) {
        auto_close int fd = mount_clone(home_fd, "", recursive, err);
        if (fd < 0)
            return fd;

        int r = idmap_tree(fd, userns_fd, recursive, err);
        if (r == 0) {
            *ret_fd = take_fd(&fd);
            return 0;
        }
        if (!recursive)
            return r;
        *err = error_free(*err);
    }
    return 0;
}

static int open_home(const char *path, int host_fd, uint32_t id_base, struct bound_user *user, struct error **err)
{
    const struct id_map uids = {.inside = user->host_uid, .outside = id_base + user->id, .count = 1};
    const struct id_map gids = {.inside = user->host_gid, .outside = id_base + user->id, .count = 1};
    auto_close int userns_fd = -1;
    char buffer[32];

    if (is_no_home(path)) {
        user->home = mem_copy_string("/");
        return 0;
    }
    auto_close int home_fd = path_open_in(host_fd, path, O_PATH | O_DIRECTORY, 0);
    if (home_fd < 0) {
        int r = fail(err, -home_fd, "cannot open the home of user '%s', %s", user->name, path);

        if (r == -ENOENT)
            fail_hint(
                *err,
                "if it is on a disk that is not mounted, or locked until the user logs in, that has to come first");
        return r;
    }
    if (idmap_userns_open_apart(&uids, 1, &gids, 1, &userns_fd, err) < 0)
        return fail_in(err, "cannot map the ids of user '%s'", user->name);

    int r = clone_home(home_fd, userns_fd, &user->home_fd, err);
    if (r == -EINVAL) {
        *err = error_free(*err);
        r = fail_plain(err, EINVAL,
                       "the home of user '%s', %s, is on a file system of type %s, whose owners cannot be mapped",
                       user->name, path, file_system_name(home_fd, buffer));
        fail_hint(
            *err,
            "move the home to ext4, XFS, btrfs or tmpfs, or leave the user out and pass what is needed with --bind=");
    }
    if (r < 0)
        return r;
    host_user_read_keys(home_fd, user->host_uid, &user->ssh_keys);
    user->home = mem_format(HOMES "/%s", user->name);
    return 0;
}

static int refuse_special(const char *name, uid_t uid, struct error **err)
{
    if (strcmp(name, "root") == 0 || uid == 0)
        return fail_plain(err, EOPNOTSUPP, "Mapping 'root' user not supported, sorry.");
    if (strcmp(name, "nobody") == 0 || uid == NOBODY)
        return fail_plain(err, EOPNOTSUPP, "Mapping 'nobody' user not supported, sorry.");
    return 0;
}

static bool name_is_usable(const char *name)
{
    auto_free char *quoted = account_name_is_valid(name) ? json_quote(name) : NULL;

    return quoted;
}

static const char *shell_for(const struct spec *spec, const struct host_user *host)
{
    switch (spec->bind_user_shell) {
    case TRI_NO:
        return NULL;
    case TRI_YES:
        return host->shell;
    case TRI_AUTO:
        return spec->bind_user_shell_path;
    }
    return NULL;
}

static int prepare_one(const struct spec *spec, const char *name, int host_fd, int tree_fd, uint32_t id_base,
                       uint32_t id_count, uint64_t *ids, struct bound_user *user, struct error **err)
{
    CLEANUP(host_user_done) struct host_user host = {0};

    if (!name_is_usable(name))
        return fail_plain(err, EINVAL, "Invalid user name to bind: %s", name);
    if (refuse_special(name, UINT32_MAX, err) < 0 || host_user_find(host_fd, name, &host, err) < 0 ||
        refuse_special(name, host.uid, err) < 0 || check_container(tree_fd, name, ids, err) < 0 ||
        choose_id(ids, id_count, &user->id, err) < 0)
        return -error_code(*err);

    user->name = mem_copy_string(name);
    user->host_uid = host.uid;
    user->host_gid = host.gid;
    user->shell = mem_copy_string(shell_for(spec, &host));
    user->real_name = TAKE(host.real_name);
    user->password = TAKE(host.password);
    return open_home(host.home, host_fd, id_base, user, err);
}

int bind_users_prepare(const struct spec *spec, int host_fd, int tree_fd, uint32_t id_base, uint32_t id_count,
                       struct bind_users *ret, struct error **err)
{
    CLEANUP(bind_users_done) struct bind_users users = {0};
    const struct strings *names = &spec->bind_users, *groups = &spec->bind_user_groups;
    uint64_t ids = 0;
    int r = 0;

    *ret = (struct bind_users){0};
    if (names->count == 0)
        return 0;
    for (size_t i = 0; i < groups->count && r == 0; i++) {
        if (!name_is_usable(groups->item[i]))
            r = fail_plain(err, EINVAL, "Invalid group name to bind: %s", groups->item[i]);
        else if (!strings_contain(&users.groups, groups->item[i]))
            strings_add(&users.groups, groups->item[i]);
    }
    users.item = mem_alloc(names->count * sizeof *users.item);
    for (size_t i = 0; i < names->count && r == 0; i++) {
        bool again = false;

        for (size_t k = 0; k < users.count; k++)
            again = again || strcmp(users.item[k].name, names->item[i]) == 0;
        if (again)
            continue;
        users.item[users.count] = (struct bound_user){.home_fd = -1};
        r = prepare_one(spec, names->item[i], host_fd, tree_fd, id_base, id_count, &ids, &users.item[users.count++],
                        err);
    }
    if (r < 0) {
        fail_id(*err, "R2641");
        return r;
    }
    *ret = users;
    users = (struct bind_users){0};
    return 0;
}

/* The modes are set anew, since the umask is not known here. */
static int make_folder(int parent_fd, const char *name, struct error **err)
{
    if (mkdirat(parent_fd, name, 0755) < 0 || fchmodat(parent_fd, name, 0755, 0) < 0)
        return fail(err, errno, "cannot make the folder '%s'", name);

    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? fail(err, errno, "cannot open the folder '%s'", name) : fd;
}

static int write_file(int dir_fd, const char *name, const char *text, mode_t mode, struct error **err)
{
    auto_close int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, errno, "cannot create '%s'", name);

    int r = fd_write_full(fd, text, strlen(text));
    if (r < 0)
        return fail(err, -r, "cannot write '%s'", name);
    return fchmod(fd, mode) < 0 ? fail(err, errno, "cannot set the mode of '%s'", name) : 0;
}

/* NAME.SUFFIX with TEXT, and the same by number: readers look for either. */
static int write_record(int dir_fd, const struct bound_user *user, const char *suffix, const char *text, mode_t mode,
                        struct error **err)
{
    auto_free char *by_name = mem_format("%s.%s", user->name, suffix);
    auto_free char *by_id = mem_format("%u.%s", user->id, suffix);

    if (write_file(dir_fd, by_name, text, mode, err) < 0)
        return -error_code(*err);
    return symlinkat(by_name, dir_fd, by_id) < 0 ? fail(err, errno, "cannot make the link '%s'", by_id) : 0;
}

static int write_records(int dir_fd, const struct bound_user *user, const struct strings *groups, struct error **err)
{
    auto_free char *public = user_record(user, groups);
    auto_free char *privileged = user_privileged_record(user);
    auto_free char *group = group_record(user);

    if (write_record(dir_fd, user, "user", public, 0644, err) < 0 ||
        write_record(dir_fd, user, "user-privileged", privileged, 0600, err) < 0 ||
        write_record(dir_fd, user, "group", group, 0644, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < groups->count; i++) {
        auto_free char *membership = mem_format("%s:%s.membership", user->name, groups->item[i]);

        if (write_file(dir_fd, membership, "{}\n", 0644, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

static int attach_home(int homes_fd, const struct bound_user *user, struct error **err)
{
    if (user->home_fd < 0)
        return 0;

    auto_close int fd = make_folder(homes_fd, user->name, err);
    return fd < 0 ? fd : mount_attach(user->home_fd, fd, user->home, err);
}

static int apply(const struct bind_users *users, int run_host_fd, struct error **err)
{
    auto_close int records_fd = make_folder(run_host_fd, "userdb", err);
    if (records_fd < 0)
        return records_fd;
    auto_close int homes_fd = make_folder(run_host_fd, "home", err);
    if (homes_fd < 0)
        return homes_fd;
    for (size_t i = 0; i < users->count; i++) {
        const struct bound_user *user = &users->item[i];

        if (write_records(records_fd, user, &users->groups, err) < 0 || attach_home(homes_fd, user, err) < 0)
            return fail_in(err, "cannot set up user '%s'", user->name);
    }
    return 0;
}

int bind_users_apply(const struct bind_users *users, int run_host_fd, struct error **err)
{
    if (users->count == 0 || apply(users, run_host_fd, err) == 0)
        return 0;
    (void) fail_in(err, "cannot make the host's users known in /run/host");
    fail_id(*err, "R2642");
    return -error_code(*err);
}

bool bind_users_find(const struct bind_users *users, int root_fd, const char *name, struct user *ret)
{
    uint32_t id = 0;
    bool number = name && parse_u32(name, &id) == 0;

    for (size_t i = 0; name && i < users->count; i++) {
        const struct bound_user *bound = &users->item[i];

        if (number ? bound->id != id : strcmp(bound->name, name) != 0)
            continue;
        *ret = (struct user){
            .uid = bound->id,
            .gid = bound->id,
            .name = mem_copy_string(bound->name),
            .home = mem_copy_string(bound->home),
            .shell = mem_copy_string(bound->shell),
        };
        (void) user_add_groups(ret, root_fd, bound->name);
        for (size_t k = 0; k < users->groups.count; k++)
            (void) user_add_group_by_name(ret, root_fd, users->groups.item[k]);
        return true;
    }
    return false;
}
