/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The undo list: what is written, what is read back after a death, and that running it twice does no harm. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/undo.h"
#include "base/test.h"

/* Collects what was undone, in order. */
static struct strings undone;
static bool refuse;

static int undo_note(const struct strings *args, struct error **err)
{
    auto_free char *text = mem_copy_string("");

    for (size_t i = 0; i < args->count; i++) {
        char *longer = mem_format("%s<%s>", text, args->item[i]);

        free(text);
        text = longer;
    }
    strings_add(&undone, text);
    if (refuse && args->count > 0 && strcmp(args->item[0], "stays") == 0)
        return fail_plain(err, EBUSY, "it is busy");
    return 0;
}

static const struct undo_kind kinds[] = {{"note", undo_note}, UNDO_KINDS_GENERIC};

struct place {
    char path[32];
    int fd;
};

static struct place place_make(void)
{
    struct place place = {.path = "/tmp/redd-undo-XXXXXX"};

    strings_clear(&undone);
    refuse = false;
    EXPECT_TRUE(mkdtemp(place.path));
    place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT_TRUE(place.fd >= 0);
    return place;
}

static void place_done(struct place *place)
{
    strings_clear(&undone);
    (void) close(place->fd);
    EXPECT_INT(tree_remove_at(AT_FDCWD, place->path), 0);
}

static void expect_undone(const char *expected)
{
    auto_free char *all = mem_copy_string("");

    for (size_t i = 0; i < undone.count; i++) {
        char *longer = mem_format("%s%s%s", all, i ? " " : "", undone.item[i]);

        free(all);
        all = longer;
    }
    EXPECT_STR(all, expected);
    strings_clear(&undone);
}

static void expect_file(const struct place *place, const char *expected)
{
    auto_free char *text = NULL;

    EXPECT_INT(file_read_quiet(place->fd, "undo", 4096, &text), 0);
    EXPECT_STR(text, expected);
}

TEST(records_are_undone_last_first_and_once)
{
    CLEANUP(undo_freep) struct undo *list = NULL;

    EXPECT_OK(undo_open(-1, NULL, &list, ERR));
    EXPECT_TRUE(undo_is_empty(list));
    EXPECT_OK(undo_record(list, "note", ERR, "a", NULL));
    EXPECT_OK(undo_record(list, "note", ERR, "b", "c", NULL));
    EXPECT_OK(undo_record(list, "note", ERR, NULL));
    EXPECT_OK(undo_run(list, kinds, COUNT_OF(kinds), ERR));
    expect_undone(" <b><c> <a>");
    EXPECT_TRUE(undo_is_empty(list));
    EXPECT_OK(undo_run(list, kinds, COUNT_OF(kinds), ERR));
    expect_undone("");
}

TEST(several_records_are_written_at_once_and_are_as_good_as_single_ones)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;
    CLEANUP(undo_freep) struct undo *read = NULL;
    const struct undo_entry entries[] = {{"note", "a b"}, {"note", "c"}};

    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record_all(list, entries, COUNT_OF(entries), ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "d", NULL));
    EXPECT_INT((int) undo_count(list), 3);
    expect_file(&place, "note a\\sb\nnote c\nnote d\n");
    EXPECT_INT(undo_open(place.fd, "undo", &read, ERR), 1);
    EXPECT_OK(undo_run(read, kinds, COUNT_OF(kinds), ERR));
    expect_undone("<d> <c> <a b>");
}

TEST(any_argument_survives_the_file)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;
    CLEANUP(undo_freep) struct undo *read = NULL;
    char every[256] = "";

    for (int c = 1; c < 256; c++)
        every[c - 1] = (char) c;
    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "/with blank\nand \"quotes' \\", "", NULL));
    expect_file(&place, "note /with\\sblank\\nand\\s\\\"quotes\\'\\s\\\\ \"\"\n");
    EXPECT_OK(undo_record(list, "note", ERR, every, NULL));

    EXPECT_OK(undo_open(place.fd, "undo", &read, ERR));
    EXPECT_OK(undo_run(read, kinds, COUNT_OF(kinds), ERR));
    EXPECT_INT(undone.count, 2);
    EXPECT_INT(strlen(undone.item[0]), 257);
    EXPECT_INT(memcmp(undone.item[0] + 1, every, 255), 0);
    EXPECT_STR(undone.item[1], "</with blank\nand \"quotes' \\><>");
}

