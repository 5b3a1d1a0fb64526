/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linking journals. The host's side is root's own; the container's side is opened as everything in its tree. */
#include "runtime/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/idmap.h"

#define JOURNALS "/var/log/journal"

void journal_done(struct journal_link *journal)
{
    free(journal->directory);
    fd_closep(&journal->mount_fd);
    *journal = (struct journal_link){.mount_fd = -1};
}

bool journal_mode_is_required(enum journal_mode mode)
{
    return mode == JOURNAL_HOST || mode == JOURNAL_GUEST;
}

static bool is_guest(enum journal_mode mode)
{
    return mode == JOURNAL_GUEST || mode == JOURNAL_TRY_GUEST;
}

static bool is_own_machine_id(int host_fd, struct id128 machine_id)
{
    auto_free char *text = NULL;
    struct id128 own;

    return file_read_quiet(host_fd, "etc/machine-id", 256, &text) == 0 && id128_parse(string_trim(text), &own) == 0 &&
           id128_equal(own, machine_id);
}

static int fail_no_journals(struct error **err)
{
    int r = fail_plain(err, ENOENT, "the host keeps no journal on disk: it has no folder " JOURNALS);

    fail_hint(*err,
              "make it with: mkdir -p " JOURNALS "; or use --link-journal=try-host or try-guest, which do without");
    return r;
}

/* Makes NAME in JOURNALS_FD point to TARGET; a link that is there already is ours to change, as is an empty folder. */
static int make_host_link(int journals_fd, const char *name, const char *target, struct error **err)
{
    char there[PATH_MAX];
    ssize_t n = readlinkat(journals_fd, name, there, sizeof there);

    if (n == (ssize_t) strlen(target) && memcmp(there, target, (size_t) n) == 0)
        return 0;
    if (n < 0 && errno != ENOENT && errno != EINVAL)
        return fail(err, errno, "cannot look at " JOURNALS "/%s", name);
    if (n >= 0 && unlinkat(journals_fd, name, 0) < 0)
        return fail(err, errno, "cannot remove the old link " JOURNALS "/%s", name);
    if (n < 0 && errno == EINVAL && unlinkat(journals_fd, name, AT_REMOVEDIR) < 0) {
        int r = fail(err, errno, JOURNALS "/%s of the host exists and cannot be replaced by a link", name);

        fail_hint(*err,
                  "its journals stay readable when it is moved away; or use --link-journal=host to go on with it");
        return r;
    }
    return symlinkat(target, journals_fd, name) < 0 ? fail(err, errno, "cannot make the link " JOURNALS "/%s", name)
                                                    : 0;
}

