/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/start_named.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "cli/load_spec.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "config/machine_name.h"
#include "image/find.h"
#include "ipc/bus_client.h"
#include "machine/running.h"
#include "machine/start.h"

/* What the unit systemd-nspawn@.service runs, and so what a machine has by default when it is started by name. The
 * machine's own file overrides each. */
static const char *const template_words[] = {
    "run", "--quiet", "--boot", "--link-journal=try-guest", "--network-veth", "-U", "--settings=override",
    "--slice=machine.slice",
};

static int refuse_user(struct error **err)
{
    fail_plain(err, EPERM, "starting a container needs root");
    fail_hint(*err, "use sudo");
    return -EPERM;
}

int start_check_name(const struct verb_call *call, const char *name, struct error **err)
{
    if (machine_name_is_valid(name))
        return 0;
    if (call->program != PROGRAM_MACHINECTL)
        return machine_name_check(name, err);
    auto_error struct error *reason = NULL;
    (void) machine_name_check(name, &reason);
    fail_plain(err, EINVAL, "Invalid machine name %s.", name);
    fail_hint(*err, "%s; %s", error_text(reason), error_hint(reason));
    return -EINVAL;
}

int start_check_image(const struct verb_call *call, const char *name, struct error **err)
{
    CLEANUP(image_done) struct image image = {0};

    if (image_find(name, false, &image, err) == 0)
        return 0;
    if (error_code(*err) == ENOENT && geteuid() != 0) {
        error_freep(err);
        return refuse_user(err);        /* who may not look into the folder of images sees none */
    }
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

void start_words(struct strings *words, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(template_words); i++)
        strings_add(words, template_words[i]);
    strings_add_format(words, "--machine=%s", name);
}

static int start_by_ourselves(const struct verb_options *options, const char *name, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0};
    auto_free char *program = path_of_self();

    if (geteuid() != 0)
        return refuse_user(err);
    strings_add(&words, "redd");
    start_words(&words, name);

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

int start_named(const struct verb_call *call, const char *name, struct error **err)
{
    const struct registry registry = host_registry();

    if (start_check_name(call, name, err) < 0)
        return -error_code(*err);
    int r = runs(&registry, name, err);
    if (r != 0)
        return r < 0 ? r : 0;
    if (start_check_image(call, name, err) < 0)
        return -error_code(*err);
    return service_manager_is_systemd() ? start_by_unit(call->options, name, err)
                                        : start_by_ourselves(call->options, name, err);
}

int stop_named(const struct verb_call *call, const char *name, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(running_done) struct running machine = RUNNING_INIT;
    uint64_t timeout_us = call->options->timeout_us;

    int r = running_open(&registry, name, &machine, err);
    if (r == -ENXIO) {
        error_freep(err);
        return 0;
    }
    return r < 0 ? r
                 : running_stop(&machine, timeout_us == UINT64_MAX ? STOP_TIMEOUT_DEFAULT_US : timeout_us, err);
}

/* -- the order -- */

static char **make_argv(struct strings *words, const char *name)
{
    start_words(words, name);
    return words->item + 1;     /* "run" stands for the program */
}

/* What the machine's settings say it needs. One whose settings cannot be read has no needs: its own start says why. */
static void read_needs(const char *name, struct order_node *node)
{
    CLEANUP(settings_done) struct settings settings = {0};
    CLEANUP(spec_done) struct spec spec;
    CLEANUP(strings_done) struct strings words = {0};
    auto_error struct error *ignored = NULL;
    enum argv_action action;

    spec_init(&spec);
    char **argv = make_argv(&words, name);
    if (spec_load((int) words.count - 1, argv, &settings, &spec, &action, &ignored) < 0)
        return;
    for (size_t i = 0; i < spec.after.count; i++)
        strings_add(&node->after, spec.after.item[i]);
    for (size_t i = 0; i < spec.requires.count; i++)
        strings_add(&node->requires, spec.requires.item[i]);
}

int start_order(const struct strings *names, struct order *ret, struct error **err)
{
    CLEANUP(order_done) struct order order = {0};

    for (size_t i = 0; i < names->count; i++)
        (void) order_add(&order, names->item[i]);
    /* it grows while it is walked: what is required comes along, and what that requires */
    for (size_t i = 0; i < order.count; i++) {
        if (!machine_name_is_valid(order.node[i].name))
            continue;
        read_needs(order.node[i].name, &order.node[i]);
        for (size_t k = 0; k < order.node[i].requires.count; k++) {
            auto_free char *name = mem_copy_string(order.node[i].requires.item[k]);

            (void) order_add(&order, name);
        }
    }
    if (order_sort(&order, err) < 0)
        return -error_code(*err);
    *ret = order;
    order = (struct order){0};
    return 0;
}
