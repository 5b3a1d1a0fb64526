/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * signature: who signed a file. OpenPGP signatures are checked by gpgv(1), minisign's and signify's here.
 *
 * Keys that are trusted: OpenPGP keyrings /etc/systemd/import-pubring.pgp (or .gpg) and
 * /usr/lib/systemd/import-pubring.pgp, or the one $SYSTEMD_OPENPGP_KEYRING names; all files *.gpg and *.pgp in
 * /etc/redd/keys and /usr/lib/redd/keys; and for minisign and signify the files *.pub there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "transfer/job.h"

struct signature {
    const char *bytes;
    size_t size;
    const char *name;           /* of its file, for errors */
};

/* Checks a signature over the file DATA_FD, called NAME. *ret_key is "pgp:FINGERPRINT" or "minisign:KEYID"; gives.
 * R5110: the data is not what was signed, R5111: no trusted key made it (the hint names the key), R5112: it is no
 * signature, R5113: the key is expired or revoked, R5114: gpgv is not installed. */
int signature_check(struct job *job, const struct signature *signature, int data_fd, const char *name, char **ret_key,
                    struct error **err);

/* TEXT is clear-signed ("-----BEGIN PGP SIGNED MESSAGE-----"): gives what was signed, after checking it. */
bool signature_is_clear(const char *text, size_t size);
int signature_check_clear(const struct job *job, const char *text, size_t size, const char *name, char **ret_text,
                          size_t *ret_size, char **ret_key, struct error **err);

/* -- minisign and signify, without files: for tests -- */

struct minisign_key {
    uint8_t id[8];
    uint8_t key[32];
};
struct minisign {
    bool prehashed;
    bool has_global;            /* minisign's; signify's have no second one */
    uint8_t id[8], signature[64], global[64];
    const char *trusted;        /* the trusted comment, which the second signature covers; points into the text */
    size_t trusted_size;
};
int minisign_parse(const char *text, size_t size, struct minisign *ret);            /* 0 or -EBADMSG */
int minisign_key_parse(const char *text, size_t size, struct minisign_key *ret);    /* 0 or -EBADMSG */
