/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a machine may be called, and what it is called when nobody says. */
#include "config/machine_name.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/spec.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Says why NAME is none, NULL when it is one. *ret_odd is the character that is not allowed, if that is it. */
static const char *complaint(const char *name, char *ret_odd)
{
    *ret_odd = '\0';
    if (!*name)
        return "it is empty";
    if (strlen(name) > MACHINE_NAME_MAX)
        return "it is longer than 64 characters";
    for (const char *p = name; *p; p++) {
        char before = p == name ? '.' : p[-1], after = p[1] ? p[1] : '.';

        if (is_letter_or_digit(*p))
            continue;
        if (*p == '-' && (before == '.' || after == '.'))
            return "a hyphen may not stand at either end of a label";
        if (*p == '.' && (before == '.' || after == '.'))
            return "a dot must have a label on both sides";
        if (*p != '-' && *p != '.') {
            *ret_odd = *p;
            return "not allowed";
        }
    }
    return NULL;
}

bool machine_name_is_valid(const char *name)
{
    char odd;

    return !complaint(name, &odd);
}

int machine_name_check(const char *name, struct error **err)
{
    char odd;
    const char *what = complaint(name, &odd);

    if (!what)
        return 0;
    if (odd == ' ' || (odd > ' ' && odd < 127))
        (void) fail_plain(err, EINVAL, "'%c' is not allowed, only letters, digits, hyphens and dots are", odd);
    else if (odd)
        (void) fail_plain(err, EINVAL, "only ASCII letters, digits, hyphens and dots are allowed");
    else
        (void) fail_plain(err, EINVAL, "%s", what);

    auto_free char *nearest = machine_name_nearest(name);
    if (nearest)
        fail_hint(*err, "the nearest valid name is '%s'", nearest);
    return -EINVAL;
}

/* Appends C to a name of LENGTH characters where it may stand. A hyphen or dot at the end is cut later. */
static size_t append(char *name, size_t length, char c)
{
    char before = length > 0 ? name[length - 1] : '.';

    if (length >= MACHINE_NAME_MAX)
        return length;
    if (is_letter_or_digit(c) || (c == '-' && before != '.') || (c == '.' && before != '.' && before != '-'))
        name[length++] = c;
    return length;
}

static char *finish(char *name, size_t length)
{
    while (length > 0 && !is_letter_or_digit(name[length - 1]))
        length--;
    name[length] = '\0';
    return length > 0 ? mem_copy_string(name) : NULL;
}

char *machine_name_from_text(const char *text)
{
    char name[MACHINE_NAME_MAX + 1];
    size_t length = 0;

    for (; *text; text++)
        length = append(name, length, *text);
    return finish(name, length);
}

char *machine_name_nearest(const char *text)
{
    char name[MACHINE_NAME_MAX + 1];
    size_t length = 0;

    for (; *text; text++) {
        bool odd = !is_letter_or_digit(*text) && *text != '-' && *text != '.';

        if (odd && length > 0 && name[length - 1] == '-')
            continue;
        length = append(name, length, odd ? '-' : *text);
    }
    return finish(name, length);
}

char *machine_name_from_directory(const char *path)
{
    return machine_name_from_text(path_last(path));
}

char *machine_name_from_image(const char *path)
{
    static const char *const suffixes[] = {".raw", ".img", ".mstack", ".squashfs", ".erofs", ".iso", ".qcow2"};
    const char *last = path_last(path);

    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        if (string_ends(last, suffixes[i])) {
            auto_free char *stem = mem_copy_bytes(last, strlen(last) - strlen(suffixes[i]));

            return machine_name_from_text(stem);
        }
    return machine_name_from_text(last);
}

bool user_name_is_valid(const char *name)
{
    enum { LONGEST = 31 };

    if (!*name || strlen(name) > LONGEST || *name == '-' || (*name >= '0' && *name <= '9'))
        return false;
    for (; *name; name++)
        if (!is_letter_or_digit(*name) && *name != '_' && *name != '-')
            return false;
    return true;
}
