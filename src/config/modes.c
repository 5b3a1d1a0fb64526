/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table of words for each enum of spec.h, read both ways. */
#include "config/modes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

static const char *const start_names[] = {
    [START_COMMAND] = "command", [START_STUB_INIT] = "as-pid2", [START_BOOT] = "boot"};
static const char *const settings_names[] = {
    [SETTINGS_NO] = "no", [SETTINGS_YES] = "yes", [SETTINGS_OVERRIDE] = "override", [SETTINGS_TRUSTED] = "trusted"};
static const char *const volatile_names[] = {
    [VOLATILE_NO] = "no", [VOLATILE_YES] = "yes", [VOLATILE_STATE] = "state", [VOLATILE_OVERLAY] = "overlay"};
static const char *const userns_names[] = {[USERNS_NO] = "no",
                                           [USERNS_OWNER] = "yes",
                                           [USERNS_FIXED] = "fixed",
                                           [USERNS_PICK] = "pick",
                                           [USERNS_MANAGED] = "managed"};
static const char *const ownership_names[] = {[OWNERSHIP_OFF] = "off",
                                              [OWNERSHIP_CHOWN] = "chown",
                                              [OWNERSHIP_MAP] = "map",
                                              [OWNERSHIP_FOREIGN] = "foreign",
                                              [OWNERSHIP_AUTO] = "auto"};
/* The default has no word: it cannot be asked for. */
static const char *const console_names[] = {[CONSOLE_DEFAULT] = NULL,          [CONSOLE_INTERACTIVE] = "interactive",
                                            [CONSOLE_READ_ONLY] = "read-only", [CONSOLE_PASSIVE] = "passive",
                                            [CONSOLE_PIPE] = "pipe",           [CONSOLE_AUTOPIPE] = "autopipe"};
static const char *const timezone_names[] = {
    [TIMEZONE_OFF] = "off",         [TIMEZONE_COPY] = "copy",     [TIMEZONE_BIND] = "bind",
    [TIMEZONE_SYMLINK] = "symlink", [TIMEZONE_DELETE] = "delete", [TIMEZONE_AUTO] = "auto"};
static const char *const journal_names[] = {
    [JOURNAL_NO] = "no",       [JOURNAL_HOST] = "host",           [JOURNAL_TRY_HOST] = "try-host",
    [JOURNAL_GUEST] = "guest", [JOURNAL_TRY_GUEST] = "try-guest", [JOURNAL_AUTO] = "auto"};

static const struct {
    const char *name;
    enum resolv_method method;
    enum resolv_source source;
} resolv_modes[] = {
    {"off", RESOLV_OFF, RESOLV_HOST},
    {"copy-host", RESOLV_COPY, RESOLV_HOST},
    {"copy-static", RESOLV_COPY, RESOLV_STATIC},
    {"copy-uplink", RESOLV_COPY, RESOLV_UPLINK},
    {"copy-stub", RESOLV_COPY, RESOLV_STUB},
    {"replace-host", RESOLV_REPLACE, RESOLV_HOST},
    {"replace-static", RESOLV_REPLACE, RESOLV_STATIC},
    {"replace-uplink", RESOLV_REPLACE, RESOLV_UPLINK},
    {"replace-stub", RESOLV_REPLACE, RESOLV_STUB},
    {"bind-host", RESOLV_BIND, RESOLV_HOST},
    {"bind-static", RESOLV_BIND, RESOLV_STATIC},
    {"bind-uplink", RESOLV_BIND, RESOLV_UPLINK},
    {"bind-stub", RESOLV_BIND, RESOLV_STUB},
    {"delete", RESOLV_DELETE, RESOLV_HOST},
    {"auto", RESOLV_AUTO, RESOLV_HOST},
};

/* The words a list has, without the enum values that have none. */
static size_t list_words(const char *const *names, size_t n, const char **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (names[i])
            ret[count++] = names[i];
    return count;
}

static int fail_unknown(const char *text, const char *const *names, size_t n, struct error **err)
{
    enum { MOST = 16 };
    const char *words[MOST];
    size_t count = list_words(names, n, words), length = 1;

    for (size_t i = 0; i < count; i++)
        length += strlen(words[i]) + 2;

    auto_free char *all = mem_alloc(length);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            (void) strcat(all, ", ");
        (void) strcat(all, words[i]);
    }

    const char *nearest = string_nearest(text, words, count);
    return nearest ? fail_plain(err, EINVAL, "did you mean '%s'? The values are: %s", nearest, all)
                   : fail_plain(err, EINVAL, "the values are: %s", all);
}

static int find_word(const char *text, const char *const *names, size_t n, struct error **err)
{
    for (size_t i = 0; i < n; i++)
        if (names[i] && strcmp(names[i], text) == 0)
            return (int) i;
    return fail_unknown(text, names, n, err);
}

