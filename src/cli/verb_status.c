/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd status, machinectl status: a machine for people: what it is, where it is, what runs in it, what it said last. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spawn.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/machine_words.h"
#include "cli/run_host.h"
#include "cli/scope.h"
#include "cli/terminal_width.h"
#include "cli/timestamp.h"
#include "machine/group_tree.h"
#include "machine/log.h"
#include "machine/look.h"
#include "machine/properties.h"
#include "machine/running.h"

static void print_label(const char *label, const char *text)
{
    (void) printf("\t%8s: %s\n", label, text);
}

static void print_since(const struct machine_state *machine)
{
    char when[TIMESTAMP_SIZE], ago[TIMESTAMP_SIZE];

    if (machine->realtime_us == 0)
        return;
    timestamp_format(machine->realtime_us, when);
    timestamp_format_relative(machine->realtime_us, ago);
    (void) printf("\t%8s: %s; %s\n", "Since", when, ago);
}

static void print_process(const char *label, uint32_t pid)
{
    auto_free char *name = pid ? process_name((pid_t) pid) : NULL;

    if (!pid)
        return;
    if (name)
        (void) printf("\t%8s: %u (%s)\n", label, pid, name);
    else
        (void) printf("\t%8s: %u\n", label, pid);
}

static void print_interfaces(const struct machine_state *machine)
{
    char name[IF_NAMESIZE];
    bool first = true;

    for (size_t i = 0; i < machine->n_netif; i++) {
        if (!if_indextoname(machine->netif[i], name))
            continue;
        (void) printf(first ? "\t%8s: %s" : "%.0s %s", first ? "Iface" : "", name);
        first = false;
    }
    if (!first)
        (void) puts("");
}

static void print_addresses(const struct machine_state *machine)
{
    CLEANUP(looker_done) struct looker looker = LOOKER_INIT;
    CLEANUP(strings_done) struct strings addresses = {0};

    machine_read_addresses(machine, &looker, &addresses);
    for (size_t i = 0; i < addresses.count; i++)
        if (i == 0)
            print_label("Address", addresses.item[i]);
        else
            (void) printf("\t          %s\n", addresses.item[i]);
}

/* -- the tree of processes -- */

static size_t digits(pid_t pid)
{
    size_t n = 1;

    while (pid >= 10) {
        pid /= 10;
        n++;
    }
    return n;
}

/* WIDTH columns of text after PREFIX; 0: all of it. */
static void print_cut(const char *prefix, const char *branch, const char *text, size_t width)
{
    size_t length = strlen(text);

    if (width > 0 && length > width)
        (void) printf("%s%s%.*s…\n", prefix, branch, (int) (width - 1), text);
    else
        (void) printf("%s%s%s\n", prefix, branch, text);
}

static void print_tree(const struct group_tree *tree, const char *prefix, size_t width)
{
    size_t widest = tree->n_processes > 0 ? digits(tree->process[tree->n_processes - 1].pid) : 0;

    for (size_t i = 0; i < tree->n_processes; i++) {
        bool last = i + 1 == tree->n_processes && tree->n_children == 0;
        auto_free char *text = mem_format("%*d %s", (int) widest, (int) tree->process[i].pid, tree->process[i].command);

        print_cut(prefix, last ? "└─" : "├─", text, width);
    }
    for (size_t i = 0; i < tree->n_children; i++) {
        bool last = i + 1 == tree->n_children;
        auto_free char *deeper = mem_format("%s%s", prefix, last ? "  " : "│ ");

        print_cut(prefix, last ? "└─" : "├─", tree->child[i].name, width);
        print_tree(&tree->child[i], deeper, width > 3 ? width - 2 : width);
    }
}

static void print_unit(const struct verb_call *call, const struct machine_state *machine)
{
    auto_free char *unit = machine_unit(machine), *subgroup = machine_subgroup(machine);
    CLEANUP(group_tree_done) struct group_tree tree = {0};
    unsigned columns = call->options->full || !isatty(STDOUT_FILENO) ? 0 : terminal_width(STDOUT_FILENO);

    if (unit)
        print_label("Unit", unit);
    if (subgroup)
        print_label("Subgroup", subgroup);
    if (!machine->cgroup)
        return;
    group_tree_read(machine->cgroup, &tree);
    print_tree(&tree, "\t\t  ", columns > 20 ? columns - 20 : 0);
}

/* -- what only redd tells -- */

static void print_more(const struct machine_state *machine)
{
    const struct registry registry = host_registry();
    CLEANUP(control_message_done) struct control_message answer = {0};
    CLEANUP(running_done) struct running running = RUNNING_INIT;
    auto_error struct error *ignored = NULL;

    if (running_open(&registry, machine->name, &running, &ignored) < 0 ||
        running_ask(&running, "status", NULL, &answer, &ignored) < 0)
        return;
    const char *ready = control_get(&answer, "READY"), *status = control_get(&answer, "STATUS");
    if (ready)
        print_label("Ready", ready);
    if (status && *status)
        print_label("Status", status);
}

/* -- what it said last -- */

