/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of strings and numbers out of text. Splitting and escapes are in words.c. */
#include "base/strings.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void strings_take(struct strings *list, char *text)
{
    /* room for the new one and the NULL behind it */
    list->item = mem_resize(list->item, (list->count + 2) * sizeof *list->item);
    list->item[list->count++] = text;
    list->item[list->count] = NULL;
}

void strings_add(struct strings *list, const char *text)
{
    strings_take(list, mem_copy_string(text));
}

char *strings_join(const struct strings *list, const char *between)
{
    size_t size = 1;

    for (size_t i = 0; i < list->count; i++)
        size += strlen(list->item[i]) + strlen(between);

    char *text = mem_alloc(size), *at = text;
    for (size_t i = 0; i < list->count; i++)
        at = stpcpy(stpcpy(at, i > 0 ? between : ""), list->item[i]);
    *at = '\0';
    return text;
}

void strings_add_format(struct strings *list, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    strings_take(list, mem_format_list(fmt, args));
    va_end(args);
}

bool strings_contain(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], text) == 0)
            return true;
    return false;
}

void strings_remove(struct strings *list, size_t index)
{
    free(list->item[index]);
    memmove(list->item + index, list->item + index + 1, (list->count - index) * sizeof *list->item);
    list->count--;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

void strings_sort(struct strings *list)
{
    if (list->count > 0)
        qsort(list->item, list->count, sizeof *list->item, compare);
}

void strings_clear(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct strings){0};
}

void strings_done(struct strings *list)
{
    strings_clear(list);
}

static size_t name_length(const char *assignment)
{
    return strcspn(assignment, "=");
}

void environment_set(struct strings *list, const char *assignment)
{
    size_t length = name_length(assignment);

    for (size_t i = 0; i < list->count; i++)
        if (name_length(list->item[i]) == length && memcmp(list->item[i], assignment, length) == 0) {
            free(list->item[i]);
            list->item[i] = mem_copy_string(assignment);
            return;
        }
    strings_add(list, assignment);
}

const char *environment_get(const struct strings *list, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < list->count; i++)
        if (name_length(list->item[i]) == length && memcmp(list->item[i], name, length) == 0 && list->item[i][length])
            return list->item[i] + length + 1;
    return NULL;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool environment_name_is_valid(const char *name, size_t length)
{
    if (length == 0 || is_digit(name[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_letter(name[i]) && !is_digit(name[i]) && name[i] != '_')
            return false;
    return true;
}

bool string_starts(const char *text, const char *prefix)
{
    return string_after(text, prefix) != NULL;
}

const char *string_after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

bool string_ends(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);

    return n >= m && strcmp(text + n - m, suffix) == 0;
}

bool string_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char *string_trim(char *text)
{
    size_t n;

    while (is_blank(*text))
        text++;
    for (n = strlen(text); n > 0 && is_blank(text[n - 1]); n--)
        ;
    text[n] = '\0';
    return text;
}

bool string_is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char) *text < ' ' || *text == 127)
            return false;
    return true;
}

static bool equal_any_case(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char lower = *a >= 'A' && *a <= 'Z' ? (char) (*a - 'A' + 'a') : *a;

        if (lower != *b)
            return false;
    }
    return *a == *b;
}

int hex_digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int parse_boolean(const char *text)
{
    static const char *const words[2][6] = {{"0", "no", "n", "false", "f", "off"},
                                            {"1", "yes", "y", "true", "t", "on"}};

    for (int value = 0; value < 2; value++)
        for (size_t i = 0; i < COUNT_OF(words[0]); i++)
            if (equal_any_case(text, words[value][i]))
                return value;
    return -EINVAL;
}

int parse_u64(const char *text, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text)
        return -EINVAL;
    for (; *text; text++) {
        if (!is_digit(*text))
            return -EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t) (*text - '0'), &value))
            return -ERANGE;
    }
    *ret = value;
    return 0;
}

int parse_u32(const char *text, uint32_t *ret)
{
    uint64_t value;
    int r = parse_u64(text, &value);

    if (r < 0)
        return r;
    if (value > UINT32_MAX)
        return -ERANGE;
    *ret = (uint32_t) value;
    return 0;
}

int parse_i32(const char *text, int32_t *ret)
{
    bool negative = *text == '-';
    uint64_t value;
    int r = parse_u64(text + (negative || *text == '+'), &value);

    if (r < 0)
        return r;
    if (value > (uint64_t) INT32_MAX + negative)
        return -ERANGE;
    *ret = negative ? (int32_t) - (int64_t) value : (int32_t) value;
    return 0;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits between two words, neighbours swapped counting as one (restricted Damerau-Levenshtein). */
static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t row[3][LONGEST + 1], n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return SIZE_MAX;
    for (size_t i = 0; i <= n; i++) {
        size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            if (i == 0) {
                now[j] = j;
                continue;
            }
            now[j] = smaller(smaller(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], earlier[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *string_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 1;

    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(word, candidates[i]);

        if (distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}
