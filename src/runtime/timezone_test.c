/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/timezone.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/test.h"
#include "inside/test_tree.h"

static struct local_time local = {.source_fd = -1, .mount_fd = -1};

/* A host in ZONE, with the link written as LINK ("%s" is the zone); "file" makes it a plain file. */
static int host_in(const char *link, const char *zone)
{
    int host = test_tree();
    auto_free char *file = mem_format("usr/share/zoneinfo/%s", zone);
    auto_free char *target = mem_format(link, zone);

    test_write(host, file, "TZif of the host");
    if (strcmp(link, "file") == 0)
        test_write(host, "etc/localtime", "TZif of the host");
    else
        test_link(host, "etc/localtime", target);
    return host;
}

static int prepare(enum timezone_mode mode, int host, bool read_only, struct error **err)
{
    struct spec spec = {.timezone = mode};

    timezone_done(&local);
    return timezone_prepare(&spec, host, read_only, &local, err);
}

static int run(enum timezone_mode mode, int host, int tree, struct error **err)
{
    int r = prepare(mode, host, false, err);

    return r < 0 ? r : timezone_apply(&local, tree, err);
}

TEST(auto_makes_a_relative_link_to_the_hosts_zone)
{
    int tree = test_tree();

    test_write(tree, "usr/share/zoneinfo/Europe/Berlin", "TZif inside");
    test_write(tree, "etc/localtime", "old");
    EXPECT_OK(run(TIMEZONE_AUTO, host_in("/usr/share/zoneinfo/%s", "Europe/Berlin"), tree, ERR));
    EXPECT_STR(test_target(tree, "etc/localtime"), "../usr/share/zoneinfo/Europe/Berlin");
    EXPECT_STR(test_read(tree, "etc/localtime"), "TZif inside");
}

TEST(the_same_zone_in_the_absolute_spelling_is_left_alone)
{
    int tree = test_tree();

    test_write(tree, "usr/share/zoneinfo/Europe/Berlin", "TZif inside");
    test_link(tree, "etc/localtime", "/usr/share/zoneinfo/Europe/Berlin");
    EXPECT_OK(run(TIMEZONE_AUTO, host_in("/usr/share/zoneinfo/%s", "Europe/Berlin"), tree, ERR));
    EXPECT_STR(test_target(tree, "etc/localtime"), "/usr/share/zoneinfo/Europe/Berlin");
    EXPECT_OK(run(TIMEZONE_AUTO, host_in("/usr/share/zoneinfo/%s", "Etc/UTC"), tree, ERR));
    EXPECT_STR(test_read(tree, "etc/localtime"), "TZif of the host");
}

TEST(links_of_all_distributions_name_a_zone)
{
    static const struct {
        const char *link, *zone;
    } hosts[] = {
        {"/usr/share/zoneinfo/%s", "UTC"},
        {"../usr/share/zoneinfo/%s", "America/Argentina/Buenos_Aires"},
        {"/etc/zoneinfo/%s", "Etc/GMT+12"},
        {"/nix/store/0abc-tzdata-2025b/share/zoneinfo/%s", "Asia/Tokyo"},
        {"/var/db/timezone/zoneinfo/%s", "right/Europe/Berlin"},
    };

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        int host = test_tree();
        auto_free char *target = mem_format(hosts[i].link, hosts[i].zone);

        test_link(host, "etc/localtime", target);
        test_write(host, *target == '/' ? target : "usr/share/zoneinfo/America/Argentina/Buenos_Aires", "TZif");
        EXPECT_OK(prepare(TIMEZONE_AUTO, host, false, ERR));
        EXPECT_INT(local.mode, TIMEZONE_SYMLINK);
        EXPECT_STR(local.zone, hosts[i].zone);
    }
}

TEST(links_that_name_no_zone_are_copied)
{
    static const char *const links[] = {
        "/etc/own-zone", "/usr/share/zoneinfo/../../x", "/usr/share/zoneinfo/Europe/.hidden", "/usr/share/zoneinfo/a b",
        "/usr/share/zoneinfo/Europe//Berlin",
    };

    for (size_t i = 0; i < COUNT_OF(links); i++) {
        int host = test_tree();

        test_folder(host, "usr/share/zoneinfo");
        test_write(host, links[i], "TZif");
        test_link(host, "etc/localtime", links[i]);
        EXPECT_OK(prepare(TIMEZONE_AUTO, host, false, ERR));
        if (local.mode != TIMEZONE_COPY)
            fail_msg("'%s' was taken for the zone '%s'", links[i], local.zone);
    }
}

TEST(a_host_with_a_plain_file_gives_a_copy)
{
    int tree = test_tree();

    test_link(tree, "etc/localtime", "../usr/share/zoneinfo/Nowhere");
    EXPECT_OK(run(TIMEZONE_AUTO, host_in("file", "UTC"), tree, ERR));
    EXPECT_INT(test_mode(tree, "etc/localtime"), S_IFREG | 0644);
    EXPECT_STR(test_read(tree, "etc/localtime"), "TZif of the host");
}

