/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/resolv_conf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/test.h"
#include "inside/test_tree.h"

#define HOST_TEXT "# host\nnameserver 192.0.2.1\n"
#define STUB_TEXT "nameserver 127.0.0.53\noptions edns0\n"
#define UPLINK_TEXT "nameserver 198.51.100.7\n"

static struct resolv_conf conf = RESOLV_CONF_NONE;

static struct spec wanted(enum resolv_method method, enum resolv_source source)
{
    return (struct spec){.resolv_method = method, .resolv_source = source};
}

static int host_with(const char *etc, const char *stub, const char *uplink)
{
    int host = test_tree();

    if (etc)
        test_write(host, "etc/resolv.conf", etc);
    if (stub)
        test_write(host, "run/systemd/resolve/stub-resolv.conf", stub);
    if (uplink)
        test_write(host, "run/systemd/resolve/resolv.conf", uplink);
    return host;
}

static int prepare(enum resolv_method method, enum resolv_source source, int host, bool read_only, struct error **err)
{
    struct spec spec = wanted(method, source);

    resolv_conf_done(&conf);
    return resolv_conf_prepare(&spec, host, read_only, &conf, err);
}

/* Both halves; the text that is then read at /etc/resolv.conf. */
static int run(enum resolv_method method, enum resolv_source source, int host, int tree, struct error **err)
{
    int r = prepare(method, source, host, false, err);

    return r < 0 ? r : resolv_conf_apply(&conf, tree, err);
}

static const char *inside(int tree)
{
    return test_read(tree, "/etc/resolv.conf");
}

/* Holds the DNS port of a loopback address, as a resolver does. -1 when that is not allowed here. */
static int listen_on(const char *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void) inet_pton(AF_INET, address, &name.sin_addr);
    if (bind(fd, (struct sockaddr *) &name, sizeof name) < 0) {
        (void) close(fd);
        return -1;
    }
    return fd;
}

/* A network where nothing listens unless a test does. */
static bool quiet_network(void)
{
    static int state;

    if (state == 0)
        state = geteuid() == 0 && unshare(CLONE_NEWNET) == 0 ? 1 : -1;
    return state > 0;
}
#define NEEDS_QUIET_NETWORK() \
    do { \
        if (!quiet_network()) \
            SKIP_TEST("needs root (a network namespace of its own)"); \
    } while (0)

