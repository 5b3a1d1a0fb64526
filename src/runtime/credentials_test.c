/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/credentials.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "inside/test_tree.h"

static struct credentials loaded;

static struct credential set(const char *id, const char *value)
{
    return (struct credential){.id = (char *) id, .data = (char *) value, .size = strlen(value)};
}

static struct credential from(const char *id, const char *path)
{
    return (struct credential){.id = (char *) id, .path = (char *) path};
}

static int load(struct credential *list, size_t n, int host, const char *directory, struct error **err)
{
    struct spec spec = {.credentials = list, .n_credentials = n};

    credentials_done(&loaded);
    return credentials_load(&spec, host, directory, &loaded, err);
}

static void expect_loaded(size_t i, const char *id, const char *text)
{
    assert_true(i < loaded.count);
    EXPECT_STR(loaded.item[i].id, id);
    EXPECT_INT(loaded.item[i].size, strlen(text));
    assert_memory_equal(loaded.item[i].data, text, strlen(text));
}

TEST(values_and_files_are_loaded_in_order)
{
    int host = test_tree();
    auto_free char *path = mem_format("%s/secret", test_path(host));

    test_write(host, "secret", "from a file\n");
    EXPECT_OK(load((struct credential[]){set("a", "value"), from("b", path), set("empty", "")}, 3, host, NULL, ERR));
    EXPECT_INT(loaded.count, 3);
    expect_loaded(0, "a", "value");
    expect_loaded(1, "b", "from a file\n");
    expect_loaded(2, "empty", "");
}

TEST(a_value_may_hold_zero_bytes)
{
    struct credential binary = {.id = (char *) "bin", .data = (char *) "a\0b", .size = 3};

    EXPECT_OK(load(&binary, 1, -1, NULL, ERR));
    EXPECT_INT(loaded.item[0].size, 3);
    assert_memory_equal(loaded.item[0].data, "a\0b", 3);
}

TEST(bad_names_and_duplicates_are_refused)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "a:b", "a\nb", "\x7f", "\xc3\xa4"};
    char long_name[257] = {0};

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct credential credential = set(bad[i], "x");

        EXPECT_FAIL(load(&credential, 1, -1, NULL, ERR), EINVAL, "Credential name is not valid: ");
        EXPECT_STR(error_id(*err_), "R2630");
    }
    memset(long_name, 'a', 256);
    assert_false(credential_name_is_valid(long_name));
    long_name[255] = '\0';
    assert_true(credential_name_is_valid(long_name));
    assert_true(credential_name_is_valid("a b.c_d"));
    assert_true(credential_name_is_valid(".a"));

    EXPECT_FAIL(load((struct credential[]){set("a", "1"), set("b", "2"), set("a", "3")}, 3, -1, NULL, ERR), EEXIST,
                "Duplicated credential 'a', refusing.");
}

TEST(what_cannot_be_read_is_named)
{
    struct credential missing = from("a", "/nonexistent/x"), folder = from("a", "/");

    EXPECT_FAIL(load(&missing, 1, -1, NULL, ERR), ENOENT,
                "Failed to read credential '/nonexistent/x': No such file or directory");
    EXPECT_FAIL(load(&folder, 1, -1, NULL, ERR), EISDIR, "Failed to read credential '/': Is a directory");
}

TEST(bare_names_are_looked_for_in_the_stores)
{
    int host = test_tree(), passed = test_tree();
    struct credential token = from("id", "token"), other = from("id", "other"), missing = from("id", "missing");
    auto_free char *directory = mem_copy_string(test_path(passed));

    test_write(host, "usr/lib/credstore/token", "usr");
    EXPECT_OK(load(&token, 1, host, NULL, ERR));
    expect_loaded(0, "id", "usr");
    test_write(host, "run/credstore/token", "run");
    EXPECT_OK(load(&token, 1, host, NULL, ERR));
    expect_loaded(0, "id", "run");
    test_write(host, "etc/credstore/token", "etc");
    EXPECT_OK(load(&token, 1, host, directory, ERR));
    expect_loaded(0, "id", "etc");
    test_write(passed, "token", "passed");
    EXPECT_OK(load(&token, 1, host, directory, ERR));
    expect_loaded(0, "id", "passed");
    test_write(host, "usr/local/lib/credstore/other", "local");
    EXPECT_OK(load(&other, 1, host, directory, ERR));
    expect_loaded(0, "id", "local");

    EXPECT_FAIL(load(&missing, 1, host, NULL, ERR), ENOENT, "Failed to read credential 'missing'");
    EXPECT_HINT("$CREDENTIALS_DIRECTORY (not set here), /etc/credstore");
}

TEST(there_is_an_end_to_their_size)
{
    int host = test_tree();
    auto_free char *path = mem_format("%s/big", test_path(host));
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(ftruncate(fd, CREDENTIALS_SIZE_MAX), 0);
    EXPECT_OK(load((struct credential[]){from("big", path), set("none", "")}, 2, host, NULL, ERR));
    EXPECT_FAIL(load((struct credential[]){from("big", path), set("one", "1")}, 2, host, NULL, ERR), EFBIG, "'one'");
    EXPECT_HINT("16 MiB");
    EXPECT_FAIL(load((struct credential[]){set("one", "1"), from("big", path)}, 2, host, NULL, ERR), EFBIG, "/big'");
    EXPECT_INT(loaded.count, 0);
}

