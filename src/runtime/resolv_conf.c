/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/resolv.conf: choosing the host's file, and putting it into a tree that may be hostile. */
#include "runtime/resolv_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strings.h"
#include "runtime/place.h"

#define INSIDE "/etc/resolv.conf"

enum { SIZE_MAX_BYTES = 64 << 10, DNS_PORT = 53 };

static const char *const source_paths[] = {
    [RESOLV_HOST] = "/etc/resolv.conf",
    [RESOLV_STATIC] = "/usr/lib/systemd/resolv.conf",
    [RESOLV_UPLINK] = "/run/systemd/resolve/resolv.conf",
    [RESOLV_STUB] = "/run/systemd/resolve/stub-resolv.conf",
};

void resolv_conf_done(struct resolv_conf *conf)
{
    fd_closep(&conf->mount_fd);
    free(conf->text);
    *conf = (struct resolv_conf){.method = RESOLV_OFF, .mount_fd = -1};
}

/* Somebody has the DNS port of this loopback address: then nobody else can have it. Where we may not find out (EACCES)
 * nothing is proved, and it counts as answered. */
static bool loopback_answers(const struct sockaddr *address, socklen_t size)
{
    auto_close int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno != EAFNOSUPPORT;
    return bind(fd, address, size) < 0 && errno != EADDRNOTAVAIL;
}

static bool server_answers(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return ntohl(v4.sin_addr.s_addr) >> 24 != 127 || loopback_answers((struct sockaddr *) &v4, sizeof v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        return !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || loopback_answers((struct sockaddr *) &v6, sizeof v6);
    return strchr(text, '%');   /* link-local, with its interface; anything else is no address */
}

/* One of the servers is not known to be dead. Without a "nameserver" line the C library asks 127.0.0.1. */
static bool text_answers(const char *text)
{
    bool any = false;
    char word[64];

    for (const char *line = text; *line;) {
        const char *rest = string_after(line, "nameserver");

        if (rest && (*rest == ' ' || *rest == '\t')) {
            rest += strspn(rest, " \t");
            size_t length = strcspn(rest, " \t\r\n");
            any = true;
            if (length < sizeof word) {
                memcpy(word, rest, length);
                word[length] = '\0';
                if (server_answers(word))
                    return true;
            }
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return !any && server_answers("127.0.0.1");
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

        if (fd >= 0 && text_answers(ret->text))
            return fd;
        if (fd >= 0)
            (void) close(fd);
    }
    return source_open(host_fd, RESOLV_HOST, ret);
}

int resolv_conf_prepare(const struct spec *spec, int host_fd, bool read_only, struct resolv_conf *ret,
                        struct error **err)
{
    CLEANUP(resolv_conf_done) struct resolv_conf conf = {.method = spec->resolv_method, .mount_fd = -1};
    bool automatic = conf.method == RESOLV_AUTO;

    *ret = (struct resolv_conf){.method = RESOLV_OFF, .mount_fd = -1};
    if (automatic) {
        if (spec->private_network)
            return 0;
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
    conf = (struct resolv_conf){.mount_fd = -1};
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
    int r = apply(conf, root_fd, err);

    if (r < 0) {
        r = fail_in(err, "cannot set up the container's " INSIDE);
        fail_id(*err, "R2611");
        fail_hint(*err, "--resolv-conf=off leaves the file alone");
    }
    return r;
}
