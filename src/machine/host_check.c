/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One function a matter, in the order in which they are shown. */
#include "machine/host_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/netlink.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/owner.h"
#include "net/link.h"

/* The ids in the ranges that are picked. */
#define IDS_FIRST ID_PICK_FIRST
#define IDS_LAST (ID_PICK_LAST + ID_RANGE_SIZE - 1)

const char *check_status_name(enum check_status status)
{
    static const char *const names[] = {[CHECK_OK] = "ok", [CHECK_WARN] = "warn", [CHECK_BAD] = "bad"};

    return names[status];
}

void check_results_done(struct check_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        free(results->item[i].finding);
        free(results->item[i].remedy);
    }
    free(results->item);
    *results = (struct check_results){0};
}

/* Takes FINDING and REMEDY. */
static void add(struct check_results *results, const char *name, enum check_status status, char *finding, char *remedy)
{
    MEM_GROW(results->item, results->count);
    results->item[results->count++] =
        (struct check_result){.name = name, .status = status, .finding = finding, .remedy = remedy};
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool read_number(const char *path, uint64_t *ret)
{
    auto_free char *text = NULL;

    return file_read_quiet(AT_FDCWD, path, 64, &text) == 0 && parse_u64(string_trim(text), ret) == 0;
}

/* -- the kernel -- */

bool check_release_is(const char *release, unsigned major, unsigned minor)
{
    char *end;
    unsigned long own_major = strtoul(release, &end, 10), own_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

    return own_major > major || (own_major == major && own_minor >= minor);
}

static void check_kernel(struct check_results *results)
{
    struct utsname name;

    (void) uname(&name);
    if (check_release_is(name.release, 5, 12))
        add(results, "kernel", CHECK_OK, mem_format("Linux %s", name.release), NULL);
    else
        add(results, "kernel", CHECK_BAD, mem_format("Linux %s is older than 5.12", name.release),
            mem_copy_string("install a newer kernel: mounts cannot be mapped by this one"));
}

static void check_root(struct check_results *results)
{
    if (geteuid() == 0)
        add(results, "privileges", CHECK_OK, mem_copy_string("runs as root"), NULL);
    else
        add(results, "privileges", CHECK_WARN, mem_format("runs as user %u, and cannot see everything", geteuid()),
            mem_copy_string("run it with sudo to have all of the checks"));
}

static void check_namespaces(struct check_results *results)
{
    static const char *const names[] = {"mnt", "pid", "uts", "ipc", "net", "user", "cgroup"};
    CLEANUP(strings_done) struct strings missing = {0};
    uint64_t limit = 1;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        auto_free char *path = mem_format("/proc/self/ns/%s", names[i]);

        if (!exists(path))
            strings_add(&missing, names[i]);
    }
    if (missing.count > 0)
        add(results, "namespaces", CHECK_BAD, mem_format("the kernel has no %s namespaces", missing.item[0]),
            mem_copy_string("it is built without them: use another kernel"));
    else if (read_number("/proc/sys/user/max_user_namespaces", &limit) && limit == 0)
        add(results, "namespaces", CHECK_BAD, mem_copy_string("user namespaces are forbidden"),
            mem_copy_string("sysctl -w user.max_user_namespaces=10000, or PrivateUsers=no for each machine"));
    else
        add(results, "namespaces", CHECK_OK, mem_copy_string("all that are used"), NULL);
}

static void check_seccomp(struct check_results *results)
{
    bool has = exists("/proc/sys/kernel/seccomp/actions_avail");

    add(results, "seccomp", has ? CHECK_OK : CHECK_BAD,
        mem_copy_string(has ? "system calls can be filtered" : "the kernel cannot filter system calls"),
        has ? NULL : mem_copy_string("use a kernel with CONFIG_SECCOMP_FILTER"));
}

/* -- control groups -- */

static bool is_filesystem(const char *path, long magic)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && (long) fs.f_type == magic;
}

