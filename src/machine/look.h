/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * look: what can be found out about a running machine from outside, without asking anybody in it. Its tree and its
 * processes are its owner's, who may be an enemy: nothing is followed out of the tree, and nothing of the machine's
 * own making is waited for.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/strings.h"
#include "image/os_release.h"
#include "machine/state.h"
#include "net/address_list.h"

/* Its root, for looking: a tree on the host is looked at there. Gives a descriptor (O_PATH); negative errno. */
int machine_open_root(const struct machine_state *machine);

/* Who looks at many keeps open what their paths have in common: the walk along them is most of what a look costs. */
struct looker {
    struct address_reader reader;
    char *images;               /* the folder of the last tree, and its descriptor */
    int images_fd;
    int names_fd;
};
#define LOOKER_INIT {.reader = ADDRESS_READER_INIT, .images_fd = -1, .names_fd = -1}
void looker_done(struct looker *looker);

/* The system in its tree. Empty where that does not say. */
void machine_read_os(const struct machine_state *machine, struct looker *looker, struct os_release *ret);

/* Its addresses, best first; none where it has the caller's network. The host itself (class "host") is to come before
 * any machine. */
void machine_read_addresses(const struct machine_state *machine, struct looker *looker, struct strings *ret);

/* Where its supervisor has written down more than COUNT of them (net/names.h): true, and those are in *RET. Costs a
 * fraction of looking, and is behind by 200 ms at most. */
bool machine_read_known_addresses(const struct machine_state *machine, struct looker *looker, size_t count,
                                  struct strings *ret);

/* The name of a process as its "comm" says, printable; gives, NULL when it is gone. */
char *process_name(pid_t pid);

/* The first id of its user namespace's map; -1: it has the caller's ids. */
int64_t machine_read_id_shift(const struct machine_state *machine);
