/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mem: allocation that does not fail, and ownership that ends by itself.
 *
 * mem_alloc() and friends abort when a small allocation fails: nothing sensible can be done then. Sizes that come
 * from outside go through mem_alloc_bounded(), which has a limit and an error.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/error.h"

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));      /* zeroed */
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_copy_string(const char *text);                                    /* NULL stays NULL */
char *mem_copy_bytes(const void *bytes, size_t n);                          /* and a NUL behind */
char *mem_format(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *mem_format_list(const char *fmt, va_list args) __attribute__((format(printf, 1, 0), returns_nonnull));

/* As mem_alloc(), for a size from outside; -E2BIG with an error when SIZE exceeds LIMIT. */
int mem_alloc_bounded(size_t size, size_t limit, void **ret, struct error **err);

/* Makes room for one more element of an array that grows by doubling. */
#define MEM_GROW(array, count) \
    ((((count) & ((count) - 1)) == 0) \
         ? (void) ((array) = mem_resize((array), ((count) ? 2 * (count) : 1) * sizeof *(array))) : (void) 0)

static inline void mem_freep(void *p) { free(*(void **) p); }

#define auto_free __attribute__((cleanup(mem_freep)))
#define CLEANUP(f) __attribute__((cleanup(f)))

/* Ownership leaves: the variable becomes NULL, its value is the result. */
#define TAKE(p) ({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
