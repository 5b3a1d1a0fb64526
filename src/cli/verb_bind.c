/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd bind, unbind and binds: files and folders of the host in running machines. */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "cli/run_host.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "enter/bind.h"
#include "enter/guest.h"

int verb_bind(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    auto_free char *source = NULL;

    (void) ret_status;
    if (path_make_absolute(call->argv[1], &source, err) < 0)
        return -error_code(*err);
    if (guest_open(&registry, call->argv[0], &guest, err) < 0)
        return fail_in(err, "Could not get path to machine");

    const struct bind_mount bind = {
        .source = source, .target = call->argc > 2 ? call->argv[2] : source, .read_only = call->options->read_only,
    };
    if (bind_add(&registry, &guest, &bind, call->options->mkdir, err) < 0)
        return fail_in(err, "Failed to bind mount");
    return 0;
}

int verb_unbind(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;

    (void) ret_status;
    return guest_open(&registry, call->argv[0], &guest, err) < 0 ? -error_code(*err)
                                                                  : bind_remove(&registry, &guest, call->argv[1], err);
}

int verb_binds(const struct verb_call *call, int *ret_status, struct error **err)
{
    static const struct table_column columns[] = {
        {.title = "TARGET", .field = "target"}, {.title = "SOURCE", .field = "source"}, {.title = "RO", .field = "ro"}};
    const struct registry registry = host_registry();
    CLEANUP(bind_mounts_done) struct bind_mounts binds = {0};
    CLEANUP(guest_done) struct guest guest = GUEST_EMPTY;
    CLEANUP(table_done) struct table table = {.columns = columns, .n_columns = COUNT_OF(columns)};

    (void) ret_status;
    if (guest_open(&registry, call->argv[0], &guest, err) < 0 || bind_list(&registry, &guest, &binds, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < binds.count; i++) {
        table_add_text(&table, binds.item[i].target);
        table_add_text(&table, binds.item[i].source);
        table_add_bool(&table, binds.item[i].read_only, binds.item[i].read_only ? "yes" : "no");
    }

    const struct table_style style = {
        .json = call->options->json, .legend = !call->options->no_legend, .full = call->options->full, .noun = "binds",
    };
    table_print(&table, &style);
    return 0;
}