/* The unit's part of the host's journal, where there is one. */
static bool print_journal(const struct verb_options *options, const char *unit)
{
    char program[] = "/usr/bin/journalctl", no_pager[] = "--no-pager", quiet[] = "--quiet", unit_option[] = "-u",
         lines_option[] = "-n", output_option[] = "-o";
    auto_free char *lines = mem_format("%u", options->lines), *name = mem_copy_string(unit),
                   *output = mem_copy_string(options->output);
    char *argv[] = {program, no_pager, quiet, lines_option, lines, output_option, output, unit_option, name, NULL};
    pid_t pid;
    int status;

    (void) fflush(stdout);
    if (access(program, X_OK) < 0 || posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0)
        return false;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void print_log(const struct verb_call *call, const struct machine_state *machine)
{
    auto_free char *unit = machine_unit(machine);
    CLEANUP(strings_done) struct strings lines = {0};
    auto_error struct error *ignored = NULL;

    if (unit && service_manager_is_systemd()) {
        (void) puts("");
        if (print_journal(call->options, unit))
            return;
    }
    if (machine_log_tail(MACHINE_LOG_FOLDER, machine->name, call->options->lines, &lines, &ignored) < 0 ||
        lines.count == 0)
        return;
    (void) puts("");
    for (size_t i = 0; i < lines.count; i++)
        (void) puts(lines.item[i]);
}

/* -- all of it -- */

static void print_status(const struct verb_call *call, const struct machine_state *machine)
{
    CLEANUP(looker_done) struct looker looker = LOOKER_INIT;
    CLEANUP(os_release_done) struct os_release os = {0};
    bool is_host = string_equal(machine->class, "host");
    int64_t shift = is_host ? -1 : machine_read_id_shift(machine);
    char id[33];

    id128_format_plain(machine->id, id);
    if (id128_is_null(machine->id))
        (void) puts(machine->name);
    else
        (void) printf("%s(%s)\n", machine->name, id);
    print_since(machine);
    print_process("Leader", machine->leader);
    print_process("Superv.", machine->supervisor);
    if (machine->service)
        (void) printf("\t%8s: %s; class %s\n", "Service", machine->service, machine->class ? machine->class : "-");
    else if (machine->class)
        print_label("Class", machine->class);
    if (machine->root)
        print_label("Root", machine->root);
    print_interfaces(machine);
    print_addresses(machine);
    machine_read_os(machine, &looker, &os);
    if (os.pretty_name)
        print_label("OS", os.pretty_name);
    if (shift > 0)
        (void) printf("\t%8s: %lld\n", "ID Shift", (long long) shift);
    if (call->program == PROGRAM_REDD && !is_host)
        print_more(machine);
    print_unit(call, machine);
    if (!is_host)
        print_log(call, machine);
}

static void print_group_json(struct json *json, const char *key, const struct group_tree *tree, unsigned depth)
{
    enum { DEPTH_SHOWN = 4 };       /* deeper ones: the writer's own limit is in sight */

    json_object(json, key);
    json_string(json, "name", tree->name);
    json_array(json, "processes");
    for (size_t i = 0; i < tree->n_processes; i++) {
        json_object(json, NULL);
        json_unsigned(json, "pid", (uint64_t) tree->process[i].pid);
        json_string(json, "command", tree->process[i].command);
        json_end(json);
    }
    json_end(json);
    if (depth < DEPTH_SHOWN) {
        json_array(json, "groups");
        for (size_t i = 0; i < tree->n_children; i++)
            print_group_json(json, NULL, &tree->child[i], depth + 1);
        json_end(json);
    }
    json_end(json);
}

static void print_json(struct json *json, const struct machine_state *machine)
{
    CLEANUP(looker_done) struct looker looker = LOOKER_INIT;
    CLEANUP(strings_done) struct strings addresses = {0};
    CLEANUP(os_release_done) struct os_release os = {0};
    CLEANUP(group_tree_done) struct group_tree tree = {0};
    auto_free char *unit = machine_unit(machine);
    int64_t shift = machine_read_id_shift(machine);
    char id[33];

    id128_format_plain(machine->id, id);
    machine_read_os(machine, &looker, &os);
    machine_read_addresses(machine, &looker, &addresses);
    json_object(json, NULL);
    json_string(json, "machine", machine->name);
    json_string(json, "id", id128_is_null(machine->id) ? NULL : id);
    json_string(json, "class", machine->class);
    json_string(json, "service", machine->service);
    json_unsigned(json, "since", machine->realtime_us);
    json_unsigned(json, "leader", machine->leader);
    json_unsigned(json, "supervisor", machine->supervisor);
    json_string(json, "root", machine->root);
    json_string(json, "os", os.id);
    json_string(json, "version", os.version_id);
    json_string(json, "os_name", os.pretty_name);
    json_string(json, "unit", unit);
    json_string(json, "cgroup", machine->cgroup);
    if (shift > 0)
        json_signed(json, "id_shift", shift);
    else
        json_null(json, "id_shift");
    json_array(json, "addresses");
    for (size_t i = 0; i < addresses.count; i++)
        json_string(json, NULL, addresses.item[i]);
    json_end(json);
    if (machine->cgroup) {
        group_tree_read(machine->cgroup, &tree);
        print_group_json(json, "tree", &tree, 0);
    }
    json_end(json);
}

int verb_status(const struct verb_call *call, int *ret_status, struct error **err)
{
    struct json json = {.style = call->options->json};

    (void) ret_status;
    if (json.style != JSON_OFF)
        json_array(&json, NULL);
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(machine_state_done) struct machine_state machine = {0};

        if (machine_look_up(call, call->argv[i], &machine, err) < 0)
            return -error_code(*err);
        if (json.style != JSON_OFF)
            print_json(&json, &machine);
        else {
            if (i > 0)
                (void) puts("");
            print_status(call, &machine);
        }
    }
    if (json.style != JSON_OFF) {
        json_end(&json);
        json_finish(&json);
    }
    return 0;
}
