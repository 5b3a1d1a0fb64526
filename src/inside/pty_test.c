/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ptys out of devpts mounts that are attached nowhere: the host's own kind and one that belongs to a user namespace. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "inside/pty.h"

#include "base/test.h"

/* A new devpts, or a negative errno. */
static int mount_devpts(void)
{
    auto_close int fs_fd = sys_fsopen("devpts", FSOPEN_CLOEXEC);

    if (fs_fd < 0 || sys_fsconfig(fs_fd, FSCONFIG_SET_STRING, "ptmxmode", "666", 0) < 0 ||
        sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;

    int mount_fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    return mount_fd < 0 ? -errno : mount_fd;
}

#define MOUNT_DEVPTS() \
    ({ \
        int fd_ = mount_devpts(); \
        if (fd_ == -EPERM) \
            SKIP_TEST("mounting devpts needs CAP_SYS_ADMIN"); \
        assert_true(fd_ >= 0); \
        fd_; \
    })

TEST(a_detached_devpts_gives_number_zero_and_the_mount_may_go)
{
    auto_close int mount_fd = MOUNT_DEVPTS();
    auto_close int master_fd = -1, peer_fd = -1;
    unsigned number;
    char got[4];

    EXPECT_OK(pty_open(mount_fd, 1000, 5, &master_fd, &peer_fd, ERR));
    fd_closep(&mount_fd);
    EXPECT_INT(ioctl(master_fd, TIOCGPTN, &number), 0);
    EXPECT_INT(number, 0);
    EXPECT_INT(fd_write_full(peer_fd, "out\n", 4), 0);
    struct pollfd ready = {.fd = master_fd, .events = POLLIN};
    EXPECT_INT(poll(&ready, 1, 10000), 1);
    EXPECT_INT(read(master_fd, got, sizeof got), 4);

    fd_closep(&peer_fd);
    peer_fd = pty_open_peer(master_fd);
    EXPECT_TRUE(peer_fd >= 0);
}

TEST(both_ends_are_close_on_exec_and_only_the_master_never_waits)
{
    auto_close int mount_fd = MOUNT_DEVPTS();
    auto_close int master_fd = -1, peer_fd = -1;

    EXPECT_OK(pty_open(mount_fd, 0, 0, &master_fd, &peer_fd, ERR));
    EXPECT_TRUE(fcntl(master_fd, F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(fcntl(peer_fd, F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(fcntl(master_fd, F_GETFL) & O_NONBLOCK);
    EXPECT_INT(fcntl(peer_fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(the_peer_belongs_to_whom_it_was_given_and_to_nobody_else)
{
    auto_close int mount_fd = MOUNT_DEVPTS();
    auto_close int master_fd = -1, peer_fd = -1;
    struct stat st;

    EXPECT_OK(pty_open(mount_fd, 1000, 5, &master_fd, &peer_fd, ERR));
    EXPECT_INT(fstatat(mount_fd, "0", &st, 0), 0);
    EXPECT_INT(st.st_uid, 1000);
    EXPECT_INT(st.st_gid, 5);
    EXPECT_INT(st.st_mode, S_IFCHR | 0600);
}

TEST(a_folder_that_is_no_devpts_is_refused_and_gives_nothing)
{
    auto_close int root_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int master_fd = -1, peer_fd = -1;

    EXPECT_FAIL(pty_open(root_fd, 0, 0, &master_fd, &peer_fd, ERR), ENOENT, "cannot open a pseudo terminal");
    EXPECT_INT(master_fd, -1);
    EXPECT_INT(peer_fd, -1);
}

/* The mount of a container with private users: made in a user namespace whose ids begin at 1000000. */
static void give_devpts_of_user_namespace(int socket_fd)
{
    char byte;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || fd_send_with(socket_fd, "u", 1, NULL, 0) < 0 ||
        read(socket_fd, &byte, 1) != 1 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        _exit(1);
    int mount_fd = mount_devpts();
    _exit(mount_fd < 0 || fd_send_with(socket_fd, "m", 1, &mount_fd, 1) < 0);
}

TEST(a_devpts_of_a_user_namespace_takes_host_ids_within_its_range)
{
    auto_close int master_fd = -1, peer_fd = -1, mount_fd = -1;
    int sockets[2], status, fds[8];
    size_t n_fds = 0;
    struct stat st;
    char path[64], byte;

    if (geteuid() != 0)
        SKIP_TEST("writing an id map of another range needs CAP_SETUID");
    EXPECT_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void) close(sockets[0]);
        give_devpts_of_user_namespace(sockets[1]);
    }
    (void) close(sockets[1]);
    assert_int_equal(fd_recv_with(sockets[0], &byte, 1, fds, &n_fds), 1);
    (void) snprintf(path, sizeof path, "/proc/%d/uid_map", (int) pid);
    EXPECT_INT(file_write_existing(AT_FDCWD, path, "0 1000000 65536"), 0);
    (void) snprintf(path, sizeof path, "/proc/%d/gid_map", (int) pid);
    EXPECT_INT(file_write_existing(AT_FDCWD, path, "0 1000000 65536"), 0);
    EXPECT_INT(fd_write_full(sockets[0], "g", 1), 0);
    EXPECT_INT(fd_recv_with(sockets[0], &byte, 1, fds, &n_fds), 1);
    EXPECT_INT(n_fds, 1);
    mount_fd = fds[0];
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    (void) close(sockets[0]);

    EXPECT_OK(pty_open(mount_fd, 1000000, 1000005, &master_fd, &peer_fd, ERR));
    EXPECT_INT(fstat(peer_fd, &st), 0);
    EXPECT_INT(st.st_uid, 1000000);
    EXPECT_INT(st.st_gid, 1000005);
    EXPECT_INT(st.st_mode, S_IFCHR | 0600);
}

TESTS(RUN(a_detached_devpts_gives_number_zero_and_the_mount_may_go),
      RUN(both_ends_are_close_on_exec_and_only_the_master_never_waits),
      RUN(the_peer_belongs_to_whom_it_was_given_and_to_nobody_else),
      RUN(a_folder_that_is_no_devpts_is_refused_and_gives_nothing),
      RUN(a_devpts_of_a_user_namespace_takes_host_ids_within_its_range))
