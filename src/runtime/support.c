/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was asked for and cannot be had, looked at before anything else: what is not built is refused by name, what has
 * no effect in this run is remarked on. Nothing that was asked for is passed over in silence.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/resource.h"
#include "config/syscall_names.h"
#include "runtime/run_state.h"

static int refuse(struct error **err, const char *what, const char *hint)
{
    int r = fail_plain(err, EOPNOTSUPP, "%s not supported by this version of redd", what);

    fail_id(*err, "R2001");
    fail_hint(*err, "%s", hint);
    return r;
}

static int refuse_unbuilt(const struct spec *s, struct error **err)
{
    const struct {
        bool asked;
        const char *what, *hint;
    } rows[] = {
        {s->mstack, "--mstack= is", "use --overlay-ro= and --overlay= for layers"},
        {s->oci_bundle, "--oci-bundle= is", "unpack the bundle and use --directory= with its root folder"},
        {s->forward_journal, "--forward-journal= is",
         "use --link-journal=host to have the container's journal on the host"},
        {s->userns_delegate > 0, "--private-users-delegate= is",
         "give the container a larger range: --private-users=BASE:COUNT"},
        /* without SELinux, labels mean nothing to anybody */
        {(s->selinux_context || s->selinux_apifs_context) && access("/sys/fs/selinux/enforce", F_OK) == 0,
         "SELinux contexts are", "leave out -Z and -L"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].asked)
            return refuse(err, rows[i].what, rows[i].hint);
    return 0;
}

static void remark_on_filter(const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!seccomp_name_is_known(names->item[i]))
            log_warning("--system-call-filter=: '%s' is neither a system call nor a group known to redd, ignoring it.",
                        names->item[i]);
}

/* Without a service manager limits are set all the same, and what is to be counted is counted. Gives the first of the
 * others, or NULL. */
static char *other_than_limits(const struct strings *properties)
{
    for (size_t i = 0; i < properties->count; i++) {
        auto_error struct error *unknown = NULL;
        auto_free char *name = mem_copy_bytes(properties->item[i], strcspn(properties->item[i], "="));
        struct cgroup_limit limit;

        if (!string_ends(name, "Accounting") && resource_parse(properties->item[i], &limit, &unknown) < 0)
            return mem_format("--property=%s=", name);
    }
    return NULL;
}

static void remark_on_ineffective(const struct run *run)
{
    const struct spec *s = run->spec;
    /* with --keep-unit it is documented to mean nothing: the unit has properties of its own */
    bool no_scope = !run->host->allocate_scope && !s->keep_unit;
    auto_free char *property = no_scope ? other_than_limits(&s->properties) : NULL;
    const struct {
        bool asked;
        const char *what, *why;
    } rows[] = {
        {property, property, "this host has no service manager that would apply it"},
        {!s->image && (s->root_hash || s->root_hash_sig || s->verity_data),
         "--root-hash=, --root-hash-sig= and --verity-data=",
         "they are about disk images, and this is a directory"},
        {!s->image && s->image_policy, "--image-policy=", "it is about disk images, and this is a directory"},
        {s->legacy_cgroups, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0", "containers get cgroup v2 on every host"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].asked)
            log_warning("%s has no effect: %s.", rows[i].what, rows[i].why);
    remark_on_filter(&s->syscalls_allowed);
    remark_on_filter(&s->syscalls_denied);
}

int step_support_check(struct run *run, struct error **err)
{
    if (refuse_unbuilt(run->spec, err) < 0)
        return -error_code(*err);
    if (geteuid() != 0) {
        int r = fail_plain(err, EPERM, "starting a container needs root");

        fail_id(*err, "R2002");
        fail_hint(*err, "run it with sudo");
        return r;
    }
    remark_on_ineffective(run);
    return 0;
}
