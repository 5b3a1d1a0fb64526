/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd top, redd stats: what machines use. Stats is what they have used so far, top what they use right now. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/machine_words.h"
#include "cli/run_host.h"
#include "cli/table.h"
#include "cli/timestamp.h"
#include "machine/usage.h"

enum { PERIOD_MS = 2000, SAMPLE_MS = 500 };

/* Those NAMED, or all. */
static int find_machines(const struct verb_call *call, struct machine_states *ret, struct error **err)
{
    const struct registry registry = host_registry();

    if (call->argc == 0)
        return registry_survey(&registry, ret, err);
    for (int i = 0; i < call->argc; i++) {
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count] = (struct machine_state){0};
        if (machine_look_up(call, call->argv[i], &ret->item[ret->count], err) < 0)
            return -error_code(*err);
        ret->count++;
    }
    return 0;
}

static void add_bytes(struct table *table, uint64_t bytes)
{
    char text[SIZE_TEXT_SIZE];

    if (bytes == USAGE_UNKNOWN)
        table_add_nothing(table, NULL);
    else
        table_add_number(table, bytes, size_format(bytes, text));
}

/* -- stats -- */

/* "3.20s", "12min 4s", "5h 3min" */
static char *format_time(uint64_t ns)
{
    unsigned long long seconds = ns / UINT64_C(1000000000), hundredths = ns / 10000000 % 100;

    return seconds < 60     ? mem_format("%llu.%02llus", seconds, hundredths)
           : seconds < 3600 ? mem_format("%llumin %llus", seconds / 60, seconds % 60)
                            : mem_format("%lluh %llumin", seconds / 3600, seconds / 60 % 60);
}

int verb_stats(const struct verb_call *call, int *ret_status, struct error **err)
{
    static const struct table_column columns[] = {
        {"MACHINE", "machine"},
        {"CPU", "cpu_ns", .right = true},
        {"MEMORY", "memory_bytes", .right = true},
        {"PEAK", "memory_peak_bytes", .right = true},
        {"TASKS", "tasks", .right = true},
        {"READ", "io_read_bytes", .right = true},
        {"WRITTEN", "io_written_bytes", .right = true},
        {"RECEIVED", "net_received_bytes", .right = true},
        {"SENT", "net_sent_bytes", .right = true},
        {"MOMENT", "moment_us", .hidden = true},
    };
    const struct table_style style = {
        .json = call->options->json, .legend = !call->options->no_legend, .full = true, .noun = "machines"};
    CLEANUP(machine_states_done) struct machine_states machines = {0};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};

    (void) ret_status;
    if (find_machines(call, &machines, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < machines.count; i++) {
        struct machine_usage usage;

        machine_usage_read(&machines.item[i], &usage);
        table_add_text(&table, machines.item[i].name);
        if (usage.cpu_ns == USAGE_UNKNOWN)
            table_add_nothing(&table, NULL);
        else {
            auto_free char *text = format_time(usage.cpu_ns);

            table_add_number(&table, usage.cpu_ns, text);
        }
        add_bytes(&table, usage.memory);
        add_bytes(&table, usage.memory_peak);
        if (usage.tasks == USAGE_UNKNOWN)
            table_add_nothing(&table, NULL);
        else
            table_add_number(&table, usage.tasks, NULL);
        add_bytes(&table, usage.io_read);
        add_bytes(&table, usage.io_written);
        add_bytes(&table, usage.net_received);
        add_bytes(&table, usage.net_sent);
        table_add_number(&table, usage.moment_us, NULL);
    }
    table_print(&table, &style);
    return 0;
}

/* -- top -- */

struct sample {
    char *name;
    struct machine_usage usage;
};

struct samples {
    struct sample *item;
    size_t count;
};

static void samples_done(struct samples *samples)
{
    for (size_t i = 0; i < samples->count; i++)
        free(samples->item[i].name);
    free(samples->item);
    *samples = (struct samples){0};
}

static int take_samples(const struct verb_call *call, struct samples *ret, struct error **err)
{
    CLEANUP(machine_states_done) struct machine_states machines = {0};

    if (find_machines(call, &machines, err) < 0)
        return -error_code(*err);
    ret->item = mem_alloc((machines.count + 1) * sizeof *ret->item);
    for (size_t i = 0; i < machines.count; i++) {
        ret->item[i].name = mem_copy_string(machines.item[i].name);
        machine_usage_read(&machines.item[i], &ret->item[i].usage);
    }
    ret->count = machines.count;
    return 0;
}

static const struct machine_usage *find_before(const struct samples *samples, const char *name)
{
    for (size_t i = 0; i < samples->count; i++)
        if (strcmp(samples->item[i].name, name) == 0)
            return &samples->item[i].usage;
    return NULL;
}

