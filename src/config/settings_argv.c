/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line, read as getopt_long(3) would with "+": options end at the first word that is none, or at "--".
 * Long options may be cut short where that is clear. Nothing is decided here, only listed and checked word by word.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/refuse.h"
#include "config/settings_list.h"

struct reader {
    struct settings *settings;
    int argc;
    char **argv;
    int at; /* the word being read */
    struct spec trial; /* every value goes in here first: a bad one is refused whatever a file says */
    enum argv_action action;
};

static int fail_unknown(const char *word, const char *name, size_t length, struct error **err)
{
    const char *flags[128], *nearest = NULL;
    auto_free char *copy = mem_copy_bytes(name, length);
    size_t n = 0;

    for (size_t i = 0; i < n_option_rows && n < COUNT_OF(flags); i++)
        if (option_rows[i].flag)
            flags[n++] = option_rows[i].flag;
    if (length > 1)
        nearest = string_nearest(copy, flags, n);

    int r = refuse(err, "R1001", mem_format("unrecognized option '%s'", word));
    if (nearest)
        fail_hint(*err, "did you mean --%s? For all options try --help", nearest);
    else
        fail_hint(*err, "try --help");
    return r;
}

static int fail_ambiguous(const char *word, const char *name, size_t length, bool extensions, struct error **err)
{
    auto_free char *list = mem_copy_string("");

    for (size_t i = 0; i < n_option_rows; i++)
        if (option_rows[i].flag && option_rows[i].extension == extensions &&
            strncmp(option_rows[i].flag, name, length) == 0) {
            char *longer = mem_format("%s%s--%s", list, *list ? ", " : "", option_rows[i].flag);

            free(list);
            list = longer;
        }

    int r = refuse(err, "R1002", mem_format("option '%s' is ambiguous; possibilities: %s", word, list));
    fail_hint(*err, "write it out, or try --help");
    return r;
}

/* The one row whose flag begins with NAME; NULL and the number of them where it is not one. */
static const struct option_row *find_prefix(const char *name, size_t length, bool extensions, size_t *ret_count)
{
    const struct option_row *found = NULL;

    *ret_count = 0;
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->flag && row->extension == extensions && strncmp(row->flag, name, length) == 0) {
            found = row;
            ++*ret_count;
        }
    }
    return *ret_count == 1 ? found : NULL;
}

/* Our own options are cut short only where the original has none that fits, so that its callers get what they mean. */
static int find_long(const char *word, size_t length, const struct option_row **ret, struct error **err)
{
    const char *name = word + 2;
    auto_free char *shown = mem_copy_bytes(word, length + 2);

    *ret = option_by_flag(name, length);
    for (int extensions = 0; !*ret && length > 0 && extensions < 2; extensions++) {
        size_t count;

        *ret = find_prefix(name, length, extensions, &count);
        if (count > 1)
            return fail_ambiguous(shown, name, length, extensions, err);
    }
    return *ret ? 0 : fail_unknown(shown, name, length, err);
}

/* The actions that end the reading: what was read so far no longer matters. */
static bool is_action(struct reader *reader, const struct option_row *row, const char *value)
{
    if (row->value && value && strcmp(value, "help") == 0) {
        (void) settings_add(reader->settings, row, value, ORIGIN_COMMAND_LINE, 0);
        reader->action = ARGV_VALUES;
    } else if (!row->parse && !row->alias_of)
        reader->action = strcmp(row->flag, "version") == 0 ? ARGV_VERSION : ARGV_HELP;
    return reader->action != ARGV_RUN;
}

static int take(struct reader *reader, const struct option_row *row, const char *value, struct error **err)
{
    if (row->alias_of) {
        value = row->alias_value ? row->alias_value : value;
        row = option_by_flag(row->alias_of, strlen(row->alias_of));
    }
    if (is_action(reader, row, value))
        return 0;
    if (row->parse(&reader->trial, value, err) < 0)
        return -error_code(*err);
    (void) settings_add(reader->settings, row, value, ORIGIN_COMMAND_LINE, 0);
    return 0;
}

