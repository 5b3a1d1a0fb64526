/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binding, and the search through /proc for who came first. */
#include "net/port_socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "net/rules.h"

enum { BACKLOG = 128 };

#define LIST_LIMIT ((size_t) 16 << 20)

static socklen_t make_address(const struct port_forward *port, uint16_t number, int family,
                              struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    if (family == AF_INET) {
        struct sockaddr_in *address = (void *) ret;

        address->sin_family = AF_INET;
        address->sin_port = htons(number);
        if (port->address.family)
            memcpy(&address->sin_addr, port->address.byte, sizeof address->sin_addr);
        return sizeof *address;
    }
    struct sockaddr_in6 *address = (void *) ret;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(number);
    if (port->address.family)
        memcpy(&address->sin6_addr, port->address.byte, sizeof address->sin6_addr);
    return sizeof *address;
}

/* -errno */
static int open_family(const struct port_forward *port, uint16_t number, int family, int *ret_fd)
{
    struct sockaddr_storage address;
    socklen_t size = make_address(port, number, family, &address);
    int type = port->udp ? SOCK_DGRAM : SOCK_STREAM, both = !port->address.family;
    auto_close int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    /* connections that have ended keep a port busy for a minute; a datagram socket would be shared */
    if (!port->udp)
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (family == AF_INET6)
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){!both}, sizeof(int));
    if (bind(fd, (const struct sockaddr *) &address, size) < 0 || (!port->udp && listen(fd, BACKLOG) < 0))
        return -errno;
    *ret_fd = take_fd(&fd);
    return 0;
}

/* -- whose it is -- */

/* Fields of the kernel's lists of sockets. */
enum { LOCAL = 1, STATE = 3, INODE = 9, N_FIELDS };

/* The inode of the socket that has NUMBER in one of those lists; 0: none. */
static uint64_t find_inode(const char *list, bool udp, uint16_t number)
{
    auto_free char *text = NULL;
    auto_free char *end = mem_format(":%04X", number);
    CLEANUP(strings_done) struct strings lines = {0};

    if (file_read_quiet(AT_FDCWD, list, LIST_LIMIT, &text) < 0)
        return 0;
    strings_split(&lines, text, "\n");
    for (size_t i = 1; i < lines.count; i++) {
        CLEANUP(strings_done) struct strings field = {0};
        uint64_t inode;

        strings_split(&field, lines.item[i], " ");
        if (field.count >= N_FIELDS && string_ends(field.item[LOCAL], end) &&
            (udp || strcmp(field.item[STATE], "0A") == 0) && parse_u64(field.item[INODE], &inode) == 0 && inode != 0)
            return inode;
    }
    return 0;
}

static bool has_socket(int proc_fd, const char *pid, const char *wanted)
{
    auto_free char *name = mem_format("%s/fd", pid);
    int fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool found = false;

    if (!dir) {
        fd_closep(&fd);
        return false;
    }
    for (const struct dirent *entry; !found && (entry = readdir(dir));) {
        char target[64];
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

        found = n > 0 && (target[n] = '\0', strcmp(target, wanted) == 0);
    }
    (void) closedir(dir);
    return found;
}

/* The process that holds socket INODE; gives its name, NULL when it cannot be found. */
static char *find_process(uint64_t inode, uint32_t *ret_pid)
{
    auto_free char *wanted = mem_format("socket:[%" PRIu64 "]", inode);
    DIR *dir = opendir("/proc");
    char *name = NULL;

    for (const struct dirent *entry; dir && !name && (entry = readdir(dir));) {
        auto_free char *comm = mem_format("%s/comm", entry->d_name);

        if (parse_u32(entry->d_name, ret_pid) < 0 || !has_socket(dirfd(dir), entry->d_name, wanted))
            continue;
        if (file_read_quiet(dirfd(dir), comm, 64, &name) < 0)
            name = mem_copy_string("?");
        (void) string_trim(name);
    }
    if (dir)
        (void) closedir(dir);
    return name;
}

static int busy(const struct port_forward *port, uint16_t number, struct error **err)
{
    static const char *const lists[2][2] = {{"/proc/net/tcp", "/proc/net/tcp6"}, {"/proc/net/udp", "/proc/net/udp6"}};
    const char *protocol = port->udp ? "udp" : "tcp";
    char machine[65];
    uint64_t inode = 0;
    uint32_t pid = 0;

    if (rules_find_port(port->udp, number, machine)) {
        fail_plain(err, EADDRINUSE, "port %u (%s) of the host is forwarded to machine '%s'", number, protocol, machine);
        fail_id(*err, "R2856");
        fail_hint(*err, "'redd port %s remove %s:%u' gives it up, or forward another port", machine, protocol, number);
        return -EADDRINUSE;
    }
    for (size_t i = 0; i < 2 && inode == 0; i++)
        inode = find_inode(lists[port->udp][i], port->udp, number);
    auto_free char *name = inode ? find_process(inode, &pid) : NULL;
    if (!name)
        fail_plain(err, EADDRINUSE, "port %u (%s) of the host is in use", number, protocol);
    else
        fail_plain(err, EADDRINUSE, "port %u (%s) of the host is in use by process %" PRIu32 " (%s)", number, protocol,
                   pid, name);
    fail_id(*err, "R2856");
    fail_hint(*err, "stop what uses it, or forward another port; 'redd ports' and 'ss -tulpn' list those in use");
    return -EADDRINUSE;
}

int port_socket_open(const struct port_forward *port, unsigned offset, int *ret_fd, struct error **err)
{
    uint16_t number = (uint16_t) (port->host_port + offset);
    int family = port->address.family ? port->address.family : AF_INET6;
    int r = open_family(port, number, family, ret_fd);

    /* a host without IPv6 */
    if ((r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) && !port->address.family)
        r = open_family(port, number, AF_INET, ret_fd);
    if (r == -EADDRINUSE)
        return busy(port, number, err);
    if (r < 0) {
        char text[IP_PREFIX_TEXT_SIZE];

        fail(err, -r, "cannot listen on port %u of %s", number,
             port->address.family ? ip_address_format(&port->address, text) : "the host");
        if (r == -EADDRNOTAVAIL)
            fail_hint(*err, "the host has no such address; 'ip address' lists what it has");
    }
    return r;
}
