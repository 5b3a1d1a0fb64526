/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry folder: whose a name is, what others see, and what a start may cost. Deaths are in
 * registry_crash_test.c. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/test.h"
#include "machine/registry.h"
#include "machine/registry_home_test.h"
#include "machine/registry_lock.h"

static struct machine_state web_state(void)
{
    return (struct machine_state){.name = (char *) "web", .class = (char *) "container", .leader = 1,
                                  .supervisor = (uint32_t) getpid()};
}

/* Claims NAME as another process would. On success the claim ends with that process. */
static int claim_elsewhere(const struct home *home, const char *name, struct error **err)
{
    char message[1024];
    int channel[2];

    EXPECT_INT(pipe(channel), 0);
    pid_t pid = fork();
    if (pid == 0) {
        auto_error struct error *failure = NULL;
        struct machine_claim claim;

        if (registry_claim(&home->registry, name, &claim, &failure) < 0)
            (void) !write(channel[1], message, error_pack(failure, message, sizeof message));
        _exit(0);
    }
    (void) close(channel[1]);
    ssize_t n = fd_read_full(channel[0], message, sizeof message);
    (void) close(channel[0]);
    EXPECT_INT(waitpid(pid, NULL, 0), pid);
    return n > 0 ? error_unpack(err, message, (size_t) n) : 0;
}

TEST(a_claim_makes_a_folder_that_is_nobody_elses_and_its_end_leaves_nothing)
{
    CLEANUP(home_done) struct home home;
    struct machine_claim claim;
    struct stat st;

    home_init(&home);
    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_INT(stat(claim.folder, &st), 0);
    EXPECT_INT(st.st_mode & 0777, 0700);
    EXPECT_TRUE(home_has(&home, "redd/machines/web/undo") && home_has(&home, "redd/machines/web/lock"));
    EXPECT_TRUE(undo_is_empty(claim.undo) && !claim.leftover);

    EXPECT_OK(registry_set_state(&claim, &(struct machine_state){.name = claim.name}, ERR));
    EXPECT_OK(registry_announce(&home.registry, &claim, "web.scope", ERR));
    EXPECT_OK(registry_release(&home.registry, &claim, ERR));
    home_expect_empty(&home);
}

TEST(a_name_is_taken_once_and_the_refusal_names_the_holder)
{
    CLEANUP(home_done) struct home home;
    struct machine_claim claim;
    char pid[32];

    home_init(&home);
    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_FAIL(claim_elsewhere(&home, "web", ERR), EBUSY, "machine 'web' is already running");
    (void) snprintf(pid, sizeof pid, "process %d supervises it", getpid());
    EXPECT_HINT(pid);

    EXPECT_OK(claim_elsewhere(&home, "web2", ERR));
    EXPECT_OK(registry_release(&home.registry, &claim, ERR));
    EXPECT_OK(claim_elsewhere(&home, "web", ERR));
}

/* Another process that does WORK, says so, and lives until holder_end() or a signal. */
struct holder {
    pid_t pid;
    int life_fd;
};

static struct holder holder_start(void (*work)(const struct home *home, int life_fd), const struct home *home)
{
    struct holder holder;
    int done[2], life[2];
    char byte;

    EXPECT_INT(pipe(done), 0);
    EXPECT_INT(pipe(life), 0);
    holder.pid = fork();
    if (holder.pid == 0) {
        (void) close(life[1]);
        work(home, life[0]);
        if (write(done[1], "x", 1) != 1)
            _exit(1);
        (void) !read(life[0], &byte, 1);
        _exit(0);
    }
    (void) close(life[0]);
    (void) close(done[1]);
    EXPECT_INT(read(done[0], &byte, 1), 1);
    (void) close(done[0]);
    holder.life_fd = life[1];
    return holder;
}

static void holder_end(struct holder *holder)
{
    (void) close(holder->life_fd);
    EXPECT_INT(waitpid(holder->pid, NULL, 0), holder->pid);
}

static struct machine_claim must_claim(const struct home *home, const char *name)
{
    auto_error struct error *err = NULL;
    struct machine_claim claim;

    if (registry_claim(&home->registry, name, &claim, &err) < 0)
        _exit(1);
    return claim;
}

