/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount requests as text: good ones, bad ones and what is said about those. */
#include "config/bind_parse.h"

#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strings.h"
#include "base/test.h"

TEST(a_bind_without_target_uses_the_source_path)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_OK(bind_parse("/srv/data", false, &bind, ERR));
    EXPECT_STR(bind.source[0].path, "/srv/data");
    EXPECT_STR(bind.target, "/srv/data");
    EXPECT_TRUE(bind.recursive && !bind.read_only && !bind.source[0].in_tree);
    EXPECT_INT(bind.type, MOUNT_BIND);
    EXPECT_INT(bind.n_sources, 1);
}

TEST(a_bind_has_options_and_the_last_of_a_kind_counts)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_OK(bind_parse("/a:/b:norbind,idmap,,owneridmap,rootidmap", true, &bind, ERR));
    EXPECT_TRUE(!bind.recursive && bind.read_only);
    EXPECT_INT(bind.idmap, IDMAP_ROOT);
}

TEST(each_bind_option_is_known)
{
    static const struct {
        const char *text;
        bool recursive;
        enum bind_idmap idmap;
    } cases[] = {
        {"/a:/b:", true, IDMAP_NONE},           {"/a:/b:rbind", true, IDMAP_NONE},
        {"/a:/b:norbind", false, IDMAP_NONE},   {"/a:/b:norbind,rbind", true, IDMAP_NONE},
        {"/a:/b:idmap", true, IDMAP_IDENTITY},  {"/a:/b:idmap,noidmap", true, IDMAP_NONE},
        {"/a:/b:owneridmap", true, IDMAP_OWNER},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(mount_request_done) struct mount_request bind = {0};

        EXPECT_OK(bind_parse(cases[i].text, false, &bind, ERR));
        EXPECT_INT(bind.recursive, cases[i].recursive);
        EXPECT_INT(bind.idmap, cases[i].idmap);
    }
}

TEST(colons_and_backslashes_can_be_escaped)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_OK(bind_parse("/a\\:b:/c\\\\d", false, &bind, ERR));
    EXPECT_STR(bind.source[0].path, "/a:b");
    EXPECT_STR(bind.target, "/c\\d");
}

TEST(a_plus_means_the_containers_own_tree)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_OK(bind_parse("+/srv/data", false, &bind, ERR));
    EXPECT_TRUE(bind.source[0].in_tree);
    EXPECT_STR(bind.source[0].path, "/srv/data");
    EXPECT_STR(bind.target, "/srv/data");
}

TEST(an_empty_source_is_a_temporary_directory)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_OK(bind_parse(":/mnt", false, &bind, ERR));
    EXPECT_TRUE(!bind.source[0].path);
    EXPECT_STR(bind.target, "/mnt");
}

TEST(a_relative_source_is_taken_from_the_working_directory)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_INT(chdir("/usr"), 0);
    EXPECT_OK(bind_parse("-/x/./y:/mnt", false, &bind, ERR));
    EXPECT_STR(bind.source[0].path, "/usr/-/x/y");
}

TEST(dots_in_a_target_are_kept_for_the_tree_to_resolve)
{
    CLEANUP(mount_request_done) struct mount_request bind = {0};

    EXPECT_OK(bind_parse("/a:/srv//x/../etc/", false, &bind, ERR));
    EXPECT_STR(bind.target, "/srv/x/../etc");
}

TEST(bad_binds_are_refused_with_the_reason)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "there is no path in the container"},
        {":", "there is no path in the container"},
        {"::", "there is no path in the container"},
        {"/a::norbind", "there is no path in the container"},
        {"a", "'a' is not an absolute path"},
        {"/srv:data", "'data' is not an absolute path"},
        {"+a", "'a' is not an absolute path"},
        {"+a:/b", "'+a': the path behind '+' is not absolute"},
        {"+", "there is no path in the container"},
        {"+:/x", "the path behind '+' is not absolute"},
        {"/a\\", "ends in a backslash"},
        {"/a:/b:whatever", "Invalid bind mount option: whatever"},
        {"/a:/b:/c:/d", "Invalid bind mount option: /c:/d"},
        {"/a:/b:rbind,no", "Invalid bind mount option: no"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mount_request bind = {.n_sources = 7};

        EXPECT_FAIL(bind_parse(cases[i].text, false, &bind, ERR), EINVAL, cases[i].reason);
        EXPECT_INT(bind.n_sources, 7);
    }
}