/* As find_word(), for lists where a boolean stands for two of the words. */
static int find_word_or_boolean(const char *text, const char *const *names, size_t n, int if_no, int if_yes,
                                struct error **err)
{
    int truth = parse_boolean(text);

    if (truth >= 0)
        return truth ? if_yes : if_no;
    return find_word(text, names, n, err);
}

#define RETURN_MODE(found, type) \
    do { \
        int mode_ = (found); \
        if (mode_ < 0) \
            return mode_; \
        *ret = (enum type) mode_; \
        return 0; \
    } while (0)

int volatile_mode_parse(const char *text, enum volatile_mode *ret, struct error **err)
{
    RETURN_MODE(find_word_or_boolean(text, volatile_names, COUNT_OF(volatile_names), VOLATILE_NO, VOLATILE_YES, err),
                volatile_mode);
}

int ownership_mode_parse(const char *text, enum ownership_mode *ret, struct error **err)
{
    RETURN_MODE(find_word(text, ownership_names, COUNT_OF(ownership_names), err), ownership_mode);
}

int console_mode_parse(const char *text, enum console_mode *ret, struct error **err)
{
    RETURN_MODE(find_word(text, console_names, COUNT_OF(console_names), err), console_mode);
}

int timezone_mode_parse(const char *text, enum timezone_mode *ret, struct error **err)
{
    RETURN_MODE(find_word_or_boolean(text, timezone_names, COUNT_OF(timezone_names), TIMEZONE_OFF, TIMEZONE_AUTO, err),
                timezone_mode);
}

int journal_mode_parse(const char *text, enum journal_mode *ret, struct error **err)
{
    RETURN_MODE(find_word_or_boolean(text, journal_names, COUNT_OF(journal_names), JOURNAL_NO, JOURNAL_AUTO, err),
                journal_mode);
}

int settings_mode_parse(const char *text, enum settings_mode *ret, struct error **err)
{
    RETURN_MODE(find_word_or_boolean(text, settings_names, COUNT_OF(settings_names), SETTINGS_NO, SETTINGS_YES, err),
                settings_mode);
}

int resolv_mode_parse(const char *text, enum resolv_method *ret_method, enum resolv_source *ret_source,
                      struct error **err)
{
    const char *names[COUNT_OF(resolv_modes)];

    for (size_t i = 0; i < COUNT_OF(resolv_modes); i++)
        names[i] = resolv_modes[i].name;

    int found = find_word_or_boolean(text, names, COUNT_OF(names), 0, (int) COUNT_OF(names) - 1, err);
    if (found < 0)
        return found;
    *ret_method = resolv_modes[found].method;
    *ret_source = resolv_modes[found].source;
    return 0;
}

/* The enums are dense, so a list's word is found by position; the NULL of console_names is passed over. */
#define DEFINE_VALUES(function, names, first) \
    const char *function(size_t index, char *buffer) \
    { \
        (void) buffer; \
        return index + (first) < COUNT_OF(names) ? names[index + (first)] : NULL; \
    }

DEFINE_VALUES(volatile_mode_value, volatile_names, 0)
DEFINE_VALUES(ownership_mode_value, ownership_names, 0)
DEFINE_VALUES(console_mode_value, console_names, 1)
DEFINE_VALUES(timezone_mode_value, timezone_names, 0)

const char *resolv_mode_value(size_t index, char *buffer)
{
    (void) buffer;
    return index < COUNT_OF(resolv_modes) ? resolv_modes[index].name : NULL;
}

const char *start_mode_name(enum start_mode mode)
{
    return start_names[mode];
}

const char *settings_mode_name(enum settings_mode mode)
{
    return settings_names[mode];
}

const char *volatile_mode_name(enum volatile_mode mode)
{
    return volatile_names[mode];
}

const char *userns_mode_name(enum userns_mode mode)
{
    return userns_names[mode];
}

const char *ownership_mode_name(enum ownership_mode mode)
{
    return ownership_names[mode];
}

const char *console_mode_name(enum console_mode mode)
{
    return mode == CONSOLE_DEFAULT ? "default" : console_names[mode];
}

const char *timezone_mode_name(enum timezone_mode mode)
{
    return timezone_names[mode];
}

const char *journal_mode_name(enum journal_mode mode)
{
    return journal_names[mode];
}

const char *resolv_mode_name(enum resolv_method method, enum resolv_source source)
{
    bool has_source = method == RESOLV_COPY || method == RESOLV_REPLACE || method == RESOLV_BIND;

    for (size_t i = 0; i < COUNT_OF(resolv_modes); i++)
        if (resolv_modes[i].method == method && (!has_source || resolv_modes[i].source == source))
            return resolv_modes[i].name;
    return "auto";
}
