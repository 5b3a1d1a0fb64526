/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/order.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"

static void add(struct order *order, const char *name, const char *after, const char *requires)
{
    struct order_node *node = order_add(order, name);

    strings_split(&node->after, after, " ");
    strings_split(&node->requires, requires, " ");
}

static void expect_order(const struct order *order, const char *expected)
{
    CLEANUP(strings_done) struct strings names = {0};

    strings_split(&names, expected, " ");
    EXPECT_INT(order->count, names.count);
    for (size_t i = 0; i < names.count; i++)
        EXPECT_STR(order->node[i].name, names.item[i]);
}

TEST(needs_come_first_and_the_rest_by_name)
{
    CLEANUP(order_done) struct order order = {0};

    add(&order, "web", "db", "");
    add(&order, "db", "", "store");
    add(&order, "store", "", "");
    add(&order, "alone", "nobody", "");
    EXPECT_OK(order_sort(&order, ERR));
    expect_order(&order, "alone store db web");
}

TEST(cycle_is_named)
{
    CLEANUP(order_done) struct order order = {0};

    add(&order, "first", "", "");
    add(&order, "a", "b", "");
    add(&order, "b", "", "c");
    add(&order, "c", "a", "");
    add(&order, "outside", "a", "");
    EXPECT_FAIL(order_sort(&order, ERR), ELOOP, "a → b → c → a");
    EXPECT_HINT("After= or Requires=");
}

TEST(machine_that_waits_for_itself_is_a_cycle)
{
    CLEANUP(order_done) struct order order = {0};

    add(&order, "a", "a", "");
    EXPECT_FAIL(order_sort(&order, ERR), ELOOP, "a → a");
}

struct record {
    char text[256];
};

static int act(void *data, const char *name)
{
    (void) data;
    return strcmp(name, "bad") == 0;
}

static void note(void *data, const char *name, enum order_result result, const char *cause)
{
    struct record *record = data;
    static const char *const words[] = {[ORDER_WELL] = "well", [ORDER_BADLY] = "badly", [ORDER_SKIPPED] = "skipped"};
    size_t used = strlen(record->text);

    (void) snprintf(record->text + used, sizeof record->text - used, "%s:%s%s%s ", name, words[result],
                    cause ? "/" : "", cause ? cause : "");
}

TEST(what_requires_a_bad_one_is_skipped)
{
    CLEANUP(order_done) struct order order = {0};
    struct record record = {0};
    const struct order_work work = {.act = act, .done = note, .data = &record, .parallel = 1};

    add(&order, "bad", "", "");
    add(&order, "needs", "", "bad");
    add(&order, "later", "bad", "");
    add(&order, "needs-that", "", "needs");
    EXPECT_OK(order_sort(&order, ERR));
    EXPECT_INT(order_run(&order, &work), 3);
    EXPECT_STR(record.text, "bad:badly later:well needs:skipped/bad needs-that:skipped/needs ");
}

TEST(backwards_is_the_other_way_round)
{
    CLEANUP(order_done) struct order order = {0};
    struct record record = {0};
    const struct order_work work = {.act = act, .done = note, .data = &record, .backwards = true};

    add(&order, "db", "", "");
    add(&order, "web", "db", "");
    EXPECT_OK(order_sort(&order, ERR));
    EXPECT_INT(order_run(&order, &work), 0);
    EXPECT_STR(record.text, "web:well db:well ");
}

TESTS(RUN(needs_come_first_and_the_rest_by_name), RUN(cycle_is_named),
      RUN(machine_that_waits_for_itself_is_a_cycle), RUN(what_requires_a_bad_one_is_skipped),
      RUN(backwards_is_the_other_way_round))
