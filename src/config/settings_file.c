/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * .nspawn files: where they are, and what a line means. A file may come from whoever owns the image, so it is opened
 * with care, has a size limit, and what it may say depends on where it was found (options.h, enum trust).
 * A line that is not understood is warned about and left out; only a broken section header refuses the file, since
 * then nobody knows what the lines below belong to. Cutting the text into lines: settings_lines.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/refuse.h"
#include "config/settings_lines.h"
#include "config/settings_list.h"

#define FILE_SIZE_MOST ((size_t) 1 << 20)

static const char *const sections[] = {"Exec", "Files", "Network", "Machine", "Resources"};

struct reader {
    struct settings *settings;
    const char *path;
    bool trusted;
    unsigned line;
    const char *section; /* NULL: before the first, or one that is passed over */
    bool section_seen;
    struct spec trial; /* values go in here first, to find out whether they are good */
    const char *said[8]; /* remarks about untrusted settings made once already */
    size_t n_said;
};

/* A file's own key and no section's: "Hostname" of "Exec.Hostname". */
static const char *key_of(const struct option_row *row)
{
    return strchr(row->key, '.') + 1;
}

static void warn_unknown_key(const struct reader *reader, const char *key)
{
    const char *names[128], *nearest;
    size_t n = 0, length = strlen(reader->section);

    for (size_t i = 0; i < COUNT_OF(sections); i++)
        if (option_by_key(sections[i], key)) {
            log_warning("%s:%u: Unknown key '%s' in section [%s], ignoring. It belongs in section [%s].", reader->path,
                        reader->line, key, reader->section, sections[i]);
            return;
        }
    for (size_t i = 0; i < n_option_rows && n < COUNT_OF(names); i++)
        if (option_rows[i].key && strncmp(option_rows[i].key, reader->section, length) == 0)
            names[n++] = key_of(&option_rows[i]);
    nearest = string_nearest(key, names, n);
    log_warning("%s:%u: Unknown key '%s' in section [%s], ignoring.%s%s%s", reader->path, reader->line, key,
                reader->section, nearest ? " Did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* One remark for all settings it covers, as there may be many of them. */
static void warn_untrusted(struct reader *reader, const struct option_row *row)
{
    const char *message = row->untrusted_message;

    if (!message) {
        log_warning("Ignoring %s= setting, file '%s' is not trusted.", key_of(row), reader->path);
        return;
    }
    for (size_t i = 0; i < reader->n_said; i++)
        if (strcmp(reader->said[i], message) == 0)
            return;
    if (reader->n_said < COUNT_OF(reader->said))
        reader->said[reader->n_said++] = message;
    log_warning(message, reader->path);
}

static bool may_say(const struct reader *reader, const struct option_row *row, const char *value)
{
    if (reader->trusted || row->trust == TRUST_ANY_FILE)
        return true;
    return row->trust == TRUST_TIGHTEN && *value == '~';
}

/* "Key=" with nothing behind: what this file said so far of the key counts no more. */
static void take_back(struct reader *reader, const struct option_row *row)
{
    for (size_t i = 0; i < reader->settings->count; i++) {
        struct assignment *earlier = &reader->settings->item[i];

        if (earlier->row == row && earlier->origin == ORIGIN_FILE && earlier->state == ASSIGNMENT_COUNTS)
            earlier->state = ASSIGNMENT_TAKEN_BACK;
    }
}

static void assign(struct reader *reader, const struct option_row *row, const char *value)
{
    struct assignment *assignment = settings_add(reader->settings, row, value, ORIGIN_FILE, reader->line);
    auto_error struct error *err = NULL;

    if (!may_say(reader, row, value)) {
        assignment->state = ASSIGNMENT_UNTRUSTED;
        warn_untrusted(reader, row);
    } else if (assignment_parser(assignment)(&reader->trial, value, &err) < 0) {
        assignment->state = ASSIGNMENT_INVALID;
        log_warning("%s:%u: Failed to parse %s=%s, ignoring: %s", reader->path, reader->line, key_of(row), value,
                    refusal_reason(err));
        if (row->instead && *value != '~')
            settings_add(reader->settings, row, row->instead, ORIGIN_FILE, reader->line);
    }
}

static void assign_words(struct reader *reader, const struct option_row *row, const char *value)
{
    CLEANUP(strings_done) struct strings words = {0};
    bool deny = row->words == WORDS_PLAIN && *value == '~';

    if (row->words == WORDS_PLAIN)
        strings_split(&words, value + deny, " \t");
    else if ((row->words == WORDS_SHELL ? strings_split_words : strings_split_quoted)(&words, value) < 0) {
        settings_add(reader->settings, row, value, ORIGIN_FILE, reader->line)->state = ASSIGNMENT_INVALID;
        log_warning("%s:%u: Failed to parse %s=%s, ignoring: a quote is not closed, or an escape is unknown",
                    reader->path, reader->line, key_of(row), value);
        return;
    }
    for (size_t i = 0; i < words.count; i++) {
        auto_free char *word = mem_format("%s%s", deny ? "~" : "", words.item[i]);

        assign(reader, row, word);
    }
}

static void read_assignment(struct reader *reader, char *line)
{
    char *equals = strchr(line, '=');

    if (!equals) {
        log_warning("%s:%u: Missing '=', ignoring line.", reader->path, reader->line);
        return;
    }
    *equals = '\0';

    const char *key = string_trim(line), *value = string_trim(equals + 1);
    if (!*key) {
        log_warning("%s:%u: Missing key name before '=', ignoring line.", reader->path, reader->line);
        return;
    }
    if (string_starts(key, "X-"))
        return;

    const struct option_row *row = option_by_key(reader->section, key);
    if (!row)
        warn_unknown_key(reader, key);
    else if (!*value && !row->empty_counts)
        take_back(reader, row);
    else if (row->words != WORDS_NONE && *value)
        assign_words(reader, row, value);
    else
        assign(reader, row, value);
}

static int fail_header(const struct reader *reader, const char *what, const char *line, struct error **err)
{
    (void) fail_plain(err, EBADMSG, "%s:%u: %s '%s'", reader->path, reader->line, what, line);
    fail_hint(*err, "a section begins with a line of its own such as [Exec]; nothing of the file was used");
    fail_id(*err, "R1301");
    return -EBADMSG;
}

static int read_header(struct reader *reader, char *line, struct error **err)
{
    size_t length = strlen(line);

    if (line[length - 1] != ']')
        return fail_header(reader, "Invalid section header", line, err);
    if (length == 2)
        return fail_header(reader, "Section header invalid", line, err);

    line[length - 1] = '\0';
    const char *name = line + 1;
    reader->section = NULL;
    reader->section_seen = true;
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        if (strcmp(sections[i], name) == 0)
            reader->section = sections[i];
    if (reader->section || string_starts(name, "X-"))
        return 0;

    const char *nearest = string_nearest(name, sections, COUNT_OF(sections));
    log_warning("%s:%u: Unknown section '%s'. Ignoring.%s%s%s", reader->path, reader->line, name,
                nearest ? " Did you mean [" : "", nearest ? nearest : "", nearest ? "]?" : "");
    return 0;
}

static int read_line(struct reader *reader, char *line, struct error **err)
{
    if (!lines_is_text(line)) {
        log_warning("%s:%u: String is not UTF-8 clean or has control characters, ignoring line.", reader->path,
                    reader->line);
        return 0;
    }
    if (*line == '[')
        return read_header(reader, line, err);
    if (reader->section)
        read_assignment(reader, line);
    else if (!reader->section_seen)
        log_warning("%s:%u: Assignment outside of section. Ignoring.", reader->path, reader->line);
    return 0;
}

/* Words for a command are lost where the file does not say how to start; people want to know. */
static void warn_lonely_parameters(const struct reader *reader)
{
    const struct assignment *words = NULL;

    for (size_t i = 0; i < reader->settings->count; i++) {
        const struct assignment *item = &reader->settings->item[i];

        if (item->origin != ORIGIN_FILE || item->state != ASSIGNMENT_COUNTS || item->row->group != GROUP_START)
            continue;
        if (item->row != option_of_command())
            return;
        words = words ? words : item;
    }
    if (words)
        log_warning("%s:%u: Parameters= counts only together with Boot= or ProcessTwo=, ignoring. Add Boot=yes for "
                    "arguments of init, Boot=no for a command.",
                    reader->path, words->line);
}

int settings_parse_file(struct settings *settings, const char *path, const char *text, size_t size, bool trusted,
                        struct error **err)
{
    struct reader reader = {.settings = settings, .path = path, .trusted = trusted};
    struct lines lines;
    char *line;
    int r = 0;

    spec_init(&reader.trial);
    lines_init(&lines, text, size);
    while (r == 0 && (line = lines_next(&lines, &reader.line)))
        r = read_line(&reader, line, err);
    lines_done(&lines);
    spec_done(&reader.trial);
    if (r < 0)
        return r;

    warn_lonely_parameters(&reader);
    free(settings->file);
    settings->file = mem_copy_string(path);
    settings->file_trusted = trusted;
    return 0;
}

static int fail_file(const char *path, int code, struct error **err)
{
    int r = fail(err, code, "cannot read %s", path);

    fail_hint(*err, "--settings=no starts without the file");
    fail_id(*err, "R1302");
    return r;
}

/* 1: read, 0: not there. Non-blocking, since a named pipe in its place would keep us waiting for ever. */
static int read_if_there(struct settings *settings, const char *path, bool trusted, struct error **err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail_file(path, errno, err);
    if (fstat(fd, &st) < 0)
        return fail_file(path, errno, err);
    if (!S_ISREG(st.st_mode))
        return fail_file(path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, err);
    if ((uint64_t) st.st_size > FILE_SIZE_MOST)
        return fail_file(path, EFBIG, err);

    auto_free char *text = mem_alloc((size_t) st.st_size + 1);
    ssize_t n = fd_read_full(fd, text, (size_t) st.st_size);
    if (n < 0)
        return fail_file(path, (int) -n, err);
    int r = settings_parse_file(settings, path, text, (size_t) n, trusted, err);
    return r < 0 ? r : 1;
}

int settings_read_file_in(struct settings *settings, const struct strings *folders, const char *name,
                          const char *directory_beside, bool trust_all, struct error **err)
{
    for (size_t i = 0; i < folders->count; i++) {
        auto_free char *path = mem_format("%s/%s.nspawn", folders->item[i], name);
        int r = read_if_there(settings, path, true, err);

        if (r != 0)
            return r < 0 ? r : 0;
    }
    if (!directory_beside)
        return 0;

    auto_free char *file = mem_format("%s.nspawn", name);
    auto_free char *path = path_join(directory_beside, file);
    int r = read_if_there(settings, path, trust_all, err);
    return r < 0 ? r : 0;
}

static void add_user_folders(struct strings *ret)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME"), *run_time = getenv("XDG_RUNTIME_DIR");

    if (config && path_is_absolute(config))
        strings_add_format(ret, "%s/systemd/nspawn", config);
    else if (home && path_is_absolute(home))
        strings_add_format(ret, "%s/.config/systemd/nspawn", home);
    if (run_time && path_is_absolute(run_time))
        strings_add_format(ret, "%s/systemd/nspawn", run_time);
    if (!run_time || !path_is_absolute(run_time))
        log_warning("Failed to determine settings directory, ignoring: $XDG_RUNTIME_DIR is not set");
}

void settings_list_folders(bool user_scope, struct strings *ret)
{
    if (user_scope) {
        add_user_folders(ret);
        return;
    }
    strings_add(ret, "/etc/systemd/nspawn");
    strings_add(ret, "/run/systemd/nspawn");
}
