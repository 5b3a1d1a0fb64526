/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ipc/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/test.h"

static void parse_ok(const char *text, struct control_message *ret)
{
    auto_error struct error *err = NULL;

    if (control_parse(text, strlen(text), ret, &err) < 0)
        fail_msg("%s", error_text(err));
}

TEST(message_survives_the_way)
{
    CLEANUP(control_message_done) struct control_message sent = {.word = mem_copy_string("attach")};
    CLEANUP(control_message_done) struct control_message got = {0};
    char packet[CONTROL_SIZE_MAX];

    control_add(&sent, "SIZE", "%dx%d", 80, 24);
    control_add(&sent, "TEXT", "two\nlines");
    int n = control_format(&sent, packet);
    EXPECT_OK(control_parse(packet, (size_t) n, &got, ERR));
    EXPECT_STR(got.word, "attach");
    EXPECT_STR(control_get(&got, "SIZE"), "80x24");
    EXPECT_STR(control_get(&got, "TEXT"), "two lines");
    EXPECT_TRUE(!control_get(&got, "ELSE"));
}

TEST(error_survives_the_way)
{
    CLEANUP(control_message_done) struct control_message sent = {0};
    CLEANUP(control_message_done) struct control_message got = {0};
    char packet[CONTROL_SIZE_MAX];

    (void) fail_plain(&sent.error, EBUSY, "it is busy");
    fail_id(sent.error, "R9999");
    int n = control_format(&sent, packet);
    EXPECT_OK(control_parse(packet, (size_t) n, &got, ERR));
    EXPECT_INT(error_code(got.error), EBUSY);
    EXPECT_STR(error_text(got.error), "it is busy");
    EXPECT_STR(error_id(got.error), "R9999");
}

TEST(message_without_fields_is_one_line)
{
    CLEANUP(control_message_done) struct control_message message = {0};

    parse_ok("redd-control 1 ping\n", &message);
    EXPECT_STR(message.word, "ping");
    EXPECT_INT(message.fields.count, 0);
}

TEST(what_is_no_message_is_refused)
{
    static const char *const bad[] = {
        "", "\n", "redd-control\n", "redd-control 1\n", "redd-control x ping\n", "redd-control 1 ping",
        "redd-control 1 Ping\n", "redd-control 1 \n", "redd-control 1 ping\nFIELD\n", "redd-control 1 ping\n=x\n",
        "redd-control 1 ping\nA=1", "redd-control 1 a-word-that-is-longer-than-any-word-we-have\n",
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CLEANUP(control_message_done) struct control_message message = {0};

        EXPECT_FAIL(control_parse(bad[i], strlen(bad[i]), &message, ERR), EBADMSG, "control socket");
    }
}

TEST(newer_version_is_refused_by_name)
{
    static const char text[] = "redd-control 2 ping\n";
    CLEANUP(control_message_done) struct control_message message = {0};

    EXPECT_FAIL(control_parse(text, strlen(text), &message, ERR), EPROTONOSUPPORT, "a newer redd, of version 2");
    EXPECT_HINT("restart the machine");
}

TEST(message_that_is_too_long_is_not_sent)
{
    CLEANUP(control_message_done) struct control_message message = {.word = mem_copy_string("x")};
    char packet[CONTROL_SIZE_MAX];

    for (int i = 0; i < 3; i++)
        control_add(&message, "A", "%09000d", 1);
    EXPECT_INT(control_format(&message, packet), -EMSGSIZE);
}

/* Answers one call: PING with a field and a descriptor, all else with an error. */
static void answer_once(int listen_fd)
{
    auto_error struct error *err = NULL;
    CLEANUP(control_message_done) struct control_message request = {0}, answer = {0};
    int fd = accept(listen_fd, NULL, NULL);

    if (!control_peer_may(fd) || control_receive(fd, &request, &err) < 0)
        _exit(1);
    if (strcmp(request.word, "ping") == 0) {
        answer.word = mem_copy_string("ok");
        control_add(&answer, "GOT", "%zu", request.n_fds);
        control_add_fd(&answer, file_open("/dev/null", O_RDONLY));
    } else
        (void) fail_plain(&answer.error, EOPNOTSUPP, "unknown request '%s'", request.word);
    _exit(control_send(fd, &answer, &err) < 0);
}

