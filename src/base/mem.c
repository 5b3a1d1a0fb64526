/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation that aborts rather than fails; see mem.h for when that is right. */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
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

char *mem_format(const char *fmt, ...)
{
    va_list list;

    va_start(list, fmt);
    int n = vsnprintf(NULL, 0, fmt, list);
    va_end(list);

    char *text = mem_alloc((size_t) n + 1);
    va_start(list, fmt);
    (void) vsnprintf(text, (size_t) n + 1, fmt, list);
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