static void check_cgroups(struct check_results *results)
{
    static const char *const wanted[] = {"cpu", "cpuset", "io", "memory", "pids"};
    static const char *const folders[] = {"cpu", "cpuset", "blkio", "memory", "pids"};
    bool unified = is_filesystem("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC);
    bool hybrid = is_filesystem("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC);
    CLEANUP(strings_done) struct strings there = {0};
    auto_free char *text = NULL, *missing = mem_copy_string("");

    if (file_read_quiet(AT_FDCWD, unified ? "/sys/fs/cgroup/cgroup.controllers"
                                          : "/sys/fs/cgroup/unified/cgroup.controllers", 4096, &text) == 0)
        strings_split(&there, text, " \n");
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        auto_free char *folder = mem_format("/sys/fs/cgroup/%s", folders[i]);

        if (!strings_contain(&there, wanted[i]) && (unified || !exists(folder))) {
            auto_free char *before = missing;

            missing = mem_format("%s%s%s", before, *before ? ", " : "", wanted[i]);
        }
    }
    const char *layout = unified                            ? "unified"
                         : hybrid                           ? "hybrid"
                         : exists("/sys/fs/cgroup/memory") ? "version 1"
                                                            : "none";
    if (strcmp(layout, "none") == 0)
        add(results, "cgroups", CHECK_BAD, mem_copy_string("no control groups are mounted"),
            mem_copy_string("mount -t cgroup2 cgroup2 /sys/fs/cgroup, at best in the host's boot scripts"));
    else if (*missing)
        add(results, "cgroups", CHECK_WARN, mem_format("%s; without the controllers %s", layout, missing),
            mem_copy_string("limits of these kinds have no effect: see cgroup_disable= on the kernel's command line"));
    else
        add(results, "cgroups", CHECK_OK, mem_format("%s, with all controllers", layout), NULL);
}

/* -- parts of the kernel -- */

/* Whether the kernel has MODULE, loaded, built in or to be loaded. */
static bool kernel_has(const char *module)
{
    static const char *const lists[] = {"modules.builtin", "modules.dep"};
    auto_free char *loaded = mem_format("/sys/module/%s", module), *wanted = mem_format("/%s.ko", module);
    struct utsname name;

    if (exists(loaded))
        return true;
    (void) uname(&name);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        auto_free char *path = mem_format("/lib/modules/%s/%s", name.release, lists[i]), *text = NULL;

        if (file_read_quiet(AT_FDCWD, path, (size_t) 16 << 20, &text) == 0 && strstr(text, wanted))
            return true;
    }
    return false;
}

static bool has_filesystem(const char *name)
{
    CLEANUP(strings_done) struct strings words = {0};
    auto_free char *text = NULL;

    if (file_read_quiet(AT_FDCWD, "/proc/filesystems", 64 << 10, &text) < 0)
        return false;
    strings_split(&words, text, " \t\n");
    return strings_contain(&words, name) || kernel_has(name);
}

