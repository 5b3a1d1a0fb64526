/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * order: machines that need each other, in an order in which each comes behind those it needs; and doing something with
 * all of them, several at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"

struct order_node {
    char *name;
    struct strings after;       /* names: first these, where they are among the nodes; no matter how that went */
    struct strings requires;    /* names: first these, and only if that went well */
};

struct order {
    struct order_node *node;
    size_t count;
};
void order_done(struct order *order);

/* Adds a node without needs, or finds the one there is. Valid until the next one is added. */
struct order_node *order_add(struct order *order, const char *name);
struct order_node *order_find(const struct order *order, const char *name);

/* Sorts the nodes; those that are free to come in any order come by name. -ELOOP names those that wait for each
 * other, one behind the other. */
int order_sort(struct order *order, struct error **err);

/* How each went. */
enum order_result { ORDER_WELL, ORDER_BADLY, ORDER_SKIPPED };

struct order_work {
    /* In a process of its own, which ends with what it returns: 0 is well. */
    int (*act)(void *data, const char *name);
    /* In this process, as soon as it is known. CAUSE is the required one that is to blame for ORDER_SKIPPED. */
    void (*done)(void *data, const char *name, enum order_result result, const char *cause);
    void *data;
    bool backwards;             /* those that need others first: for stopping */
    unsigned parallel;          /* at most; 0: by the number of processors. A busy host gets fewer */
};

/* Of sorted nodes. Returns the number of those that did not go well. */
size_t order_run(const struct order *order, const struct order_work *work);
