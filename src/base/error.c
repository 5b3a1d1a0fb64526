/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chain is kept as one growing sentence: fail() starts it, fail_in() puts a clause in front. Called by everyone. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct error {
    int code;
    char *text;
    char *hint;
    const char *id;
    char id_storage[8];         /* for an id that came over a socket */
};

static char *format_list(const char *fmt, va_list list) __attribute__((format(printf, 1, 0)));

static char *format_list(const char *fmt, va_list list)
{
    va_list again;

    va_copy(again, list);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);

    char *text = mem_alloc((size_t) n + 1);
    (void) vsnprintf(text, (size_t) n + 1, fmt, list);
    return text;
}

int fail(struct error **err, int code, const char *fmt, ...)
{
    va_list list;

    va_start(list, fmt);
    auto_free char *clause = format_list(fmt, list);
    va_end(list);
    return fail_plain(err, code, "%s: %s", clause, strerror(code));
}

int fail_plain(struct error **err, int code, const char *fmt, ...)
{
    struct error *error = mem_alloc(sizeof *error);
    va_list list;

    va_start(list, fmt);
    error->text = format_list(fmt, list);
    va_end(list);
    error->code = code;
    *err = error;
    return -code;
}

int fail_in(struct error **err, const char *fmt, ...)
{
    va_list list;

    va_start(list, fmt);
    auto_free char *clause = format_list(fmt, list);
    va_end(list);

    char *text = mem_format("%s: %s", clause, (*err)->text);
    free((*err)->text);
    (*err)->text = text;
    return -(*err)->code;
}

void fail_hint(struct error *err, const char *fmt, ...)
{
    va_list list;

    if (err->hint)
        return;
    va_start(list, fmt);
    err->hint = format_list(fmt, list);
    va_end(list);
}

void fail_id(struct error *err, const char *id)
{
    if (!err->id)
        err->id = id;
}

int error_code(const struct error *err)
{
    return err->code;
}

const char *error_text(const struct error *err)
{
    return err->text;
}

const char *error_hint(const struct error *err)
{
    return err->hint;
}

const char *error_id(const struct error *err)
{
    return err->id;
}

/* Layout: int32 code, then id, text and hint, each ended by a NUL. */
size_t error_pack(const struct error *err, char *buffer, size_t size)
{
    const char *const part[] = {err->id ? err->id : "", err->text, err->hint ? err->hint : ""};
    int32_t code = err->code;
    size_t used = sizeof code;

    memcpy(buffer, &code, sizeof code);
    for (size_t i = 0; i < COUNT_OF(part); i++) {
        size_t room = size - used - (COUNT_OF(part) - i);       /* the NULs that must still fit */
        size_t length = strnlen(part[i], room);

        memcpy(buffer + used, part[i], length);
        used += length;
        buffer[used++] = '\0';
    }
    return used;
}

int error_unpack(struct error **err, const char *buffer, size_t size)
{
    struct error *error = mem_alloc(sizeof *error);
    const char *part[3] = {"", "", ""};
    int32_t code = EIO;
    size_t at = sizeof code;

    if (size >= sizeof code)
        memcpy(&code, buffer, sizeof code);
    for (size_t i = 0; i < COUNT_OF(part) && at < size && memchr(buffer + at, 0, size - at); i++) {
        part[i] = buffer + at;
        at += strlen(part[i]) + 1;
    }
    error->code = code > 0 ? code : EIO;
    error->text = mem_copy_string(*part[1] ? part[1] : "a process died without saying why");
    error->hint = *part[2] ? mem_copy_string(part[2]) : NULL;
    if (*part[0]) {
        (void) snprintf(error->id_storage, sizeof error->id_storage, "%s", part[0]);
        error->id = error->id_storage;
    }
    *err = error;
    return -error->code;
}

struct error *error_free(struct error *err)
{
    if (err) {
        free(err->text);
        free(err->hint);
        free(err);
    }
    return NULL;
}

void error_freep(struct error **err)
{
    *err = error_free(*err);
}
