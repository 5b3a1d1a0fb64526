/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errand.h"
#include "base/fd.h"
#include "base/test.h"

TEST(what_is_sent_on_an_errand_is_there_after_it)
{
    struct errand errand = {0};
    char answer[16] = "";
    int pair[2];

    EXPECT_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    auto_close int from = pair[0], to = pair[1];
    errand_send(&errand, from, "bring it", 9);
    EXPECT_INT(errand.pid > 0, 1);
    errand_await(&errand);
    EXPECT_INT(errand.pid, 0);
    EXPECT_INT(recv(to, answer, sizeof answer, MSG_DONTWAIT), 9);
    EXPECT_STR(answer, "bring it");
}

TEST(an_errand_that_fails_leaves_the_caller_alone)
{
    struct errand errand = {0};

    errno = ENOENT;
    errand_send(&errand, -1, "lost", 5);
    errand_await(&errand);
    EXPECT_INT(errand.pid, 0);
    errand_await(&errand);
    EXPECT_INT(errno == EBADF, 0);
}

TESTS(RUN(what_is_sent_on_an_errand_is_there_after_it), RUN(an_errand_that_fails_leaves_the_caller_alone))
