/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/os_release.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
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
    CLEANUP(strings_done) struct strings lines = {0};

    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++)
        for (size_t j = 0; j < COUNT_OF(fields); j++) {
            const char *value = string_after(lines.item[i], fields[j].key);

            if (value)
                take_value(fields[j].field, value);
        }
}

void os_release_read(int root_fd, struct os_release *ret)
{
    static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        auto_close int fd = path_open_file_in(root_fd, places[i]);

        if (fd < 0)
            continue;
        auto_free char *text = mem_alloc(SIZE_LIMIT + 1);
        ssize_t n = fd_read_full(fd, text, SIZE_LIMIT);
        if (n < 0)
            continue;
        text[n] = '\0';
        os_release_parse(text, ret);
        return;
    }
}
