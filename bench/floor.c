/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor's processes and options; floor.h says what the floor is.
 *
 *     floor --tree=DIR [--net] [--veth=NAME] [--filters=0|1|5] [--first-id=ID] [--overlay | --volatile]
 *           [--image=FILE] [--boot --cgroup=DIR] -- PROGRAM [ARGUMENT...]
 *
 * One clone, which shares the parent's memory so that no page table is copied. The parent stands still until the
 * payload runs, except where it has to act in between: a user namespace's maps can only be written from outside.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/kernel.h"

enum {
    EXIT_FLOOR = 125, /* the floor's own failure, unlike any payload's status here */
    STACK_SIZE = 256 * 1024,
    IDS = 65536,
};

/* What a container keeps by default, and what a private network adds. */
#define KEPT_CAPABILITIES 0xfdecafffull
#define NET_CAPABILITIES (1ull << CAP_NET_ADMIN)

void floor_die(const char *what)
{
    (void) dprintf(STDERR_FILENO, "floor: cannot set up: %s: %s\n", what, strerror(errno));
    _exit(EXIT_FLOOR);
}

static void capabilities_drop(uint64_t kept)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    for (unsigned capability = 0; capability < 64; capability++)
        if ((kept >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            break; /* the first one this kernel does not know */

    if (syscall(SYS_capget, &header, data) < 0)
        floor_die("read capabilities");
    for (unsigned i = 0; i < 2; i++) {
        data[i].permitted &= (uint32_t) (kept >> 32 * i);
        data[i].effective = data[i].inheritable = data[i].permitted;
    }
    if (syscall(SYS_capset, &header, data) < 0)
        floor_die("drop capabilities");
}

static void file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        floor_die(path);
    (void) close(fd);
}