static void claim_and_have_a_child(const struct home *home, int life_fd)
{
    char byte;

    (void) must_claim(home, "web");
    if (fork() == 0) {
        (void) !read(life_fd, &byte, 1);
        _exit(0);
    }
}

TEST(a_child_of_a_dead_supervisor_does_not_keep_the_name)
{
    CLEANUP(home_done) struct home home;

    home_init(&home);
    struct holder holder = holder_start(claim_and_have_a_child, &home);
    EXPECT_FAIL(claim_elsewhere(&home, "web", ERR), EBUSY, "already running");
    EXPECT_INT(kill(holder.pid, SIGKILL), 0);
    EXPECT_INT(waitpid(holder.pid, NULL, 0), holder.pid);
    EXPECT_OK(claim_elsewhere(&home, "web", ERR));
    (void) close(holder.life_fd);
}

TEST(a_name_is_one_component)
{
    CLEANUP(home_done) struct home home;
    struct machine_claim claim;

    home_init(&home);
    EXPECT_FAIL(registry_claim(&home.registry, "../x", &claim, ERR), EINVAL, "'../x' is not a machine name");
    EXPECT_FAIL(registry_claim(&home.registry, "a/b", &claim, ERR), EINVAL, "'a/b' is not a machine name");
    EXPECT_FAIL(registry_claim(&home.registry, "", &claim, ERR), EINVAL, "'' is not a machine name");
    EXPECT_TRUE(!home_has(&home, "redd"));
}

TEST(other_programs_find_the_machine_and_its_unit)
{
    CLEANUP(home_done) struct home home;
    CLEANUP(machine_state_done) struct machine_state state = {0};
    struct machine_claim claim;
    struct machine_state written = web_state();
    char target[16] = "";

    home_init(&home);
    auto_free char *public = path_join(home.public_folder, "web");
    auto_free char *unit = path_join(home.public_folder, "unit:web.scope");

    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_OK(registry_set_state(&claim, &written, ERR));
    EXPECT_OK(registry_announce(&home.registry, &claim, "web.scope", ERR));
    for (int i = 0; i < 2; i++) {
        auto_free char *text = NULL;
        struct stat st;

        EXPECT_INT(stat(public, &st), 0);
        EXPECT_INT(st.st_mode & 0777, 0644);
        EXPECT_INT(file_read_quiet(AT_FDCWD, public, 4096, &text), 0);
        machine_state_done(&state);
        EXPECT_OK(machine_state_parse(text, &state, ERR));
        EXPECT_INT(state.leader, i == 0 ? 1 : 2);
        EXPECT_TRUE(readlink(unit, target, sizeof target - 1) > 0);
        EXPECT_STR(target, "web");

        /* again, as a reboot in place does it */
        written.leader = 2;
        EXPECT_OK(registry_set_state(&claim, &written, ERR));
        EXPECT_OK(registry_announce(&home.registry, &claim, "web.scope", ERR));
    }
    EXPECT_OK(registry_release(&home.registry, &claim, ERR));
    home_expect_empty(&home);
}

