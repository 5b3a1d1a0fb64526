/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks of images: who gets one, and what the others are told. */
#include "image/lock.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/test.h"

#include "image/test_fs.h"

/* Locks are found below /run, which tests have of their own. */
static void private_run(void)
{
    static bool done;

    (void) test_folder();
    if (!done)
        EXPECT_INT(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"), 0);
    done = true;
}

static int take(struct image_lock *lock, const char *path, bool shared, const char *machine, struct error **err)
{
    auto_close int fd = open(path, O_PATH | O_CLOEXEC);

    return image_lock_take(lock, path, fd, shared, machine, err);
}

static char *make(const char *name)
{
    char *path = mem_format("%s/%s", test_folder(), name);

    EXPECT_INT(mkdir(path, 0755), 0);
    return path;
}

/* A process of another name that holds the lock of PATH until *ret_end is closed. */
static pid_t hold_elsewhere(const char *path, bool shared, int *ret_end)
{
    int ready[2], end[2];
    char c;

    EXPECT_TRUE(pipe(ready) == 0 && pipe(end) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct image_lock lock = IMAGE_LOCK_NONE;
        auto_error struct error *ignored = NULL;

        (void) close(end[1]);
        if (take(&lock, path, shared, "first", &ignored) < 0)
            _exit(1);
        (void) !write(ready[1], "x", 1);
        (void) !read(end[0], &c, 1);
        image_lock_done(&lock);
        _exit(0);
    }
    (void) close(ready[1]);
    (void) close(end[0]);
    EXPECT_INT(read(ready[0], &c, 1), 1);
    (void) close(ready[0]);
    *ret_end = end[1];
    return pid;
}

static void let_go(pid_t pid, int end)
{
    int status;

    (void) close(end);
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
}

TEST(a_busy_tree_is_refused_and_the_holder_named)
{
    struct image_lock lock = IMAGE_LOCK_NONE;
    int end;

    NEED_ROOT();
    private_run();
    auto_free char *path = make("busy");
    pid_t pid = hold_elsewhere(path, false, &end);
    auto_free char *says = mem_format("machine 'first' (process %d, ", (int) pid);
    auto_free char *refusal = mem_format("Directory tree %s is currently busy.", path);

    EXPECT_FAIL(take(&lock, path, false, "second", ERR), EBUSY, refusal);
    EXPECT_HINT(says);
    EXPECT_FAIL(take(&lock, path, true, "second", ERR), EBUSY, refusal);
    let_go(pid, end);
    EXPECT_OK(take(&lock, path, false, "second", ERR));
    image_lock_done(&lock);
}

TEST(readers_share_and_keep_writers_out)
{
    struct image_lock shared = IMAGE_LOCK_NONE, other = IMAGE_LOCK_NONE;
    int end;

    NEED_ROOT();
    private_run();
    auto_free char *path = make("shared");
    pid_t pid = hold_elsewhere(path, true, &end);
    EXPECT_OK(take(&shared, path, true, "second", ERR));
    EXPECT_FAIL(take(&other, path, false, "third", ERR), EBUSY, "busy");
    image_lock_done(&shared);
    /* our going must not have taken the name away from the one who stays */
    EXPECT_FAIL(take(&other, path, false, "third", ERR), EBUSY, "busy");
    let_go(pid, end);
    EXPECT_OK(take(&other, path, false, "third", ERR));
    image_lock_done(&other);
}

TEST(what_is_left_when_all_have_gone_is_an_empty_file_beside_the_tree_at_most)
{
    struct image_lock lock = IMAGE_LOCK_NONE;

    NEED_ROOT();
    private_run();
    auto_free char *path = make("tidy");
    EXPECT_OK(take(&lock, path, true, "m", ERR));
    RUN_OK("cd /run/systemd/nspawn/locks && test -e %s/.#tidy.lck && test \"$(ls)\" = inode-$(stat -c %%d:%%i %s) && "
           "test $(stat -c %%a .) = 700",
           test_folder(), path);
    image_lock_done(&lock);
    RUN_OK("! test -e %s/.#tidy.lck && test -z \"$(ls /run/systemd/nspawn/locks)\"", test_folder());

    EXPECT_OK(take(&lock, path, false, "m", ERR));
    image_lock_done(&lock);
    RUN_OK("! test -s %s/.#tidy.lck && test -z \"$(ls /run/systemd/nspawn/locks)\"", test_folder());
    image_lock_done(&lock);     /* once more is no harm */
    EXPECT_OK(take(&lock, path, false, "m", ERR));
    image_lock_done(&lock);
}

TEST(two_names_of_one_tree_are_one_tree)
{
    struct image_lock lock = IMAGE_LOCK_NONE;
    int end;

    NEED_ROOT();
    private_run();
    auto_free char *path = make("origin"), *alias = mem_format("%s/alias", test_folder());
    EXPECT_INT(symlink("origin", alias), 0);
    pid_t pid = hold_elsewhere(path, false, &end);
    EXPECT_FAIL(take(&lock, alias, false, "second", ERR), EBUSY, "alias is currently busy");
    let_go(pid, end);
}

TEST(a_read_only_place_is_locked_by_inode_alone)
{
    struct image_lock lock = IMAGE_LOCK_NONE, other = IMAGE_LOCK_NONE;

    NEED_ROOT();
    private_run();
    auto_free char *place = make("place");
    RUN_OK("mount -t tmpfs t %s && mkdir %s/tree && mount -o remount,ro %s", place, place, place);
    auto_free char *path = mem_format("%s/tree", place);
    EXPECT_OK(take(&lock, path, false, "m", ERR));
    EXPECT_INT(lock.beside.fd, -1);
    EXPECT_FAIL(take(&other, path, false, "m", ERR), EBUSY, "busy");
    image_lock_done(&lock);
}

TEST(the_lock_of_a_dead_process_is_free)
{
    struct image_lock lock = IMAGE_LOCK_NONE;
    int end;

    NEED_ROOT();
    private_run();
    auto_free char *path = make("dead");
    pid_t pid = hold_elsewhere(path, false, &end);
    EXPECT_INT(kill(pid, SIGKILL), 0);
    EXPECT_INT(waitpid(pid, NULL, 0), pid);
    (void) close(end);
    EXPECT_OK(take(&lock, path, false, "second", ERR));
    image_lock_done(&lock);
}

TEST(undoing_removes_a_dead_holders_file_and_no_others)
{
    struct lock_file held = LOCK_FILE_NONE, dead = LOCK_FILE_NONE;
    auto_free char *held_path = mem_format("%s/held-file", test_folder());
    auto_free char *dead_path = mem_format("%s/dead-file", test_folder());
    auto_free char *missing = mem_format("%s/missing", test_folder());
    struct strings paths = {.item = (char *[]){held_path, dead_path, missing}, .count = 3};

    EXPECT_INT(lock_file_take(&held, held_path, false), 0);
    EXPECT_INT(lock_file_take(&dead, dead_path, false), 0);
    fd_closep(&dead.fd);                /* as the kernel does it */
    free(dead.path);
    EXPECT_OK(undo_lock_file(&paths, ERR));
    EXPECT_INT(access(held_path, F_OK), 0);
    EXPECT_INT(access(dead_path, F_OK), -1);
    lock_file_done(&held);
}

TEST(files_are_called_disk_images)
{
    struct image_lock lock = IMAGE_LOCK_NONE;
    int end;

    NEED_ROOT();
    private_run();
    auto_free char *path = mem_format("%s/x.raw", test_folder());
    RUN_OK("truncate -s 1M %s", path);
    pid_t pid = hold_elsewhere(path, false, &end);
    EXPECT_FAIL(take(&lock, path, false, "second", ERR), EBUSY, "Disk image ");
    let_go(pid, end);
}

TESTS(RUN(a_busy_tree_is_refused_and_the_holder_named), RUN(readers_share_and_keep_writers_out),
      RUN(what_is_left_when_all_have_gone_is_an_empty_file_beside_the_tree_at_most),
      RUN(two_names_of_one_tree_are_one_tree), RUN(a_read_only_place_is_locked_by_inode_alone),
      RUN(the_lock_of_a_dead_process_is_free), RUN(undoing_removes_a_dead_holders_file_and_no_others),
      RUN(files_are_called_disk_images))
