/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/test.h"

static void append(const char *top, const char *text)
{
    auto_error struct error *err = NULL;
    int fd;

    if (machine_log_open(top, "web", &fd, &err) < 0)
        fail_msg("%s", error_text(err));
    EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
    (void) close(fd);
}

TEST(tail_is_the_last_lines_without_what_moves_the_cursor)
{
    CLEANUP(strings_done) struct strings lines = {0};
    char top[] = "/tmp/redd-log-XXXXXX";

    EXPECT_TRUE(mkdtemp(top));
    EXPECT_OK(machine_log_tail(top, "web", 3, &lines, ERR));
    EXPECT_INT(lines.count, 0);
    append(top, "one\ntwo\r\n\033[2J\033[1;31mthree\033[0m\n");
    append(top, "\033]0;title\afour\033]8;;x\033\\");
    EXPECT_OK(machine_log_tail(top, "web", 3, &lines, ERR));
    EXPECT_INT(lines.count, 3);
    EXPECT_STR(lines.item[0], "two");
    EXPECT_STR(lines.item[1], "three");
    EXPECT_STR(lines.item[2], "four");
    EXPECT_INT(tree_remove_at(AT_FDCWD, top), 0);
}

TEST(full_log_is_moved_aside)
{
    char top[] = "/tmp/redd-log-XXXXXX";
    struct stat st;

    EXPECT_TRUE(mkdtemp(top));
    auto_free char *console = machine_log_console(top, "web"), *old = machine_log_old_console(top, "web");
    append(top, "first\n");
    EXPECT_INT(truncate(console, MACHINE_LOG_SIZE), 0);
    append(top, "second\n");
    EXPECT_INT(stat(console, &st), 0);
    EXPECT_INT(st.st_size, strlen("second\n"));
    EXPECT_INT(st.st_mode & 0777, 0600);
    EXPECT_INT(stat(old, &st), 0);
    EXPECT_INT(machine_log_forget(top, "web"), 0);
    EXPECT_INT(stat(console, &st), -1);
    EXPECT_INT(tree_remove_at(AT_FDCWD, top), 0);
}

TEST(last_run_survives_the_way)
{
    CLEANUP(last_run_done) struct last_run got = {0};
    const struct last_run run = {.result = RESULT_NOT_STARTED, .realtime_us = 12345, .text = (char *) "cannot\nstart",
                                 .hint = (char *) "do = it", .id = (char *) "R4000"};
    char top[] = "/tmp/redd-log-XXXXXX";

    EXPECT_TRUE(mkdtemp(top));
    EXPECT_FAIL(last_run_read(top, "web", &got, ERR), ENOENT, "last");
    EXPECT_OK(last_run_write(top, "web", &run, ERR));
    EXPECT_OK(last_run_read(top, "web", &got, ERR));
    EXPECT_INT(got.result, RESULT_NOT_STARTED);
    EXPECT_INT(got.realtime_us, 12345);
    EXPECT_STR(got.text, "cannot start");
    EXPECT_STR(got.hint, "do = it");
    EXPECT_STR(got.id, "R4000");
    EXPECT_INT(tree_remove_at(AT_FDCWD, top), 0);
}

TEST(damaged_record_is_none)
{
    struct last_run run;

    EXPECT_INT(last_run_parse("", &run), -EINVAL);
    EXPECT_INT(last_run_parse("RESULT=exited\nNUMBER=x\nTIME=1\n", &run), -EINVAL);
    EXPECT_INT(last_run_parse("RESULT=danced\nNUMBER=1\nTIME=1\n", &run), -EINVAL);
}

TESTS(RUN(tail_is_the_last_lines_without_what_moves_the_cursor), RUN(full_log_is_moved_aside),
      RUN(last_run_survives_the_way), RUN(damaged_record_is_none))