static pid_t serve(const char *path)
{
    auto_error struct error *err = NULL;
    int fd;

    if (control_listen(path, &fd, &err) < 0)
        fail_msg("%s", error_text(err));
    (void) fcntl(fd, F_SETFL, 0);
    pid_t pid = fork();
    if (pid == 0)
        answer_once(fd);
    (void) close(fd);
    return pid;
}

static void await_server(pid_t pid)
{
    int status;

    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
}

static void call_and_expect(const char *folder)
{
    auto_error struct error *err = NULL;
    auto_free char *path = path_join(folder, "control");
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string("ping")};
    CLEANUP(control_message_done) struct control_message answer = {0};

    pid_t server = serve(path);
    control_add_fd(&request, file_open("/dev/null", O_RDONLY));
    if (control_call(path, &request, 5000, &answer, &err) < 0)
        fail_msg("%s", error_text(err));
    await_server(server);
    EXPECT_STR(control_get(&answer, "GOT"), "1");
    EXPECT_INT(answer.n_fds, 1);
    EXPECT_TRUE(fcntl(answer.fds[0], F_GETFD) & FD_CLOEXEC);
}

TEST(call_reaches_the_listener_with_descriptors)
{
    char folder[] = "/tmp/redd-control-XXXXXX";

    EXPECT_TRUE(mkdtemp(folder));
    call_and_expect(folder);
    call_and_expect(folder);            /* over the socket file that the first one left */
    EXPECT_INT(tree_remove_at(AT_FDCWD, folder), 0);
}

TEST(path_may_be_longer_than_an_address)
{
    char folder[] = "/tmp/redd-control-XXXXXX";
    char name[121];

    EXPECT_TRUE(mkdtemp(folder));
    (void) memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    auto_free char *deep = path_join(folder, name);
    EXPECT_INT(dir_make_all(deep, 0700), 0);
    call_and_expect(deep);
    EXPECT_INT(tree_remove_at(AT_FDCWD, folder), 0);
}

TEST(error_of_the_other_side_is_the_callers)
{
    char folder[] = "/tmp/redd-control-XXXXXX";
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string("dance")};
    CLEANUP(control_message_done) struct control_message answer = {0};

    EXPECT_TRUE(mkdtemp(folder));
    auto_free char *path = path_join(folder, "control");
    EXPECT_FAIL(control_call(path, &request, 1000, &answer, ERR), ENXIO, "nobody listens");
    pid_t server = serve(path);
    EXPECT_FAIL(control_call(path, &request, 5000, &answer, ERR), EOPNOTSUPP, "unknown request 'dance'");
    await_server(server);
    EXPECT_INT(tree_remove_at(AT_FDCWD, folder), 0);
}

TEST(silent_listener_is_given_up)
{
    char folder[] = "/tmp/redd-control-XXXXXX";
    CLEANUP(control_message_done) struct control_message request = {.word = mem_copy_string("ping")};
    CLEANUP(control_message_done) struct control_message answer = {0};
    int fd;

    EXPECT_TRUE(mkdtemp(folder));
    auto_free char *path = path_join(folder, "control");
    EXPECT_OK(control_listen(path, &fd, ERR));
    EXPECT_FAIL(control_call(path, &request, 20, &answer, ERR), ETIMEDOUT, "does not answer");
    (void) close(fd);
    EXPECT_INT(tree_remove_at(AT_FDCWD, folder), 0);
}

TESTS(RUN(message_survives_the_way), RUN(error_survives_the_way), RUN(message_without_fields_is_one_line),
      RUN(what_is_no_message_is_refused), RUN(newer_version_is_refused_by_name),
      RUN(message_that_is_too_long_is_not_sent), RUN(call_reaches_the_listener_with_descriptors),
      RUN(path_may_be_longer_than_an_address), RUN(error_of_the_other_side_is_the_callers),
      RUN(silent_listener_is_given_up))
