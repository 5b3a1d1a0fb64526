/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Integration with the host: resolver, time zone, journal, credentials, users. Each module has a half for the host and
 * one for the container; here they are called in order, and it is decided which failures are fatal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/idmap.h"
#include "runtime/bind_user.h"
#include "runtime/credentials.h"
#include "runtime/integrate.h"
#include "runtime/journal.h"
#include "runtime/place.h"
#include "runtime/resolv_conf.h"
#include "runtime/run_state.h"
#include "runtime/timezone.h"

struct integration {
    struct resolv_conf resolv_conf;
    struct local_time local_time;
    struct journal_link journal;
    struct credentials credentials;
    struct bind_users bind_users;
};

static void warn(struct error **err)
{
    log_warning("%s", error_text(*err));
    if (error_hint(*err))
        log_warning("hint: %s", error_hint(*err));
    *err = error_free(*err);
}

/* The journal's folder is mapped like the tree; the map costs a clone, so only hosts that keep a journal pay it. */
static int map_for_journal(struct run *run, struct error **err)
{
    const struct id_map map = {.inside = 0, .outside = run->uid_base, .count = run->uid_size};

    if (!run->has_userns || run->userns_fd >= 0 || run->spec->journal == JOURNAL_NO ||
        access("/var/log/journal", F_OK) < 0)
        return 0;
    return idmap_userns_open(&map, 1, &run->userns_fd, err);
}

static int prepare_journal(struct run *run, int host_fd, struct integration *integration, struct error **err)
{
    bool required = journal_mode_is_required(run->spec->journal);
    /* the files of a disk image have no path on the host */
    const char *tree_path = run->spec->image ? NULL : run_tree_path(run);

    if (map_for_journal(run, err) == 0 &&
        journal_prepare(run->spec, host_fd, run->machine_id, tree_path, run->has_userns ? run->userns_fd : -1,
                        &integration->journal, err) == 0)
        return 0;
    if (required)
        return -error_code(*err);
    warn(err);
    return 0;
}

int step_integration_prepare(struct run *run, struct error **err)
{
    const struct spec *spec = run->spec;
    struct integration *integration = run->integration = mem_alloc(sizeof *integration);
    auto_close int host_fd = file_open("/", O_PATH | O_DIRECTORY);

    integration->resolv_conf = (struct resolv_conf) RESOLV_CONF_NONE;
    integration->local_time.mount_fd = integration->local_time.source_fd =
        integration->journal.mount_fd = -1;
    if (host_fd < 0)
        return fail(err, errno, "cannot open the host's root folder");
    if (resolv_conf_prepare(spec, host_fd, run->root_read_only, &integration->resolv_conf, err) < 0)
        warn(err);
    if (timezone_prepare(spec, host_fd, run->root_read_only, &integration->local_time, err) < 0)
        warn(err);
    if (prepare_journal(run, host_fd, integration, err) < 0 ||
        credentials_load(spec, host_fd, getenv("CREDENTIALS_DIRECTORY"), &integration->credentials, err) < 0)
        return -error_code(*err);
    return bind_users_prepare(spec, host_fd, run->root_fd, run->uid_base, run->uid_size, &integration->bind_users, err);
}

void step_integration_close(struct run *run)
{
    struct integration *integration = run->integration;

    if (!integration)
        return;
    resolv_conf_done(&integration->resolv_conf);
    timezone_done(&integration->local_time);
    journal_done(&integration->journal);
    credentials_done(&integration->credentials);
    bind_users_done(&integration->bind_users);
    free(TAKE(run->integration));
}

static int apply_to_run_host(struct child *child, struct error **err)
{
    const struct integration *integration = child->run->integration;

    if (integration->credentials.count == 0 && integration->bind_users.count == 0)
        return 0;

    auto_close int run_host_fd = path_open_in(child->root_fd, "/run/host", O_RDONLY | O_DIRECTORY, 0);
    if (run_host_fd < 0)
        return fail(err, -run_host_fd, "cannot open /run/host");
    if (credentials_apply(&integration->credentials, run_host_fd, credentials_are_for_all(child->run->spec), err) < 0)
        return -error_code(*err);
    return bind_users_apply(&integration->bind_users, run_host_fd, err);
}

/* What nobody asked for may fail in silence: a tree of other owners cannot be written to by the container's root. */
static void warn_if_asked(struct child *child, bool asked, struct error **err)
{
    if (asked)
        child_warn(child, err);
    else
        *err = error_free(*err);
}

/* Trees are often made without one, and then "localhost" is nothing. The machine's own name is left to its resolver: it
 * is to be found by its true addresses. */
static void make_hosts(const struct child *child)
{
    static const char text[] = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
    const struct timespec now = {.tv_nsec = UTIME_NOW};
    bool is_system = child->run->spec->start == START_BOOT;     /* others build trees, and want nothing added */
    auto_close int fd = is_system ? path_open_in(child->root_fd, "/etc/hosts", O_PATH | O_NOFOLLOW, 0) : -1;

    if (fd == -ENOENT)
        (void) place_copy(child->root_fd, "/etc/hosts", text, sizeof text - 1, &now);
}

/* With this folder there, the container's journald keeps what it writes. */
static void make_journal_folder(const struct child *child)
{
    if (mkdir("/var/log/journal", 0755) < 0 && errno == ENOENT) {
        auto_close int fd = path_make_dir_in(child->root_fd, "/var/log/journal", 0, 0);

        (void) fd;              /* a tree that cannot be written to goes without */
    }
}

int step_integration_apply(struct child *child, struct error **err)
{
    const struct integration *integration = child->run->integration;
    const struct spec *spec = child->run->spec;

    if (resolv_conf_apply(&integration->resolv_conf, child->root_fd, err) < 0)
        warn_if_asked(child, spec->resolv_method != RESOLV_AUTO, err);
    make_hosts(child);
    if (timezone_apply(&integration->local_time, child->root_fd, err) < 0)
        warn_if_asked(child, spec->timezone != TIMEZONE_AUTO, err);
    if (spec->journal != JOURNAL_NO && !spec->ephemeral)
        make_journal_folder(child);
    if (journal_apply(&integration->journal, child->root_fd, err) < 0) {
        /* `guest` has kept its promise on the host; a tree that cannot hold the folder holds no journal either */
        if (spec->journal == JOURNAL_HOST)
            return -error_code(*err);
        child_warn(child, err);
    }
    return apply_to_run_host(child, err);
}

bool integration_find_user(const struct run *run, int root_fd, const char *name, struct user *ret)
{
    return name && run->integration->bind_users.count > 0 &&
           bind_users_find(&run->integration->bind_users, root_fd, name, ret);
}

int integration_write_resolv_conf(const struct run *run, const char *text, struct error **err)
{
    const struct resolv_conf *conf = &run->integration->resolv_conf;

    return resolv_conf_is_late(conf) ? resolv_conf_write(conf, text, err) : 0;
}