static void wait_until_free(struct floor *floor)
{
    while (__atomic_load_n(&floor->is_free, __ATOMIC_ACQUIRE) == 0)
        (void) syscall(SYS_futex, &floor->is_free, FUTEX_WAIT, 0, NULL);

    /* A change of ids forgets the signal asked for with the parent's death. */
    if (setgroups(0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        floor_die("become root of the user namespace");
}

/* A cgroup namespace is rooted where its maker is, so the child moves before it makes one. */
static void cgroup_enter(const struct floor *floor)
{
    char path[4096];

    (void) snprintf(path, sizeof(path), "%s/payload/cgroup.procs", floor->cgroup_dir);
    file_write(path, "0");
    if (unshare(CLONE_NEWCGROUP) < 0)
        floor_die("make a cgroup namespace");
}

/* The parent gets the terminal by the shared table of files; it keeps both ends open, or the console would hang up
 * whenever the init closes it for a moment. */
static void console_open(struct floor *floor)
{
    int locked = 0;
    int console_fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (console_fd < 0 || ioctl(console_fd, TIOCSPTLCK, &locked) < 0)
        floor_die("open a terminal");
    int terminal_fd = ioctl(console_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    floor->console_fd = console_fd;

    if (terminal_fd < 0 || unshare(CLONE_FILES) < 0 || setsid() < 0 || ioctl(terminal_fd, TIOCSCTTY, 0) < 0)
        floor_die("make the terminal the console");
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (dup2(terminal_fd, fd) < 0)
            floor_die("make the terminal the console");
}

static int child_main(void *argument)
{
    struct floor *floor = argument;
    char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                 "container=floor",
                                 "TERM=dumb",
                                 "HOME=/root",
                                 "USER=root",
                                 "LOGNAME=root",
                                 NULL};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        floor_die("die with the parent");
    if (floor->first_id != 0)
        wait_until_free(floor);
    if (floor->is_boot)
        cgroup_enter(floor);
    if (floor->has_net)
        net_loopback_up();
    if (floor->veth != NULL && floor->first_id == 0)
        net_veth_create("host0", floor->veth, floor->host_netns_fd);
    tree_enter(floor);
    if (sethostname("floor", strlen("floor")) < 0)
        floor_die("set the host name");
    if (floor->is_boot)
        console_open(floor);
    else
        (void) setsid();
    filters_load(floor->n_filters);
    capabilities_drop(KEPT_CAPABILITIES | (floor->has_net ? NET_CAPABILITIES : 0));
    (void) execve(floor->argv[0], floor->argv, environment);
    floor_die(floor->argv[0]);
}

/* What the child of a user namespace cannot do itself: its maps, its root, and a link on the host. */
static void child_release(struct floor *floor, pid_t child)
{
    char path[64], map[64];

    (void) snprintf(map, sizeof(map), "0 %u %d\n", floor->first_id, IDS);
    (void) snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
    file_write(path, map);
    (void) snprintf(path, sizeof(path), "/proc/%d/gid_map", child);
    file_write(path, map);

    (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", child);
    int userns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (userns_fd < 0)
        floor_die(path);
    floor->root_fd = tree_open_idmapped(floor->tree, userns_fd);

    if (floor->veth != NULL) {
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
        int netns_fd = open(path, O_RDONLY | O_CLOEXEC);
        if (netns_fd < 0)
            floor_die(path);
        net_veth_create(floor->veth, "host0", netns_fd);
    }
    __atomic_store_n(&floor->is_free, 1, __ATOMIC_RELEASE);
    (void) syscall(SYS_futex, &floor->is_free, FUTEX_WAKE, 1);
}

static pid_t child_start(struct floor *floor)
{
    int flags = CLONE_VM | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    if (stack == MAP_FAILED)
        floor_die("get memory for a stack");
    if (!floor->is_boot)
        flags |= CLONE_NEWCGROUP;
    if (floor->has_net)
        flags |= CLONE_NEWNET;
    flags |= floor->first_id != 0 ? CLONE_NEWUSER | CLONE_FILES : CLONE_VFORK;
    if (floor->is_boot)
        flags |= CLONE_FILES;

    pid_t child = clone(child_main, stack + STACK_SIZE, flags, floor);
    if (child < 0)
        floor_die("clone");
    if (floor->first_id != 0)
        child_release(floor, child);
    return child;
}

/* Carries the console's output away until the init is gone. */
static void console_relay(const struct floor *floor, pid_t child)
{
    static char buffer[65536];
    struct pollfd polled[2] = {{.fd = sys_pidfd_open(child, 0), .events = POLLIN},
                               {.fd = floor->console_fd, .events = POLLIN}};

    if (polled[0].fd < 0)
        floor_die("watch the init");
    while ((polled[0].revents & POLLIN) == 0) {
        if (poll(polled, 2, -1) < 0)
            floor_die("wait for the init");
        if ((polled[1].revents & POLLIN) == 0)
            continue;
        ssize_t length = read(floor->console_fd, buffer, sizeof(buffer));
        if (length > 0 && write(STDOUT_FILENO, buffer, (size_t) length) < 0)
            floor_die("write the console's output");
    }
}

static int child_wait(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            floor_die("wait for the payload");
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    /* How an init in its own PID namespace dies when it powers off. */
    return WTERMSIG(status) == SIGINT ? EXIT_SUCCESS : 255;
}

static void cgroup_make(const struct floor *floor, bool is_wanted)
{
    char path[4096];

    (void) snprintf(path, sizeof(path), "%s/payload", floor->cgroup_dir);
    if ((is_wanted ? mkdir(path, 0755) : rmdir(path)) < 0 && is_wanted)
        floor_die(path);
}

static void options_read(struct floor *floor, int argc, char **argv)
{
    static const struct option known[] = {
        {"tree", required_argument, NULL, 't'},     {"net", no_argument, NULL, 'n'},
        {"veth", required_argument, NULL, 'v'},     {"filters", required_argument, NULL, 'f'},
        {"first-id", required_argument, NULL, 'i'}, {"overlay", no_argument, NULL, 'o'},
        {"volatile", no_argument, NULL, 'y'},       {"boot", no_argument, NULL, 'b'},
        {"cgroup", required_argument, NULL, 'c'},   {"image", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
        if (option == 't')
            floor->tree = optarg;
        else if (option == 'n')
            floor->has_net = true;
        else if (option == 'v')
            floor->veth = optarg;
        else if (option == 'f')
            floor->n_filters = (unsigned) strtoul(optarg, NULL, 10);
        else if (option == 'i')
            floor->first_id = (uint32_t) strtoul(optarg, NULL, 10);
        else if (option == 'o')
            floor->root = ROOT_OVERLAY;
        else if (option == 'y')
            floor->root = ROOT_VOLATILE;
        else if (option == 'b')
            floor->is_boot = true;
        else if (option == 'c')
            floor->cgroup_dir = optarg;
        else if (option == 'm')
            floor->image = optarg;
        else
            _exit(EXIT_FLOOR);
    }
    floor->argv = argv + optind;
    floor->has_net |= floor->veth != NULL;
    errno = EINVAL;
    if (floor->tree == NULL || floor->argv[0] == NULL || floor->is_boot != (floor->cgroup_dir != NULL) ||
        (floor->is_boot && floor->first_id != 0) ||
        ((floor->first_id != 0 || floor->image != NULL) && floor->root != ROOT_PLAIN))
        floor_die("these options together");
}

int main(int argc, char **argv)
{
    struct floor floor = {.n_filters = 1, .host_netns_fd = -1, .root_fd = -1, .console_fd = -1};

    options_read(&floor, argc, argv);
    if (floor.veth != NULL && (floor.host_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) < 0)
        floor_die("open the host's network namespace");
    if (floor.root == ROOT_OVERLAY)
        tree_prepare(&floor);
    if (floor.is_boot)
        cgroup_make(&floor, true);

    pid_t child = child_start(&floor);
    if (floor.is_boot)
        console_relay(&floor, child);
    int status = child_wait(child);

    if (floor.is_boot)
        cgroup_make(&floor, false);
    if (floor.root == ROOT_OVERLAY)
        tree_remove(&floor);
    return status;
}
