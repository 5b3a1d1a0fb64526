/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/timestamp.h"

#include <time.h>

#include "base/test.h"

static const char *ago(uint64_t seconds)
{
    static char buffer[TIMESTAMP_SIZE];
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    return timestamp_format_relative(((uint64_t) now.tv_sec - seconds) * 1000000, buffer);
}

static const char *size(uint64_t bytes)
{
    static char buffer[SIZE_TEXT_SIZE];

    return size_format(bytes, buffer);
}

TEST(spans_have_two_units_of_the_right_number)
{
    EXPECT_STR(ago(90), "1min 30s ago");
    EXPECT_STR(ago(180), "3min 0s ago");
    EXPECT_STR(ago(3660), "1h 1min ago");
    EXPECT_STR(ago(25 * 3600), "1 day 1h ago");
    EXPECT_STR(ago(3 * 86400), "3 days ago");
    EXPECT_STR(ago(8 * 86400), "1 week 1 day ago");
    EXPECT_STR(ago(40 * 86400), "1 month 9 days ago");
    EXPECT_STR(ago(400 * 86400), "1 year 1 month ago");
    EXPECT_STR(ago(800 * 86400), "2 years 2 months ago");
}

TEST(sizes_have_one_digit_behind_the_point_where_it_says_something)
{
    EXPECT_STR(size(0), "0B");
    EXPECT_STR(size(1023), "1023B");
    EXPECT_STR(size(1024), "1K");
    EXPECT_STR(size(1025), "1K");
    EXPECT_STR(size(1536), "1.5K");
    EXPECT_STR(size(11111), "10.8K");
    EXPECT_STR(size(1048575), "1023.9K");
    EXPECT_STR(size(UINT64_C(12345678901)), "11.4G");
}

TEST(an_unknown_time_is_nothing)
{
    char buffer[TIMESTAMP_SIZE];

    EXPECT_STR(timestamp_format(0, buffer), "-");
    EXPECT_TRUE(strlen(timestamp_format(UINT64_C(1795599018845187), buffer)) > 20);
}

TESTS(RUN(spans_have_two_units_of_the_right_number), RUN(sizes_have_one_digit_behind_the_point_where_it_says_something),
      RUN(an_unknown_time_is_nothing))
