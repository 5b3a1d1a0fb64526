/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payload's user, out of the container's files or its getent(1). */
#include "inside/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "inside/getent.h"
#include "inside/passwd.h"

#define GROUPS_MAX 65536u       /* NGROUPS_MAX of Linux */

void user_done(struct user *user)
{
    free(user->groups);
    free(user->name);
    free(user->home);
    free(user->shell);
    *user = (struct user){0};
}

static int fail_unknown(struct error **err, const char *name)
{
    int r = fail_plain(err, ESRCH, "Failed to resolve user %s.", name);

    fail_id(*err, "R2601");
    return r;
}

/* 1: NAME is the number *ret; 0: it is a name; -ESRCH: a number that is no user id. */
static int name_as_number(const char *name, uint32_t *ret)
{
    if (!*name || name[strspn(name, "0123456789")])
        return 0;
    return parse_u32(name, ret) < 0 || *ret == UINT32_MAX ? -ESRCH : 1;
}

bool user_is_root(const char *name)
{
    uint32_t uid;

    return !name || strcmp(name, "root") == 0 || (name_as_number(name, &uid) > 0 && uid == 0);
}

static void set_from_entry(const struct passwd_entry *entry, struct user *ret)
{
    *ret = (struct user){
        .uid = entry->uid,
        .gid = entry->gid,
        .name = mem_copy_string(entry->name),
        .home = mem_copy_string(path_is_absolute(entry->home) ? entry->home : "/"),
        .shell = *entry->shell ? mem_copy_string(entry->shell) : NULL,
    };
}

/* 1, 0 when it is not there, or a negative errno. */
static int find_entry(struct file_lines *lines, const char *name, const uint32_t *uid, struct passwd_entry *ret)
{
    char *line;
    int r;

    if (uid) {
        while ((r = passwd_next(lines, ret)) > 0)
            if (ret->uid == *uid)
                return 1;
        return r;
    }
    while ((r = file_lines_next_with_key(lines, name, &line)) > 0)
        if (passwd_entry_parse(line, ret) == 0)
            return 1;
    return r;
}

static void add_group(struct user *user, gid_t gid)
{
    if (gid == user->gid || user->n_groups >= GROUPS_MAX)
        return;
    MEM_GROW(user->groups, user->n_groups);
    user->groups[user->n_groups++] = gid;
}

static int compare_groups(const void *a, const void *b)
{
    gid_t x = *(const gid_t *) a, y = *(const gid_t *) b;

    return (x > y) - (x < y);
}

/* Sorted, as the kernel keeps them, and each one once. */
static void tidy_groups(struct user *user)
{
    size_t kept = 0;

    if (user->n_groups < 2)
        return;
    qsort(user->groups, user->n_groups, sizeof *user->groups, compare_groups);
    for (size_t i = 1; i < user->n_groups; i++)
        if (user->groups[i] != user->groups[kept])
            user->groups[++kept] = user->groups[i];
    user->n_groups = kept + 1;
}

int user_add_groups(struct user *user, int root_fd, const char *name)
{
    CLEANUP(file_lines_done) struct file_lines lines;
    struct group_entry group;
    char *line;

    int r = file_lines_open_in(&lines, root_fd, "/etc/group");
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    while ((r = file_lines_next(&lines, &line)) > 0)
        /* most lines of a large file do not have the name anywhere: do not cut those up */
        if (strstr(line, name) && group_entry_parse(line, &group) == 0 && group_entry_has_member(&group, name))
            add_group(user, group.gid);
    tidy_groups(user);
    return r;
}

int user_add_group_by_name(struct user *user, int root_fd, const char *name)
{
    CLEANUP(file_lines_done) struct file_lines lines;
    struct group_entry group;
    char *line;

    int r = file_lines_open_in(&lines, root_fd, "/etc/group");
    while (r >= 0 && (r = file_lines_next_with_key(&lines, name, &line)) > 0)
        if (group_entry_parse(line, &group) == 0) {
            add_group(user, group.gid);
            tidy_groups(user);
            return 0;
        }
    return r == -ENOENT ? 0 : r;
}