TEST(a_copy_of_each_source_arrives)
{
    int host = host_with(HOST_TEXT, STUB_TEXT, UPLINK_TEXT), tree = test_tree();

    test_write(host, "usr/lib/systemd/resolv.conf", "nameserver 127.0.0.53\n# static\n");
    EXPECT_OK(run(RESOLV_COPY, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(inside(tree), HOST_TEXT);
    EXPECT_OK(run(RESOLV_COPY, RESOLV_STUB, host, tree, ERR));
    EXPECT_STR(inside(tree), STUB_TEXT);
    EXPECT_OK(run(RESOLV_COPY, RESOLV_UPLINK, host, tree, ERR));
    EXPECT_STR(inside(tree), UPLINK_TEXT);
    EXPECT_OK(run(RESOLV_COPY, RESOLV_STATIC, host, tree, ERR));
    EXPECT_STR(inside(tree), "nameserver 127.0.0.53\n# static\n");
}

TEST(the_hosts_link_is_followed)
{
    int host = host_with(NULL, STUB_TEXT, NULL), tree = test_tree();

    test_link(host, "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
    EXPECT_OK(run(RESOLV_COPY, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(inside(tree), STUB_TEXT);
}

TEST(a_copy_leaves_links_alone_and_a_replacement_does_not)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();

    test_link(tree, "etc/resolv.conf", "../run/x");
    EXPECT_OK(run(RESOLV_COPY, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(test_target(tree, "etc/resolv.conf"), "../run/x");
    EXPECT_INT(test_mode(tree, "run"), 0);
    EXPECT_OK(run(RESOLV_REPLACE, RESOLV_HOST, host, tree, ERR));
    EXPECT_INT(test_mode(tree, "etc/resolv.conf"), S_IFREG | 0644);
    EXPECT_STR(inside(tree), HOST_TEXT);
}

TEST(off_and_delete_need_no_file_of_the_host)
{
    int host = test_tree(), tree = test_tree();

    test_write(tree, "etc/resolv.conf", "own\n");
    EXPECT_OK(run(RESOLV_OFF, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(inside(tree), "own\n");
    EXPECT_OK(run(RESOLV_DELETE, RESOLV_HOST, host, tree, ERR));
    assert_null(inside(tree));
    EXPECT_OK(run(RESOLV_DELETE, RESOLV_HOST, host, tree, ERR));
}

TEST(a_missing_source_is_an_error_that_says_what_to_do)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();

    test_write(tree, "etc/resolv.conf", "own\n");
    EXPECT_FAIL(run(RESOLV_COPY, RESOLV_STUB, host, tree, ERR), ENOENT, "/run/systemd/resolve/stub-resolv.conf");
    EXPECT_HINT("--resolv-conf=copy-host");
    EXPECT_STR(error_id(*err_), "R2610");
    EXPECT_INT(conf.method, RESOLV_OFF);
    EXPECT_OK(resolv_conf_apply(&conf, tree, ERR));
    EXPECT_STR(inside(tree), "own\n");
}

TEST(sources_that_are_no_files_or_too_large_are_refused)
{
    int host = test_tree();
    auto_free char *large = mem_alloc(70000);

    memset(large, '#', 69999);
    test_write(host, "etc/resolv.conf", large);
    EXPECT_FAIL(prepare(RESOLV_COPY, RESOLV_HOST, host, false, ERR), EFBIG, "/etc/resolv.conf");
    host = test_tree();
    test_folder(host, "etc");
    assert_int_equal(mkfifoat(host, "etc/resolv.conf", 0644), 0);
    EXPECT_FAIL(prepare(RESOLV_COPY, RESOLV_HOST, host, false, ERR), EINVAL, "/etc/resolv.conf");
}

TEST(auto_with_a_private_network_does_nothing)
{
    int host = host_with(HOST_TEXT, NULL, NULL);
    struct spec spec = {.resolv_method = RESOLV_AUTO, .private_network = true};

    EXPECT_OK(resolv_conf_prepare(&spec, host, false, &conf, ERR));
    EXPECT_INT(conf.method, RESOLV_OFF);
}

TEST(auto_copies_the_hosts_file_and_binds_it_where_the_tree_is_read_only)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();

    test_write(tree, "etc/resolv.conf", "own\n");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(inside(tree), HOST_TEXT);
    NEEDS_MOUNTS();
    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, true, ERR));
    EXPECT_INT(conf.method, RESOLV_BIND);
}

TEST(auto_takes_the_stub_only_when_it_listens)
{
    NEEDS_QUIET_NETWORK();
    int host = host_with(HOST_TEXT, STUB_TEXT, UPLINK_TEXT);

    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, HOST_TEXT);

    auto_close int stub = listen_on("127.0.0.53");
    assert_true(stub >= 0);
    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, STUB_TEXT);
}

TEST(auto_passes_over_a_host_file_whose_server_is_dead)
{
    NEEDS_QUIET_NETWORK();
    int host = host_with(STUB_TEXT, STUB_TEXT, UPLINK_TEXT);

    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, UPLINK_TEXT);

    host = host_with("nameserver ::1\nnameserver 127.0.0.1\n", NULL, UPLINK_TEXT);
    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, UPLINK_TEXT);

    host = host_with("# no server: that is 127.0.0.1\n", NULL, UPLINK_TEXT);
    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, UPLINK_TEXT);

    auto_close int local = listen_on("127.0.0.1");
    assert_true(local >= 0);
    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, "# no server: that is 127.0.0.1\n");
}

TEST(auto_keeps_to_the_hosts_file_when_nothing_is_known_to_answer)
{
    NEEDS_QUIET_NETWORK();
    int host = host_with("nameserver 127.0.0.1\n", STUB_TEXT, NULL);

    EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host, false, ERR));
    EXPECT_STR(conf.text, "nameserver 127.0.0.1\n");
}

TEST(one_living_server_is_enough)
{
    NEEDS_QUIET_NETWORK();
    static const char *const texts[] = {
        "nameserver 127.0.0.1\nnameserver 192.0.2.9\n",
        "nameserver\t2001:db8::1",
        "search x\nnameserver fe80::1%eth0\n",
        "nameserver   192.0.2.9   \r\n",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        EXPECT_OK(prepare(RESOLV_AUTO, RESOLV_HOST, host_with(texts[i], NULL, UPLINK_TEXT), false, ERR));
        EXPECT_STR(conf.text, texts[i]);
    }
}

TEST(a_host_without_a_resolver_changes_nothing)
{
    int tree = test_tree();

    test_write(tree, "etc/resolv.conf", "own\n");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, test_tree(), tree, ERR));
    EXPECT_STR(inside(tree), "own\n");
    EXPECT_INT(conf.method, RESOLV_OFF);
}

TEST(auto_gives_a_link_to_nowhere_its_file)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();

    test_link(tree, "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(test_target(tree, "etc/resolv.conf"), "../run/systemd/resolve/stub-resolv.conf");
    EXPECT_STR(inside(tree), HOST_TEXT);
    EXPECT_STR(test_read(tree, "run/systemd/resolve/stub-resolv.conf"), HOST_TEXT);

    tree = test_tree();         /* by way of a second link, and of a linked folder */
    test_folder(tree, "run");
    test_link(tree, "var/run", "/run");
    test_link(tree, "etc/resolv.conf", "/etc/second");
    test_link(tree, "etc/second", "../var/run/NetworkManager/resolv.conf");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(test_read(tree, "run/NetworkManager/resolv.conf"), HOST_TEXT);
}

