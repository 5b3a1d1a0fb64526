/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * floor: the least that a container start can cost on this machine.
 *
 * A static program that makes the namespaces, mounts, filters and capabilities of a container by plain calls, with
 * nothing a product needs around them: no checks, no settings, no locks, no undo. What a start costs beyond it is ours
 * to answer for. The parts: the root and its mounts (floor_tree.c), the filters (floor_seccomp.c), the
 * network (floor_net.c), processes and options (floor.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum floor_root {
    ROOT_PLAIN,    /* the tree itself                                      */
    ROOT_OVERLAY,  /* an overlay over it, with its upper layer beside it   */
    ROOT_VOLATILE, /* an empty tmpfs with the tree's /usr in it, read-only */
};

/* What was asked for, and what parent and child hand to each other: they share their memory until the payload runs. */
struct floor {
    const char *tree;
    const char *image; /* ext4, mounted by a loop device in the tree's place; NULL: none */
    char **argv;
    enum floor_root root;
    unsigned n_filters; /* 0, 1 or 5 */
    uint32_t first_id;  /* host id of the container's root; 0: no user namespace */
    bool has_net;
    bool is_boot; /* a full init: it gets a console, and a cgroup of its own */
    const char *veth;
    const char *cgroup_dir;

    char upper_dir[4096]; /* ROOT_OVERLAY: holds "upper" and "work" */
    int host_netns_fd;
    int root_fd;      /* the idmapped tree, made by the parent */
    int console_fd;   /* master of the container's pts/0, made by the child */
    uint32_t is_free; /* futex: the parent has done its part, the child may go on */
};

/* Says what cannot be done and why (errno), and ends the process at once. */
_Noreturn void floor_die(const char *what);

/* Makes the root and everything mounted in it, enters it; on return the host's tree is gone. Child only. */
void tree_enter(struct floor *floor);

/* Prepares the upper layer of ROOT_OVERLAY, and removes it again. Parent only. */
void tree_prepare(struct floor *floor);
void tree_remove(const struct floor *floor);

/* The tree as a detached mount whose owners are shifted by the user namespace of PID. */
int tree_open_idmapped(const char *tree, int userns_fd);

/* Loads 1 filter of the size of the largest, or all 5 of the sizes the reference loads. */
void filters_load(unsigned n_filters);

/* Brings up the loopback device of this process' network namespace. */
void net_loopback_up(void);

/* Makes a veth pair: NAME here, PEER in the other namespace. */
void net_veth_create(const char *name, const char *peer, int peer_netns_fd);
