/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/resolv.conf: choosing the host's file, and putting it into a tree that may be hostile. */
#include "runtime/resolv_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strings.h"
#include "net/upstream.h"
#include "runtime/place.h"
#include "runtime/run_state.h"

#define INSIDE "/etc/resolv.conf"

enum { SIZE_MAX_BYTES = 64 << 10 };

static const char *const source_paths[] = {
    [RESOLV_HOST] = "/etc/resolv.conf",
    [RESOLV_STATIC] = "/usr/lib/systemd/resolv.conf",
    [RESOLV_UPLINK] = "/run/systemd/resolve/resolv.conf",
    [RESOLV_STUB] = "/run/systemd/resolve/stub-resolv.conf",
};

void resolv_conf_done(struct resolv_conf *conf)
{
    fd_closep(&conf->mount_fd);
    fd_closep(&conf->late_fd);
    free(conf->text);
    free(conf->host_text);
    *conf = (struct resolv_conf) RESOLV_CONF_NONE;
}

/* Reads one of the host's files. Returns its fd or a negative errno. */
static int source_open(int host_fd, enum resolv_source source, struct resolv_conf *ret)
{
    struct stat st;
    auto_close int fd = path_open_in(host_fd, source_paths[source], O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_size > SIZE_MAX_BYTES)
        return -EFBIG;

    auto_free char *text = mem_alloc((size_t) st.st_size + 1);
    ssize_t n = fd_read_full(fd, text, (size_t) st.st_size);
    if (n < 0)
        return (int) n;
    text[n] = '\0';
    free(ret->text);
    ret->text = TAKE(text);
    ret->size = (size_t) n;
    ret->modified = st.st_mtim;
    return take_fd(&fd);
}

/* The stub first, if it listens; then what the host itself uses; then what the stub would ask. When none is known to
 * answer, what the host itself uses. Returns an fd, or a negative errno when the host has no such file at all. */
static int choose_source(int host_fd, struct resolv_conf *ret)
{
    static const enum resolv_source order[] = {RESOLV_STUB, RESOLV_HOST, RESOLV_UPLINK};

    for (size_t i = 0; i < COUNT_OF(order); i++) {
        int fd = source_open(host_fd, order[i], ret);

        if (fd >= 0 && upstream_text_answers(ret->text))
            return fd;
        if (fd >= 0)
            (void) close(fd);
    }
    return source_open(host_fd, RESOLV_HOST, ret);
}