TEST(a_zone_that_the_container_lacks_is_copied)
{
    int tree = test_tree();

    EXPECT_OK(run(TIMEZONE_SYMLINK, host_in("/usr/share/zoneinfo/%s", "Europe/Berlin"), tree, ERR));
    EXPECT_INT(test_mode(tree, "etc/localtime"), S_IFREG | 0644);
    EXPECT_STR(test_read(tree, "etc/localtime"), "TZif of the host");
}

TEST(copy_replaces_a_link_and_not_what_it_leads_to)
{
    int tree = test_tree();

    test_write(tree, "usr/share/zoneinfo/UTC", "TZif inside");
    test_link(tree, "etc/localtime", "../usr/share/zoneinfo/UTC");
    EXPECT_OK(run(TIMEZONE_COPY, host_in("/usr/share/zoneinfo/%s", "Europe/Berlin"), tree, ERR));
    EXPECT_STR(test_read(tree, "usr/share/zoneinfo/UTC"), "TZif inside");
    EXPECT_STR(test_read(tree, "etc/localtime"), "TZif of the host");
}

TEST(off_and_delete_need_nothing_of_the_host)
{
    int host = test_tree(), tree = test_tree();

    test_write(tree, "etc/localtime", "own");
    EXPECT_OK(run(TIMEZONE_OFF, host, tree, ERR));
    EXPECT_STR(test_read(tree, "etc/localtime"), "own");
    EXPECT_OK(run(TIMEZONE_DELETE, host, tree, ERR));
    EXPECT_INT(test_mode(tree, "etc/localtime"), 0);
}

TEST(a_host_without_a_time_zone_matters_only_when_one_was_asked_for)
{
    int host = test_tree();

    EXPECT_OK(prepare(TIMEZONE_AUTO, host, false, ERR));
    EXPECT_INT(local.mode, TIMEZONE_OFF);
    EXPECT_FAIL(prepare(TIMEZONE_COPY, host, false, ERR), ENOENT, "/etc/localtime");
    EXPECT_STR(error_id(*err_), "R2615");
    EXPECT_INT(local.mode, TIMEZONE_OFF);
}

TEST(a_read_only_tree_gets_a_read_only_bind_where_its_link_leads)
{
    NEEDS_MOUNTS();
    int tree = test_tree();
    struct statvfs fs;

    test_write(tree, "usr/share/zoneinfo/UTC", "TZif inside");
    test_link(tree, "etc/localtime", "../usr/share/zoneinfo/UTC");
    EXPECT_OK(prepare(TIMEZONE_AUTO, host_in("/usr/share/zoneinfo/%s", "Europe/Berlin"), true, ERR));
    EXPECT_INT(local.mode, TIMEZONE_BIND);
    EXPECT_OK(timezone_apply(&local, tree, ERR));
    EXPECT_STR(test_target(tree, "etc/localtime"), "../usr/share/zoneinfo/UTC");
    EXPECT_STR(test_read(tree, "usr/share/zoneinfo/UTC"), "TZif of the host");
    auto_close int fd = path_open_in(tree, "etc/localtime", O_RDONLY, 0);
    assert_int_equal(fstatvfs(fd, &fs), 0);
    EXPECT_INT(fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV), ST_RDONLY | ST_NOSUID | ST_NODEV);
}

TEST(a_bind_follows_no_link_out_of_the_tree)
{
    NEEDS_MOUNTS();
    int tree = test_tree(), outside = test_tree();
    int host = host_in("/usr/share/zoneinfo/%s", "UTC");
    auto_free char *away = mem_format("%s/victim", test_path(outside));
    char link[64];

    test_write(outside, "victim", "mine");
    test_link(tree, "etc/localtime", away);
    EXPECT_OK(run(TIMEZONE_BIND, host, tree, ERR));
    EXPECT_STR(test_read(outside, "victim"), "mine");

    tree = test_tree();
    test_folder(tree, "proc");
    auto_free char *proc = mem_format("%s/proc", test_path(tree));
    assert_int_equal(mount("/proc", proc, NULL, MS_BIND, NULL), 0);
    (void) snprintf(link, sizeof link, "/proc/self/fd/%d/victim", outside);
    test_link(tree, "etc/localtime", link);
    EXPECT_FAIL(run(TIMEZONE_BIND, host, tree, ERR), ELOOP, "/etc/localtime");
    EXPECT_HINT("--timezone=off");
    EXPECT_STR(error_id(*err_), "R2616");
    EXPECT_STR(test_read(outside, "victim"), "mine");
    timezone_done(&local);
}

TESTS(RUN(auto_makes_a_relative_link_to_the_hosts_zone), RUN(links_of_all_distributions_name_a_zone),
      RUN(the_same_zone_in_the_absolute_spelling_is_left_alone), RUN(links_that_name_no_zone_are_copied),
      RUN(a_host_with_a_plain_file_gives_a_copy), RUN(a_zone_that_the_container_lacks_is_copied),
      RUN(copy_replaces_a_link_and_not_what_it_leads_to), RUN(off_and_delete_need_nothing_of_the_host),
      RUN(a_host_without_a_time_zone_matters_only_when_one_was_asked_for),
      RUN(a_read_only_tree_gets_a_read_only_bind_where_its_link_leads), RUN(a_bind_follows_no_link_out_of_the_tree))
