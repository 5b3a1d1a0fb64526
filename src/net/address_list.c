/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/address_list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "net/netlink.h"

/* A container's owner can have very many. */
#define ADDRESSES_MAX 1024

void addresses_done(struct addresses *addresses)
{
    free(TAKE(addresses->item));
    addresses->count = 0;
}

/* One RTM_NEWADDR. IFA_LOCAL is our own address where IFA_ADDRESS is that of the peer. */
static void take_address(const struct nlmsghdr *message, void *data)
{
    struct addresses *addresses = data;
    const struct ifaddrmsg *header = (const struct ifaddrmsg *) (message + 1);
    struct address address = {.family = header->ifa_family, .scope = header->ifa_scope,
                              .interface = (int) header->ifa_index};
    size_t size = header->ifa_family == AF_INET ? 4 : 16;
    uint32_t flags = header->ifa_flags;
    bool found = false;

    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *header) ||
        (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) || header->ifa_scope >= RT_SCOPE_HOST ||
        addresses->count >= ADDRESSES_MAX)
        return;

    int left = (int) (message->nlmsg_len - NLMSG_LENGTH(sizeof *header));
    for (const struct rtattr *a = (const struct rtattr *) (header + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        bool is_local = a->rta_type == IFA_LOCAL, fits = RTA_PAYLOAD(a) == size;

        if (fits && (is_local || (a->rta_type == IFA_ADDRESS && !found))) {
            memcpy(address.bytes, RTA_DATA(a), size);
            found = true;
        }
        if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof flags)
            memcpy(&flags, RTA_DATA(a), sizeof flags);
    }
    if (!found || flags & IFA_F_DEPRECATED)
        return;
    MEM_GROW(addresses->item, addresses->count);
    addresses->item[addresses->count++] = address;
}

static int compare(const void *a, const void *b)
{
    const struct address *x = a, *y = b;

    if (x->family != y->family)
        return x->family == AF_INET ? -1 : 1;
    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    if (x->interface != y->interface)
        return x->interface < y->interface ? -1 : 1;
    return memcmp(x->bytes, y->bytes, sizeof x->bytes);
}

static int list(int socket_fd, struct addresses *ret, struct error **err)
{
    struct netlink netlink = {.fd = socket_fd, .sequence = 1};
    const struct ifaddrmsg all = {.ifa_family = AF_UNSPEC};
    struct netlink_batch batch;
    struct netlink_remark remark;
    int r;

    do {
        CLEANUP(addresses_done) struct addresses addresses = {0};

        netlink_batch_init(&batch);
        netlink_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &all, sizeof all);
        r = netlink_talk(&netlink, &batch, take_address, &addresses, &remark);
        if (r == 0) {
            if (addresses.count > 0)
                qsort(addresses.item, addresses.count, sizeof *addresses.item, compare);
            *ret = addresses;
            addresses = (struct addresses){0};
        }
    } while (r == -EAGAIN);
    return r < 0 ? fail(err, -r, "cannot list the addresses of the network namespace") : 0;
}

int addresses_read_own(struct addresses *ret, struct error **err)
{
    /* not by netlink_open(): the two calls more that it makes are for errors in words */
    auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    return fd < 0 ? fail(err, errno, "cannot open a socket to the kernel's network configuration")
                  : list(fd, ret, err);
}

static int find_home(struct address_reader *reader, struct error **err)
{
    struct stat st;

    if (reader->home_fd >= 0)
        return 0;
    reader->processes_fd = file_open("/proc", O_PATH | O_DIRECTORY);
    reader->home_fd = file_open("/proc/self/ns/net", O_RDONLY);
    if (reader->processes_fd < 0 || reader->home_fd < 0 || fstat(reader->home_fd, &st) < 0)
        return fail(err, errno, "cannot open /proc/self/ns/net");
    reader->home_device = st.st_dev;
    reader->home_inode = st.st_ino;
    return 0;
}

int addresses_read(struct address_reader *reader, pid_t pid, struct addresses *ret, struct error **err)
{
    char path[32];
    struct stat st;

    if (find_home(reader, err) < 0)
        return -error_code(*err);
    (void) snprintf(path, sizeof path, "%d/ns/net", (int) pid);
    auto_close int netns_fd = openat(reader->processes_fd, path, O_RDONLY | O_CLOEXEC);
    if (netns_fd < 0 || fstat(netns_fd, &st) < 0)
        return fail(err, errno, "cannot open /proc/%s", path);
    if (st.st_dev == reader->home_device && st.st_ino == reader->home_inode)
        return fail_plain(err, ENONET, "process %d has the caller's network", (int) pid);
    if (setns(netns_fd, CLONE_NEWNET) < 0)
        return fail(err, errno, "cannot look into the network namespace of process %d", (int) pid);
    reader->is_away = true;
    return addresses_read_own(ret, err);
}

int addresses_read_within(struct address_reader *reader, pid_t pid, struct addresses *ret, struct error **err)
{
    if (find_home(reader, err) < 0)
        return -error_code(*err);
    auto_close int pidfd = sys_pidfd_open(pid, 0);
    if (pidfd < 0 || setns(pidfd, CLONE_NEWNET) < 0)
        return fail(err, errno, "cannot look into the network namespace of process %d", (int) pid);
    reader->is_away = true;
    return addresses_read_own(ret, err);
}

void address_reader_done(struct address_reader *reader)
{
    if (reader->is_away && setns(reader->home_fd, CLONE_NEWNET) < 0)
        abort();
    fd_closep(&reader->home_fd);
    fd_closep(&reader->processes_fd);
    reader->is_away = false;
}

const char *address_text(const struct address *address, char *buffer)
{
    const char *text = inet_ntop(address->family, address->bytes, buffer, ADDRESS_TEXT_SIZE);

    return text ? text : "";
}