TEST(a_line_its_writer_did_not_finish_is_ignored)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;
    static const char dead[] = "note one\nnote tw";

    auto_close int fd = openat(place.fd, "undo", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_INT(fd_write_full(fd, dead, strlen(dead)), 0);

    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "three", NULL));
    expect_file(&place, "note one\nnote three\n");
    EXPECT_OK(undo_run(list, kinds, COUNT_OF(kinds), ERR));
    expect_undone("<three> <one>");
}

TEST(what_cannot_be_undone_stays_for_another_try_and_the_rest_is_done)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;
    CLEANUP(undo_freep) struct undo *later = NULL;

    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "a", NULL));
    EXPECT_OK(undo_record(list, "note", ERR, "stays", NULL));
    EXPECT_OK(undo_record(list, "note", ERR, "stays", NULL));
    EXPECT_OK(undo_record(list, "future-kind", ERR, "x", NULL));
    refuse = true;
    EXPECT_FAIL(undo_run(list, kinds, COUNT_OF(kinds), ERR), EINVAL,
                "cannot undo 'future-kind x': nobody here knows how to undo a 'future-kind'");
    expect_undone("<stays> <stays> <a>");
    expect_file(&place, "note stays\nfuture-kind x\n");

    EXPECT_OK(undo_record(list, "note", ERR, "b", NULL));
    EXPECT_OK(undo_open(place.fd, "undo", &later, ERR));
    refuse = false;
    EXPECT_FAIL(undo_run(later, kinds, COUNT_OF(kinds), ERR), EINVAL, "future-kind");
    expect_undone("<b> <stays>");
}

TEST(a_list_that_was_run_starts_anew)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;

    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "a", NULL));
    EXPECT_OK(undo_run(list, kinds, COUNT_OF(kinds), ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "b", NULL));
    expect_file(&place, "note b\n");
}

TEST(the_file_does_not_grow_with_each_part_that_is_undone)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;

    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "all the time", NULL));
    size_t mark = undo_count(list);
    for (unsigned reboot = 0; reboot < 3; reboot++) {
        EXPECT_OK(undo_record(list, "note", ERR, "for a while", NULL));
        EXPECT_OK(undo_run_since(list, mark, kinds, COUNT_OF(kinds), ERR));
        expect_undone("<for a while>");
        expect_file(&place, "note all\\sthe\\stime\n");
    }
    EXPECT_OK(undo_record(list, "note", ERR, "b", NULL));
    expect_file(&place, "note all\\sthe\\stime\nnote b\n");
}

TEST(a_file_others_may_have_written_is_refused)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;

    auto_close int fd = openat(place.fd, "undo", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_INT(fchmod(fd, 0620), 0);
    EXPECT_FAIL(undo_open(place.fd, "undo", &list, ERR), EPERM, "may have been written by someone else");
    EXPECT_HINT("undo that by hand");
    EXPECT_INT(fchmod(fd, 0600), 0);
    if (geteuid() == 0) {
        EXPECT_INT(fchown(fd, 12345, 0), 0);
        EXPECT_FAIL(undo_open(place.fd, "undo", &list, ERR), EPERM, "may have been written by someone else");
    }
    EXPECT_INT(renameat(place.fd, "undo", place.fd, "real"), 0);
    EXPECT_INT(symlinkat("real", place.fd, "undo"), 0);
    EXPECT_FAIL(undo_open(place.fd, "undo", &list, ERR), ELOOP, "cannot open the undo list");
}

