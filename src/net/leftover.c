/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking back what a container's network left. Runs in its supervisor, or after its death in whoever comes next. */
#include "net/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "net/address.h"
#include "net/zone.h"

#define PIN_FOLDER "/run/redd/netns"
#define OWN_NETNS "/proc/self/ns/net"

/* What stands for "" in a record. */
#define NO_KIND "-"

enum { PIN, HOST, NAME, INDEX, KIND, INSIDE, STATE, N_ARGS, N_PIN_ARGS = NAME };

static int bad_record(struct error **err)
{
    return fail_plain(err, EINVAL, "the record is not one of ours");
}

/* -- links of our own -- */

int leftover_record_link(struct undo *undo, const char *name, struct mac mac, struct error **err)
{
    char text[MAC_TEXT_SIZE];

    mac_format(mac, text);
    return undo_record(undo, "link-delete", err, name, text, NULL);
}

int undo_link_delete(const struct strings *args, struct error **err)
{
    CLEANUP(netlink_close) struct netlink netlink = {.fd = -1};
    auto_error struct error *missing = NULL;
    struct link link;
    struct mac mac;

    if (args->count != 2 || mac_parse(args->item[1], &mac) < 0)
        return bad_record(err);
    if (netlink_open(&netlink, err) < 0)
        return -error_code(*err);
    if (link_find(&netlink, args->item[0], &link, &missing) < 0) {
        if (error_code(missing) == ENODEV)
            return 0;
        *err = TAKE(missing);
        return -error_code(*err);
    }
    return mac_equal(link.mac, mac) ? link_delete(&netlink, link.index, LINK_ENDS_SOON, err) : 0;
}

/* One whose link is gone went with it. */
int undo_route_delete(const struct strings *args, struct error **err)
{
    CLEANUP(netlink_close) struct netlink netlink = {.fd = -1};
    auto_error struct error *ignored = NULL;
    struct ip_prefix to;
    struct link link;

    if (args->count != 2 || ip_prefix_parse(args->item[0], &to) < 0)
        return bad_record(err);
    if (netlink_open(&netlink, err) < 0)
        return -error_code(*err);
    if (link_find(&netlink, args->item[1], &link, &ignored) < 0)
        return 0;
    return address_route_delete(&netlink, link.index, &to, err);
}

int undo_zone_release(const struct strings *args, struct error **err)
{
    CLEANUP(netlink_close) struct netlink netlink = {.fd = -1};

    if (args->count != 1)
        return bad_record(err);
    if (netlink_open(&netlink, err) < 0)
        return -error_code(*err);
    return zone_release(&netlink, args->item[0], err);
}

/* -- links of the host's -- */

static int inode_of_own_netns(uint64_t *ret, struct error **err)
{
    struct stat st;

    if (stat(OWN_NETNS, &st) < 0)
        return fail(err, errno, "cannot look at " OWN_NETNS);
    *ret = st.st_ino;
    return 0;
}

/* The file is made first: a mount needs something to lie on. */
static int pin(const char *path, int netns_fd, struct error **err)
{
    char source[32];
    auto_close int fd = openat(AT_FDCWD, path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0444);

    if (fd < 0 && errno == ENOENT && dir_make_all(PIN_FOLDER, 0755) == 0)
        fd = openat(AT_FDCWD, path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0444);
    if (fd < 0)
        return fail(err, errno, "cannot make %s", path);
    if (mount(path_of_fd(source, netns_fd), path, NULL, MS_BIND, NULL) < 0)
        return fail(err, errno, "cannot keep the container's network namespace as %s", path);
    return 0;
}

static int record_moving(struct undo *undo, const char *path, const char *host, const struct moving_link *moving,
                         struct error **err)
{
    const struct link *link = &moving->link;
    auto_free char *index = mem_format("%d", link->index);

    return undo_record(undo, "link-return", err, path, host, link->name, index, link->kind[0] ? link->kind : NO_KIND,
                       moving->inside, link->is_up ? "up" : "down", NULL);
}

int leftover_record_moving(struct undo *undo, const char *machine, int netns_fd, const struct moving_link *links,
                           size_t n_links, struct error **err)
{
    auto_free char *path = path_join(PIN_FOLDER, machine);
    uint64_t inode = 0;

    if (inode_of_own_netns(&inode, err) < 0)
        return -error_code(*err);

    /* the list is run backwards: the pin is the last to go */
    auto_free char *host = mem_format("%" PRIu64, inode);
    if (undo_record(undo, "netns-unpin", err, path, host, NULL) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < n_links; i++)
        if (record_moving(undo, path, host, &links[i], err) < 0)
            return -error_code(*err);
    return pin(path, netns_fd, err);
}

