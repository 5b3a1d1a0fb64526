/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/localtime: what the host's is, and putting it into the container's tree. */
#include "runtime/timezone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strings.h"
#include "runtime/place.h"

#define INSIDE "/etc/localtime"
#define ZONES "/usr/share/zoneinfo"

enum { ZONE_FILE_MAX = 1 << 20, ZONE_NAME_MAX = 255 };

void timezone_done(struct local_time *time)
{
    free(time->zone);
    fd_closep(&time->source_fd);
    fd_closep(&time->mount_fd);
    *time = (struct local_time){.mode = TIMEZONE_OFF, .source_fd = -1, .mount_fd = -1};
}

/* It becomes part of a path and of a link: plain characters, no component that starts with a dot. */
static bool zone_is_valid(const char *zone)
{
    if (!*zone || strlen(zone) > ZONE_NAME_MAX)
        return false;
    for (const char *p = zone; *p; p++) {
        bool first = p == zone || p[-1] == '/';
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');

        if (!letter && (first || !strchr("+-_./", *p)))
            return false;
    }
    return zone[strlen(zone) - 1] != '/';
}

/* The zone that the host's link names. Distributions keep zones in several folders, all called zoneinfo. */
static char *host_zone(int host_fd)
{
    char target[PATH_MAX];
    const char *zone = NULL;

    ssize_t n = readlinkat(host_fd, &INSIDE[1], target, sizeof target - 1);
    if (n < 0)
        return NULL;
    target[n] = '\0';
    for (const char *at = target; (at = strstr(at, "/zoneinfo/"));)
        zone = at += strlen("/zoneinfo/");
    return zone && zone_is_valid(zone) ? mem_copy_string(zone) : NULL;
}

static int source_open(int host_fd, struct local_time *time)
{
    struct stat st;
    auto_close int fd = path_open_in(host_fd, INSIDE, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    time->source_fd = take_fd(&fd);
    return 0;
}

int timezone_prepare(const struct spec *spec, int host_fd, bool read_only, struct local_time *ret, struct error **err)
{
    CLEANUP(timezone_done) struct local_time time = {.mode = spec->timezone, .source_fd = -1, .mount_fd = -1};
    bool automatic = time.mode == TIMEZONE_AUTO;

    *ret = (struct local_time){.mode = TIMEZONE_OFF, .source_fd = -1, .mount_fd = -1};
    if (time.mode == TIMEZONE_OFF || time.mode == TIMEZONE_DELETE) {
        ret->mode = time.mode;
        return 0;
    }
    if (automatic)
        time.mode = read_only ? TIMEZONE_BIND : TIMEZONE_SYMLINK;
    if (time.mode == TIMEZONE_SYMLINK && !(time.zone = host_zone(host_fd)))
        time.mode = TIMEZONE_COPY;

    int r = source_open(host_fd, &time);
    if (r == -ENOENT && automatic)
        return 0;               /* a host without one says nothing about the container */
    if (r < 0) {
        r = fail(err, -r, "cannot read the host's " INSIDE);
        fail_id(*err, "R2615");
        return r;
    }
    if (time.mode == TIMEZONE_BIND) {
        time.mount_fd = mount_clone(time.source_fd, "", false, err);
        if (time.mount_fd < 0 || mount_change(time.mount_fd, PLACE_BIND_FLAGS, 0, false, err) < 0)
            return -error_code(*err);
    }
    *ret = time;
    time = (struct local_time){.source_fd = -1, .mount_fd = -1};
    return 0;
}

/* Replaces whatever is there, unless it is a file with just this in it. */
static int copy(const struct local_time *time, int root_fd)
{
    struct stat st;
    if (fstat(time->source_fd, &st) < 0)
        return -errno;
    if (st.st_size > ZONE_FILE_MAX)
        return -EFBIG;

    auto_free char *text = mem_alloc((size_t) st.st_size + 1);
    ssize_t n = pread(time->source_fd, text, (size_t) st.st_size, 0);
    if (n < 0)
        return -errno;
    return place_replace(root_fd, INSIDE, text, (size_t) n, &st.st_mtim);
}

static int link_zone(const struct local_time *time, int root_fd)
{
    auto_free char *file = mem_format(ZONES "/%s", time->zone);
    auto_free char *target = mem_format(".." ZONES "/%s", time->zone);
    auto_close int fd = path_open_in(root_fd, file, O_PATH, 0);

    /* the same zone by the other usual spelling stays as it is */
    if (fd >= 0 && place_is_link(root_fd, INSIDE, file))
        return 0;
    return fd < 0 ? copy(time, root_fd) : place_link(root_fd, INSIDE, target);
}

static int apply(const struct local_time *time, int root_fd, struct error **err)
{
    int r = 0;

    switch (time->mode) {
    case TIMEZONE_OFF:
    case TIMEZONE_AUTO:
        return 0;
    case TIMEZONE_COPY:
        r = copy(time, root_fd);
        break;
    case TIMEZONE_BIND:
        /* where a link leads to, so that programs which read the zone's name from the link still can */
        return place_bind(root_fd, INSIDE, true, time->mount_fd, err);
    case TIMEZONE_SYMLINK:
        r = link_zone(time, root_fd);
        break;
    case TIMEZONE_DELETE:
        r = place_delete(root_fd, INSIDE);
        break;
    }
    return r < 0 ? fail(err, -r, "cannot %s it", time->mode == TIMEZONE_DELETE ? "delete" : "write") : 0;
}

int timezone_apply(const struct local_time *time, int root_fd, struct error **err)
{
    int r = apply(time, root_fd, err);

    if (r < 0) {
        r = fail_in(err, "cannot set up the container's " INSIDE);
        fail_id(*err, "R2616");
        fail_hint(*err, "--timezone=off leaves the file alone");
    }
    return r;
}
