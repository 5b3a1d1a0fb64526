/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation that aborts rather than fails; see mem.h for when that is right. */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void) __attribute__((noreturn));

static void out_of_memory(void)
{
    static const char message[] = "out of memory\n";

    (void) !write(STDERR_FILENO, message, sizeof message - 1);
    abort();
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

void *mem_resize(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

char *mem_copy_bytes(const void *bytes, size_t n)
{
    char *copy = mem_alloc(n + 1);

    memcpy(copy, bytes, n);
    return copy;
}

char *mem_copy_string(const char *text)
{
    return text ? mem_copy_bytes(text, strlen(text)) : NULL;
}

static void format_number(char out[24], unsigned long long value, bool negative)
{
    char digits[20];
    size_t n = 0;

    do
        digits[n++] = (char) ('0' + value % 10);
    while (value /= 10);
    if (negative)
        *out++ = '-';
    while (n > 0)
        *out++ = digits[--n];
    *out = '\0';
}

/* Nearly all formats here consist of "%s", "%u", "%d" and "%llu", and a start makes more than a hundred texts: for
 * these the library's formatting, which hands every piece through a stream, twice per text, costs a start more than
 * anything else it does outside the kernel. Puts the text to OUT, or only counts it where that is NULL; SIZE_MAX where
 * the format has anything else in it. */
static size_t format_simply(char *out, const char *fmt, va_list args)
{
    char number[24];
    size_t n = 0;

    for (; *fmt; fmt++) {
        const char *piece = number;

        if (*fmt != '%') {
            if (out)
                out[n] = *fmt;
            n++;
            continue;
        }
        fmt++;
        if (*fmt == 's')
            piece = va_arg(args, const char *);
        else if (*fmt == 'u')
            format_number(number, va_arg(args, unsigned), false);
        else if (*fmt == 'd') {
            int value = va_arg(args, int);

            format_number(number, value < 0 ? -(unsigned long long) value : (unsigned long long) value, value < 0);
        } else if (strncmp(fmt, "llu", 3) == 0) {
            format_number(number, va_arg(args, unsigned long long), false);
            fmt += 2;
        } else
            return SIZE_MAX;
        /* an absent text is the library's to show */
        if (!piece)
            return SIZE_MAX;
        for (; *piece; piece++, n++)
            if (out)
                out[n] = *piece;
    }
    return n;
}

char *mem_format_list(const char *fmt, va_list args)
{
    va_list again, third;

    va_copy(again, args);
    va_copy(third, args);
    size_t n = format_simply(NULL, fmt, args);
    bool simple = n != SIZE_MAX;
    if (!simple) {
        int length = vsnprintf(NULL, 0, fmt, third);

        n = length < 0 ? 0 : (size_t) length;
    }

    char *text = mem_alloc(n + 1);
    if (simple)
        (void) format_simply(text, fmt, again);
    else
        (void) vsnprintf(text, n + 1, fmt, again);
    va_end(third);
    va_end(again);
    return text;
}

char *mem_format(const char *fmt, ...)
{
    va_list list;

    va_start(list, fmt);
    char *text = mem_format_list(fmt, list);
    va_end(list);
    return text;
}

int mem_alloc_bounded(size_t size, size_t limit, void **ret, struct error **err)
{
    if (size > limit)
        return fail(err, E2BIG, "%zu bytes are more than the limit of %zu", size, limit);

    void *p = calloc(1, size ? size : 1);
    if (!p)
        return fail(err, ENOMEM, "cannot get %zu bytes of memory", size);
    *ret = p;
    return 0;
}
