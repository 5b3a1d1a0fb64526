/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking trees, deep ones and changing ones. */
#include "image/walk.h"

#include <sys/resource.h>

#include "base/strings.h"

#include "base/test.h"

#include "image/test_fs.h"

struct seen {
    struct strings events;
    const char *skip, *fail_at;
    int moved_from, moved_to;   /* directories; the one being entered is moved from one to the other */
};

static int see_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    struct seen *seen = context;

    EXPECT_INT(faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
    strings_add_format(&seen->events, "%s %s", type == DT_LNK ? "link" : "file", name);
    return seen->fail_at && strcmp(name, seen->fail_at) == 0 ? -EIO : 0;
}

static int see_enter(void *context, int dir_fd, const char *name, int fd)
{
    struct seen *seen = context;

    EXPECT_TRUE(dir_fd >= 0 && fd >= 0);
    strings_add_format(&seen->events, "enter %s", name);
    return seen->skip && strcmp(name, seen->skip) == 0 ? WALK_SKIP : 0;
}

static int see_leave(void *context, int dir_fd, const char *name, int fd)
{
    struct seen *seen = context;
    struct stat inside, outside;

    EXPECT_TRUE(fstat(fd, &inside) == 0 && fstatat(dir_fd, name, &outside, AT_SYMLINK_NOFOLLOW) == 0);
    EXPECT_INT(inside.st_ino, outside.st_ino);
    strings_add_format(&seen->events, "leave %s", name);
    return 0;
}

static const struct walk_calls see_all = {.file = see_file, .enter = see_enter, .leave = see_leave};

static int make_top(const char *name, const char *script)
{
    RUN_OK("mkdir %s/%s && cd %s/%s && %s", test_folder(), name, test_folder(), name, script);
    auto_free char *path = mem_format("%s/%s", test_folder(), name);
    return open_dir(path);
}

static int position(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], text) == 0)
            return (int) i;
    fail_msg("no '%s'", text);
    return -1;
}

TEST(everything_is_seen_once_and_a_directory_around_its_entries)
{
    CLEANUP(strings_done) struct strings events = {0};
    struct seen seen = {0};
    auto_close int fd = make_top("all", "mkdir -p a/b c && touch a/b/f g && ln -s /etc l && ln -s .. a/up");

    EXPECT_INT(walk_tree(fd, &see_all, &seen, NULL), 0);
    events = seen.events;
    EXPECT_INT(events.count, 10);
    EXPECT_TRUE(position(&events, "enter a") < position(&events, "enter b"));
    EXPECT_TRUE(position(&events, "enter b") < position(&events, "file f"));
    EXPECT_TRUE(position(&events, "file f") < position(&events, "leave b"));
    EXPECT_TRUE(position(&events, "leave b") < position(&events, "leave a"));
    EXPECT_TRUE(position(&events, "file g") < position(&events, "enter a"));
    (void) position(&events, "link l");
    (void) position(&events, "link up");
}

TEST(a_skipped_directory_is_neither_entered_nor_left)
{
    struct seen seen = {.skip = "a"};
    auto_close int fd = make_top("skip", "mkdir -p a/b c");

    EXPECT_INT(walk_tree(fd, &see_all, &seen, NULL), 0);
    EXPECT_INT(seen.events.count, 3);
    strings_done(&seen.events);
}

TEST(a_failure_ends_the_walk_and_says_where)
{
    struct seen seen = {.fail_at = "f"};
    auto_free char *where = NULL;
    auto_close int fd = make_top("where", "mkdir -p a/b/c z && touch a/b/f");

    EXPECT_INT(walk_tree(fd, &see_all, &seen, &where), -EIO);
    EXPECT_STR(where, "a/b/f");
    strings_done(&seen.events);
}

TEST(a_tree_deeper_than_the_limit_of_open_files_is_walked)
{
    struct rlimit limit, low;
    struct seen seen = {0};
    auto_close int fd =
        make_top("deep", "i=0; while [ $i -lt 40 ]; do mkdir -p d/d/d/d/d/d/d/d/d/d; cd d/d/d/d/d/d/d/d/d/d; "
                         "i=$((i+1)); done; touch bottom");

    EXPECT_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = 128;
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &low), 0);
    int r = walk_tree(fd, &see_all, &seen, NULL);
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_INT(r, 0);
    EXPECT_INT(seen.events.count, 801);
    EXPECT_STR(seen.events.item[400], "file bottom");
    strings_done(&seen.events);
}

static int move_when_deep(void *context, int dir_fd, const char *name, int fd)
{
    const struct seen *seen = context;

    (void) dir_fd;
    (void) fd;
    if (strcmp(name, "bottom") == 0)
        EXPECT_INT(renameat(seen->moved_from, "d", seen->moved_to, "elsewhere"), 0);
    return 0;
}

TEST(a_tree_moved_away_during_the_walk_ends_it_and_leads_nowhere_else)
{
    struct walk_calls calls = {.enter = move_when_deep};
    auto_close int fd =
        make_top("moving", "i=0; p=d; while [ $i -lt 99 ]; do p=$p/d; i=$((i+1)); done; mkdir -p $p/bottom x");
    auto_close int other = make_top("other", "true");
    struct seen seen = {.moved_to = other};
    auto_close int second = openat(fd, "d", O_PATH);

    /* the child of a directory whose descriptor is given up by then */
    seen.moved_from = second;
    EXPECT_INT(walk_tree(fd, &calls, &seen, NULL), -ESTALE);
}

TEST(what_is_mounted_below_is_passed_over)
{
    struct seen seen = {0};

    NEED_ROOT();
    auto_close int fd =
        make_top("mounts", "mkdir m same && mount -t tmpfs t m && mkdir m/inside && mount --bind same same && "
                           "mkdir same/inside");
    EXPECT_INT(walk_tree(fd, &see_all, &seen, NULL), 0);
    EXPECT_INT(seen.events.count, 0);
}

TESTS(RUN(everything_is_seen_once_and_a_directory_around_its_entries),
      RUN(a_skipped_directory_is_neither_entered_nor_left), RUN(a_failure_ends_the_walk_and_says_where),
      RUN(a_tree_deeper_than_the_limit_of_open_files_is_walked),
      RUN(a_tree_moved_away_during_the_walk_ends_it_and_leads_nowhere_else), RUN(what_is_mounted_below_is_passed_over))
