/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people and programs get to see of rows of cells. */
#include <unistd.h>

#include "base/mem.h"
#include "cli/table.h"

#include "base/test.h"

static const struct table_column columns[] = {
    {"MACHINE", "machine"}, {"TASKS", "tasks", .right = true}, {"SECRET", "secret", .hidden = true},
    {"ADDRESSES", "addresses"}};

static void add_row(struct table *table, const char *name, uint64_t tasks, const char *addresses, size_t limit)
{
    CLEANUP(strings_done) struct strings list = {0};

    strings_split(&list, addresses, " ");
    table_add_text(table, name);
    table_add_number(table, tasks, NULL);
    table_add_bool(table, true, "yes");
    table_add_list(table, &list, limit);
}

/* What print() writes to standard output. */
static char *captured(const struct table *table, const struct table_style *style)
{
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);
    char *text = mem_alloc(4096);

    (void) fflush(stdout);
    assert_true(file && saved >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    table_print(table, style);
    (void) fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void) close(saved);
    rewind(file);
    text[fread(text, 1, 4095, file)] = '\0';
    (void) fclose(file);
    return text;
}

TEST(columns_are_as_wide_as_their_widest_cell_and_lists_have_lines)
{
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};

    add_row(&table, "web", 7, "10.0.0.2 fe80::1 fe80::2", 2);
    add_row(&table, "größer-als-alle", 12345, "", 2);
    auto_free char *text = captured(&table, &(struct table_style){.legend = true, .noun = "machines"});
    EXPECT_STR(text, "MACHINE         TASKS ADDRESSES\n"
                     "web                 7 10.0.0.2\n"
                     "                      fe80::1…\n"
                     "größer-als-alle 12345 -\n"
                     "\n2 machines listed.\n");
}

TEST(an_empty_table_says_so_and_without_legend_nothing)
{
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
    auto_free char *text = captured(&table, &(struct table_style){.legend = true, .noun = "machines"});
    auto_free char *bare = captured(&table, &(struct table_style){.noun = "machines"});

    EXPECT_STR(text, "No machines.\n");
    EXPECT_STR(bare, "");
}

TEST(json_has_hidden_columns_whole_lists_and_nulls)
{
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};

    add_row(&table, "a\"b\xff", 7, "10.0.0.2 fe80::1", 1);
    table_add_nothing(&table, NULL);
    table_add_nothing(&table, "none");
    table_add_bool(&table, false, "no");
    table_add_text(&table, NULL);
    auto_free char *text = captured(&table, &(struct table_style){.json = JSON_SHORT});
    EXPECT_STR(text, "[{\"machine\":\"a\\\"b\xef\xbf\xbd\",\"tasks\":7,\"secret\":true,"
                     "\"addresses\":[\"10.0.0.2\",\"fe80::1\"]},"
                     "{\"machine\":null,\"tasks\":null,\"secret\":false,\"addresses\":null}]\n");
}

TEST(pretty_json_of_nothing_is_an_empty_array)
{
    CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
    auto_free char *text = captured(&table, &(struct table_style){.json = JSON_PRETTY});

    EXPECT_STR(text, "[]\n");
}

TESTS(RUN(columns_are_as_wide_as_their_widest_cell_and_lists_have_lines),
      RUN(an_empty_table_says_so_and_without_legend_nothing), RUN(json_has_hidden_columns_whole_lists_and_nulls),
      RUN(pretty_json_of_nothing_is_an_empty_array))
