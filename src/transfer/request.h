/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request: what a command line of redd-transfer asks for. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"
#include "transfer/class.h"

enum verify_mode { VERIFY_NO, VERIFY_CHECKSUM, VERIFY_SIGNATURE };

struct job;
struct request;

struct transfer_verb {
    const char *name;
    const char *type;           /* in lists: "import-tar", … */
    const char *done;           /* "Imported", for progress */
    int min_words, max_words;   /* -1: any number */
    bool to_stdout;             /* the last word is a file, standard output without it */
    bool needs_class;
    int (*run)(struct job *job, const struct request *request, struct error **err);
};

struct request {
    const struct transfer_verb *verb;
    enum image_class class;
    bool user_scope, read_only, force, quiet, locked;
    int keep_download;          /* -1: as the class has it */
    enum verify_mode verify;
    const char *expected;       /* --verify= was given a SHA-256 */
    const char *format;         /* --format=, NULL: by the file's name */
    const char *program;        /* --program=, in front of errors */
    const char *image_root;     /* another folder than the class's */
    const char *lock_file;      /* --lock-file= */
    const char *platform;       /* --platform=OS/ARCH */
    const char *key;            /* --key=, a file with a key that is trusted from now on */
    const char *server;         /* --server=, an index of images */
    const char *since;          /* --incremental-since=, an earlier export */
    const char *json;           /* --json=, "short" or "pretty"; NULL: for people */
    struct strings mirrors;     /* --mirror=, other addresses of what is pulled */
    struct strings words;
};

/* WORDS without the program's name. Usage errors: R5040 to R5049. */
int request_read(struct request *request, const struct transfer_verb *verbs, size_t n_verbs, char **words,
                 struct error **err);
void request_done(struct request *request);

/* The word number INDEX, or NULL; "-" is NULL too. */
const char *request_word(const struct request *request, size_t index);
