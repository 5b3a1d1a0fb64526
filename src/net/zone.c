/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zones, and the file that is their lock. It is removed with the last use: nothing stays of a zone. */
#include "net/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define LOCK_FOLDER "/run/redd"
#define LOCK_FILE LOCK_FOLDER "/zones.lock"

/* Nobody but root may open it: whoever can could keep all zones waiting. */
static int open_lock(void)
{
    int fd = openat(AT_FDCWD, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 && errno == ENOENT && dir_make_all(LOCK_FOLDER, 0755) == 0)
        fd = openat(AT_FDCWD, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd;
}

int zone_lock_take(struct zone_lock *lock, struct error **err)
{
    for (;;) {
        struct flock request = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat st;
        auto_close int fd = open_lock();

        if (fd < 0)
            return fail(err, errno, "cannot open " LOCK_FILE);
        while (fcntl(fd, F_OFD_SETLKW, &request) < 0)
            if (errno != EINTR)
                return fail(err, errno, "cannot lock " LOCK_FILE);
        if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
            lock->fd = take_fd(&fd);
            return 0;
        }
        /* the one we waited for has removed it */
    }
}

void zone_lock_done(struct zone_lock *lock)
{
    if (lock->fd >= 0)
        (void) unlink(LOCK_FILE);
    fd_closep(&lock->fd);
}

int zone_open(struct netlink *netlink, const char *name, struct mac mac, struct link *ret, struct error **err)
{
    auto_error struct error *ignored = NULL;

    if (link_find(netlink, name, ret, &ignored) < 0 &&
        (link_make_bridge(netlink, name, &mac, err) < 0 || link_find(netlink, name, ret, err) < 0))
        return -error_code(*err);
    if (strcmp(ret->kind, "bridge") == 0)
        return 0;

    int r = fail_plain(err, EEXIST, "the interface '%s' is not a bridge", name);
    fail_id(*err, "R2803");
    fail_hint(*err, "a zone's bridge is made by need; rename or remove what has its name, or choose another zone");
    return r;
}

int zone_release(struct netlink *netlink, const char *name, struct error **err)
{
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};
    auto_error struct error *ignored = NULL;
    struct link bridge;
    bool has_ports;

    if (zone_lock_take(&lock, err) < 0)
        return -error_code(*err);
    if (link_find(netlink, name, &bridge, &ignored) < 0 || strcmp(bridge.kind, "bridge") != 0)
        return 0;
    if (link_has_ports(netlink, bridge.index, &has_ports, err) < 0)
        return -error_code(*err);
    return has_ports ? 0 : link_delete(netlink, bridge.index, LINK_STAYS, err);
}