/* Interfaces go where they came from, and nowhere else. */
static int check_host(const struct strings *args, struct error **err)
{
    uint64_t inode, wanted;

    if (parse_u64(args->item[HOST], &wanted) < 0 || !path_is_absolute(args->item[PIN]))
        return bad_record(err);
    if (inode_of_own_netns(&inode, err) < 0)
        return -error_code(*err);
    if (inode == wanted)
        return 0;

    int r = fail_plain(err, EXDEV, "the interfaces in %s belong to another network namespace than this",
                       args->item[PIN]);
    fail_id(*err, "R2805");
    fail_hint(*err, "run redd where the machine was started; if that namespace is no more, 'umount %s' gives them up",
              args->item[PIN]);
    return r;
}

/* The namespace behind a pin, or -1 where there is none: it was never made, or is undone already. */
static int open_pin(const char *path)
{
    struct statfs st;
    auto_close int fd = openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    return fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == NSFS_MAGIC ? take_fd(&fd) : -1;
}

int undo_netns_unpin(const struct strings *args, struct error **err)
{
    if (args->count != N_PIN_ARGS)
        return bad_record(err);

    const char *path = args->item[PIN];
    auto_close int fd = open_pin(path);
    if (fd >= 0 && check_host(args, err) < 0)
        return -error_code(*err);
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return fail(err, errno, "cannot unmount %s", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return fail(err, errno, "cannot remove %s", path);
    return 0;
}

/* Whether LINK can be the one ARGS tell of: whoever was root in there could make others of its name or number. */
static bool is_the_one(const struct link *link, char **args)
{
    return strcmp(link->kind[0] ? link->kind : NO_KIND, args[KIND]) == 0;
}

/* By number first, which the container cannot change; the kernel changes it where it is taken. */
static bool find_inside(struct netlink *inside, char **args, struct link *ret)
{
    auto_error struct error *ignored = NULL, *ignored_too = NULL;
    uint32_t index;

    if (parse_u32(args[INDEX], &index) == 0 && link_find_index(inside, (int) index, ret, &ignored) == 0 &&
        is_the_one(ret, args))
        return true;
    return link_find(inside, args[INSIDE], ret, &ignored_too) == 0 && is_the_one(ret, args);
}

static int came_back_renamed(const char *name, struct error **err)
{
    int r = fail_plain(err, EEXIST, "the interface '%s' came back under another name, since its own is taken", name);

    fail_id(*err, "R2804");
    fail_hint(*err, "'ip link' lists it by the name it had inside, or as dev0 or the like; 'ip link set NAME name NEW' "
                    "renames it");
    return r;
}

static int return_link(struct netlink *inside, struct netlink *outside, int own_fd, char **args, struct error **err)
{
    auto_error struct error *refusal = NULL, *ignored = NULL;
    struct link link;

    if (!find_inside(inside, args, &link))
        return 0;       /* never moved, back by itself, or deleted in there */
    if (link_move(inside, &link, own_fd, args[NAME], &refusal) < 0) {
        /* better under another name than not at all: that of inside, or where that is taken as well, a number */
        if (error_code(refusal) == EEXIST && (!find_inside(inside, args, &link) ||
                                              link_move(inside, &link, own_fd, "dev%d", &ignored) == 0))
            return came_back_renamed(args[NAME], err);
        *err = TAKE(refusal);
        return -error_code(*err);
    }
    if (strcmp(args[STATE], "up") == 0 && link_find(outside, args[NAME], &link, &ignored) == 0)
        (void) link_set_up(outside, link.index, &ignored);
    return 0;
}

int undo_link_return(const struct strings *args, struct error **err)
{
    CLEANUP(netlink_close) struct netlink inside = {.fd = -1};
    CLEANUP(netlink_close) struct netlink outside = {.fd = -1};

    if (args->count != N_ARGS)
        return bad_record(err);

    auto_close int netns_fd = open_pin(args->item[PIN]);
    if (netns_fd < 0)
        return 0;
    if (check_host(args, err) < 0)
        return -error_code(*err);

    auto_close int own_fd = file_open(OWN_NETNS, O_RDONLY);
    if (own_fd < 0)
        return fail(err, errno, "cannot open " OWN_NETNS);
    if (netlink_open(&outside, err) < 0 || netlink_open_in(netns_fd, &inside, err) < 0 ||
        return_link(&inside, &outside, own_fd, args->item, err) < 0)
        return fail_in(err, "cannot give the interface '%s' back to the host", args->item[NAME]);
    return 0;
}
