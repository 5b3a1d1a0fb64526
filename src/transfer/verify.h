/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify: is this file what its publisher published? Looks beside its URL for what the publishers of images put there:
 *
 *     FILE.sha256, SHA256SUMS, FILE.sha512, SHA512SUMS, CHECKSUM, FILE.CHECKSUM   checksums, perhaps clear-signed
 *     LIST.asc .gpg .sig .sign .minisig                                              signature of that list
 *     FILE.asc .gpg .sig .sign .minisig                                           signature of the file itself
 */
#pragma once

#include "base/error.h"
#include "transfer/digest.h"
#include "transfer/job.h"

/* A list of checksums that counts: it was signed, or signatures were not asked for. */
struct verified {
    char *list;                 /* NULL: the file itself was signed */
    size_t list_size;
    bool alone;                 /* the list is about the one file */
    char *list_name;
    char *key;                  /* who signed; NULL: nobody was asked */
};

/* Checks the file FILE_FD that came from URL, as REQUEST asks. R5115: there is nothing to verify with, R5116: the list
 * has no line for it, R5117: the sums differ; and those of signature.h. */
int verify_file(struct job *job, const struct request *request, const char *url, int file_fd, struct verified *ret,
                struct error **err);

/* A file beside it: true when the list has its sum, and that is right. */
bool verify_sidecar(struct job *job, const struct verified *verified, const char *name, int file_fd);
void verified_done(struct verified *verified);
