/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

void order_done(struct order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        free(order->node[i].name);
        strings_done(&order->node[i].after);
        strings_done(&order->node[i].requires);
    }
    free(order->node);
    *order = (struct order){0};
}

struct order_node *order_find(const struct order *order, const char *name)
{
    for (size_t i = 0; i < order->count; i++)
        if (strcmp(order->node[i].name, name) == 0)
            return &order->node[i];
    return NULL;
}

struct order_node *order_add(struct order *order, const char *name)
{
    struct order_node *node = order_find(order, name);

    if (node)
        return node;
    MEM_GROW(order->node, order->count);
    node = &order->node[order->count++];
    *node = (struct order_node){.name = mem_copy_string(name)};
    return node;
}

/* -- sorting -- */

static bool needs(const struct order_node *node, const char *name)
{
    return strings_contain(&node->after, name) || strings_contain(&node->requires, name);
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(((const struct order_node *) a)->name, ((const struct order_node *) b)->name);
}

/* Follows needs among the nodes from AT on, which all wait for one of themselves, until one comes again. */
static int fail_cycle(const struct order *order, size_t at, struct error **err)
{
    auto_free bool *seen = mem_alloc(order->count * sizeof *seen);
    const struct order_node *node = &order->node[at];
    char *path;

    while (!seen[node - order->node]) {
        seen[node - order->node] = true;
        for (size_t i = at; i < order->count; i++)
            if (needs(node, order->node[i].name)) {
                node = &order->node[i];
                break;
            }
    }
    const struct order_node *first = node;
    path = mem_copy_string(first->name);
    do {
        for (size_t i = at; i < order->count; i++)
            if (needs(node, order->node[i].name)) {
                auto_free char *before = path;

                node = &order->node[i];
                path = mem_format("%s → %s", before, node->name);
                break;
            }
    } while (node != first);
    fail_plain(err, ELOOP, "these machines wait for each other: %s", path);
    fail_id(*err, "R4050");
    fail_hint(*err, "take one of them out of After= or Requires= in the other's settings file");
    free(path);
    return -ELOOP;
}

int order_sort(struct order *order, struct error **err)
{
    if (order->count > 0)
        qsort(order->node, order->count, sizeof *order->node, compare_nodes);
    for (size_t done = 0; done < order->count; done++) {
        size_t next = done;

        /* the first that needs none of those that are left */
        for (; next < order->count; next++) {
            bool waits = false;

            for (size_t i = done; i < order->count && !waits; i++)
                waits = needs(&order->node[next], order->node[i].name);
            if (!waits)
                break;
        }
        if (next == order->count)
            return fail_cycle(order, done, err);
        struct order_node node = order->node[next];
        memmove(&order->node[done + 1], &order->node[done], (next - done) * sizeof node);
        order->node[done] = node;
    }
    return 0;
}

/* -- doing -- */

enum progress { WAITS, RUNS, ENDED_WELL, ENDED_BADLY };

struct crew {
    const struct order *order;
    const struct order_work *work;
    enum progress *progress;
    pid_t *pid;
    size_t n_running, n_bad;
};

static bool has_ended(enum progress progress)
{
    return progress == ENDED_WELL || progress == ENDED_BADLY;
}

/* Whether node I may begin; *RET_CAUSE is the one that makes it impossible. */
static bool may_begin(const struct crew *crew, size_t i, const char **ret_cause)
{
    const struct order *order = crew->order;

    *ret_cause = NULL;
    for (size_t k = 0; k < order->count; k++) {
        const struct order_node *node = &order->node[i], *other = &order->node[k];

        if (crew->work->backwards) {
            if (needs(other, node->name) && !has_ended(crew->progress[k]))
                return false;
            continue;
        }
        if (!needs(node, other->name))
            continue;
        if (!has_ended(crew->progress[k]))
            return false;
        if (crew->progress[k] == ENDED_BADLY && strings_contain(&node->requires, other->name))
            *ret_cause = other->name;
    }
    return true;
}

static void finish(struct crew *crew, size_t i, enum order_result result, const char *cause)
{
    crew->progress[i] = result == ORDER_WELL ? ENDED_WELL : ENDED_BADLY;
    crew->n_bad += result != ORDER_WELL;
    if (crew->work->done)
        crew->work->done(crew->work->data, crew->order->node[i].name, result, cause);
}

static void begin(struct crew *crew, size_t i)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(crew->work->act(crew->work->data, crew->order->node[i].name));
    if (pid < 0) {
        finish(crew, i, ORDER_BADLY, NULL);
        return;
    }
    crew->progress[i] = RUNS;
    crew->pid[i] = pid;
    crew->n_running++;
}

/* The share of the last ten seconds in which somebody waited for a processor (Linux 4.20); 0 where nothing tells. */
static unsigned long pressure(void)
{
    auto_free char *text = NULL;
    const char *value;

    if (file_read_quiet(AT_FDCWD, "/proc/pressure/cpu", 4096, &text) < 0)
        return 0;
    value = strstr(text, "avg10=");
    return value ? strtoul(value + strlen("avg10="), NULL, 10) : 0;
}

static size_t limit_now(const struct crew *crew)
{
    enum { BUSY_PERCENT = 80 };
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t limit = crew->work->parallel ? crew->work->parallel : processors > 0 ? (size_t) processors * 2 : 2;

    return limit > 1 && pressure() > BUSY_PERCENT ? limit / 2 : limit;
}

static void await_one(struct crew *crew)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);

    for (size_t i = 0; pid > 0 && i < crew->order->count; i++)
        if (crew->progress[i] == RUNS && crew->pid[i] == pid) {
            crew->n_running--;
            finish(crew, i, status == 0 ? ORDER_WELL : ORDER_BADLY, NULL);
        }
}

size_t order_run(const struct order *order, const struct order_work *work)
{
    auto_free enum progress *progress = mem_alloc(order->count * sizeof *progress);
    auto_free pid_t *pid = mem_alloc(order->count * sizeof *pid);
    struct crew crew = {.order = order, .work = work, .progress = progress, .pid = pid};

    for (size_t left = order->count; left > 0;) {
        size_t limit = limit_now(&crew);

        for (size_t n = 0; n < order->count && crew.n_running < limit; n++) {
            size_t i = work->backwards ? order->count - 1 - n : n;
            const char *cause;

            if (progress[i] != WAITS || !may_begin(&crew, i, &cause))
                continue;
            if (cause)
                finish(&crew, i, ORDER_SKIPPED, cause);
            else
                begin(&crew, i);
        }
        if (crew.n_running > 0)
            await_one(&crew);
        left = 0;
        for (size_t i = 0; i < order->count; i++)
            left += !has_ended(progress[i]);
    }
    return crew.n_bad;
}
