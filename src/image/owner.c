/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of ids. /etc/passwd and /etc/group are read as text: a name service has no place in the start of a
 * container. */
#include "image/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "base/strings.h"
#include "image/user_range.h"

#define CLAIM_FOLDER "/run/systemd/nspawn-uid"
#define DATABASE_MAX (8u << 20)

/* After this many random ranges in use something else is wrong: there are 28664 to choose from. */
#define RANDOM_TRIES 64

/* Ranges of users start anywhere. */
static bool is_users(const struct stat *st)
{
    return st->st_uid == st->st_gid && st->st_uid > 0xFFFF && user_range_starts_at(st->st_uid);
}

bool owner_is_user(int tree_fd)
{
    struct stat st;

    return fstat(tree_fd, &st) == 0 && is_users(&st);
}

bool owner_base_quiet(int tree_fd, uint32_t *ret_base)
{
    struct stat st;

    if (fstat(tree_fd, &st) < 0 || (st.st_uid & ~0xFFFFu) != (st.st_gid & ~0xFFFFu))
        return false;
    *ret_base = (st.st_uid & 0xFFFF) != 0 && is_users(&st) ? st.st_uid : st.st_uid & ~0xFFFFu;
    return true;
}

bool owner_range_of_tree(int tree_fd, uint32_t *ret_base)
{
    struct stat st;

    if (fstat(tree_fd, &st) < 0 || st.st_uid != st.st_gid || st.st_uid == 0 ||
        ((st.st_uid & 0xFFFF) != 0 && !is_users(&st)))
        return false;
    *ret_base = st.st_uid;
    return true;
}

int owner_base(int tree_fd, const char *path, uint32_t *ret_base, struct error **err)
{
    struct stat st;

    if (fstat(tree_fd, &st) < 0)
        return fail(err, errno, "cannot look at %s", path);
    if (owner_base_quiet(tree_fd, ret_base))
        return 0;
    fail_plain(err, EINVAL, "UID and GID base of %s don't match.", path);
    fail_hint(
        *err,
        "it belongs to user %u and group %u, which are of different ranges of 65536; give the range itself, as in "
        "--private-users=%u, or make one of the two with --private-users-ownership=chown",
        st.st_uid, st.st_gid, st.st_uid & ~0xFFFFu);
    fail_id(*err, "R2221");
    return -EINVAL;
}

uint32_t owner_base_of_name(const char *machine)
{
    static const uint8_t key[16] = {0x72, 0x65, 0x64, 0x64, 0x2d, 0x69, 0x64, 0x2d,
                                    0x72, 0x61, 0x6e, 0x67, 0x65, 0x2d, 0x76, 0x31};
    uint32_t ranges = (ID_PICK_LAST - ID_PICK_FIRST) / ID_RANGE_SIZE + 1;

    return ID_PICK_FIRST + (uint32_t) (siphash24(machine, strlen(machine), key) % ranges) * ID_RANGE_SIZE;
}

static bool is_pickable(uint32_t base)
{
    return base >= ID_PICK_FIRST && base <= ID_PICK_LAST && (base & 0xFFFF) == 0;
}

/* Whether TEXT, in the format of passwd and group, has a line whose third field is ID. */
static bool database_has(const char *text, uint32_t id)
{
    auto_free char *wanted = mem_format("%u:", id);
    size_t length = strlen(wanted);

    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *end = strchrnul(line, '\n'), *field = line;

        for (int skipped = 0; skipped < 2 && field; skipped++) {
            field = memchr(field, ':', (size_t) (end - field));
            field = field ? field + 1 : NULL;
        }
        if (field && (size_t) (end - field) >= length && memcmp(field, wanted, length) == 0)
            return true;
    }
    return false;
}

struct picker {
    char *passwd, *group;       /* contents, read with the first question */
};

static void picker_done(struct picker *picker)
{
    free(picker->passwd);
    free(picker->group);
}