static void check_features(struct check_results *results)
{
    const struct {
        bool has;
        const char *name, *has_text, *lacks_text, *remedy;
    } rows[] = {
        {has_filesystem("overlay"), "overlay", "clones and throw-away copies are instant",
         "no overlay file system: clones and ephemeral machines are copied", "modprobe overlay"},
        {exists("/dev/net/tun"), "tun", "tunnels can be made in machines", "no /dev/net/tun: no tunnels in machines",
         "modprobe tun"},
        {exists("/dev/fuse"), "fuse", "FUSE can be used in machines", "no /dev/fuse: no FUSE in machines",
         "modprobe fuse"},
        {exists("/dev/loop-control"), "loop", "disk images can be attached",
         "no /dev/loop-control: disk images cannot be run", "modprobe loop"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        add(results, rows[i].name, rows[i].has ? CHECK_OK : CHECK_WARN,
            mem_copy_string(rows[i].has ? rows[i].has_text : rows[i].lacks_text),
            rows[i].has ? NULL : mem_copy_string(rows[i].remedy));
}

/* -- numbers -- */

static void check_sysctls(struct check_results *results)
{
    static const struct {
        const char *name, *path;
        uint64_t enough;
        const char *why;
    } rows[] = {
        {"inotify instances", "fs/inotify/max_user_instances", 512, "each init takes several"},
        {"inotify watches", "fs/inotify/max_user_watches", 65536, "each init takes hundreds"},
        {"pseudo terminals", "kernel/pty/max", 1024, "each login and console takes one"},
        {"process ids", "kernel/pid_max", 32768, "all machines share them"},
        {"keys of a user", "kernel/keys/maxkeys", 200, "each machine's session keyring counts"},
        {"memory maps", "vm/max_map_count", 65530, "databases need many"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_free char *path = path_join("/proc/sys", rows[i].path), *key = mem_copy_string(rows[i].path);
        uint64_t number;

        for (char *p = key; *p; p++)
            if (*p == '/')
                *p = '.';
        if (!read_number(path, &number))
            continue;
        if (number >= rows[i].enough)
            add(results, rows[i].name, CHECK_OK,
                mem_format("%s is %llu", key, (unsigned long long) number), NULL);
        else
            add(results, rows[i].name, CHECK_WARN,
                mem_format("%s is %llu, and %s", key, (unsigned long long) number, rows[i].why),
                mem_format("sysctl -w %s=%llu for many machines; to keep it, a file in /etc/sysctl.d", key,
                           (unsigned long long) rows[i].enough));
    }
}

static void check_files(struct check_results *results)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (limit.rlim_max >= 4096)
        add(results, "open files", CHECK_OK, mem_format("up to %llu", (unsigned long long) limit.rlim_max), NULL);
    else
        add(results, "open files", CHECK_WARN,
            mem_format("up to %llu, less than an init expects", (unsigned long long) limit.rlim_max),
            mem_copy_string("raise the hard limit (ulimit -Hn) of what starts machines"));
}

/* -- the network -- */

/* In a network namespace that goes away with the process: nobody sees them. Returns an exit status. */
static int try_links(void)
{
    auto_error struct error *err = NULL;
    struct netlink netlink;
    int index;

    if (unshare(CLONE_NEWNET) < 0 || netlink_open(&netlink, &err) < 0)
        return 3;
    auto_close int netns_fd = file_open("/proc/self/ns/net", O_RDONLY);
    const struct veth veth = {
        .host_name = "redd-a",
        .host_mac = {{2, 0, 0, 0, 0, 1}},
        .container_name = "redd-b",
        .container_mac = {{2, 0, 0, 0, 0, 2}},
        .netns_fd = netns_fd,
    };
    if (link_make_veth(&netlink, &veth, &index, &err) < 0)
        return 1;
    return link_make_bridge(&netlink, "redd-c", NULL, &err) < 0 ? 2 : 0;
}

/* What the kernel can make is tried, where we may; else its modules are looked at. */
static void find_links(bool *ret_veth, bool *ret_bridge)
{
    int status = 3;
    pid_t pid = geteuid() == 0 ? fork() : -1;

    if (pid == 0)
        _exit(try_links());
    if (pid > 0 && waitpid(pid, &status, 0) == pid)
        status = WIFEXITED(status) ? WEXITSTATUS(status) : 3;
    *ret_veth = status == 0 || status == 2 || (status == 3 && kernel_has("veth"));
    *ret_bridge = status == 0 || (status != 2 && kernel_has("bridge"));
}

static void check_network(struct check_results *results)
{
    uint64_t forward4 = 0, forward6 = 0;
    bool veth, bridge;

    find_links(&veth, &bridge);

    if (veth && bridge)
        add(results, "network links", CHECK_OK, mem_copy_string("cables and bridges can be made"), NULL);
    else
        add(results, "network links", CHECK_WARN,
            mem_format("the kernel has no %s", veth ? "bridges" : "virtual cables"),
            mem_format("modprobe %s", veth ? "bridge" : "veth"));
    (void) read_number("/proc/sys/net/ipv4/ip_forward", &forward4);
    (void) read_number("/proc/sys/net/ipv6/conf/all/forwarding", &forward6);
    if (forward4 && forward6)
        add(results, "forwarding", CHECK_OK, mem_copy_string("IPv4 and IPv6"), NULL);
    else
        add(results, "forwarding", CHECK_OK,
            mem_format("%s off; it is turned on for a machine with a network that needs it",
                       forward4 ? "IPv6" : forward6 ? "IPv4" : "IPv4 and IPv6"), NULL);
}

static void check_firewall(struct check_results *results)
{
    auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    const char *other = exists("/run/firewalld") ? "firewalld" : exists("/run/ufw.lock") ? "ufw" : NULL;

    if (fd < 0)
        add(results, "firewall", CHECK_WARN, mem_copy_string("the kernel has no netfilter: no NAT, no forwarded ports"),
            mem_copy_string("modprobe nf_tables, or use a bridge that is in the outer network"));
    else if (other)
        add(results, "firewall", CHECK_OK, mem_format("nftables; %s is at work beside it", other), NULL);
    else
        add(results, "firewall", CHECK_OK, mem_copy_string("nftables"), NULL);
}

/* -- users -- */

char *check_find_user_in(const char *passwd, uint32_t first, uint32_t last)
{
    CLEANUP(strings_done) struct strings lines = {0};

    strings_split(&lines, passwd, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        CLEANUP(strings_done) struct strings fields = {0};
        uint32_t uid;

        if (strings_split_colons(&fields, lines.item[i]) == 0 && fields.count > 2 &&
            parse_u32(fields.item[2], &uid) == 0 && uid >= first && uid <= last)
            return mem_copy_string(fields.item[0]);
    }
    return NULL;
}

static void check_ids(struct check_results *results)
{
    auto_free char *text = NULL;
    auto_free char *user = file_read_quiet(AT_FDCWD, "/etc/passwd", 4 << 20, &text) == 0
                               ? check_find_user_in(text, IDS_FIRST, IDS_LAST) : NULL;

    if (!user)
        add(results, "user ids", CHECK_OK, mem_format("%u to %u are free for machines", IDS_FIRST, IDS_LAST), NULL);
    else
        add(results, "user ids", CHECK_WARN,
            mem_format("user '%s' of the host has an id from %u to %u, which machines are given", user, IDS_FIRST,
                       IDS_LAST),
            mem_copy_string("give that user another id, or the machines fixed ranges with PrivateUsers="));
}

/* -- the disk -- */

static void check_folder(struct check_results *results, const char *folder)
{
    enum { GIB = 1 << 30 };
    struct statvfs fs;
    struct stat st;

    if (stat(folder, &st) < 0) {
        add(results, "images", CHECK_OK, mem_format("%s is not there yet; it is made when an image is", folder), NULL);
        return;
    }
    if (st.st_mode & 077)
        add(results, "images", CHECK_WARN, mem_format("others than root may look into %s", folder),
            mem_format("chmod 700 %s: programs in there may be set-user-id", folder));
    else
        add(results, "images", CHECK_OK, mem_format("%s is root's", folder), NULL);
    if (statvfs(folder, &fs) < 0)
        return;
    uint64_t free_bytes = (uint64_t) fs.f_bavail * fs.f_frsize;
    bool few_inodes = fs.f_files > 0 && fs.f_favail < fs.f_files / 50;
    if (free_bytes < GIB || few_inodes)
        add(results, "disk", CHECK_WARN,
            few_inodes ? mem_format("%s has hardly any inodes left", folder)
                       : mem_format("%s has %llu MiB left", folder, (unsigned long long) (free_bytes >> 20)),
            mem_copy_string("'redd list-images' and 'redd clean' show and remove what is not needed"));
    else
        add(results, "disk", CHECK_OK, mem_format("%llu GiB left", (unsigned long long) (free_bytes >> 30)), NULL);
}

/* -- redd itself -- */

static void check_programs(struct check_results *results)
{
    bool systemd = exists("/run/systemd/system");
    auto_free char *bus_path = path_of_own_program("redd-bus"), *transfer_path = path_of_own_program("redd-transfer");
    bool bus = exists(bus_path), transfer = exists(transfer_path);

    if (systemd && !bus)
        add(results, "service manager", CHECK_BAD,
            mem_copy_string("systemd, and redd-bus, which speaks to it, is missing"),
            mem_copy_string("build redd with libsystemd, or run machines with --keep-unit --register=no"));
    else
        add(results, "service manager", CHECK_OK,
            mem_copy_string(systemd ? "systemd" : "none that is asked: machines are started by redd itself"), NULL);
    add(results, "transfer", transfer ? CHECK_OK : CHECK_WARN,
        mem_copy_string(transfer ? "images can be pulled, imported and exported" : "redd-transfer is not installed"),
        transfer ? NULL : mem_copy_string("build redd with libarchive, libcurl, libcrypto and jansson"));
}

static void check_registry(struct check_results *results, const struct registry *registry)
{
    CLEANUP(machine_states_done) struct machine_states machines = {0};
    auto_error struct error *err = NULL;

    if (registry_list(registry, &machines, &err) < 0)
        add(results, "machines", CHECK_WARN, mem_copy_string(error_text(err)),
            mem_copy_string("run it as root to see them"));
    else if (machines.has_dead)
        add(results, "machines", CHECK_WARN, mem_format("%zu run; a dead one has left things behind", machines.count),
            mem_copy_string("'redd list' as root undoes them"));
    else
        add(results, "machines", CHECK_OK, mem_format("%zu run", machines.count), NULL);
}

void host_check(const struct registry *registry, const char *folder, struct check_results *ret)
{
    *ret = (struct check_results){0};
    check_kernel(ret);
    check_root(ret);
    check_namespaces(ret);
    check_seccomp(ret);
    check_cgroups(ret);
    check_features(ret);
    check_sysctls(ret);
    check_files(ret);
    check_network(ret);
    check_firewall(ret);
    check_ids(ret);
    check_folder(ret, folder);
    check_programs(ret);
    check_registry(ret, registry);
}