/* How fast a counter grew, per second; USAGE_UNKNOWN when it is not known, or went back. */
static uint64_t rate(uint64_t before, uint64_t now, uint64_t elapsed_us)
{
    if (before == USAGE_UNKNOWN || now == USAGE_UNKNOWN || now < before || elapsed_us == 0)
        return USAGE_UNKNOWN;
    return (uint64_t) ((double) (now - before) * 1e6 / (double) elapsed_us);
}

struct row {
    const char *name;
    const struct machine_usage *now;
    uint64_t cpu, io, net;      /* per second: ns, bytes, bytes */
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    uint64_t cx = x->cpu == USAGE_UNKNOWN ? 0 : x->cpu, cy = y->cpu == USAGE_UNKNOWN ? 0 : y->cpu;

    return cx != cy ? (cx < cy ? 1 : -1) : strcmp(x->name, y->name);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a == USAGE_UNKNOWN || b == USAGE_UNKNOWN ? USAGE_UNKNOWN : a + b;
}

static void fill_row(struct row *row, const struct samples *before, const struct sample *now)
{
    const struct machine_usage *was = find_before(before, now->name), *is = &now->usage;

    *row = (struct row){now->name, is, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN};
    if (!was)
        return;
    uint64_t elapsed = is->moment_us - was->moment_us;
    row->cpu = rate(was->cpu_ns, is->cpu_ns, elapsed);
    row->io = rate(sum(was->io_read, was->io_written), sum(is->io_read, is->io_written), elapsed);
    row->net = rate(sum(was->net_received, was->net_sent), sum(is->net_received, is->net_sent), elapsed);
}

static void print_table(const struct verb_call *call, const struct samples *before, const struct samples *now)
{
    static const struct table_column columns[] = {
        {"MACHINE", "machine"},
        {"CPU%", "cpu_permille", .right = true},
        {"MEMORY", "memory_bytes", .right = true},
        {"TASKS", "tasks", .right = true},
        {"IO/S", "io_bytes_per_second", .right = true},
        {"NET/S", "net_bytes_per_second", .right = true},
    };
    const struct table_style style = {
        .json = call->options->json, .legend = !call->options->no_legend, .full = true, .noun = "machines"};
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
    auto_free struct row *rows = mem_alloc((now->count + 1) * sizeof *rows);

    for (size_t i = 0; i < now->count; i++)
        fill_row(&rows[i], before, &now->item[i]);
    qsort(rows, now->count, sizeof *rows, compare_rows);
    for (size_t i = 0; i < now->count; i++) {
        table_add_text(&table, rows[i].name);
        if (rows[i].cpu == USAGE_UNKNOWN)
            table_add_nothing(&table, NULL);
        else {
            uint64_t permille = rows[i].cpu / 1000000;
            auto_free char *text = mem_format("%llu.%llu", (unsigned long long) (permille / 10),
                                              (unsigned long long) (permille % 10));
            table_add_number(&table, permille, text);
        }
        add_bytes(&table, rows[i].now->memory);
        if (rows[i].now->tasks == USAGE_UNKNOWN)
            table_add_nothing(&table, NULL);
        else
            table_add_number(&table, rows[i].now->tasks, NULL);
        add_bytes(&table, rows[i].io);
        add_bytes(&table, rows[i].net);
    }
    table_print(&table, &style);
    (void) fflush(stdout);
}

/* Keys are heard as they are typed, and not shown. */
static bool listen_to_keys(struct termios *saved)
{
    struct termios keys;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, saved) < 0)
        return false;
    keys = *saved;
    keys.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    return tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
}

/* False: somebody typed q. */
static bool pause_for(int ms, bool has_keys)
{
    struct pollfd typed = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};
    char key = 0;

    return poll(&typed, 1, ms) <= 0 || read(STDIN_FILENO, &key, 1) != 1 || key != 'q';
}

int verb_top(const struct verb_call *call, int *ret_status, struct error **err)
{
    bool live = isatty(STDOUT_FILENO) && call->options->json == JSON_OFF;
    CLEANUP(samples_done) struct samples before = {0};
    struct termios saved;
    int r = take_samples(call, &before, err);

    (void) ret_status;
    if (r < 0)
        return r;
    bool has_keys = live && listen_to_keys(&saved);
    for (bool first = true; pause_for(first ? SAMPLE_MS : PERIOD_MS, has_keys); first = false) {
        struct samples now = {0};

        r = take_samples(call, &now, err);
        if (r < 0) {
            samples_done(&now);
            break;
        }
        if (live)
            (void) fputs("\033[H\033[2J", stdout);
        print_table(call, &before, &now);
        samples_done(&before);
        before = now;
        if (!live)
            break;
    }
    if (has_keys)
        (void) tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    return r;
}
