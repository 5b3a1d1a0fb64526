/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader of the verbs' options (verb_option_table.c), which takes words as getopt_long(3) would: options may be cut
 * short where that is clear, stand anywhere up to "--", and short ones may be joined.
 */
#include "cli/verb_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/verb.h"
#include "cli/verb_option_table.h"
#include "config/quantity.h"
#include "config/refuse.h"
#include "config/signal_name.h"

struct reader {
    enum program program;
    const struct verb *verb;    /* known once its word was read */
    int argc, at;
    char **argv;
    struct verb_words *words;
};

static bool in_list(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list; at && (at = strstr(at, name)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

bool verb_option_is_for(const struct verb_option *row, enum program program, const struct verb *verb)
{
    char letter[] = {row->letter, '\0'};

    if (!(row->programs & program))
        return false;
    return program != PROGRAM_REDD || row->general || !verb || in_list(verb->options, row->name ? row->name : letter);
}

static int with_hint(struct error *err, const char *hint)
{
    fail_hint(err, "%s", hint);
    return -error_code(err);
}

static int fail_unknown(const struct reader *reader, const char *name, size_t length, struct error **err)
{
    const char *names[VERB_OPTION_MAX];
    auto_free char *word = mem_copy_bytes(name, length);
    size_t n = 0;

    for (size_t i = 0; i < verb_option_count; i++)
        if (verb_option_table[i].name && verb_option_is_for(&verb_option_table[i], reader->program, reader->verb))
            names[n++] = verb_option_table[i].name;

    const char *nearest = string_nearest(word, names, n);
    auto_free char *hint = nearest ? mem_format("did you mean --%s? For all options try --help", nearest)
                                   : mem_copy_string("try --help");
    (void) refuse(err, "R1010", mem_format("unrecognized option '--%s'", word));
    return with_hint(*err, hint);
}

/* The row called NAME, or the only one whose name begins so. */
static int find_long(const struct reader *reader, const char *name, size_t length, const struct verb_option **ret,
                     struct error **err)
{
    const struct verb_option *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < verb_option_count; i++) {
        if (!verb_option_table[i].name || !verb_option_is_for(&verb_option_table[i], reader->program, reader->verb) ||
            strncmp(verb_option_table[i].name, name, length) != 0)
            continue;
        if (strlen(verb_option_table[i].name) == length) {
            *ret = &verb_option_table[i];
            return 0;
        }
        /* two spellings of one option are no choice */
        count += !found || found->set != verb_option_table[i].set;
        found = &verb_option_table[i];
    }
    if (count > 1) {
        (void) refuse(err, "R1011", mem_format("option '--%.*s' is ambiguous", (int) length, name));
        return with_hint(*err, "write it out, or try --help");
    }
    if (!found || length == 0)
        return fail_unknown(reader, name, length, err);
    *ret = found;
    return 0;
}

/* What is said here is said there, except where to go. */
static int take_option(struct reader *reader, const struct verb_option *row, const char *value, struct error **err)
{
    struct strings *passed = &reader->words->passed;

    if (row->set(&reader->words->options, value, err) < 0)
        return -EINVAL;
    if (string_equal(row->name, "host") || string_equal(row->name, "machine"))
        return 0;
    if (row->name)
        strings_add_format(passed, "--%s%s%s", row->name, value ? "=" : "", value ? value : "");
    else
        strings_add_format(passed, "-%c%s", row->letter, value ? value : "");
    return 0;
}

static int read_long(struct reader *reader, const char *word, struct error **err)
{
    size_t length = strcspn(word, "=");
    const char *value = word[length] ? word + length + 1 : NULL;
    const struct verb_option *row = NULL;

    if (find_long(reader, word, length, &row, err) < 0)
        return -EINVAL;
    if (!row->argument && value) {
        (void) refuse(err, "R1012", mem_format("option '--%s' doesn't allow an argument", row->name));
        return with_hint(*err, "it is a switch: leave '=…' out");
    }
    if (row->argument && !value && reader->at + 1 < reader->argc)
        value = reader->argv[++reader->at];
    if (row->argument && !value) {
        (void) refuse(err, "R1013", mem_format("option '--%s' requires an argument", row->name));
        return with_hint(*err, "try --help");
    }
    return take_option(reader, row, value, err);
}

static const struct verb_option *find_short(const struct reader *reader, char letter)
{
    for (size_t i = 0; i < verb_option_count; i++)
        if (verb_option_table[i].letter == letter &&
            verb_option_is_for(&verb_option_table[i], reader->program, reader->verb))
            return &verb_option_table[i];
    return NULL;
}

static int read_short(struct reader *reader, const char *letters, struct error **err)
{
    for (; *letters; letters++) {
        const struct verb_option *row = find_short(reader, *letters);
        const char *value = NULL;

        if (!row) {
            (void) refuse(err, "R1010", mem_format("invalid option -- '%c'", *letters));
            return with_hint(*err, "try --help");
        }
        if (row->argument) {
            value = letters[1] ? letters + 1 : reader->at + 1 < reader->argc ? reader->argv[++reader->at] : NULL;
            if (!value) {
                (void) refuse(err, "R1013", mem_format("option requires an argument -- '%c'", *letters));
                return with_hint(*err, "try --help");
            }
        }
        if (take_option(reader, row, value, err) < 0)
            return -EINVAL;
        if (value)
            break;
    }
    return 0;
}

static void take_word(struct reader *reader, char *word)
{
    reader->words->argv[reader->words->argc++] = word;
}

static int read_words(struct reader *reader, struct error **err)
{
    bool only_words = false;

    for (reader->at = 1; reader->at < reader->argc; reader->at++) {
        char *word = reader->argv[reader->at];
        int r = 0;

        if (only_words || word[0] != '-' || word[1] == '\0') {
            take_word(reader, word);
            if (reader->words->argc == 1)
                reader->verb = verb_find(reader->program, word);
            else if (reader->verb && reader->verb->flags & VERB_COMMAND)
                only_words = true;
        } else if (strcmp(word, "--") == 0)
            only_words = true;
        else if (word[1] == '-')
            r = read_long(reader, word + 2, err);
        else
            r = read_short(reader, word + 1, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int verb_options_read(enum program program, int argc, char **argv, struct verb_words *ret, struct error **err)
{
    struct reader reader = {.program = program, .argc = argc, .argv = argv, .words = ret};

    *ret = (struct verb_words){
        .options = {.lines = 10, .max_addresses = 1, .output = "short", .kill_whom = "all", .signal = 15,
                    .keep_download = -1, .timeout_us = UINT64_MAX},
        .argv = mem_alloc((size_t) (argc + 1) * sizeof *ret->argv),
    };
    return read_words(&reader, err);
}

void verb_words_done(struct verb_words *words)
{
    strings_done(&words->options.mirrors);
    strings_done(&words->options.properties);
    strings_done(&words->options.environment);
    strings_done(&words->passed);
    free(TAKE(words->argv));
}

void verb_options_print_help(enum program program, const struct verb *verb)
{
    enum { COLUMN = 32 };

    for (size_t i = 0; i < verb_option_count; i++) {
        const struct verb_option *row = &verb_option_table[i];
        char text[80];
        int n;

        if (!row->help || !verb_option_is_for(row, program, verb))
            continue;
        if (row->letter)
            n = snprintf(text, sizeof text, "  -%c%s", row->letter, row->name ? " " : "");
        else
            n = snprintf(text, sizeof text, "     ");
        if (row->name)
            n += snprintf(text + n, sizeof text - (size_t) n, "--%s%s%s", row->name, row->argument ? "=" : "",
                          row->argument ? row->argument : "");
        else if (row->argument)
            n += snprintf(text + n, sizeof text - (size_t) n, " %s", row->argument);
        (void) printf("%-*s %s\n", COLUMN, text, row->help);
    }
}
