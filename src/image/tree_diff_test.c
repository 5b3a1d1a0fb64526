/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tree_diff.h"

#include "base/strings.h"

#include "base/test.h"

#include "image/test_fs.h"

static void note(void *context, char change, const char *path)
{
    strings_add_format(context, "%c %s", change, path);
}

static char *differences(const char *script, struct error **err_)
{
    auto_free char *a = mem_format("%s/a", test_folder()), *b = mem_format("%s/b", test_folder());
    CLEANUP(strings_done) struct strings changes = {0};
    char *text = mem_copy_string("");

    RUN_OK("cd %s && rm -rf a b && mkdir -p a/d/e a/gone/deep && echo 1 >a/d/f && echo 1 >a/d/e/g && ln -s f a/d/l && "
           "mkfifo a/p && cp -a a b && cd b && %s", test_folder(), script);
    auto_close int a_fd = open_dir(a), b_fd = open_dir(b);
    EXPECT_OK(tree_diff(a_fd, b_fd, note, &changes, ERR));
    for (size_t i = 0; i < changes.count; i++) {
        char *longer = mem_format("%s%s;", text, changes.item[i]);

        free(text);
        text = longer;
    }
    return text;
}

#define EXPECT_DIFFERENCES(script, wanted) \
    do { \
        auto_free char *got_ = differences(script, err_); \
        EXPECT_STR(got_, wanted); \
    } while (0)

TEST(the_same_is_no_difference)
{
    EXPECT_DIFFERENCES("true", "");
    EXPECT_DIFFERENCES("touch -d 2001-01-01 d/f", "");
}

TEST(what_is_new_gone_or_changed_is_told_once)
{
    EXPECT_DIFFERENCES("rm -r gone", "D gone;");
    EXPECT_DIFFERENCES("mkdir -p new/below", "A new;");
    EXPECT_DIFFERENCES("echo 2 >d/f", "C d/f;");
    EXPECT_DIFFERENCES("printf '2\\n' >d/e/g", "C d/e/g;");
    EXPECT_DIFFERENCES("chmod 700 d", "C d;");
    EXPECT_DIFFERENCES("ln -sfn elsewhere d/l", "C d/l;");
    EXPECT_DIFFERENCES("rm d/f && mkdir d/f", "C d/f;");
    EXPECT_DIFFERENCES("rm p && : >p && : >a-first && : >z-last", "A a-first;C p;A z-last;");
}

TESTS(RUN(the_same_is_no_difference), RUN(what_is_new_gone_or_changed_is_told_once))
