/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/terminal_width.h"

static struct table_cell *add_cell(struct table *table, enum table_kind kind)
{
    MEM_GROW(table->cell, table->n_cells);
    struct table_cell *cell = &table->cell[table->n_cells++];

    *cell = (struct table_cell){.kind = kind};
    return cell;
}

void table_add_nothing(struct table *table, const char *shown)
{
    strings_add(&add_cell(table, TABLE_NOTHING)->lines, shown ? shown : "-");
}

void table_add_text(struct table *table, const char *text)
{
    if (!text || !*text)
        table_add_nothing(table, NULL);
    else
        strings_add(&add_cell(table, TABLE_TEXT)->lines, text);
}

void table_add_number(struct table *table, uint64_t number, const char *shown)
{
    struct table_cell *cell = add_cell(table, TABLE_NUMBER);

    cell->number = number;
    if (shown)
        strings_add(&cell->lines, shown);
    else
        strings_add_format(&cell->lines, "%" PRIu64, number);
}

void table_add_bool(struct table *table, bool value, const char *shown)
{
    struct table_cell *cell = add_cell(table, TABLE_BOOL);

    cell->number = value;
    strings_add(&cell->lines, shown);
}

void table_add_list(struct table *table, const struct strings *list, size_t limit)
{
    struct table_cell *cell = add_cell(table, TABLE_LIST);

    for (size_t i = 0; i < list->count; i++) {
        strings_add(&cell->values, list->item[i]);
        if (i < limit)
            strings_add_format(&cell->lines, "%s%s", list->item[i], i + 1 == limit && i + 1 < list->count ? "…" : "");
    }
    if (cell->lines.count == 0)
        strings_add(&cell->lines, "-");
}

size_t table_text_width(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char) *text & 0xc0) != 0x80;
    return width;
}

static size_t n_rows(const struct table *table)
{
    return table->n_cells / table->n_columns;
}

static size_t column_width(const struct table *table, size_t column, bool legend)
{
    size_t width = legend ? table_text_width(table->columns[column].title) : 0;

    for (size_t i = column; i < table->n_cells; i += table->n_columns)
        for (size_t k = 0; k < table->cell[i].lines.count; k++) {
            size_t w = table_text_width(table->cell[i].lines.item[k]);
            width = w > width ? w : width;
        }
    return width;
}

/* A line being put together, so that it can be cut and so that no blank is left at its end. */
struct line {
    char *text;
    size_t length, blanks;
};

static void line_add(struct line *line, const char *text, size_t width, bool right)
{
    size_t own = table_text_width(text), pad = width > own ? width - own : 0;
    size_t bytes = strlen(text);

    line->blanks += right ? pad : 0;
    if (bytes > 0) {
        line->text = mem_resize(line->text, line->length + line->blanks + bytes + 1);
        memset(line->text + line->length, ' ', line->blanks);
        memcpy(line->text + line->length + line->blanks, text, bytes + 1);
        line->length += line->blanks + bytes;
        line->blanks = 0;
    }
    line->blanks += (right ? 0 : pad) + 1;
}

static void line_print(struct line *line, size_t limit)
{
    size_t width = 0;
    char *at = line->text;

    if (line->text && table_text_width(line->text) > limit) {
        while (width < limit) {
            at++;
            width += ((unsigned char) *at & 0xc0) != 0x80;
        }
        /* AT is behind the last character that fits, which makes room for the sign */
        do
            at--;
        while (((unsigned char) *at & 0xc0) == 0x80);
        (void) printf("%.*s…\n", (int) (at - line->text), line->text);
    } else
        (void) puts(line->text ? line->text : "");
    free(TAKE(line->text));
    *line = (struct line){0};
}

static void print_row(const struct table *table, size_t row, const size_t *width, size_t limit)
{
    const struct table_cell *cells = table->cell + row * table->n_columns;
    size_t height = 1;

    for (size_t i = 0; i < table->n_columns; i++)
        if (!table->columns[i].hidden && cells[i].lines.count > height)
            height = cells[i].lines.count;
    for (size_t k = 0; k < height; k++) {
        struct line line = {0};

        for (size_t i = 0; i < table->n_columns; i++)
            if (!table->columns[i].hidden)
                line_add(&line, k < cells[i].lines.count ? cells[i].lines.item[k] : "", width[i],
                         table->columns[i].right);
        line_print(&line, limit);
    }
}

static void print_columns(const struct table *table, const struct table_style *style)
{
    bool cut = !style->full && isatty(STDOUT_FILENO);
    size_t limit = cut ? terminal_width(STDOUT_FILENO) : SIZE_MAX;
    auto_free size_t *width = mem_alloc(table->n_columns * sizeof *width);
    struct line line = {0};

    for (size_t i = 0; i < table->n_columns; i++) {
        width[i] = column_width(table, i, style->legend);
        if (!table->columns[i].hidden)
            line_add(&line, table->columns[i].title, width[i], table->columns[i].right);
    }
    if (style->legend && table->n_cells > 0)
        line_print(&line, limit);
    free(TAKE(line.text));
    for (size_t i = 0; i < n_rows(table); i++)
        print_row(table, i, width, limit);
    if (!style->legend || !style->noun)
        return;
    if (table->n_cells > 0)
        (void) printf("\n%zu %s listed.\n", n_rows(table), style->noun);
    else
        (void) printf("No %s.\n", style->noun);
}

static void print_json_cell(struct json *json, const char *field, const struct table_cell *cell)
{
    switch (cell->kind) {
    case TABLE_TEXT:
        json_string(json, field, cell->lines.item[0]);
        break;
    case TABLE_NUMBER:
        json_unsigned(json, field, cell->number);
        break;
    case TABLE_BOOL:
        json_bool(json, field, cell->number);
        break;
    case TABLE_LIST:
        json_array(json, field);
        for (size_t i = 0; i < cell->values.count; i++)
            json_string(json, NULL, cell->values.item[i]);
        json_end(json);
        break;
    case TABLE_NOTHING:
        json_null(json, field);
        break;
    }
}

static void print_json(const struct table *table, enum json_style style)
{
    struct json json = {.style = style};

    json_array(&json, NULL);
    for (size_t row = 0; row < n_rows(table); row++) {
        json_object(&json, NULL);
        for (size_t i = 0; i < table->n_columns; i++)
            print_json_cell(&json, table->columns[i].field, &table->cell[row * table->n_columns + i]);
        json_end(&json);
    }
    json_end(&json);
    json_finish(&json);
}

void table_print(const struct table *table, const struct table_style *style)
{
    if (style->json == JSON_OFF)
        print_columns(table, style);
    else
        print_json(table, style->json);
}

void table_done(struct table *table)
{
    for (size_t i = 0; i < table->n_cells; i++) {
        strings_done(&table->cell[i].lines);
        strings_done(&table->cell[i].values);
    }
    free(TAKE(table->cell));
    table->n_cells = 0;
}
