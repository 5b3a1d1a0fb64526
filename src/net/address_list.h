/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address_list: the addresses of a network namespace, as others reach it by them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { ADDRESS_TEXT_SIZE = 46 };

struct address {
    int family;                 /* AF_INET, AF_INET6 */
    uint8_t scope;              /* RT_SCOPE_UNIVERSE, … */
    int interface;
    uint8_t bytes[16];
};

struct addresses {
    struct address *item;
    size_t count;
};
void addresses_done(struct addresses *addresses);

/* Who reads those of many namespaces goes from one into the next, and home at the end. */
struct address_reader {
    int home_fd;                /* of the process's own namespace */
    int processes_fd;           /* /proc: there are shorter ways from there */
    uint64_t home_device, home_inode;
    bool is_away;
};
#define ADDRESS_READER_INIT {.home_fd = -1, .processes_fd = -1}

/* Those of the process with PID: IPv4 first, wide scopes first, without the loopback's and without deprecated ones.
 * -ENONET when its network is the caller's own. */
int addresses_read(struct address_reader *reader, pid_t pid, struct addresses *ret, struct error **err);

/* The same for one that is known to have a network of its own, by fewer calls. */
int addresses_read_within(struct address_reader *reader, pid_t pid, struct addresses *ret, struct error **err);

/* Those of the caller. */
int addresses_read_own(struct addresses *ret, struct error **err);

/* Back home; ends the process where that fails, since nothing it did then would be where it means. */
void address_reader_done(struct address_reader *reader);

/* BUFFER holds ADDRESS_TEXT_SIZE bytes. */
const char *address_text(const struct address *address, char *buffer);
