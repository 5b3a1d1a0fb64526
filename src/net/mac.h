/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mac: hardware addresses that stay the same from run to run.
 *
 * They are a keyed hash, so that two hosts that run machines of one name can meet on one network. The key is the host's
 * machine id; a host without one makes do with its boot id, and its addresses last as long as the boot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MAC_TEXT_SIZE 18

struct mac {
    uint8_t byte[6];
};

struct mac_key {
    uint8_t byte[16];
};

void mac_key_read(struct mac_key *ret);

/* The address of one end: SIDE says which ("host", "container", …), NAME tells ends of one side apart ("" for the only
 * one). Locally administered, of a single station. */
struct mac mac_derive(const struct mac_key *key, const char *side, const char *machine, const char *name);

/* "02:00:00:aa:bb:01" or with dashes; -EINVAL. */
int mac_parse(const char *text, struct mac *ret);
void mac_format(struct mac mac, char ret[MAC_TEXT_SIZE]);
bool mac_equal(struct mac a, struct mac b);