static const char *next_word(struct reader *reader)
{
    return reader->at + 1 < reader->argc ? reader->argv[++reader->at] : NULL;
}

/* --user=NAME and "--user NAME" are what --uid=NAME was called once. */
static int take_user(struct reader *reader, const struct option_row *row, const char *value, struct error **err)
{
    bool joined = value != NULL;

    if (!joined && reader->at + 1 < reader->argc && reader->argv[reader->at + 1][0] != '-')
        value = next_word(reader);
    if (!value)
        return take(reader, row, NULL, err);
    log_warning("--user%sNAME is deprecated, use --uid=NAME instead.", joined ? "=" : " ");
    return take(reader, option_by_flag("uid", 3), value, err);
}

static int read_long(struct reader *reader, const char *word, struct error **err)
{
    size_t length = strcspn(word + 2, "=");
    const char *value = word[2 + length] ? word + 2 + length + 1 : NULL;
    const struct option_row *row;

    if (find_long(word, length, &row, err) < 0)
        return -EINVAL;
    if (row->argument == ARGUMENT_USER)
        return take_user(reader, row, value, err);
    if (row->argument == ARGUMENT_NONE && value) {
        (void) refuse(err, "R1004", mem_format("option '--%s' doesn't allow an argument", row->flag));
        fail_hint(*err, "leave '=%s' out", value);
        return -EINVAL;
    }
    if (row->argument == ARGUMENT_REQUIRED && !value && !(value = next_word(reader))) {
        (void) refuse(err, "R1003", mem_format("option '--%s' requires an argument", row->flag));
        fail_hint(*err, "as in --%s=%s; try --help", row->flag, row->argument_name);
        return -EINVAL;
    }
    return take(reader, row, value, err);
}

/* "-qD/srv/web": several options in one word, the last may take the rest of it, or the next word. */
static int read_short(struct reader *reader, const char *word, struct error **err)
{
    for (const char *p = word + 1; *p && reader->action == ARGV_RUN; p++) {
        const struct option_row *row = option_by_short(*p);

        if (!row) {
            (void) refuse(err, "R1001", mem_format("unrecognized option '-%c'", *p));
            fail_hint(*err, "try --help");
            return -EINVAL;
        }
        if (row->argument != ARGUMENT_REQUIRED) {
            if (take(reader, row, NULL, err) < 0)
                return -error_code(*err);
            continue;
        }

        const char *value = p[1] ? p + 1 : next_word(reader);
        if (!value) {
            (void) refuse(err, "R1003", mem_format("option '-%c' requires an argument", *p));
            fail_hint(*err, "as in -%c %s; try --help", *p, row->argument_name);
            return -EINVAL;
        }
        return take(reader, row, value, err);
    }
    return 0;
}

static int read_words(struct reader *reader, struct error **err)
{
    for (reader->at = 1; reader->at < reader->argc && reader->action == ARGV_RUN; reader->at++) {
        const char *word = reader->argv[reader->at];
        int r;

        if (strcmp(word, "--") == 0) {
            reader->at++;
            break;
        }
        if (word[0] != '-' || !word[1])
            break;
        r = word[1] == '-' ? read_long(reader, word, err) : read_short(reader, word, err);
        if (r < 0)
            return r;
    }
    if (reader->action != ARGV_RUN)
        return 0;
    for (; reader->at < reader->argc; reader->at++)
        if (take(reader, option_of_command(), reader->argv[reader->at], err) < 0)
            return -error_code(*err);
    return 0;
}

int settings_read_argv(struct settings *settings, int argc, char **argv, enum argv_action *ret_action,
                       struct error **err)
{
    struct reader reader = {.settings = settings, .argc = argc, .argv = argv, .action = ARGV_RUN};

    spec_init(&reader.trial);
    int r = read_words(&reader, err);
    spec_done(&reader.trial);
    if (r == 0)
        *ret_action = reader.action;
    return r;
}
