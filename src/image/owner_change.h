/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * owner_change: owners that become others on their way from one tree to another, because the two number their users
 * differently: the owners of files, and the ids in ACLs and file capabilities.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids from FROM on become those from TO on, COUNT of them. The others become OTHER, or stay when that is
 * OWNER_CHANGE_STAY. */
struct owner_change {
    uint32_t from, to, count;
    uint32_t other;
};
#define OWNER_CHANGE_STAY UINT32_MAX

/* CHANGE may be NULL: nothing changes. */
uint32_t owner_change_id(const struct owner_change *change, uint32_t id);

/* Whether ID is none of those that change: what runs as it must not gain another's power with the copy. */
bool owner_change_is_other(const struct owner_change *change, uint32_t id);

/* The value of an extended attribute, in place, SIZE with it; there is room for OWNER_CHANGE_GROWTH bytes more. Names
 * that hold no ids are left alone. -EINVAL for a value that is none of its kind. */
enum { OWNER_CHANGE_GROWTH = 4 };
int owner_change_attribute(const struct owner_change *change, const char *name, void *value, size_t *size);