TEST(a_record_that_cannot_be_written_leaves_no_half_line)
{
    CLEANUP(place_done) struct place place = place_make();
    CLEANUP(undo_freep) struct undo *list = NULL;

    EXPECT_OK(undo_open(place.fd, "undo", &list, ERR));
    EXPECT_OK(undo_record(list, "note", ERR, "a", NULL));

    /* a file size limit cuts a write as a full file system does */
    pid_t pid = fork();
    if (pid == 0) {
        auto_error struct error *err = NULL;

        (void) signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){12, 12}) < 0)
            _exit(2);
        _exit(undo_record(list, "note", &err, "some longer text", NULL) == -ENOSPC ? 0 : 1);
    }
    int status;
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
    expect_file(&place, "note a\n");
}

/* -- the generic kinds -- */

static int run_one(const char *kind, const char *path, struct error **err)
{
    CLEANUP(undo_freep) struct undo *list = NULL;

    if (undo_open(-1, NULL, &list, err) < 0 || undo_record(list, kind, err, path, NULL) < 0)
        return -error_code(*err);
    return undo_run(list, kinds, COUNT_OF(kinds), err);
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

TEST(files_folders_and_trees_are_removed_and_missing_ones_are_no_failure)
{
    CLEANUP(place_done) struct place place = place_make();
    auto_free char *dir = path_join(place.path, "dir");
    auto_free char *file = path_join(dir, "file");

    EXPECT_INT(mkdir(dir, 0700), 0);
    EXPECT_INT(mknod(file, S_IFREG | 0600, 0), 0);
    EXPECT_FAIL(run_one("remove-dir", dir, ERR), ENOTEMPTY, "cannot remove");
    EXPECT_OK(run_one("remove-file", file, ERR));
    EXPECT_TRUE(!is_there(file));
    EXPECT_OK(run_one("remove-file", file, ERR));
    EXPECT_OK(run_one("remove-dir", dir, ERR));
    EXPECT_OK(run_one("remove-dir", dir, ERR));
    EXPECT_INT(mkdir(dir, 0700), 0);
    EXPECT_INT(symlink("/etc", file), 0);
    EXPECT_OK(run_one("remove-tree", dir, ERR));
    EXPECT_TRUE(!is_there(dir) && is_there("/etc"));
    EXPECT_OK(run_one("remove-tree", dir, ERR));
    EXPECT_OK(run_one("remove-tree", file, ERR));
}

TEST(a_path_must_be_absolute_and_there_must_be_one)
{
    CLEANUP(undo_freep) struct undo *list = NULL;

    EXPECT_FAIL(run_one("remove-tree", "tmp", ERR), EINVAL, "'tmp' is not an absolute path");
    EXPECT_OK(undo_open(-1, NULL, &list, ERR));
    EXPECT_OK(undo_record(list, "remove-tree", ERR, NULL));
    EXPECT_FAIL(undo_run(list, kinds, COUNT_OF(kinds), ERR), EINVAL, "it names no path");
}

TEST(a_tree_deeper_than_there_are_descriptors_is_removed)
{
    CLEANUP(place_done) struct place place = place_make();
    auto_free char *top = path_join(place.path, "top");

    EXPECT_INT(mkdir(top, 0700), 0);
    auto_close int here = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < 1500; i++) {
        EXPECT_INT(mkdirat(here, "deeper", 0700), 0);
        EXPECT_INT(mknodat(here, "file", S_IFREG, 0), 0);

        int next = openat(here, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        EXPECT_TRUE(next >= 0);
        (void) close(here);
        here = next;
    }

    struct rlimit limit;
    EXPECT_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){128, limit.rlim_max}), 0);
    EXPECT_OK(run_one("remove-tree", top, ERR));
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_TRUE(!is_there(top));
}

static bool own_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

