/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup_limit.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/undo.h"
#include "config/resource.h"
#include "runtime/run_state.h"

/* A group of version 1 is made when the first limit needs it, and the payload's processes are moved in. */
static int enter_v1(struct run *run, const char *group, struct error **err)
{
    auto_free char *procs = path_join(group, "cgroup.procs"), *pid = mem_format("%d", (int) run->pid);

    if (access(group, F_OK) < 0 && undo_record(run->undo, "cgroup", err, group, NULL) < 0)
        return -error_code(*err);
    if (cgroup_limit_make_group(group, err) < 0)
        return -error_code(*err);
    /* the child may not be in its group yet, but it is alone, and what it starts comes after it */
    int r = file_write_existing(AT_FDCWD, procs, pid);
    if (r < 0)
        return fail(err, -r, "cannot move the payload into %s", group);
    return cgroup_limit_move(run->cgroup_path, group, err);
}

static int apply(struct run *run, const char *assignment, struct error **err)
{
    auto_free char *path = cgroup_limited_path(run->cgroup_path);
    struct cgroup_limit limit;

    if (resource_parse(assignment, &limit, err) < 0)
        return -error_code(*err);
    auto_free char *group = cgroup_limit_group(path, limit.resource);
    if (group && strcmp(group, path) != 0 && enter_v1(run, group, err) < 0)
        return -error_code(*err);
    return cgroup_limit_set(path, &limit, err);
}

int limits_set(struct run *run, const char *assignment, struct error **err)
{
    if (apply(run, assignment, err) < 0)
        return -error_code(*err);
    strings_add(&run->live_limits, assignment);
    return 0;
}

/* A host without the controller starts the machine all the same, as its service manager would: settings go from host to
 * host. Said is it, though. */
static int apply_or_warn(struct run *run, const char *assignment, struct error **err)
{
    auto_error struct error *failure = NULL;

    if (apply(run, assignment, &failure) == 0)
        return 0;
    if (error_code(failure) == EOPNOTSUPP) {
        log_warning("%s", error_text(failure));
        return 0;
    }
    *err = TAKE(failure);
    return fail_in(err, "cannot limit the machine by %s", assignment);
}

static int apply_all(struct run *run, const struct strings *list, struct error **err)
{
    for (size_t i = 0; i < list->count; i++)
        if (apply_or_warn(run, list->item[i], err) < 0)
            return -error_code(*err);
    return 0;
}

/* Among --property= may be others than limits, which mean nothing here; support.c has said so. */
static int apply_properties(struct run *run, struct error **err)
{
    const struct strings *list = &run->spec->properties;

    for (size_t i = 0; i < list->count; i++) {
        auto_error struct error *unknown = NULL;
        struct cgroup_limit limit;

        if (resource_parse(list->item[i], &limit, &unknown) == 0 && apply_or_warn(run, list->item[i], err) < 0)
            return -error_code(*err);
    }
    return 0;
}

void limits_restore(struct run *run)
{
    auto_error struct error *err = NULL;

    if (apply_all(run, &run->live_limits, &err) < 0)
        log_warning("%s", error_text(err));
}

bool spec_wants_limits(const struct spec *spec)
{
    return spec->resources.count > 0 || spec->properties.count > 0;
}

int step_resources_limit(struct run *run, struct error **err)
{
    bool has_manager = run->host->allocate_scope && !run->spec->keep_unit;

    /* a scope was made with them */
    if (has_manager)
        return 0;
    if (apply_all(run, &run->spec->resources, err) < 0)
        return -error_code(*err);
    return run->spec->keep_unit ? 0 : apply_properties(run, err);
}