static bool is_somebodys(struct picker *picker, uint32_t base)
{
    if (!picker->passwd && file_read_quiet(AT_FDCWD, "/etc/passwd", DATABASE_MAX, &picker->passwd) < 0)
        picker->passwd = mem_copy_string("");
    if (!picker->group && file_read_quiet(AT_FDCWD, "/etc/group", DATABASE_MAX, &picker->group) < 0)
        picker->group = mem_copy_string("");
    return database_has(picker->passwd, base) || database_has(picker->group, base);
}

/* 1: BASE is ours, 0: it is in use. */
static int try_base(struct picker *picker, uint32_t base, bool shared, struct lock_file *ret_lock, struct error **err)
{
    auto_free char *path = mem_format(CLAIM_FOLDER "/%u", base);

    if (is_somebodys(picker, base))
        return 0;

    int r = lock_file_take(ret_lock, path, shared);
    if (r == -ENOENT) {
        r = dir_make_all(CLAIM_FOLDER, 0755);
        if (r == 0)
            r = lock_file_take(ret_lock, path, shared);
    }
    if (r == -EBUSY)
        return 0;
    if (r < 0) {
        fail(err, -r, "cannot mark the id range %u as taken by %s", base, path);
        fail_id(*err, "R2223");
        return r;
    }
    return 1;
}

/* Candidate number N; false when there are no more. */
static bool candidate(unsigned n, int tree_fd, const char *machine, uint32_t *ret)
{
    uint32_t random;

    if (n == 0)
        return owner_base_quiet(tree_fd, ret) && is_pickable(*ret) ? true : candidate(1, tree_fd, machine, ret);
    if (n == 1) {
        *ret = owner_base_of_name(machine);
        return true;
    }
    if (n >= RANDOM_TRIES || getrandom(&random, sizeof random, 0) != sizeof random)
        return false;
    *ret = ID_PICK_FIRST + random % ((ID_PICK_LAST - ID_PICK_FIRST) / ID_RANGE_SIZE + 1) * ID_RANGE_SIZE;
    return true;
}

int owner_pick(int tree_fd, const char *machine, uint32_t *ret_base, struct lock_file *ret_lock, struct error **err)
{
    CLEANUP(picker_done) struct picker picker = {0};
    uint32_t base;

    /* All trees of a user are of the one range he has, and may run side by side: no other range can own their files. */
    if (owner_is_user(tree_fd) && owner_base_quiet(tree_fd, &base)) {
        int r = try_base(&picker, base, true, ret_lock, err);

        if (r > 0)
            *ret_base = base;
        if (r != 0)
            return r < 0 ? r : 0;
    }
    for (unsigned n = 0; candidate(n, tree_fd, machine, &base); n++) {
        int r = try_base(&picker, base, false, ret_lock, err);
        if (r < 0)
            return r;
        if (r > 0) {
            *ret_base = base;
            return 0;
        }
    }
    fail_plain(err, EBUSY, "no free range of 65536 ids was found for machine '%s'", machine);
    fail_hint(*err, "ranges in use have a lock in " CLAIM_FOLDER " or a user or group as their first id; "
                    "--private-users=BASE names one");
    fail_id(*err, "R2222");
    return -EBUSY;
}

enum ownership_mode owner_resolve_auto(int tree_fd, uint32_t base, bool can_map)
{
    uint32_t owner;
    bool known = owner_base_quiet(tree_fd, &owner);

    if (known && owner == base)
        return OWNERSHIP_OFF;
    if (!can_map)
        return OWNERSHIP_CHOWN;
    return known && owner == ID_FOREIGN_BASE ? OWNERSHIP_FOREIGN : OWNERSHIP_MAP;
}

struct id_map owner_map(enum ownership_mode mode, uint32_t base)
{
    return (struct id_map){
        .inside = mode == OWNERSHIP_FOREIGN ? ID_FOREIGN_BASE : 0,
        .outside = base,
        .count = ID_RANGE_SIZE,
    };
}
