/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The length of the UTF-8 sequence at TEXT, 0 for none: overlong forms, surrogates and what lies beyond Unicode. */
static size_t sequence_length(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, low, high;   /* of the first byte, and of the second */
        size_t length;
    } rows[] = {
        {0x20, 0x7f, 0, 0, 1},          {0xc2, 0xdf, 0x80, 0xbf, 2},    {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},    {0xed, 0xed, 0x80, 0x9f, 3},    {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},    {0xf1, 0xf3, 0x80, 0xbf, 4},    {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (*text < rows[i].first || *text > rows[i].last)
            continue;
        if (rows[i].length > 1 && (text[1] < rows[i].low || text[1] > rows[i].high))
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if ((text[k] & 0xc0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

static void write_string(const char *value)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const unsigned char *at = (const unsigned char *) value;

    (void) putchar('"');
    while (*at) {
        const char *escape = strchr(escaped, *at);
        size_t length = sequence_length(at);

        if (escape)
            (void) printf("\\%c", letters[escape - escaped]);
        else if (*at < 0x20)
            (void) printf("\\u%04x", *at);
        else if (length == 0)
            (void) fputs("\xef\xbf\xbd", stdout);
        else
            (void) fwrite(at, 1, length, stdout);
        at += length > 0 ? length : 1;
    }
    (void) putchar('"');
}

static void new_line(const struct json *json)
{
    if (json->style == JSON_PRETTY)
        (void) printf("\n%*s", (int) (json->depth * 8), "");
}

/* Whatever stands in front of a value. */
static void begin_value(struct json *json, const char *key)
{
    if (json->depth > 0) {
        assert(json->is_array[json->depth - 1] == !key);
        if (json->has_items[json->depth - 1])
            (void) putchar(',');
        json->has_items[json->depth - 1] = true;
        new_line(json);
    }
    if (key) {
        write_string(key);
        (void) fputs(json->style == JSON_PRETTY ? " : " : ":", stdout);
    }
}

static void begin_container(struct json *json, const char *key, bool is_array)
{
    begin_value(json, key);
    assert(json->depth < JSON_DEPTH);
    json->is_array[json->depth] = is_array;
    json->has_items[json->depth] = false;
    json->depth++;
    (void) putchar(is_array ? '[' : '{');
}

void json_object(struct json *json, const char *key)
{
    begin_container(json, key, false);
}

void json_array(struct json *json, const char *key)
{
    begin_container(json, key, true);
}

void json_end(struct json *json)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->has_items[json->depth])
        new_line(json);
    (void) putchar(json->is_array[json->depth] ? ']' : '}');
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin_value(json, key);
    if (value)
        write_string(value);
    else
        (void) fputs("null", stdout);
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    (void) printf("%" PRIu64, value);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    (void) printf("%" PRIi64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_value(json, key);
    (void) fputs(value ? "true" : "false", stdout);
}

void json_null(struct json *json, const char *key)
{
    json_string(json, key, NULL);
}

void json_finish(struct json *json)
{
    assert(json->depth == 0);
    (void) json;
    (void) putchar('\n');
}

int json_style_parse(const char *text, enum json_style *ret)
{
    if (strcmp(text, "short") == 0)
        *ret = JSON_SHORT;
    else if (strcmp(text, "pretty") == 0)
        *ret = JSON_PRETTY;
    else if (strcmp(text, "off") == 0)
        *ret = JSON_OFF;
    else if (strcmp(text, "auto") == 0)
        *ret = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
    else
        return -EINVAL;
    return 0;
}
