/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd enable, disable: machines that start with the host. The list is machine/autostart.h's. */
#include <stdio.h>

#include "base/mem.h"
#include "cli/scope.h"
#include "cli/start_named.h"
#include "ipc/bus_client.h"
#include "machine/autostart.h"

static void print_changes(const struct verb_call *call, struct autostart_changes *changes)
{
    for (size_t i = 0; i < changes->lines.count && !call->options->quiet; i++)
        (void) puts(changes->lines.item[i]);
    (void) fflush(stdout);
}

static int reload(const struct verb_call *call, const struct autostart_changes *changes, struct error **err)
{
    const struct bus_client client = {.user_scope = call->options->user_scope};

    return changes->lines.count > 0 && service_manager_is_systemd() ? bus_units_reload(&client, err) : 0;
}

/* For the machine, and for those that it has systemd start along. */
static int write_orders(const char *name, struct autostart_changes *changes, struct error **err)
{
    CLEANUP(strings_done) struct strings names = {0};
    CLEANUP(order_done) struct order order = {0};

    strings_add(&names, name);
    if (start_order(&names, &order, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < order.count; i++)
        if (autostart_write_order(AUTOSTART_ROOT, &order.node[i], changes, err) < 0)
            return -error_code(*err);
    return 0;
}

static void changes_done(struct autostart_changes *changes)
{
    strings_done(&changes->lines);
}

int verb_enable(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(changes_done) struct autostart_changes changes = {0};

    (void) ret_status;
    for (int i = 0; i < call->argc; i++)
        if (start_check_name(call, call->argv[i], err) < 0 || start_check_image(call, call->argv[i], err) < 0)
            return -error_code(*err);
    for (int i = 0; i < call->argc; i++)
        if (write_orders(call->argv[i], &changes, err) < 0 ||
            autostart_enable(AUTOSTART_ROOT, call->argv[i], service_manager_is_systemd(), &changes, err) < 0)
            return -error_code(*err);
    print_changes(call, &changes);
    if (reload(call, &changes, err) < 0)
        return -error_code(*err);
    for (int i = 0; call->options->now && i < call->argc; i++)
        if (start_named(call, call->argv[i], err) < 0)
            return -error_code(*err);
    return 0;
}

int verb_disable(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(changes_done) struct autostart_changes changes = {0};

    (void) ret_status;
    for (int i = 0; i < call->argc; i++)
        if (start_check_name(call, call->argv[i], err) < 0)
            return -error_code(*err);
    for (int i = 0; i < call->argc; i++)
        if (autostart_disable(AUTOSTART_ROOT, call->argv[i], &changes, err) < 0)
            return -error_code(*err);
    print_changes(call, &changes);
    if (reload(call, &changes, err) < 0)
        return -error_code(*err);
    for (int i = 0; call->options->now && i < call->argc; i++)
        if (stop_named(call, call->argv[i], err) < 0)
            return -error_code(*err);
    return 0;
}
