/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fetch: one file over HTTP(S), or a local one, into a file of ours. Each is a worker: what speaks to the network can
 * read public files of the host and write this one file.
 *
 * A connection that breaks is taken up where it broke, a few times. Proxies are those of the environment, as curl(1)
 * has them; redirects are followed, from https only to https.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strings.h"
#include "transfer/job.h"

struct fetch {
    const char *url;
    int output_fd;
    uint64_t max_size;          /* more is refused; 0: no limit */
    bool resume;                /* the file holds the beginning, of the version RESUME_ETAG */
    const char *resume_etag;
    const char *etag;           /* not wanted when it is still this version: status 304 */
    const struct strings *headers;
    bool show_progress;
    void (*on_fact)(void *data, const char *fact);  /* as in struct worker: "etag=…" as soon as it is known */
    void *fact_data;
    bool any_status;            /* the caller looks at the status; else all but 200 and 304 are errors */
};

struct fetched {
    long status;
    char *etag;                 /* or NULL */
    char *type;
    struct strings challenges;  /* values of WWW-Authenticate */
};

/* R5101: cannot be reached, R5102: the answer is an error, R5103: larger than it may be. */
int fetch_file(struct job *job, const struct fetch *fetch, struct fetched *ret, struct error **err);
void fetched_done(struct fetched *fetched);

/* A small text. *ret is NULL when there is none (status 404, 403 or 410, or no such local file). Gives. */
int fetch_text(struct job *job, const char *url, char **ret, size_t *ret_size, struct error **err);