TEST(a_tmpfs_keeps_its_options_as_typed)
{
    static const struct {
        const char *text, *target, *options;
    } cases[] = {
        {"/srv", "/srv", NULL},
        {"/srv:", "/srv", NULL},
        {"/srv:mode=700,size=1M", "/srv", "mode=700,size=1M"},
        {"/srv:mpol=bind:0", "/srv", "mpol=bind:0"},
        {"/a\\:b:mode=1", "/a:b", "mode=1"},
        {"/srv/../etc", "/srv/../etc", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(mount_request_done) struct mount_request tmpfs = {0};

        EXPECT_OK(tmpfs_parse(cases[i].text, &tmpfs, ERR));
        EXPECT_INT(tmpfs.type, MOUNT_TMPFS);
        EXPECT_STR(tmpfs.target, cases[i].target);
        EXPECT_TRUE(string_equal(tmpfs.options, cases[i].options));
    }
}

TEST(a_tmpfs_needs_an_absolute_path)
{
    struct mount_request tmpfs;

    EXPECT_FAIL(tmpfs_parse("relative", &tmpfs, ERR), EINVAL, "'relative' is not an absolute path");
    EXPECT_FAIL(tmpfs_parse("", &tmpfs, ERR), EINVAL, "there is no path");
}

TEST(an_overlay_lists_its_layers_lowest_first)
{
    CLEANUP(mount_request_done) struct mount_request overlay = {0};

    EXPECT_OK(overlay_parse("/l1:+/l2:/u:/mnt", false, &overlay, ERR));
    EXPECT_INT(overlay.n_sources, 3);
    EXPECT_STR(overlay.source[0].path, "/l1");
    EXPECT_STR(overlay.source[1].path, "/l2");
    EXPECT_TRUE(overlay.source[1].in_tree && !overlay.source[2].in_tree);
    EXPECT_STR(overlay.target, "/mnt");
}

TEST(of_two_directories_the_second_is_layer_and_target)
{
    CLEANUP(mount_request_done) struct mount_request overlay = {0}, inside = {0};

    EXPECT_OK(overlay_parse("/a:/b", true, &overlay, ERR));
    EXPECT_INT(overlay.n_sources, 2);
    EXPECT_STR(overlay.source[1].path, "/b");
    EXPECT_STR(overlay.target, "/b");
    EXPECT_TRUE(overlay.read_only);

    EXPECT_OK(overlay_parse("/a:+/b", false, &inside, ERR));
    EXPECT_TRUE(inside.source[1].in_tree);
    EXPECT_STR(inside.target, "/b");
}

TEST(the_uppermost_layer_may_be_temporary)
{
    CLEANUP(mount_request_done) struct mount_request overlay = {0};

    EXPECT_OK(overlay_parse("+/var::/var", false, &overlay, ERR));
    EXPECT_INT(overlay.n_sources, 2);
    EXPECT_TRUE(!overlay.source[1].path);
}

TEST(bad_overlays_are_refused_with_the_reason)
{
    static const struct {
        const char *text;
        int code;
        const char *reason;
    } cases[] = {
        {"", EADDRNOTAVAIL, "--overlay(-ro)= needs at least two colon-separated directories specified."},
        {"/a", EADDRNOTAVAIL, "--overlay(-ro)= needs at least two colon-separated directories specified."},
        {":/b", EINVAL, "layer 1 is empty"},
        {"/a:", EINVAL, "layer 2 is empty"},
        {"::/c", EINVAL, "layer 1 is empty"},
        {"/a::/b:/c", EINVAL, "layer 2 is empty"},
        {"/a:/b:", EINVAL, "there is no path in the container"},
        {"/a:/b:c", EINVAL, "'c' is not an absolute path"},
        {"/a:/b:+/c", EINVAL, "'+/c' is not an absolute path"},
        {"+a:/b", EINVAL, "the path behind '+' is not absolute"},
        {"/a\\", EINVAL, "ends in a backslash"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mount_request overlay;

        EXPECT_FAIL(overlay_parse(cases[i].text, false, &overlay, ERR), cases[i].code, cases[i].reason);
    }
}

TEST(an_inaccessible_path_has_no_escapes)
{
    CLEANUP(mount_request_done) struct mount_request hidden = {0};

    EXPECT_OK(inaccessible_parse("/x\\:y", &hidden, ERR));
    EXPECT_STR(hidden.target, "/x\\:y");
    EXPECT_INT(hidden.type, MOUNT_INACCESSIBLE);
    EXPECT_FAIL(inaccessible_parse("x", &hidden, ERR), EINVAL, "'x' is not an absolute path");
    EXPECT_FAIL(inaccessible_parse("+/x", &hidden, ERR), EINVAL, "'+/x' is not an absolute path");
}

TESTS(RUN(a_bind_without_target_uses_the_source_path), RUN(a_bind_has_options_and_the_last_of_a_kind_counts),
      RUN(each_bind_option_is_known), RUN(colons_and_backslashes_can_be_escaped),
      RUN(a_plus_means_the_containers_own_tree), RUN(an_empty_source_is_a_temporary_directory),
      RUN(a_relative_source_is_taken_from_the_working_directory),
      RUN(dots_in_a_target_are_kept_for_the_tree_to_resolve), RUN(bad_binds_are_refused_with_the_reason),
      RUN(a_tmpfs_keeps_its_options_as_typed), RUN(a_tmpfs_needs_an_absolute_path),
      RUN(an_overlay_lists_its_layers_lowest_first), RUN(of_two_directories_the_second_is_layer_and_target),
      RUN(the_uppermost_layer_may_be_temporary), RUN(bad_overlays_are_refused_with_the_reason),
      RUN(an_inaccessible_path_has_no_escapes))
