/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * owner: which range of the host's ids a container gets, and whose a tree is on disk.
 *
 * Ranges are 65536 ids long and start at multiples of that. Where nothing is fixed one is picked: the one that owns
 * the tree already, else one computed from the machine's name (so it is the same each time), else a random one. A lock
 * in /run/systemd/nspawn-uid/ marks it as taken for the run.
 *
 * Trees that a plain user made belong to his range of /etc/subuid, which may start anywhere: it is known by that file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/spec.h"
#include "image/idmap.h"
#include "image/lock.h"

#define ID_RANGE_SIZE 65536u
#define ID_PICK_FIRST 0x00080000u
#define ID_PICK_LAST 0x6FFF0000u
#define ID_FOREIGN_BASE 0x7FFE0000u

/* The base of the range that owns the tree's top directory (--private-users=yes). */
int owner_base(int tree_fd, const char *path, uint32_t *ret_base, struct error **err);

/* The same without words: false when user and group are of different ranges. */
bool owner_base_quiet(int tree_fd, uint32_t *ret_base);

/* Whether the tree belongs to the root of a range above 0, that of a container with private users. */
bool owner_range_of_tree(int tree_fd, uint32_t *ret_base);

/* Whether the tree belongs to the range of a plain user. */
bool owner_is_user(int tree_fd);

/* Picks a range for MACHINE and takes its lock, to be kept for the run and released by lock_file_done(). */
int owner_pick(int tree_fd, const char *machine, uint32_t *ret_base, struct lock_file *ret_lock, struct error **err);

/* The range a name stands for, before anything is asked about who uses it. */
uint32_t owner_base_of_name(const char *machine);

/* What "auto" means for a tree and a container range starting at BASE: OFF when the tree is BASE's already,
 * FOREIGN, MAP, or CHOWN when its file system cannot be mapped. */
enum ownership_mode owner_resolve_auto(int tree_fd, uint32_t base, bool can_map);

/* The map that shows a tree to a container at BASE; MODE is MAP or FOREIGN. */
struct id_map owner_map(enum ownership_mode mode, uint32_t base);