/* A file that is empty yet: to be copied from, or, where the tree is read-only, to be mounted. */
static int open_late(bool read_only, struct resolv_conf *ret, struct error **err)
{
    static const struct mount_option options[] = {{"size", "64k"}, {"nr_inodes", "2"}, {"mode", "755"}};

    if (!read_only) {
        ret->late_fd = memfd_create("resolv.conf", MFD_CLOEXEC);
        return ret->late_fd < 0 ? fail(err, errno, "cannot make a file in memory") : 0;
    }

    auto_close int fd = mount_new("tmpfs", options, COUNT_OF(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
    if (fd < 0)
        return -error_code(*err);
    ret->late_fd = openat(fd, "resolv.conf", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (ret->late_fd < 0)
        return fail(err, errno, "cannot make a file in memory");
    ret->mount_fd = mount_clone(ret->late_fd, "", false, err);
    return ret->mount_fd < 0 ? -error_code(*err) : 0;
}

static int prepare_late(const struct spec *spec, int host_fd, bool read_only, struct resolv_conf *ret,
                        struct error **err)
{
    CLEANUP(resolv_conf_done) struct resolv_conf of_host = RESOLV_CONF_NONE;
    int fd = source_open(host_fd, RESOLV_HOST, &of_host);

    fd_closep(&fd);
    ret->host_text = TAKE(of_host.text);
    ret->method = read_only ? RESOLV_BIND : RESOLV_COPY;
    ret->follows_dangling = true;
    ret->is_booted = spec->start == START_BOOT;
    return open_late(read_only, ret, err);
}

bool resolv_conf_is_late(const struct resolv_conf *conf)
{
    return conf->late_fd >= 0;
}

int resolv_conf_write(const struct resolv_conf *conf, const char *text, struct error **err)
{
    int r = fd_write_full(conf->late_fd, text, strlen(text));

    if (r == 0 && conf->mount_fd >= 0 && fchmod(conf->late_fd, 0644) < 0)
        r = -errno;
    return r < 0 ? fail(err, -r, "cannot write the container's resolv.conf") : 0;
}

int resolv_conf_prepare(const struct spec *spec, int host_fd, bool read_only, struct resolv_conf *ret,
                        struct error **err)
{
    CLEANUP(resolv_conf_done) struct resolv_conf conf = RESOLV_CONF_NONE;
    bool automatic = spec->resolv_method == RESOLV_AUTO;

    *ret = (struct resolv_conf) RESOLV_CONF_NONE;
    conf.method = spec->resolv_method;
    if (automatic && spec->private_network) {
        if (!spec_wants_links(spec))
            return 0;
        if (prepare_late(spec, host_fd, read_only, &conf, err) < 0)
            return -error_code(*err);
        *ret = conf;
        conf = (struct resolv_conf) RESOLV_CONF_NONE;
        return 0;
    }
    if (automatic) {
        conf.method = read_only ? RESOLV_BIND : RESOLV_COPY;
        conf.follows_dangling = true;
    }

    if (conf.method != RESOLV_OFF && conf.method != RESOLV_DELETE) {
        auto_close int fd =
            automatic ? choose_source(host_fd, &conf) : source_open(host_fd, spec->resolv_source, &conf);

        if (automatic && fd == -ENOENT)
            return 0;           /* a host without a resolver has none to share */
        if (fd < 0) {
            int r = fail(err, -fd, "cannot read the host's %s",
                         source_paths[automatic ? RESOLV_HOST : spec->resolv_source]);

            fail_id(*err, "R2610");
            if (r == -ENOENT && !automatic && spec->resolv_source != RESOLV_HOST)
                fail_hint(*err, "that file belongs to systemd-resolved, which does not run here; "
                                "--resolv-conf=%s-host takes what the host itself uses",
                          conf.method == RESOLV_COPY ? "copy" : conf.method == RESOLV_BIND ? "bind" : "replace");
            return r;
        }
        if (conf.method == RESOLV_BIND) {
            conf.mount_fd = mount_clone(fd, "", false, err);
            if (conf.mount_fd < 0 || mount_change(conf.mount_fd, PLACE_BIND_FLAGS, 0, false, err) < 0)
                return -error_code(*err);
        }
    }
    *ret = conf;
    conf = (struct resolv_conf) RESOLV_CONF_NONE;
    return 0;
}

/* Where the link at PATH leads, step by step, until something is missing. Gives the path of what is missing. */
static int find_dangling_end(int root_fd, char **ret)
{
    enum { LINKS_MAX = 16 };
    auto_free char *path = mem_copy_string(INSIDE);
    char target[PATH_MAX];

    for (int i = 0; i < LINKS_MAX; i++) {
        const char *name;
        auto_close int parent = path_open_parent_in(root_fd, path, true, 0, 0, &name);
        if (parent < 0)
            return parent;

        ssize_t n = readlinkat(parent, name, target, sizeof target - 1);
        if (n < 0 && errno != ENOENT)
            return -errno;
        if (n < 0) {
            *ret = TAKE(path);
            return 0;
        }
        target[n] = '\0';

        auto_free char *above = path_parent(path);
        free(path);
        path = *target == '/' ? mem_copy_string(target) : path_join(above, target);
    }
    return -ELOOP;
}

/* A link is the container's own arrangement and stays; but in automatic mode one that leads nowhere gets its file. */
static int copy_past_link(const struct resolv_conf *conf, int root_fd)
{
    auto_free char *end = NULL;

    if (!conf->follows_dangling)
        return 0;

    auto_close int fd = path_open_in(root_fd, INSIDE, O_PATH, 0);
    if (fd != -ENOENT)
        return 0;

    int r = find_dangling_end(root_fd, &end);
    return r < 0 ? r : place_copy(root_fd, end, conf->text, conf->size, &conf->modified);
}

/* What the container has there, or NULL. A link that leads somewhere is seen to later: it is never written through. */
static char *read_present(int root_fd)
{
    struct stat st;
    auto_close int fd = path_open_in(root_fd, INSIDE, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_BYTES)
        return NULL;

    auto_free char *text = mem_alloc((size_t) st.st_size + 1);
    ssize_t n = fd_read_full(fd, text, (size_t) st.st_size);
    if (n < 0)
        return NULL;
    text[n] = '\0';
    return TAKE(text);
}

/* Whether TEXT, which the container has, is for it to keep: a booted system's own, and with a server that it can reach.
 * Ours of last time is not, nor a copy of the host's, which debootstrap and its like leave in every tree. */
static bool is_its_own(const struct resolv_conf *conf, const char *text)
{
    return conf->is_booted && text && !string_starts(text, RESOLV_CONF_MARK) && upstream_text_is_reachable(text) &&
           !(conf->host_text && strcmp(text, conf->host_text) == 0);
}

/* Without a server the text takes the place of an older one of ours, and of nothing else. */
static bool is_to_be_written(const struct resolv_conf *conf, const char *text, int root_fd)
{
    auto_free char *present = read_present(root_fd);

    if (strcmp(text, RESOLV_CONF_MARK) == 0)
        return present && string_starts(present, RESOLV_CONF_MARK);
    return !is_its_own(conf, present);
}

/* Reads what came late into *RET; false when nothing came. */
static bool read_late(const struct resolv_conf *conf, struct resolv_conf *ret)
{
    struct stat st;

    if (fstat(conf->late_fd, &st) < 0 || st.st_size == 0 || st.st_size > SIZE_MAX_BYTES)
        return false;
    ret->text = mem_alloc((size_t) st.st_size + 1);
    ssize_t n = pread(conf->late_fd, ret->text, (size_t) st.st_size, 0);
    ret->size = n > 0 ? (size_t) n : 0;
    ret->text[ret->size] = '\0';
    ret->modified = st.st_mtim;
    return n > 0;
}

static int apply(const struct resolv_conf *conf, int root_fd, struct error **err)
{
    int r = 0;

    switch (conf->method) {
    case RESOLV_OFF:
    case RESOLV_AUTO:
        return 0;
    case RESOLV_COPY:
        r = place_copy(root_fd, INSIDE, conf->text, conf->size, &conf->modified);
        if (r == -ELOOP)
            r = copy_past_link(conf, root_fd);
        break;
    case RESOLV_REPLACE:
        r = place_replace(root_fd, INSIDE, conf->text, conf->size, &conf->modified);
        break;
    case RESOLV_BIND:
        /* over a link, not where it leads: that may be a folder which is mounted over or written to later */
        return place_bind(root_fd, INSIDE, false, conf->mount_fd, err);
    case RESOLV_DELETE:
        r = place_delete(root_fd, INSIDE);
        break;
    }
    return r < 0 ? fail(err, -r, "cannot %s it", conf->method == RESOLV_DELETE ? "delete" : "write") : 0;
}

int resolv_conf_apply(const struct resolv_conf *conf, int root_fd, struct error **err)
{
    struct resolv_conf late = *conf;
    auto_free char *text = NULL;

    if (conf->late_fd >= 0) {
        bool came = read_late(conf, &late);

        text = late.text;
        if (!came || !is_to_be_written(conf, text, root_fd))
            return 0;
    }

    int r = apply(&late, root_fd, err);

    if (r < 0) {
        r = fail_in(err, "cannot set up the container's " INSIDE);
        fail_id(*err, "R2611");
        fail_hint(*err, "--resolv-conf=off leaves the file alone");
    }
    return r;
}
