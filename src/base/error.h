/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error: a failure as a chain of clauses that reads as one sentence, with a stable code and a remedy.
 *
 * A function that can fail for reasons a user cares about takes `struct error **err` last, returns 0 or a
 * negative errno, and has filled *err exactly when it returns negative. *err must be NULL on entry.
 * The chain is plain memory: no errno is read, nothing is printed here, and it can be made between clone and exec.
 *
 *     redd: cannot start machine 'web': cannot mount /tmp: the kernel refuses a tmpfs on /tmp: Operation not permitted
 *     hint: mounting needs CAP_SYS_ADMIN in the container's user namespace
 */
#pragma once

#include <stddef.h>

struct error;

/* A new failure; returns -CODE. CODE is a positive errno; its text is appended to the clause unless the clause was
 * made by fail_plain(). */
int fail(struct error **err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As fail(), for refusals that are complete sentences of their own ("--boot and --as-pid2 may not be combined"):
 * no errno text is appended. CODE is still what is returned and what error_code() answers. */
int fail_plain(struct error **err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What we were doing when *ERR happened: puts a clause in front of the chain. Returns the negative errno of *ERR. */
int fail_in(struct error **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What the reader can do about it; the innermost hint is kept, later ones are ignored. */
void fail_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The stable public code ("R2014"), see docs/errors.md. ID is a string literal; the innermost one is kept. */
void fail_id(struct error *err, const char *id);

int error_code(const struct error *err);            /* positive errno */
const char *error_text(const struct error *err);    /* the whole sentence, without hint */
const char *error_hint(const struct error *err);    /* or NULL */
const char *error_id(const struct error *err);      /* or NULL */

/* Flattens an error into one buffer that can cross a socket, and back. error_pack() returns the length used;
 * text that does not fit is cut, never the code. error_unpack() gives a new chain of one clause. */
size_t error_pack(const struct error *err, char *buffer, size_t size);
int error_unpack(struct error **err, const char *buffer, size_t size);   /* returns the negative errno it held */

struct error *error_free(struct error *err);        /* accepts NULL, returns NULL */
void error_freep(struct error **err);
#define auto_error __attribute__((cleanup(error_freep)))