int user_resolve(int root_fd, const char *name, struct user *ret, struct error **err)
{
    CLEANUP(file_lines_done) struct file_lines lines = {.fd = -1};
    CLEANUP(user_done) struct user user = {0};
    struct passwd_entry entry;
    uint32_t uid;

    if (user_is_root(name)) {
        *ret = (struct user){.name = mem_copy_string("root"), .home = mem_copy_string("/root")};
        return 0;
    }
    int number = name_as_number(name, &uid);
    if (number < 0 || !*name || strchr(name, ':') || strchr(name, '\n'))
        return fail_unknown(err, name);

    int r = file_lines_open_in(&lines, root_fd, "/etc/passwd");
    if (r == 0)
        r = find_entry(&lines, name, number > 0 ? &uid : NULL, &entry);
    if (r == 0 || r == -ENOENT) {
        bool no_file = r == -ENOENT;

        r = fail_unknown(err, name);
        if (no_file)
            fail_hint(*err, "the container has no /etc/passwd; without it only root is known");
        else
            fail_hint(*err, "users are looked up in the container's own /etc/passwd, which has no such user");
        return r;
    }
    if (r < 0) {
        r = fail(err, -r, "cannot read the container's /etc/passwd");
        fail_hint(*err, "put a regular file there, as passwd(5) says: a copy of it, /etc/passwd-, may be beside it");
        fail_id(*err, "R2602");
        return r;
    }

    set_from_entry(&entry, &user);
    r = user_add_groups(&user, root_fd, user.name);
    if (r < 0) {
        r = fail(err, -r, "cannot read the container's /etc/group");
        fail_hint(*err, "put a regular file there, as group(5) says: a copy of it, /etc/group-, may be beside it");
        fail_id(*err, "R2602");
        return r;
    }
    *ret = user;
    user = (struct user){0};
    return 0;
}

void user_read_root(int root_fd, struct user *user)
{
    CLEANUP(file_lines_done) struct file_lines lines;
    struct passwd_entry entry;

    if (file_lines_open_in(&lines, root_fd, "/etc/passwd") < 0 || find_entry(&lines, "root", NULL, &entry) <= 0 ||
        entry.uid != 0)
        return;
    user_done(user);
    set_from_entry(&entry, user);
}

/* "name 10 20": the name, and the numbers of its groups. */
static void add_listed_groups(struct user *user, char *text)
{
    char *rest = NULL;

    (void) strtok_r(text, " \t\n", &rest);
    for (char *word; (word = strtok_r(NULL, " \t\n", &rest));) {
        uint32_t gid;

        if (parse_u32(word, &gid) == 0 && gid != UINT32_MAX)
            add_group(user, gid);
    }
    tidy_groups(user);
}

int user_resolve_by_getent(int root_fd, const char *name, const struct getent_guard *guard, struct user *ret,
                           struct error **err)
{
    CLEANUP(file_lines_done) struct file_lines lines = {.fd = -1};
    CLEANUP(user_done) struct user user = {0};
    auto_free char *groups = NULL;
    struct passwd_entry entry;
    char *text = NULL;
    uint32_t uid;

    int number = name_as_number(name, &uid);
    if (number < 0 || (number == 0 && !account_name_is_valid(name)))
        return fail_unknown(err, name);

    int r = getent_query("passwd", name, guard, &text);
    if (r == 0) {
        file_lines_of_text(&lines, text);
        r = passwd_next(&lines, &entry) > 0 ? 0 : -ESRCH;
    }
    /* what answers to a name must not be someone else: a number may be answered by any name */
    if (r == 0 && (number > 0 ? entry.uid != uid : strcmp(entry.name, name) != 0))
        r = -ESRCH;
    if (r < 0) {
        int code = -r;

        r = fail_unknown(err, name);
        if (code == ETIMEDOUT)
            fail_hint(*err, "the container's getent(1) did not answer in time");
        else if (code == ENOENT)
            fail_hint(*err, "neither the container's /etc/passwd has it nor is there a getent(1) to ask");
        else
            fail_hint(*err, "neither the container's /etc/passwd nor its getent(1) knows the user");
        return r;
    }

    set_from_entry(&entry, &user);
    if (getent_query("initgroups", user.name, guard, &groups) == 0)
        add_listed_groups(&user, groups);
    (void) user_add_groups(&user, root_fd, user.name);  /* for a getent that does not know "initgroups" */
    *ret = user;
    user = (struct user){0};
    return 0;
}
