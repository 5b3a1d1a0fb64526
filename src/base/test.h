/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test: the words unit tests are written in, over cmocka. Include it last, once, in a *_test.c.
 *
 *     TEST(bind_rejects_a_relative_target_and_says_so)
 *     {
 *         EXPECT_FAIL(bind_parse("/srv:data", &bind, ERR), EINVAL, "'data' is not an absolute path");
 *     }
 *     TESTS(RUN(bind_rejects_a_relative_target_and_says_so))
 *
 * ERR is the error argument of a tested call; what it holds is freed before the next one and at the end.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail         /* fail() is ours; cmocka's own fail_msg() needs its namesake, so it is spelled out anew */
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "base/error.h"

#define TEST(name) \
    static void test_body_##name(struct error **err_); \
    static void name(void **state) \
    { \
        auto_error struct error *err_value = NULL; \
        (void) state; \
        test_body_##name(&err_value); \
    } \
    static void test_body_##name(struct error **err_ __attribute__((unused)))

/* What a tested call is given as its last argument. */
#define ERR (error_freep(err_), err_)

#define RUN(name) cmocka_unit_test(name)
#define TESTS(...) \
    int main(void) \
    { \
        const struct CMUnitTest tests[] = {__VA_ARGS__}; \
        return cmocka_run_group_tests(tests, NULL, NULL); \
    }

#define EXPECT_OK(call) \
    do { \
        int r_ = (call); \
        if (r_ < 0) \
            fail_msg("%s: %s", #call, *err_ ? error_text(*err_) : strerror(-r_)); \
    } while (0)

/* The call fails with CODE and the sentence contains TEXT. */
#define EXPECT_FAIL(call, code, text) \
    do { \
        int r_ = (call); \
        if (r_ != -(code)) \
            fail_msg("%s: returned %d, not -%s (%s)", #call, r_, #code, *err_ ? error_text(*err_) : "no error"); \
        if (!*err_ || !strstr(error_text(*err_), (text))) \
            fail_msg("%s: said '%s', not '%s'", #call, *err_ ? error_text(*err_) : "", (text)); \
    } while (0)

#define EXPECT_HINT(text) \
    do { \
        if (!*err_ || !error_hint(*err_) || !strstr(error_hint(*err_), (text))) \
            fail_msg("hint is '%s', not '%s'", *err_ && error_hint(*err_) ? error_hint(*err_) : "", (text)); \
    } while (0)

#define EXPECT_STR(a, b) assert_string_equal((a), (b))
#define EXPECT_INT(a, b) assert_int_equal((a), (b))
#define EXPECT_TRUE(a) assert_true(a)

/* Leaves the test, saying what is missing; with MUST_RUN=1 in the environment that is a failure. */
#define SKIP_TEST(reason) \
    do { \
        if (getenv("MUST_RUN") && strcmp(getenv("MUST_RUN"), "1") == 0) \
            fail_msg("skipped although MUST_RUN=1: %s", (reason)); \
        (void) fprintf(stderr, "SKIP: %s\n", (reason)); \
        skip(); \
    } while (0)
