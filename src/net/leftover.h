/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leftover: what a container's network leaves on the host, as undo records (base/undo.h).
 *
 *     link-delete NAME MAC                 a link of ours: one of that name with another address is somebody else's
 *     zone-release NAME                    the bridge NAME, when it has no ports any more
 *     zone-leave ZONE MACHINE              a machine's address in a zone (zone_members.h)
 *     forwarding-release MACHINE           switches that let packets through (forwarding.h)
 *     route-delete PREFIX NAME             a route on the link NAME
 *     netns-unpin PIN HOST                 the mount that keeps a container's network namespace
 *     link-return PIN HOST NAME INDEX KIND INSIDE STATE
 *                                          an interface of the host's that is in that namespace
 *
 * Interfaces that were moved in are in danger: the kernel destroys virtual ones with the namespace they are in. So the
 * namespace is mounted on the file PIN, where it outlives the container and the supervisor, until the interfaces are
 * back in the namespace with inode number HOST under their NAME.
 */
#pragma once

#include "base/strings.h"
#include "base/undo.h"
#include "net/forwarding.h"
#include "net/link.h"
#include "net/zone_members.h"

int undo_route_delete(const struct strings *args, struct error **err);
int undo_link_delete(const struct strings *args, struct error **err);
int undo_zone_release(const struct strings *args, struct error **err);
int undo_netns_unpin(const struct strings *args, struct error **err);
int undo_link_return(const struct strings *args, struct error **err);

/* clang-format off */
#define UNDO_KINDS_NET \
    {"link-delete", undo_link_delete}, \
    {"zone-release", undo_zone_release}, \
    {"zone-leave", undo_zone_leave}, \
    {"forwarding-release", undo_forwarding_release}, \
    {"route-delete", undo_route_delete}, \
    {"netns-unpin", undo_netns_unpin}, \
    {"link-return", undo_link_return}
/* clang-format on */

/* Records that NAME is to be deleted. Before it is made. */
int leftover_record_link(struct undo *undo, const char *name, struct mac mac, struct error **err);

/* An interface that moves. */
struct moving_link {
    struct link link;                   /* as it was on the host */
    char inside[INTERFACE_NAME_SIZE];
};

/* Records that LINKS are to return, and pins the namespace NETNS_FD of MACHINE for them. Before they are moved. */
int leftover_record_moving(struct undo *undo, const char *machine, int netns_fd, const struct moving_link *links,
                           size_t n_links, struct error **err);