/* Serves TEXT once at PATH, by way of a short name where the path is long. Returns the process. */
static pid_t serve(const char *path, const char *text, size_t times)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    auto_free char *folder = path_parent(path);
    auto_close int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void) snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%.40s", folder_fd, path_last(path));
    assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);

    pid_t pid = fork();
    if (pid == 0) {
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        for (size_t i = 0; i < times; i++)
            (void) fd_write_full(peer, text, strlen(text));
        _exit(0);
    }
    return pid;
}

TEST(a_socket_is_read_to_its_end)
{
    int host = test_tree();
    auto_free char *path = mem_format("%s/sock", test_path(host));
    struct credential credential = from("a", path);

    pid_t pid = serve(path, "0123456789", 1000);
    EXPECT_OK(load(&credential, 1, host, NULL, ERR));
    EXPECT_INT(loaded.item[0].size, 10000);
    assert_memory_equal(loaded.item[0].data + 9990, "0123456789", 10);
    (void) waitpid(pid, NULL, 0);
}

TEST(a_socket_may_have_a_long_path)
{
    int host = test_tree();
    char folder[121];

    memset(folder, 'd', 120);
    folder[120] = '\0';
    test_folder(host, folder);
    auto_free char *path = mem_format("%s/%s/sock", test_path(host), folder);
    struct credential credential = from("a", path);

    pid_t pid = serve(path, "far", 1);
    EXPECT_OK(load(&credential, 1, host, NULL, ERR));
    expect_loaded(0, "a", "far");
    (void) waitpid(pid, NULL, 0);
}

TEST(a_socket_that_nobody_serves_fails)
{
    int host = test_tree();
    auto_free char *path = mem_format("%s/dead", test_path(host));
    struct credential credential = from("a", path);

    pid_t pid = serve(path, "x", 1);
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);
    EXPECT_FAIL(load(&credential, 1, host, NULL, ERR), ECONNREFUSED, "Failed to read credential");
}

TEST(only_a_user_that_stays_itself_may_read_them)
{
    struct spec spec = {.user = (char *) "joe", .no_new_privileges = true, .start = START_COMMAND};

    assert_true(credentials_are_for_all(&spec));
    spec.start = START_STUB_INIT;
    assert_false(credentials_are_for_all(&spec));
    spec.start = START_BOOT;
    assert_false(credentials_are_for_all(&spec));
    spec.start = START_COMMAND;
    spec.no_new_privileges = false;
    assert_false(credentials_are_for_all(&spec));
    spec.no_new_privileges = true;
    spec.user = (char *) "0";
    assert_false(credentials_are_for_all(&spec));
    spec.user = NULL;
    assert_false(credentials_are_for_all(&spec));
}

TEST(the_container_gets_a_read_only_ramfs)
{
    NEEDS_MOUNTS();
    int tree = test_tree();
    struct statvfs fs;

    test_folder(tree, "host");
    auto_close int run_host = path_open_in(tree, "host", O_RDONLY | O_DIRECTORY, 0);
    EXPECT_OK(load((struct credential[]){set("plain", "hello world"), set("esc", "a\nb")}, 2, -1, NULL, ERR));
    EXPECT_OK(credentials_apply(&loaded, run_host, false, ERR));
    EXPECT_INT(test_mode(tree, "host/credentials"), S_IFDIR | 0500);
    EXPECT_INT(test_mode(tree, "host/credentials/plain"), S_IFREG | 0400);
    EXPECT_STR(test_read(tree, "host/credentials/plain"), "hello world");
    EXPECT_STR(test_read(tree, "host/credentials/esc"), "a\nb");

    auto_close int fd = path_open_in(tree, "host/credentials", O_RDONLY | O_DIRECTORY, 0);
    assert_int_equal(fstatvfs(fd, &fs), 0);
    EXPECT_INT(fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC),
               ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);
    EXPECT_INT(path_open_in(tree, "host/credentials/new", O_WRONLY | O_CREAT, 0600), -EROFS);
}

TEST(they_may_be_for_all)
{
    NEEDS_MOUNTS();
    int tree = test_tree();
    mode_t mask = umask(0077);
    struct credential credential = set("a", "x");

    test_folder(tree, "host");
    auto_close int run_host = path_open_in(tree, "host", O_PATH | O_DIRECTORY, 0);
    EXPECT_OK(load(&credential, 1, -1, NULL, ERR));
    EXPECT_OK(credentials_apply(&loaded, run_host, true, ERR));
    (void) umask(mask);
    EXPECT_INT(test_mode(tree, "host/credentials"), S_IFDIR | 0555);
    EXPECT_INT(test_mode(tree, "host/credentials/a"), S_IFREG | 0444);
}

TEST(without_any_nothing_is_made)
{
    int tree = test_tree();

    EXPECT_OK(load(NULL, 0, -1, NULL, ERR));
    EXPECT_OK(credentials_apply(&loaded, tree, false, ERR));
    EXPECT_INT(test_mode(tree, "credentials"), 0);
}

TESTS(RUN(values_and_files_are_loaded_in_order), RUN(a_value_may_hold_zero_bytes),
      RUN(bad_names_and_duplicates_are_refused), RUN(what_cannot_be_read_is_named),
      RUN(bare_names_are_looked_for_in_the_stores), RUN(there_is_an_end_to_their_size),
      RUN(a_socket_is_read_to_its_end), RUN(a_socket_may_have_a_long_path), RUN(a_socket_that_nobody_serves_fails),
      RUN(only_a_user_that_stays_itself_may_read_them), RUN(the_container_gets_a_read_only_ramfs),
      RUN(they_may_be_for_all), RUN(without_any_nothing_is_made))
