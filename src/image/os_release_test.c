/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/os_release.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/test.h"

TEST(values_lose_their_quotes)
{
    CLEANUP(os_release_done) struct os_release release = {0};

    os_release_parse("# text\nNAME=\"Other\"\nID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian 12 (x)'\n", &release);
    EXPECT_STR(release.id, "debian");
    EXPECT_STR(release.version_id, "12");
    EXPECT_STR(release.pretty_name, "Debian 12 (x)");
}

TEST(what_cannot_be_shown_is_left_out)
{
    CLEANUP(os_release_done) struct os_release release = {0};

    os_release_parse("ID=\"a\\033[2Jb\"\nVERSION_ID=\nPRETTY_NAME=\"open\n", &release);
    EXPECT_TRUE(!release.id);
    EXPECT_TRUE(!release.version_id);
    EXPECT_TRUE(!release.pretty_name);
}

TEST(tree_is_read_from_within)
{
    CLEANUP(os_release_done) struct os_release release = {0};
    char tree[] = "/tmp/redd-os-XXXXXX";

    EXPECT_TRUE(mkdtemp(tree));
    auto_free char *folder = path_join(tree, "usr/lib"), *etc = path_join(tree, "etc");
    auto_free char *file = path_join(folder, "os-release"), *link = path_join(etc, "os-release");
    EXPECT_INT(dir_make_all(folder, 0755), 0);
    EXPECT_INT(dir_make_all(etc, 0755), 0);
    EXPECT_OK(file_replace_at(AT_FDCWD, file, "ID=tiny\n", 8, 0644, ERR));
    EXPECT_INT(symlink("/usr/lib/os-release", link), 0);    /* the host's, were it followed there */
    auto_close int root = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
    os_release_read(root, &release);
    EXPECT_STR(release.id, "tiny");

    os_release_done(&release);
    EXPECT_INT(unlink(link), 0);
    EXPECT_INT(mkfifo(link, 0644), 0);                      /* nobody ever writes to it */
    os_release_read(root, &release);
    EXPECT_STR(release.id, "tiny");
    EXPECT_INT(path_open_file_in(root, "/etc/os-release"), -EINVAL);
    EXPECT_INT(tree_remove_at(AT_FDCWD, tree), 0);
}

TESTS(RUN(values_lose_their_quotes), RUN(what_cannot_be_shown_is_left_out), RUN(tree_is_read_from_within))