TEST(a_foreign_machine_manager_keeps_its_folder_to_itself)
{
    CLEANUP(home_done) struct home home;
    struct machine_claim claim;
    struct machine_state state = web_state();

    home_init(&home);
    EXPECT_INT(mknod(home.sign, S_IFREG | 0600, 0), 0);
    EXPECT_TRUE(registry_has_foreign_manager(&home.registry));
    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_OK(registry_set_state(&claim, &state, ERR));
    EXPECT_OK(registry_announce(&home.registry, &claim, NULL, ERR));
    EXPECT_TRUE(!home_has(&home, "systemd/machines/web"));

    auto_close int own_fd = open(home.own_sign, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_TRUE(own_fd >= 0);
    EXPECT_TRUE(registry_has_foreign_manager(&home.registry));  /* of a redd-apid that was killed */
    EXPECT_INT(flock(own_fd, LOCK_EX), 0);
    EXPECT_TRUE(!registry_has_foreign_manager(&home.registry));
    EXPECT_TRUE(registry_has_own_manager(&home.registry));
    EXPECT_OK(registry_announce(&home.registry, &claim, NULL, ERR));
    EXPECT_TRUE(home_has(&home, "systemd/machines/web"));
    EXPECT_OK(registry_release(&home.registry, &claim, ERR));
}

static void claim_four(const struct home *home, int life_fd)
{
    auto_error struct error *err = NULL;
    struct machine_claim web = must_claim(home, "web"), app = must_claim(home, "app"),
                         newer = must_claim(home, "newer");

    (void) life_fd;
    (void) must_claim(home, "starting");
    auto_free char *state = path_join(newer.folder, "state");
    if (registry_set_state(&web, &(struct machine_state){.name = web.name, .leader = 7}, &err) < 0 ||
        registry_set_state(&app, &(struct machine_state){.name = app.name}, &err) < 0 ||
        file_replace_at(AT_FDCWD, state, "REDD_STATE=9\nLEADER=1\n", 22, 0644, &err) < 0)
        _exit(1);
}

TEST(the_list_shows_what_runs_and_nothing_else)
{
    CLEANUP(home_done) struct home home;
    CLEANUP(machine_states_done) struct machine_states states = {0};
    CLEANUP(machine_states_done) struct machine_states after = {0};
    CLEANUP(machine_state_done) struct machine_state one = {0};

    home_init(&home);
    EXPECT_OK(registry_list(&home.registry, &states, ERR));
    EXPECT_INT(states.count, 0);

    struct holder holder = holder_start(claim_four, &home);
    EXPECT_OK(registry_list(&home.registry, &states, ERR));
    EXPECT_INT(states.count, 3);
    EXPECT_STR(states.item[0].name, "app");
    EXPECT_STR(states.item[1].name, "newer");
    EXPECT_INT(states.item[1].leader, 0);
    EXPECT_STR(states.item[2].name, "web");
    EXPECT_OK(registry_get(&home.registry, "web", &one, ERR));
    EXPECT_INT(one.leader, 7);
    EXPECT_FAIL(registry_get(&home.registry, "starting", &one, ERR), ENXIO, "No machine 'starting' known");
    EXPECT_FAIL(registry_get(&home.registry, "../redd", &one, ERR), ENXIO, "No machine '../redd' known");

    /* it dies without a word, and its machines with it */
    holder_end(&holder);
    EXPECT_OK(registry_list(&home.registry, &after, ERR));
    EXPECT_INT(after.count, 0);
    EXPECT_FAIL(registry_get(&home.registry, "web", &one, ERR), ENXIO, "No machine 'web' known");
    EXPECT_OK(registry_recover_all(&home.registry, ERR));
    home_expect_empty(&home);
}

TEST(what_cannot_be_undone_is_said_and_kept_and_does_not_stop_the_next_start)
{
    CLEANUP(home_done) struct home home;
    struct machine_claim claim;

    home_init(&home);
    auto_free char *busy = path_join(home.path, "busy");
    auto_free char *inside = path_join(busy, "inside");
    EXPECT_TRUE(mkdir(busy, 0700) == 0 && mkdir(inside, 0700) == 0);

    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_OK(undo_record(claim.undo, "remove-dir", ERR, busy, NULL));
    EXPECT_FAIL(registry_release(&home.registry, &claim, ERR), ENOTEMPTY,
                "machine 'web' leaves something behind: cannot undo");
    EXPECT_FAIL(registry_recover_all(&home.registry, ERR), ENOTEMPTY, "a dead machine 'web' left something behind");

    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_TRUE(claim.leftover && strstr(error_text(claim.leftover), busy));
    EXPECT_INT(rmdir(inside), 0);
    EXPECT_OK(registry_release(&home.registry, &claim, ERR));
    EXPECT_TRUE(!home_has(&home, "busy"));
    home_expect_empty(&home);
}

/* -- against others -- */

static int wait_for(pid_t pid)
{
    int status = -1;

    EXPECT_INT(waitpid(pid, &status, 0), pid);
    return status;
}

TEST(a_start_waits_for_whoever_cleans_up_after_a_dead_namesake)
{
    CLEANUP(home_done) struct home home;
    struct machine_claim claim;
    int ready[2];
    char byte;

    home_init(&home);
    auto_free char *folder = path_join(home.folder, "web");
    auto_free char *lock = path_join(folder, "lock");
    EXPECT_INT(dir_make_all(folder, 0700), 0);
    EXPECT_INT(pipe(ready), 0);

    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (lock_take(fd, LOCK_MENDING, NULL) != HELD_BY_US || write(ready[1], "x", 1) != 1)
            _exit(1);
        /* the parent is by now about to wait, or will find the lock free: it must succeed either way */
        (void) poll(NULL, 0, 30);
        _exit(unlink(lock) < 0 || rmdir(folder) < 0);
    }
    EXPECT_INT(read(ready[0], &byte, 1), 1);
    EXPECT_OK(registry_claim(&home.registry, "web", &claim, ERR));
    EXPECT_INT(wait_for(pid), 0);
    EXPECT_TRUE(home_has(&home, "redd/machines/web/lock"));
    EXPECT_OK(registry_release(&home.registry, &claim, ERR));
    (void) close(ready[0]);
    (void) close(ready[1]);
}

