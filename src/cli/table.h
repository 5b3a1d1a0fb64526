/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table: rows of cells, as columns for people or as JSON for programs.
 *
 * Cells are added one after the other, row by row. Columns are as wide as their widest cell and parted by one blank; a
 * cell may have several lines. JSON is an array with one object a row, its members named by the columns.
 *
 *     static const struct table_column columns[] = {{"MACHINE", "machine"}, {"TASKS", "tasks", .right = true}};
 *     CLEANUP(table_done) struct table table = {columns, COUNT_OF(columns)};
 *     table_add_text(&table, "web");
 *     table_add_number(&table, 12, NULL);
 *     table_print(&table, &style);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"
#include "cli/json.h"

struct table_column {
    const char *title;
    const char *field;          /* in JSON; stable: programs read it */
    bool right;                 /* aligned to the right */
    bool hidden;                /* in JSON only */
};

enum table_kind { TABLE_TEXT, TABLE_NUMBER, TABLE_BOOL, TABLE_LIST, TABLE_NOTHING };

struct table_cell {
    enum table_kind kind;
    uint64_t number;            /* TABLE_NUMBER, TABLE_BOOL */
    struct strings lines;       /* what people see */
    struct strings values;      /* TABLE_LIST: all elements for JSON */
};

/* The first two are for the caller, who keeps what they point to. */
struct table {
    const struct table_column *columns;
    size_t n_columns;
    struct table_cell *cell;
    size_t n_cells;
};

void table_add_text(struct table *table, const char *text);             /* NULL or "": nothing */
/* SHOWN: for people, NULL for the digits. */
void table_add_number(struct table *table, uint64_t number, const char *shown);
void table_add_bool(struct table *table, bool value, const char *shown);
/* One line for each of the first LIMIT elements; "…" behind the last where there are more. */
void table_add_list(struct table *table, const struct strings *list, size_t limit);
/* What people see of an unknown value is "-", or SHOWN where that is not NULL; in JSON it is null. */
void table_add_nothing(struct table *table, const char *shown);

struct table_style {
    enum json_style json;
    bool legend;                /* titles in front and the count behind */
    bool full;                  /* lines may be wider than the terminal */
    const char *noun;           /* "machines": the last line is "3 machines listed." or "No machines."; NULL: none */
};

/* To standard output. */
void table_print(const struct table *table, const struct table_style *style);

void table_done(struct table *table);

/* The columns that CHARACTERS of UTF-8 take, each taken for one wide. */
size_t table_text_width(const char *text);
