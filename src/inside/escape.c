/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of --console-escape= and the scanner of typed bytes. No clock, no descriptor; console.c feeds it. */
#include "inside/escape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_KEY = 0x1d /* ^] */, HOT_KEY_LIMIT_MS = 1000 };

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_printable(char c)
{
    return c > ' ' && c < 0x7f;
}

static bool is_punctuation(char c)
{
    return is_printable(c) && !is_letter(c) && !(c >= '0' && c <= '9');
}

/* Takes an item of the value; returns what is wrong with it, or NULL. */
static const char *take_key(struct escape *escape, char letter)
{
    uint8_t key = letter == '?' ? 0x7f : letter & 0x1f;

    if (!is_letter(letter) && !(letter && strchr("[\\]^_?", letter)))
        return "behind ^ goes a letter or one of [\\]^_?";
    if (key == '\r' || key == '\n')
        return "it would be the Enter key";
    escape->key = key;
    return NULL;
}

static const char *take_line(struct escape *escape, char mark, char finish)
{
    if (!is_punctuation(mark))
        return "it has to begin with a punctuation character";
    if (!is_printable(finish) || finish == 'R' || finish == 'P' || finish == mark)
        return "its second character has another meaning";
    escape->mark = (uint8_t) mark;
    escape->finish = (uint8_t) finish;
    return NULL;
}

static const char *take_items(struct escape *escape, const char *text)
{
    bool has_key = false, has_line = false;

    for (const char *item = text;; item += 3) {
        bool is_key = item[0] == '^';
        bool *seen = is_key ? &has_key : &has_line;

        if (strcspn(item, ",") != 2)
            return "each item has two characters, and a comma parts two of them";
        if (*seen)
            return "it has two items of one kind";
        *seen = true;

        const char *wrong = is_key ? take_key(escape, item[1]) : take_line(escape, item[0], item[1]);
        if (wrong || item[2] == '\0')
            return wrong;
    }
}

int escape_parse(const char *text, struct escape *ret, struct error **err)
{
    struct escape escape = {.key = DEFAULT_KEY, .at_line_start = true};
    const char *wrong = NULL;

    if (text && strcmp(text, "none") == 0)
        escape.key = 0;
    else if (text)
        wrong = take_items(&escape, text);

    if (wrong) {
        (void) fail_plain(err, EINVAL, "'%s' is not a console escape: %s", text, wrong);
        fail_hint(*err, "write a control key as '^A', a line escape as '~.', both as '^A,~.', or 'none'");
        fail_id(*err, "R2501");
        return -EINVAL;
    }
    *ret = escape;
    return 0;
}

/* Advances the hot key by one byte. Two older presses stay in the window, so that a fourth press counts with the
 * second and third when the first came too early. */
static enum console_event hot_key(struct escape *escape, uint8_t byte, int64_t now_ms)
{
    bool armed = escape->n_keys == 2 && now_ms - escape->key_ms[0] <= HOT_KEY_LIMIT_MS;

    if (escape->key == 0 || byte != escape->key) {
        escape->n_keys = 0;
        return armed && byte == 'r' ? CONSOLE_REBOOT : armed && byte == 'p' ? CONSOLE_POWEROFF : CONSOLE_NOTHING;
    }
    if (armed) {
        escape->n_keys = 0;
        return CONSOLE_KILL;
    }
    if (escape->n_keys == 2)
        escape->key_ms[0] = escape->key_ms[1];
    else
        escape->n_keys++;
    escape->key_ms[escape->n_keys - 1] = now_ms;
    return CONSOLE_NOTHING;
}

static enum console_event line_escape(struct escape *escape, uint8_t byte, bool *ret_swallow)
{
    if (!escape->after_mark) {
        escape->after_mark = escape->mark != 0 && escape->at_line_start && byte == escape->mark;
        return CONSOLE_NOTHING;
    }

    escape->after_mark = false;
    *ret_swallow = byte == escape->mark;
    return byte == escape->finish ? CONSOLE_KILL
           : byte == 'R'          ? CONSOLE_REBOOT
           : byte == 'P'          ? CONSOLE_POWEROFF
                                  : CONSOLE_NOTHING;
}

static bool ends_line(char c)
{
    return c == '\r' || c == '\n';
}

size_t escape_filter(struct escape *escape, char *bytes, size_t n, int64_t now_ms, enum console_event *ret_event)
{
    size_t kept = 0;

    *ret_event = CONSOLE_NOTHING;
    if (n == 0)
        return 0;

    /* Nearly always: no escape has begun and none begins here. */
    if (escape->n_keys == 0 && !escape->after_mark && (escape->key == 0 || !memchr(bytes, escape->key, n)) &&
        (escape->mark == 0 || !memchr(bytes, escape->mark, n))) {
        escape->at_line_start = ends_line(bytes[n - 1]);
        return n;
    }

    for (size_t i = 0; i < n; i++) {
        bool swallow = false;
        enum console_event event = hot_key(escape, (uint8_t) bytes[i], now_ms);
        enum console_event line_event = line_escape(escape, (uint8_t) bytes[i], &swallow);

        if (line_event > event)
            event = line_event;
        if (event > *ret_event)
            *ret_event = event;
        escape->at_line_start = ends_line(bytes[i]);
        if (event == CONSOLE_NOTHING && !swallow)
            bytes[kept++] = bytes[i];
    }
    return kept;
}

size_t escape_banner(const struct escape *escape, char buffer[ESCAPE_BANNER_SIZE])
{
    size_t n = 0;

    buffer[0] = '\0';
    if (escape->key != 0)
        n += (size_t) snprintf(buffer, ESCAPE_BANNER_SIZE,
                               "Press Ctrl-%c three times within 1s to kill container; two times followed by r\n"
                               "to reboot container; two times followed by p to poweroff container.\n",
                               escape->key == 0x7f ? '?' : escape->key + 0x40);
    if (escape->mark != 0)
        n += (size_t) snprintf(buffer + n, ESCAPE_BANNER_SIZE - n,
                               "At the start of a line, type %c%c to kill container, %cR to reboot it,\n"
                               "%cP to power it off.\n",
                               escape->mark, escape->finish, escape->mark, escape->mark);
    return n;
}
