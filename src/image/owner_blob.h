/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * owner_blob: user and group ids inside extended attributes: POSIX ACLs and file capabilities, moved to another range.
 *
 * An id moves as owners do: its low 16 bits stay, the rest becomes BASE. Pure functions on bytes the tree's owner
 * wrote.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint32_t owner_move(uint32_t id, uint32_t base)
{
    return (id & 0xFFFF) | base;
}

/* Moves the named users and groups of an ACL as it stands in system.posix_acl_*, in place. 1 when something
 * changed, 0 when not, -EINVAL when it is no ACL we know. */
int acl_move(void *blob, size_t size, uint32_t base);

#define CAPABILITY_BLOB_MAX 24

/* Moves the root user a capability of security.capability is for, in place; SIZE changes when the new one is the host's
 * root, since the form without a user means that one. Results as above. */
int capability_move(void *blob, size_t *size, uint32_t base);