/* Claims and releases until it was the owner TIMES times; in between it must be alone. */
static bool contend(const struct home *home, unsigned times)
{
    auto_free char *alone = path_join(home->path, "alone");

    for (unsigned owned = 0, tried = 0; owned < times; tried++) {
        auto_error struct error *err = NULL;
        struct machine_claim claim;

        if (registry_claim(&home->registry, "web", &claim, &err) == 0) {
            owned++;
            if (mkdir(alone, 0700) < 0 || rmdir(alone) < 0 || registry_release(&home->registry, &claim, &err) < 0)
                return false;
        } else if (error_code(err) != EBUSY)
            return false;
        error_freep(&err);
        if (tried % 8 == 0 && registry_recover_all(&home->registry, &err) < 0)
            return false;
    }
    return true;
}

TEST(many_who_want_one_name_get_it_one_after_the_other)
{
    CLEANUP(home_done) struct home home;
    pid_t pids[4];

    home_init(&home);
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(contend(&home, 200) ? 0 : 1);
    }
    for (size_t i = 0; i < COUNT_OF(pids); i++)
        EXPECT_INT(wait_for(pids[i]), 0);
    home_expect_empty(&home);
}

/* -- what it costs -- */

static void whole_life(const struct home *home)
{
    auto_error struct error *err = NULL;
    struct machine_claim claim;
    struct machine_state state = {.name = (char *) "web", .class = (char *) "container", .leader = 1, .supervisor = 2};

    if (registry_claim(&home->registry, "web", &claim, &err) < 0 || registry_set_state(&claim, &state, &err) < 0 ||
        registry_announce(&home->registry, &claim, NULL, &err) < 0 ||
        registry_release(&home->registry, &claim, &err) < 0)
        _exit(1);
}

TEST(claim_state_announcement_and_release_take_few_system_calls)
{
    CLEANUP(home_done) struct home home;
    unsigned calls = 0;

    home_init(&home);
    whole_life(&home);  /* the folders exist from now on, as on a host where any machine ever ran */

    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(2);
        (void) raise(SIGSTOP);
        whole_life(&home);
        (void) getppid();       /* marks the end: freeing memory may have its own calls */
        _exit(0);
    }

    int status = wait_for(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        SKIP_TEST("tracing a child is not allowed here");
    EXPECT_INT(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD), 0);
    for (;;) {
        EXPECT_INT(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        status = wait_for(pid);
        if (WIFEXITED(status))
            break;
        calls++;
    }
    EXPECT_INT(WEXITSTATUS(status), 0);
    /* two stops a call; the marker, and an exit that does not return */
    EXPECT_TRUE(calls > 20);
    calls = (calls - 3) / 2;
    if (calls > 24)
        fail_msg("%u system calls", calls);
}

TESTS(RUN(a_claim_makes_a_folder_that_is_nobody_elses_and_its_end_leaves_nothing),
      RUN(a_name_is_taken_once_and_the_refusal_names_the_holder),
      RUN(a_child_of_a_dead_supervisor_does_not_keep_the_name), RUN(a_name_is_one_component),
      RUN(other_programs_find_the_machine_and_its_unit), RUN(a_foreign_machine_manager_keeps_its_folder_to_itself),
      RUN(the_list_shows_what_runs_and_nothing_else),
      RUN(what_cannot_be_undone_is_said_and_kept_and_does_not_stop_the_next_start),
      RUN(a_start_waits_for_whoever_cleans_up_after_a_dead_namesake),
      RUN(many_who_want_one_name_get_it_one_after_the_other),
      RUN(claim_state_announcement_and_release_take_few_system_calls))
