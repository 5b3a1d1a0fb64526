/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client of redd-bus against helpers that are shell scripts: what is asked, and every way an answer can fail. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "ipc/bus_client.h"
#include "base/test.h"

struct helper {
    char path[40];
    struct bus_client client;
};

static void helper_init(struct helper *helper, const char *script)
{
    auto_free char *text = mem_format("#!/bin/sh\n%s\n", script);

    (void) strcpy(helper->path, "/tmp/redd-bus-test-XXXXXX");
    {
        auto_close int fd = mkostemp(helper->path, O_CLOEXEC);

        EXPECT_TRUE(fd >= 0);
        EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
        EXPECT_INT(fchmod(fd, 0700), 0);
    }
    helper->client = (struct bus_client){.helper = helper->path};
}

static void helper_done(struct helper *helper)
{
    (void) unlink(helper->path);
}

static int scope(const struct helper *helper, char **ret, struct error **err)
{
    CLEANUP(strings_done) struct strings properties = {0};

    strings_add(&properties, "MemoryMax=1G");
    strings_add(&properties, "Description=a b");
    return bus_scope_start(&helper->client,
                           &(struct bus_scope_request){.name = "web", .slice = "my.slice", .leader = 42, .boots = true,
                                                       .properties = &properties},
                           ret, err);
}

TEST(a_scope_is_asked_for_in_words_and_answered_in_a_line)
{
    CLEANUP(helper_done) struct helper helper;
    auto_free char *cgroup = NULL;

    helper_init(&helper, "for word; do printf '<%s>' \"$word\"; done; echo; echo more");
    EXPECT_OK(scope(&helper, &cgroup, ERR));
    EXPECT_STR(cgroup, "<--packed><scope><web><--leader=42><--slice=my.slice><--boot>"
                       "<--property=MemoryMax=1G><--property=Description=a b>");
}

TEST(a_user_asks_the_users_managers)
{
    CLEANUP(helper_done) struct helper helper;
    auto_free char *cgroup = NULL;

    helper_init(&helper, "printf '%s' \"$2\"");
    helper.client.user_scope = true;
    EXPECT_OK(scope(&helper, &cgroup, ERR));
    EXPECT_STR(cgroup, "--user");
}

