/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bind_user: users of the host who are users of the container too (--bind-user): each with an id of its own inside
 * (60514 to 60577), with the home mounted on /run/host/home/NAME so that its files are the user's on both sides, and
 * with a record in /run/host/userdb that nss-systemd and systemd-logind of the container read.
 *
 * Works with private users and without, with users of any name service of the host, and in a container that knows
 * nothing of such records: `--uid=NAME` finds the user by itself (bind_users_find()).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strings.h"
#include "config/spec.h"

struct user;

/* The ids that are kept free for this in every container. */
#define BOUND_ID_FIRST 60514u
#define BOUND_ID_LAST 60577u

struct bound_user {
    char *name;
    char *real_name;            /* NULL: none */
    char *password;             /* hash as in shadow(5); NULL: not known */
    struct strings ssh_keys;
    char *shell;                /* as --bind-user-shell says; NULL: not for us to say */
    uid_t host_uid;
    gid_t host_gid;
    uint32_t id;                /* inside: user and group */
    char *home;                 /* inside: "/run/host/home/NAME", or "/" for an account without a home */
    int home_fd;                /* the home, detached, its owners mapped; -1: no home */
};

struct bind_users {
    struct bound_user *item;
    size_t count;
    struct strings groups;      /* that all of them are members of */
};

/* Host half: finds the users of SPEC on the host (HOST_FD is its root directory), gives each a free id in the container
 * (TREE_FD is its tree) and opens the homes. Ids 0 to ID_COUNT-1 of the container are ID_BASE and so on outside; 0 and
 * 0 without a user namespace. A failure is fatal. */
int bind_users_prepare(const struct spec *spec, int host_fd, int tree_fd, uint32_t id_base, uint32_t id_count,
                       struct bind_users *ret, struct error **err);

/* Container half: writes the records and attaches the homes. RUN_HOST_FD is /run/host as the payload will see it, still
 * writable. Does nothing where there are no users. */
int bind_users_apply(const struct bind_users *users, int run_host_fd, struct error **err);

/* For --uid: true and *RET when NAME (or a number) is one of the users. ROOT_FD is the container's root directory,
 * whose /etc/group gives the numbers of the groups. */
bool bind_users_find(const struct bind_users *users, int root_fd, const char *name, struct user *ret);

void bind_users_done(struct bind_users *users);
