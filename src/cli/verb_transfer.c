/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The verbs of images in and out: those that transfer hand over to redd-transfer, which takes this process's place;
 * those that list and cancel transfers look into the folder where these are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "transfer/client.h"

/* What redd-transfer is told besides the words. */
static void add_options(struct strings *argv, const struct verb_call *call)
{
    const struct verb_options *o = call->options;
    const struct {
        const char *option;
        bool given;
    } flags[] = {
        {"--read-only", o->read_only}, {"--force", o->force},  {"--quiet", o->quiet},
        {"--user", o->user_scope},     {"--locked", o->locked},
    };
    const struct {
        const char *option, *value;
    } texts[] = {
        {"verify", o->verify},       {"format", o->format},       {"class", o->class},
        {"platform", o->platform},   {"server", o->server},       {"lock-file", o->lock_file}, {"key", o->key},
        {"incremental-since", o->since},
        {"json", o->json == JSON_SHORT ? "short" : o->json == JSON_PRETTY ? "pretty" : NULL},
        {"program", call->program_name},
    };

    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (flags[i].given)
            strings_add(argv, flags[i].option);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].value)
            strings_add_format(argv, "--%s=%s", texts[i].option, texts[i].value);
    if (o->keep_download >= 0)
        strings_add_format(argv, "--keep-download=%s", o->keep_download ? "yes" : "no");
    for (size_t i = 0; i < o->mirrors.count; i++)
        strings_add_format(argv, "--mirror=%s", o->mirrors.item[i]);
    /* importctl wants to be told the class; machinectl and redd are about machines */
    if (!o->class && call->program != PROGRAM_IMPORTCTL)
        strings_add(argv, "--class=machine");
}

int verb_transfer(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(strings_done) struct strings argv = {0};
    auto_free char *program = transfer_program();

    (void) ret_status;
    if (call->program == PROGRAM_MACHINECTL)
        log_info("The 'machinectl %s' command has been replaced by 'importctl -m %s'. Redirecting invocation.",
                 call->verb->name, call->verb->name);
    strings_add(&argv, program);
    add_options(&argv, call);
    strings_add(&argv, call->verb->name);
    strings_add(&argv, "--");
    for (int i = 0; i < call->argc; i++)
        strings_add(&argv, call->argv[i]);
    (void) fflush(stdout);
    (void) execv(program, argv.item);

    fail(err, errno, "cannot start %s, which transfers images", program);
    fail_id(*err, "R5053");
    if (error_code(*err) == ENOENT)
        fail_hint(*err, "it comes with redd where libarchive, libcurl and the others are there to build it with: "
                        "'tools/install-deps build' in its sources installs them");
    return -error_code(*err);
}

/* -- the list -- */

static const struct table_column columns[] = {
    {"ID", "id"},       {"PERCENT", "percent"}, {"TYPE", "type"},
    {"CLASS", "class"}, {"LOCAL", "local"},     {"REMOTE", "remote"},
};

int verb_list_transfers(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb_options *options = call->options;
    const struct table_style style = {
        .json = options->json, .legend = !options->no_legend, .full = options->full, .noun = "transfers"};
    CLEANUP(transfers_done) struct transfers transfers = {0};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};

    (void) ret_status;
    if (transfer_list(options->user_scope || geteuid() != 0, options->class, &transfers, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < transfers.count; i++) {
        const struct transfer *transfer = &transfers.item[i];
        auto_free char *percent = mem_format("%d%%", transfer->percent);

        table_add_number(&table, transfer->id, NULL);
        if (transfer->percent < 0)
            table_add_nothing(&table, NULL);
        else
            table_add_number(&table, (uint64_t) transfer->percent, percent);
        table_add_text(&table, transfer->type);
        table_add_text(&table, transfer->class);
        table_add_text(&table, transfer->local);
        table_add_text(&table, transfer->remote);
    }
    table_print(&table, &style);
    return 0;
}

int verb_cancel_transfer(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    for (int i = 0; i < call->argc; i++) {
        uint32_t id;

        if (parse_u32(call->argv[i], &id) < 0 || id == 0) {
            fail_plain(err, EINVAL, "Failed to parse transfer id: %s", call->argv[i]);
            fail_id(*err, "R5054");
            fail_hint(*err, "it is a number, the first column of 'redd list-transfers'");
            return -EINVAL;
        }
        if (transfer_cancel(call->options->user_scope || geteuid() != 0, id, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
