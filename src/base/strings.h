/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strings: lists of strings, numbers out of text, words and escapes. No locale anywhere: ASCII rules only.
 * Parsers with one possible reason return a negative errno and no error object; outputs are untouched on failure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A list of strings, each owned. `item` is NULL-terminated once anything was added, so it can go to execve(). */
struct strings {
    char **item;
    size_t count;
};

void strings_add(struct strings *list, const char *text);          /* copies */
void strings_take(struct strings *list, char *text);               /* takes TEXT */
void strings_add_format(struct strings *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All of them, with BETWEEN between each two; gives the text. */
char *strings_join(const struct strings *list, const char *between);
bool strings_contain(const struct strings *list, const char *text);
void strings_remove(struct strings *list, size_t index);
void strings_sort(struct strings *list);                            /* by their bytes */
void strings_clear(struct strings *list);
void strings_done(struct strings *list);                            /* = strings_clear(); for CLEANUP() */

/* Puts NAME=VALUE into an environment list, in place of an earlier assignment to NAME. */
void environment_set(struct strings *list, const char *assignment);
const char *environment_get(const struct strings *list, const char *name);
bool environment_name_is_valid(const char *name, size_t length);

/* Splits at any of SEPARATORS; empty pieces are dropped. */
void strings_split(struct strings *list, const char *text, const char *separators);

/* Splits like a shell: blanks part words, '…' and "…" quote, C escapes are undone. -EINVAL on a bad or open quote. */
int strings_split_words(struct strings *list, const char *text);
/* The same, but a backslash is a character as any other. */
int strings_split_quoted(struct strings *list, const char *text);

/* Splits at unescaped colons; a backslash stands for what follows it, as in `\:` and `\\`. Empty pieces are kept.
 * -EINVAL on a trailing backslash. */
int strings_split_colons(struct strings *list, const char *text);

/* Undoes C escapes (\a\b\f\n\r\t\v\\\"\'\s \xHH \NNN \uHHHH \UHHHHHHHH). RET may hold NULs when ALLOW_NUL;
 * RET_SIZE does not count the final NUL. Gives *ret. -EINVAL on an unknown escape. */
int string_unescape(const char *text, size_t size, bool allow_nul, char **ret, size_t *ret_size);

bool string_starts(const char *text, const char *prefix);
bool string_ends(const char *text, const char *suffix);
/* The part of TEXT behind PREFIX, or NULL. */
const char *string_after(const char *text, const char *prefix);
bool string_equal(const char *a, const char *b);                    /* NULL equals NULL */
char *string_trim(char *text);                                      /* in place; both ends */
bool string_is_printable(const char *text);

int hex_digit_value(char c);                                        /* 0 to 15, or -1 */
int parse_boolean(const char *text);                                /* 0, 1 or -EINVAL; 1/yes/y/true/t/on … any case */
int parse_u32(const char *text, uint32_t *ret);                     /* decimal only; -EINVAL, -ERANGE */
int parse_u64(const char *text, uint64_t *ret);
int parse_i32(const char *text, int32_t *ret);

/* Up to DISTANCE edits (insert, delete, replace, swap) from WORD: the nearest of CANDIDATES, or NULL. For
 * "did you mean" remarks; a distance over a third of the word's length does not count as near. */
const char *string_nearest(const char *word, const char *const *candidates, size_t n);