TEST(a_machine_is_registered_with_all_that_is_known)
{
    CLEANUP(helper_done) struct helper helper;
    const int netif[] = {2, 5};
    struct bus_machine machine = {.name = "web", .service = "s", .class = "container", .root = "/srv/a b", .leader = 7,
                                  .netif = netif, .n_netif = 2};

    EXPECT_INT(id128_parse("0123456789abcdef0123456789abcdef", &machine.id), 0);
    EXPECT_INT(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
    helper_init(&helper, "test \"$*\" = '--packed register web --leader=7 --service=s --class=container "
                         "--root=/srv/a b --uuid=0123456789abcdef0123456789abcdef --netif=2 --netif=5'");
    EXPECT_OK(bus_machine_register(&helper.client, &machine, ERR));
    EXPECT_INT(unsetenv("DBUS_SYSTEM_BUS_ADDRESS"), 0);
}

TEST(who_registers_has_connected_to_the_bus_itself)
{
    CLEANUP(helper_done) struct helper helper;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer;
    socklen_t size = sizeof peer;

    (void) snprintf(address.sun_path, sizeof address.sun_path, "/tmp/redd-bus-test-%d", getpid());
    auto_free char *where = mem_format("unix:path=%s", address.sun_path);
    auto_close int bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_INT(bind(bus, (struct sockaddr *) &address, sizeof address), 0);
    EXPECT_INT(listen(bus, 4), 0);
    EXPECT_INT(setenv("DBUS_SYSTEM_BUS_ADDRESS", where, 1), 0);

    helper_init(&helper, "case \"$*\" in *' --bus-fd=3 '*) echo hello >&3 ;; *) exit 1 ;; esac");
    struct bus_machine machine = {.name = "web", .service = "s", .leader = 7};
    EXPECT_OK(bus_machine_register(&helper.client, &machine, ERR));

    char said[8] = "";
    auto_close int connection = accept4(bus, NULL, NULL, SOCK_CLOEXEC);
    EXPECT_INT(getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
    EXPECT_INT(peer.pid, getpid());
    EXPECT_INT(fd_read_full(connection, said, sizeof said), 6);
    EXPECT_STR(said, "hello\n");

    EXPECT_INT(setenv("DBUS_SYSTEM_BUS_ADDRESS", "tcp:host=x", 1), 0);
    helper_done(&helper);
    helper_init(&helper, "case \"$*\" in *--bus-fd*) exit 1 ;; esac");
    EXPECT_OK(bus_machine_register(&helper.client, &machine, ERR));
    EXPECT_INT(unsetenv("DBUS_SYSTEM_BUS_ADDRESS"), 0);
    (void) unlink(address.sun_path);
}

TEST(an_error_comes_back_whole)
{
    CLEANUP(helper_done) struct helper helper;
    auto_error struct error *sent = NULL;
    char packed[256], path[48];
    char *cgroup = NULL;

    (void) fail_plain(&sent, EEXIST, "Failed to allocate scope: it exists");
    fail_hint(sent, "take another name");
    fail_id(sent, "R2999");
    size_t n = error_pack(sent, packed, sizeof packed);

    helper_init(&helper, "cat \"$0.answer\"; exit 1");
    (void) snprintf(path, sizeof path, "%s.answer", helper.path);
    EXPECT_OK(file_replace_at(AT_FDCWD, path, packed, n, 0600, ERR));
    EXPECT_FAIL(scope(&helper, &cgroup, ERR), EEXIST, "Failed to allocate scope: it exists");
    EXPECT_HINT("take another name");
    EXPECT_STR(error_id(*err_), "R2999");
    (void) unlink(path);
}

TEST(a_helper_that_is_missing_dies_or_hangs_is_an_error)
{
    CLEANUP(helper_done) struct helper dies;
    CLEANUP(helper_done) struct helper hangs;
    CLEANUP(helper_done) struct helper talks;
    struct helper missing = {.client = {.helper = "/nonexistent/redd-bus"}};
    auto_free char *answer = NULL;
    char *cgroup = NULL;

    EXPECT_FAIL(scope(&missing, &cgroup, ERR), ENOENT, "cannot start /nonexistent/redd-bus");
    EXPECT_HINT("--keep-unit");

    helper_init(&dies, "kill -9 $$");
    EXPECT_FAIL(scope(&dies, &cgroup, ERR), EIO, "died of signal 9");

    helper_init(&hangs, "exec sleep 1000");
    hangs.client.timeout_ms = 50;
    EXPECT_FAIL(scope(&hangs, &cgroup, ERR), ETIMEDOUT, "does not answer");

    helper_init(&talks, "head -c 100000 /dev/zero | tr '\\0' x");
    EXPECT_OK(scope(&talks, &answer, ERR));
    EXPECT_TRUE(strlen(answer) >= 8192 && strlen(answer) < 100000);
}

TEST(the_helper_has_signals_as_a_program_expects_them)
{
    CLEANUP(helper_done) struct helper helper;
    sigset_t all, before;
    char *answer = NULL;

    /* neither blocked nor ignored, it kills */
    helper_init(&helper, "kill -USR1 $$; echo survived");
    (void) sigfillset(&all);
    EXPECT_INT(sigprocmask(SIG_BLOCK, &all, &before), 0);
    (void) signal(SIGUSR1, SIG_IGN);
    int r = scope(&helper, &answer, ERR);
    (void) signal(SIGUSR1, SIG_DFL);
    EXPECT_INT(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    EXPECT_FAIL(r, EIO, "died of signal 10");
}

TESTS(RUN(a_scope_is_asked_for_in_words_and_answered_in_a_line), RUN(a_user_asks_the_users_managers),
      RUN(a_machine_is_registered_with_all_that_is_known), RUN(who_registers_has_connected_to_the_bus_itself),
      RUN(an_error_comes_back_whole),
      RUN(a_helper_that_is_missing_dies_or_hangs_is_an_error), RUN(the_helper_has_signals_as_a_program_expects_them))