TEST(auto_leaves_a_link_that_leads_somewhere)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();

    test_write(tree, "run/own.conf", "own\n");
    test_link(tree, "etc/resolv.conf", "../run/own.conf");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(test_read(tree, "run/own.conf"), "own\n");
}

TEST(hostile_links_lead_nowhere_else)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree(), outside = test_tree();
    auto_free char *away = mem_format("%s/made", test_path(outside));

    test_link(tree, "etc/resolv.conf", away);
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    assert_null(test_read(outside, "made"));
    EXPECT_STR(test_read(tree, away), HOST_TEXT);

    tree = test_tree();
    test_link(tree, "etc/resolv.conf", "../../../../../../../tmp/made-by-redd");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    EXPECT_INT(access("/tmp/made-by-redd", F_OK), -1);
    EXPECT_STR(test_read(tree, "tmp/made-by-redd"), HOST_TEXT);

    tree = test_tree();
    test_link(tree, "etc/resolv.conf", "resolv.conf");
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(test_target(tree, "etc/resolv.conf"), "resolv.conf");
}

TEST(a_magic_link_of_proc_is_not_followed)
{
    NEEDS_MOUNTS();
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree(), outside = test_tree();
    char link[64];

    test_folder(tree, "proc");
    auto_free char *proc = mem_format("%s/proc", test_path(tree));
    assert_int_equal(mount("/proc", proc, NULL, MS_BIND, NULL), 0);
    (void) snprintf(link, sizeof link, "/proc/self/fd/%d/made", outside);
    test_link(tree, "etc/resolv.conf", link);
    EXPECT_OK(run(RESOLV_AUTO, RESOLV_HOST, host, tree, ERR));
    assert_null(test_read(outside, "made"));
    (void) run(RESOLV_COPY, RESOLV_HOST, host, tree, ERR);
    assert_null(test_read(outside, "made"));
    EXPECT_OK(run(RESOLV_REPLACE, RESOLV_HOST, host, tree, ERR));
    assert_null(test_read(outside, "made"));
    EXPECT_STR(inside(tree), HOST_TEXT);
}

TEST(a_bind_is_read_only_and_covers_a_link)
{
    NEEDS_MOUNTS();
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();
    struct statvfs fs;

    test_link(tree, "etc/resolv.conf", "../run/nowhere");
    EXPECT_OK(run(RESOLV_BIND, RESOLV_HOST, host, tree, ERR));
    EXPECT_STR(inside(tree), HOST_TEXT);
    EXPECT_INT(test_mode(tree, "run"), 0);
    auto_close int fd = path_open_in(tree, "etc/resolv.conf", O_RDONLY, 0);
    assert_int_equal(fstatvfs(fd, &fs), 0);
    EXPECT_INT(fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV), ST_RDONLY | ST_NOSUID | ST_NODEV);
    EXPECT_INT(path_open_in(tree, "etc/resolv.conf", O_WRONLY, 0), -EROFS);
}

TEST(a_failure_inside_names_the_file_and_the_way_out)
{
    int host = host_with(HOST_TEXT, NULL, NULL), tree = test_tree();

    test_folder(tree, "etc/resolv.conf");
    EXPECT_FAIL(run(RESOLV_COPY, RESOLV_HOST, host, tree, ERR), EISDIR,
                "cannot set up the container's /etc/resolv.conf");
    EXPECT_HINT("--resolv-conf=off");
    EXPECT_STR(error_id(*err_), "R2611");
    resolv_conf_done(&conf);
}

TESTS(RUN(a_copy_of_each_source_arrives), RUN(the_hosts_link_is_followed),
      RUN(a_copy_leaves_links_alone_and_a_replacement_does_not), RUN(off_and_delete_need_no_file_of_the_host),
      RUN(a_missing_source_is_an_error_that_says_what_to_do), RUN(sources_that_are_no_files_or_too_large_are_refused),
      RUN(auto_with_a_private_network_does_nothing),
      RUN(auto_copies_the_hosts_file_and_binds_it_where_the_tree_is_read_only),
      RUN(auto_takes_the_stub_only_when_it_listens), RUN(auto_passes_over_a_host_file_whose_server_is_dead),
      RUN(auto_keeps_to_the_hosts_file_when_nothing_is_known_to_answer), RUN(one_living_server_is_enough),
      RUN(a_host_without_a_resolver_changes_nothing), RUN(auto_gives_a_link_to_nowhere_its_file),
      RUN(auto_leaves_a_link_that_leads_somewhere), RUN(hostile_links_lead_nowhere_else),
      RUN(a_magic_link_of_proc_is_not_followed), RUN(a_bind_is_read_only_and_covers_a_link),
      RUN(a_failure_inside_names_the_file_and_the_way_out))
