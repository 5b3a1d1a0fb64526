/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/os_release.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"

enum { SIZE_LIMIT = 32 * 1024 };

void os_release_done(struct os_release *release)
{
    free(TAKE(release->id));
    free(TAKE(release->version_id));
    free(TAKE(release->pretty_name));
}

static void take_value(char **field, const char *value)
{
    CLEANUP(strings_done) struct strings words = {0};

    /* what cannot be printed is not shown to anybody */
    if (strings_split_words(&words, value) < 0 || words.count != 1 || !string_is_printable(words.item[0]))
        return;
    free(*field);
    *field = *words.item[0] ? mem_copy_string(words.item[0]) : NULL;
}

void os_release_parse(const char *text, struct os_release *ret)
{
    const struct {
        const char *key;
        char **field;
    } fields[] = {
        {"ID=", &ret->id}, {"VERSION_ID=", &ret->version_id}, {"PRETTY_NAME=", &ret->pretty_name}};

    for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        for (size_t j = 0; j < COUNT_OF(fields); j++) {
            const char *value = string_after(line, fields[j].key);

            if (value) {
                auto_free char *copy = mem_copy_bytes(value, (size_t) (end - value));

                take_value(fields[j].field, copy);
            }
        }
    }
}

static const char *const os_release_places[] = {"/etc/os-release", "/usr/lib/os-release"};

/* The text of the first that can be read; NULL where none can. */
static char *read_first(int root_fd, const char *const *places, size_t n)
{
    char *text;

    for (size_t i = 0; i < n; i++)
        if (path_read_file_in(root_fd, places[i], SIZE_LIMIT, &text) == 0)
            return text;
    return NULL;
}

bool os_release_read(int root_fd, struct os_release *ret)
{
    auto_free char *text = read_first(root_fd, os_release_places, COUNT_OF(os_release_places));

    if (text)
        os_release_parse(text, ret);
    return text;
}

int assignments_read(int root_fd, const char *const *places, size_t n, struct strings *ret)
{
    auto_free char *text = read_first(root_fd, places, n);
    CLEANUP(strings_done) struct strings lines = {0};

    if (!text)
        return -ENOENT;
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        char *name = string_trim(lines.item[i]), *equals = strchr(name, '=');
        auto_free char *value = NULL;

        if (!equals || !environment_name_is_valid(name, (size_t) (equals - name)))
            continue;
        take_value(&value, equals + 1);
        *equals = '\0';
        strings_add_format(ret, "%s=%s", name, value ? value : "");
    }
    return 0;
}

int os_release_read_all(int root_fd, struct strings *ret)
{
    return assignments_read(root_fd, os_release_places, COUNT_OF(os_release_places), ret);
}
