/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json: a writer of JSON (RFC 8259) to standard output. `redd` is static and takes no library along for it; reading
 * JSON, where outside bytes come in, is the business of programs that have one.
 *
 * A value begun with a KEY is a member of the object around it, with NULL an element of the array around it or the
 * document itself. Objects and arrays without anything in them are written as {} and []. Bytes that are no UTF-8
 * become U+FFFD.
 *
 *     struct json json = {.style = JSON_PRETTY};
 *     json_object(&json, NULL);
 *     json_string(&json, "name", "web");
 *     json_end(&json);
 *     json_finish(&json);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum json_style { JSON_OFF, JSON_SHORT, JSON_PRETTY };

enum { JSON_DEPTH = 16 };

/* Only .style is for the caller. */
struct json {
    enum json_style style;
    unsigned depth;
    bool is_array[JSON_DEPTH];
    bool has_items[JSON_DEPTH];
};

void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json);               /* of the object or array begun last */

void json_string(struct json *json, const char *key, const char *value);       /* NULL: null */
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* Ends the line; all that was begun must have ended. */
void json_finish(struct json *json);

/* "short", "pretty", "off", and "auto": pretty on a terminal. -EINVAL for anything else. */
int json_style_parse(const char *text, enum json_style *ret);
