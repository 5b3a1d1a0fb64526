/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pull: an image from a URL: fetched whole, verified, and only then looked at.
 *
 * With --keep-download what was fetched stays as a hidden, read-only image (".tar-URL.ETAG", ".raw-URL.ETAG.raw")
 * that the image is a copy of; while the server has that version still, nothing is fetched again.
 */
#pragma once

#include "transfer/job.h"
#include "transfer/place.h"

enum pull_kind { PULL_TAR, PULL_RAW };

struct pull {
    enum pull_kind kind;
    const char *url;
    const char *name;           /* NULL: only the hidden image */
    bool looks_inside;          /* what the file holds decides, KIND is a guess */
    bool strip_with_files;      /* unpack.h */
};

/* All of it, after the transfer was announced. */
int pull_image(struct job *job, const struct request *request, struct place *place, const struct pull *pull,
               struct error **err);
