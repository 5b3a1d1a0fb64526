/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help and the lists behind "help" as a value, printed from the table of options. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/options.h"

enum {
    NARROWEST = 72,             /* below this nothing can be laid out; lines then just run on */
    HELP_COLUMN = 34,           /* where descriptions begin, if their option is not longer */
};

/* Grows by strings_add(): one line each. Written at once at the end, so that a pager or pipe gets few pieces. */
struct page {
    struct strings lines;
    unsigned width;
};

/* Breaks TEXT at blanks behind column INDENT. The first line begins with LEAD. */
static void add_wrapped(struct page *page, const char *lead, size_t indent, const char *text)
{
    size_t room = page->width - indent;
    auto_free char *line = mem_format("%-*s", (int) indent, lead);

    if (strlen(lead) + 1 > indent && indent > 0) {
        strings_add(&page->lines, lead);
        memset(line, ' ', strlen(line));
        line[indent] = '\0';
    }
    for (;;) {
        size_t length = strlen(text), cut = length;

        if (length > room)
            for (cut = room; cut > 0 && text[cut] != ' '; cut--)
                ;
        if (cut == 0)
            cut = strcspn(text, " ");
        strings_add_format(&page->lines, "%s%.*s", line, (int) cut, text);
        text += cut;
        text += strspn(text, " ");
        if (!*text)
            return;
        memset(line, ' ', indent);
        line[indent] = '\0';
    }
}

static void add_option(struct page *page, const struct option_row *row)
{
    char name[160], shorter[8] = "  ";
    bool optional = row->argument == ARGUMENT_OPTIONAL;
    const char *argument = row->argument_name ? row->argument_name : "";

    if (row->short_flag)
        (void) snprintf(shorter, sizeof shorter, "-%c", row->short_flag);
    if (!row->flag)
        (void) snprintf(name, sizeof name, "  %s", shorter);
    else
        (void) snprintf(name, sizeof name, "  %s --%s%s%s%s%s", shorter, row->flag, optional ? "[" : "",
                        *argument ? "=" : "", argument, optional ? "]" : "");
    add_wrapped(page, name, HELP_COLUMN, row->help);
}

static void add_head(struct page *page, const char *program)
{
    auto_free char *usage = mem_format("Usage: %s [OPTION]... [COMMAND [ARGUMENT]...]", program);
    auto_free char *boot = mem_format("       %s -b [OPTION]... [ARGUMENT]...", program);

    strings_add(&page->lines, usage);
    strings_add(&page->lines, boot);
    strings_add(&page->lines, "");
    add_wrapped(page, "", 0,
                "Runs a directory tree or disk image as a container: a login shell in it, one command, or the whole "
                "system, init first (-b).");
}

static int page_write(struct page *page, int fd)
{
    size_t size = 0, used = 0;

    for (size_t i = 0; i < page->lines.count; i++)
        size += strlen(page->lines.item[i]) + 1;

    auto_free char *text = mem_alloc(size + 1);
    for (size_t i = 0; i < page->lines.count; i++) {
        size_t length = strlen(page->lines.item[i]);

        memcpy(text + used, page->lines.item[i], length);
        used += length;
        text[used++] = '\n';
    }
    return fd_write_full(fd, text, size);
}

int options_print_help(int fd, const char *program, unsigned width)
{
    bool is_original = strcmp(program, "systemd-nspawn") == 0;
    struct page page = {.width = width < NARROWEST ? NARROWEST : width};
    const char *section = "";

    add_head(&page, program);
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];

        if (!row->section || (row->extension && is_original))
            continue;
        if (strcmp(row->section, section) != 0) {
            section = row->section;
            strings_add(&page.lines, "");
            strings_add_format(&page.lines, "%s:", section);
        }
        add_option(&page, row);
    }
    strings_add(&page.lines, "");
    add_wrapped(&page, "", 0,
                is_original ? "This program is redd; redd-run(1) describes each option, redd.nspawn(5) the files."
                            : "redd-run(1) describes each option, redd.nspawn(5) the files that can hold them.");

    int r = page_write(&page, fd);
    strings_clear(&page.lines);
    return r;
}

int option_print_values(int fd, const struct option_row *row)
{
    struct page page = {0};
    char buffer[OPTION_VALUE_SIZE];
    const char *value;

    for (size_t i = 0; row->value && (value = row->value(i, buffer)); i++)
        strings_add(&page.lines, value);

    int r = page_write(&page, fd);
    strings_clear(&page.lines);
    return r;
}
