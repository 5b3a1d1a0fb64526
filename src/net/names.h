/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names: which addresses a machine's name leads to, as a folder of small files that everybody may read.
 *
 *     /run/redd/names/web:     leader 4711 9213        pid of its first process, and the number of its pidfd
 *                              10.77.3.2
 *                              fd5c:…::2
 *
 * A supervisor writes its machine's file and takes it back (runtime/name_publish.c); the name service module (nss/) and
 * the resolver of a zone (runtime/name_server.c) read. A file whose leader is no more, left by a killed supervisor,
 * counts for nothing. The addresses are those of the machine's uplink, never of what it builds inside.
 * This is in other programs, too, by way of the module: nothing but the C library is used, and nothing is allocated.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NAMES_FOLDER "/run/redd/names"

enum { NAMES_ADDRESSES_MAX = 16, NAMES_NAME_SIZE = 65 };

struct names_address {
    int family;                 /* AF_INET, AF_INET6 */
    uint8_t byte[16];
};

struct names_entry {
    char name[NAMES_NAME_SIZE]; /* as it is written */
    struct names_address address[NAMES_ADDRESSES_MAX];
    unsigned count;
};

/* By name, upper and lower case being one; a dot at its end is allowed. -ENOENT where no machine of that name runs. */
int names_find(const char *folder, const char *name, struct names_entry *ret);

/* The machine that has this address, of 4 or 16 BYTES. -ENOENT where there is none. */
int names_find_address(const char *folder, int family, const void *bytes, struct names_entry *ret);

/* The bytes of an address of this family. */
size_t names_address_size(int family);
