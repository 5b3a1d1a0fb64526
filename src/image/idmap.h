/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * idmap: mounts that show the owners on disk as other ids (mount_setattr(2), Linux 5.12), so that no owner ever has to
 * be changed on disk.
 *
 * The map is carried by a user namespace. A container whose own namespace is "0 BASE 65536" and whose tree is owned
 * by ids 0-65535 needs exactly that namespace for its root: idmap_userns_open() is for all other maps, and for
 * when there is no container process yet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* COUNT ids from INSIDE on disk are shown (and written back) as those from OUTSIDE. Users and groups alike. */
struct id_map {
    uint32_t inside, outside, count;
};

/* Gives the descriptor of a user namespace with MAPS in which no process is left. Costs no fork: the process that
 * makes it shares our memory and is gone before this returns. */
int idmap_userns_open(const struct id_map *maps, size_t n, int *ret_fd, struct error **err);

/* The same with a map for users and another for groups: where one account's user and group are to be shown as one
 * id. */
int idmap_userns_open_apart(const struct id_map *users, size_t n_users, const struct id_map *groups, size_t n_groups,
                            int *ret_fd, struct error **err);

/* Maps the detached mount MOUNT_FD, with all mounted below it when RECURSIVE. Once only: a mapped mount cannot be
 * mapped anew. -EINVAL with the name of the file system that cannot be mapped. */
int idmap_tree(int mount_fd, int userns_fd, bool recursive, struct error **err);

/* Whether a mount of the directory DIR_FD could be mapped, found out by mapping one that nobody sees. No answer for
 * what is in a detached mount on kernels before 6.15: those clone none. */
bool idmap_is_supported(int dir_fd);

/* The same of the detached mount MOUNT_FD itself, which is good for nothing else then. */
bool idmap_mount_is_supported(int mount_fd);

/* How the file system of FD calls itself: "overlay", "nfs" … or "unknown (0x…)" in BUFFER. */
const char *file_system_name(int fd, char buffer[32]);