TEST(a_mount_is_undone_twice_without_harm)
{
    if (!own_mounts())
        SKIP_TEST("mounting needs CAP_SYS_ADMIN");
    CLEANUP(place_done) struct place place = place_make();
    auto_free char *point = path_join(place.path, "point");
    auto_free char *inside = path_join(point, "inside");

    EXPECT_INT(mkdir(point, 0700), 0);
    EXPECT_INT(mount("none", point, "tmpfs", 0, NULL), 0);
    EXPECT_INT(mknod(inside, S_IFREG, 0), 0);
    auto_close int busy = open(inside, O_RDONLY | O_CLOEXEC);
    EXPECT_TRUE(busy >= 0);
    EXPECT_OK(run_one("unmount", point, ERR));
    EXPECT_TRUE(!is_there(inside));
    EXPECT_OK(run_one("unmount", point, ERR));
    EXPECT_OK(run_one("unmount", inside, ERR));
}

TEST(removing_a_tree_does_not_reach_through_a_bind_mount_of_its_own_file_system)
{
    if (!own_mounts())
        SKIP_TEST("mounting needs CAP_SYS_ADMIN");
    CLEANUP(place_done) struct place place = place_make();
    auto_free char *tree = path_join(place.path, "tree");
    auto_free char *point = path_join(tree, "point");
    auto_free char *precious = path_join(place.path, "precious");
    auto_free char *file = path_join(precious, "file");

    EXPECT_TRUE(mkdir(tree, 0700) == 0 && mkdir(point, 0700) == 0 && mkdir(precious, 0700) == 0);
    EXPECT_INT(mknod(file, S_IFREG, 0), 0);
    EXPECT_INT(mount(precious, point, NULL, MS_BIND, NULL), 0);
    EXPECT_FAIL(run_one("remove-tree", tree, ERR), EXDEV, "cannot remove all of");
    EXPECT_TRUE(is_there(file));
    EXPECT_INT(umount2(point, 0), 0);
}

/* -- control groups -- */

static const char *const unified_mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
static const char *const freezer_mounts[] = {"/sys/fs/cgroup/freezer"};

/* A group of this test in the first of MOUNTS that is of type MAGIC; NULL where there is none, or no right to it. */
static char *group_make(const char *const *mounts, size_t n, long magic)
{
    for (size_t i = 0; i < n; i++) {
        struct statfs fs;

        if (statfs(mounts[i], &fs) == 0 && fs.f_type == magic) {
            auto_free char *path = mem_format("%s/redd-undo-test-%d", mounts[i], getpid());

            return mkdir(path, 0755) == 0 ? TAKE(path) : NULL;
        }
    }
    return NULL;
}

/* A process that does nothing, in GROUP. */
static pid_t member_start(const char *group)
{
    auto_free char *procs = path_join(group, "cgroup.procs");
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            (void) pause();

    auto_free char *text = mem_format("%d", pid);
    EXPECT_INT(file_write_existing(AT_FDCWD, procs, text), 0);
    return pid;
}

