/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worker: a process of its own for what fetches, and for archives, disks and all else that is large or has a decoder.
 *
 * The job (job.h) decides, locks, names and renames, and reads the small texts: lists of checksums, signatures of
 * minisign, JSON of registries and servers, with limits to their size. A worker works in its sandbox. It
 * gets open descriptors and gives back lines, progress, facts, and in the end success or an error.
 */
#pragma once

#include "base/error.h"
#include "base/strings.h"
#include "transfer/channel.h"
#include "transfer/sandbox.h"

struct worker {
    const char *what;                   /* "unpacking", for the error when it dies */
    enum sandbox_kind sandbox;
    int root_fd;
    int userns_fd;                      /* of trees' owners (rootless.h); -1: this one */
    int (*work)(void *data, struct channel *up, struct error **err);
    void *data;
    int stop_fd;                        /* readable: end it, -ECANCELED; -1: none */
    void (*on_fact)(void *data, const char *fact);  /* told at once, with DATA; NULL: nobody */
    void *fact_data;
};

/* Runs it to its end, passing on to DOWN what it says (DOWN may be NULL: lines and progress are dropped). Facts are
 * added to RET_FACTS, as NAME=VALUE (environment_get() finds them). */
int worker_run(const struct worker *worker, struct channel *down, struct strings *ret_facts, struct error **err);
