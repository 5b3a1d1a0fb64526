/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * acl: POSIX access control lists between an archive's entry and the kernel's extended attributes
 * (system.posix_acl_access, system.posix_acl_default). Ids are numbers on both sides; names are not looked up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct archive_entry;

#define ACL_XATTR_ACCESS "system.posix_acl_access"
#define ACL_XATTR_DEFAULT "system.posix_acl_default"

/* The attribute's value, made from the entry's list; a size of 0: there is none. Gives *ret. -EINVAL: the list has more
 * entries than the kernel takes. */
int acl_from_entry(struct archive_entry *entry, bool is_default, void **ret, size_t *ret_size);

/* Adds what the attribute's value says to the entry. -EINVAL: it is no list. */
int acl_to_entry(struct archive_entry *entry, bool is_default, const void *blob, size_t size);