static void expect_killed(pid_t pid)
{
    int status;

    EXPECT_INT(waitpid(pid, &status, WNOHANG), pid);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void remove_with_members(const char *group, const char *freeze_file, const char *freeze, struct error **err_)
{
    auto_free char *below = path_join(group, "below");
    auto_free char *deeper = path_join(below, "deeper");
    auto_free char *empty = path_join(group, "empty");
    auto_free char *freezer = path_join(group, freeze_file);

    EXPECT_TRUE(mkdir(below, 0755) == 0 && mkdir(deeper, 0755) == 0 && mkdir(empty, 0755) == 0);
    pid_t a = member_start(group), b = member_start(deeper), c = member_start(deeper);
    EXPECT_INT(file_write_existing(AT_FDCWD, freezer, freeze), 0);

    EXPECT_OK(run_one("cgroup", group, ERR));
    EXPECT_TRUE(!is_there(group));
    expect_killed(a);
    expect_killed(b);
    expect_killed(c);
    EXPECT_OK(run_one("cgroup", group, ERR));
}

TEST(a_unified_group_ends_with_all_in_it_even_when_frozen)
{
    auto_free char *group = group_make(unified_mounts, COUNT_OF(unified_mounts), 0x63677270);

    if (!group)
        SKIP_TEST("no unified control group hierarchy to make groups in");
    remove_with_members(group, "cgroup.freeze", "1", err_);
}

TEST(a_version_1_group_ends_with_all_in_it_even_when_frozen)
{
    auto_free char *group = group_make(freezer_mounts, COUNT_OF(freezer_mounts), 0x27e0eb);

    if (!group)
        SKIP_TEST("no version 1 freezer hierarchy to make groups in");
    remove_with_members(group, "freezer.state", "FROZEN", err_);
}

TEST(groups_nested_deeper_than_there_are_descriptors_are_removed)
{
    auto_free char *group = group_make(unified_mounts, COUNT_OF(unified_mounts), 0x63677270);

    if (!group)
        SKIP_TEST("no unified control group hierarchy to make groups in");
    auto_close int here = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < 100; i++) {
        EXPECT_INT(mkdirat(here, "deeper", 0755), 0);

        int next = openat(here, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        EXPECT_TRUE(next >= 0);
        (void) close(here);
        here = next;
    }

    struct rlimit limit;
    EXPECT_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){32, limit.rlim_max}), 0);
    EXPECT_OK(run_one("cgroup", group, ERR));
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_TRUE(!is_there(group));
}

TEST(a_folder_that_is_no_group_is_left_alone)
{
    CLEANUP(place_done) struct place place = place_make();
    auto_free char *below = path_join(place.path, "below");

    EXPECT_INT(mkdir(below, 0700), 0);
    EXPECT_FAIL(run_one("cgroup", place.path, ERR), EINVAL, "is not a control group");
    EXPECT_TRUE(is_there(below));
}

TEST(the_group_of_the_whole_system_is_refused)
{
    struct statfs fs;
    size_t i = 0;

    while (i < COUNT_OF(unified_mounts) && (statfs(unified_mounts[i], &fs) < 0 || fs.f_type != 0x63677270))
        i++;
    if (i == COUNT_OF(unified_mounts))
        SKIP_TEST("no unified control group hierarchy");

    /* as nobody: should the refusal ever break, the system of whoever runs the tests survives */
    pid_t pid = fork();
    if (pid == 0) {
        auto_error struct error *err = NULL;

        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(2);
        _exit(run_one("cgroup", unified_mounts[i], &err) == -EINVAL &&
              strstr(error_text(err), "is the control group of the whole system") ? 0 : 1);
    }
    int status;
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
}

TESTS(RUN(records_are_undone_last_first_and_once),
      RUN(several_records_are_written_at_once_and_are_as_good_as_single_ones), RUN(any_argument_survives_the_file),
      RUN(a_line_its_writer_did_not_finish_is_ignored),
      RUN(what_cannot_be_undone_stays_for_another_try_and_the_rest_is_done), RUN(a_list_that_was_run_starts_anew),
      RUN(the_file_does_not_grow_with_each_part_that_is_undone), RUN(a_file_others_may_have_written_is_refused),
      RUN(a_record_that_cannot_be_written_leaves_no_half_line),
      RUN(files_folders_and_trees_are_removed_and_missing_ones_are_no_failure),
      RUN(a_path_must_be_absolute_and_there_must_be_one), RUN(a_tree_deeper_than_there_are_descriptors_is_removed),
      RUN(a_mount_is_undone_twice_without_harm),
      RUN(removing_a_tree_does_not_reach_through_a_bind_mount_of_its_own_file_system),
      RUN(a_unified_group_ends_with_all_in_it_even_when_frozen),
      RUN(a_version_1_group_ends_with_all_in_it_even_when_frozen),
      RUN(groups_nested_deeper_than_there_are_descriptors_are_removed), RUN(a_folder_that_is_no_group_is_left_alone),
      RUN(the_group_of_the_whole_system_is_refused))