static int make_host_folder(int journals_fd, const char *name, struct error **err)
{
    struct stat st;

    /* Left by an earlier --link-journal=guest. */
    if (fstatat(journals_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
        unlinkat(journals_fd, name, 0) < 0)
        return fail(err, errno, "cannot remove the old link " JOURNALS "/%s", name);
    /* Group, set-group-id bit and ACL come from the folder above, as for the host's own journal. */
    if (mkdirat(journals_fd, name, 0755) < 0 && errno != EEXIST)
        return fail(err, errno, "cannot make " JOURNALS "/%s", name);
    return 0;
}

static int open_host_folder(int journals_fd, const char *name, int userns_fd, struct journal_link *journal,
                            struct error **err)
{
    enum { FLAGS = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
    auto_close int folder_fd = openat(journals_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (folder_fd < 0)
        return fail(err, errno, "cannot open " JOURNALS "/%s", name);
    journal->mount_fd = mount_clone(folder_fd, "", false, err);
    if (journal->mount_fd < 0 || mount_change(journal->mount_fd, FLAGS, 0, false, err) < 0)
        return -error_code(*err);
    if (userns_fd >= 0 && idmap_tree(journal->mount_fd, userns_fd, false, err) < 0)
        return fail_in(err, "cannot give the container " JOURNALS "/%s", name);
    return 0;
}

static int prepare(const struct spec *spec, int journals_fd, const char *id, const char *tree_path, int userns_fd,
                   struct journal_link *journal, struct error **err)
{
    if (is_guest(spec->journal)) {
        auto_free char *target =
            tree_path ? mem_format("%s" JOURNALS "/%s", strcmp(tree_path, "/") == 0 ? "" : tree_path, id) : NULL;

        if (!target) {
            if (!journal_mode_is_required(spec->journal))
                return 0;
            fail_plain(err, EOPNOTSUPP, "the tree is in a disk image and has no path that the host could link to");
            fail_hint(*err, "use --link-journal=host");
            return -error_code(*err);
        }
        if (make_host_link(journals_fd, id, target, err) < 0)
            return -error_code(*err);
    } else if ((spec->journal != JOURNAL_AUTO && make_host_folder(journals_fd, id, err) < 0) ||
               open_host_folder(journals_fd, id, userns_fd, journal, err) < 0)
        return -error_code(*err);
    journal->directory = mem_format(JOURNALS "/%s", id);
    return 0;
}

/* Nothing to do, and nobody was promised anything. */
static bool is_idle(const struct spec *spec, int host_fd, const char *id)
{
    char path[sizeof JOURNALS + 33];
    struct stat st;

    switch (spec->journal) {
    case JOURNAL_NO:
        return true;
    case JOURNAL_AUTO:
        (void) memcpy(path, JOURNALS "/", sizeof JOURNALS);
        (void) memcpy(path + sizeof JOURNALS, id, 33);
        return fstatat(host_fd, path + 1, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode);
    case JOURNAL_TRY_HOST:
    case JOURNAL_TRY_GUEST:
        return spec->ephemeral;
    case JOURNAL_HOST:
    case JOURNAL_GUEST:
        break;
    }
    return false;
}

int journal_prepare(const struct spec *spec, int host_fd, struct id128 machine_id, const char *tree_path, int userns_fd,
                    struct journal_link *ret, struct error **err)
{
    CLEANUP(journal_done) struct journal_link journal = {.mount_fd = -1};
    bool required = journal_mode_is_required(spec->journal);
    char id[33];
    int r = 0;

    *ret = (struct journal_link){.mount_fd = -1};
    id128_format_plain(machine_id, id);
    if (is_idle(spec, host_fd, id))
        return 0;

    auto_close int journals_fd = path_open_in(host_fd, JOURNALS, O_PATH | O_DIRECTORY, 0);
    if (journals_fd < 0 && !required)
        return 0;
    if (is_own_machine_id(host_fd, machine_id)) {
        if (!required)
            return 0;
        r = fail_plain(err, EEXIST, "Host and machine ids are equal (%s): refusing to link journals", id);
        fail_hint(*err, "empty the container's /etc/machine-id, so that it gets an id of its own");
    } else if (journals_fd < 0)
        r = journals_fd == -ENOENT ? fail_no_journals(err) : fail(err, -journals_fd, "cannot open " JOURNALS);
    else
        r = prepare(spec, journals_fd, id, tree_path, userns_fd, &journal, err);
    if (r < 0) {
        fail_id(*err, "R2620");
        return r;
    }
    *ret = journal;
    journal = (struct journal_link){.mount_fd = -1};
    return 0;
}

int journal_apply(const struct journal_link *journal, int root_fd, struct error **err)
{
    if (!journal->directory)
        return 0;

    auto_close int target = path_make_dir_in(root_fd, journal->directory, 0, 0);
    if (target < 0) {
        int r = fail(err, -target, "cannot make %s in the container", journal->directory);

        fail_id(*err, "R2621");
        if (r == -EROFS)
            fail_hint(*err, "the tree is read-only and has no such folder; --link-journal=no does without");
        return r;
    }
    if (journal->mount_fd < 0)
        return 0;
    return mount_attach(journal->mount_fd, target, journal->directory, err);
}
