/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd start NAME...: machines in the background, by the service manager or, without one, by machine/start.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "image/find.h"
#include "ipc/bus_client.h"
#include "machine/await.h"
#include "machine/running.h"
#include "machine/start.h"

/* What the unit systemd-nspawn@.service runs, and so what a machine has by default when it is started by name. The
 * machine's own file overrides each. */
static const char *const template_words[] = {
    "run", "--quiet", "--boot", "--link-journal=try-guest", "--network-veth", "-U", "--settings=override",
    "--slice=machine.slice",
};

static int check_name(const struct verb_call *call, const char *name, struct error **err)
{
    if (machine_name_is_valid(name))
        return 0;
    if (call->program != PROGRAM_MACHINECTL)
        return machine_name_check(name, err);
    fail_plain(err, EINVAL, "Invalid machine name %s.", name);
    return -EINVAL;
}

static int check_image(const struct verb_call *call, const char *name, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};

    if (image_find(name, false, &image, err) == 0)
        return 0;
    if (call->program != PROGRAM_MACHINECTL || error_code(*err) != ENOENT)
        return -error_code(*err);
    error_freep(err);
    fail_plain(err, ENOENT, "Machine image '%s' does not exist.", name);
    fail_hint(*err, "'machinectl list-images' shows those there are");
    return -ENOENT;
}

/* 1: it does. */
static int runs(const struct registry *registry, const char *name, struct error **err)
{
    CLEANUP(machine_state_done) struct machine_state state = {0};

    int r = registry_get(registry, name, &state, err);
    if (r == -ENXIO) {
        error_freep(err);
        return 0;
    }
    return r < 0 ? r : 1;
}

/* By its path: a process started by way of /proc/self/exe would be called "exe". */
static char *own_program(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n < 0)
        return mem_copy_string("/proc/self/exe");
    path[n] = '\0';
    return mem_copy_string(access(path, X_OK) == 0 ? path : "/proc/self/exe");
}

static int start_by_ourselves(const struct verb_options *options, const char *name, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0};
    auto_free char *program = own_program();

    strings_add(&words, "redd");
    for (size_t i = 0; i < COUNT_OF(template_words); i++)
        strings_add(&words, template_words[i]);
    strings_add_format(&words, "--machine=%s", name);

    const struct start_request request = {
        .name = name,
        .program = program,
        .words = &words,
        .log_top = MACHINE_LOG_FOLDER,
        .timeout_us = options->timeout_us == UINT64_MAX ? START_TIMEOUT_DEFAULT_US : options->timeout_us,
    };
    return machine_start(&request, err);
}

/* The unit's own words say more than the manager's "failed", where it was our run that wrote them. */
static int start_by_unit(const struct verb_options *options, const char *name, struct error **err)
{
    const struct bus_client client = {
        .user_scope = options->user_scope,
        .timeout_ms = options->timeout_us / 1000 > UINT_MAX ? (unsigned) (START_TIMEOUT_DEFAULT_US / 1000) + 30000
                                                            : (unsigned) (options->timeout_us / 1000)};
    auto_free char *unit = mem_format("systemd-nspawn@%s.service", name);
    CLEANUP(last_run_done) struct last_run before = {0}, after = {0};
    auto_error struct error *ignored = NULL, *unknown = NULL;

    (void) last_run_read(MACHINE_LOG_FOLDER, name, &before, &ignored);
    if (bus_unit_start(&client, unit, err) == 0)
        return 0;
    if (error_code(*err) == EIO && last_run_read(MACHINE_LOG_FOLDER, name, &after, &unknown) == 0 &&
        after.realtime_us > before.realtime_us && after.text) {
        error_freep(err);
        return last_run_fail(&after, err);
    }
    return -error_code(*err);
}

static int start_one(const struct verb_call *call, const struct registry *registry, const char *name,
                     struct error **err)
{
    if (check_name(call, name, err) < 0)
        return -error_code(*err);
    int r = runs(registry, name, err);
    if (r != 0)
        return r < 0 ? r : 0;
    if (check_image(call, name, err) < 0)
        return -error_code(*err);
    return service_manager_is_systemd() ? start_by_unit(call->options, name, err)
                                        : start_by_ourselves(call->options, name, err);
}

/* --wait: until it is over. How that was is the verb's own success. */
static int await_end(const struct registry *registry, const char *name, int *ret_status, struct error **err)
{
    CLEANUP(last_run_done) struct last_run run = {0};
    auto_error struct error *unknown = NULL;

    if (machine_await_stopped(registry, name, UINT64_MAX, err) < 0)
        return -error_code(*err);
    if (last_run_read(MACHINE_LOG_FOLDER, name, &run, &unknown) == 0 && run.id)
        *ret_status = EXIT_FAILURE;
    return 0;
}

int verb_start(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();

    if (string_equal(call->options->runner, "vmspawn")) {
        fail_plain(err, EOPNOTSUPP, "redd runs containers, not virtual machines");
        fail_id(*err, "R4032");
        fail_hint(*err, "leave out -V and --runner=vmspawn");
        return -EOPNOTSUPP;
    }
    for (int i = 0; i < call->argc; i++)
        if (start_one(call, &registry, call->argv[i], err) < 0)
            return -error_code(*err);
    for (int i = 0; call->options->wait && i < call->argc; i++)
        if (await_end(&registry, call->argv[i], ret_status, err) < 0)
            return -error_code(*err);
    return 0;
}
