/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspect: what is in a file that somebody calls an image: a system's tree, an export of Incus, LXC or Proxmox, an
 * OCI or Docker archive, a disk. Looks at names near the archive's beginning, and at the few small files that
 * describe it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"
#include "transfer/channel.h"

struct inspect {
    int input_fd;
};

/* The work of a worker, with a struct inspect. Facts:
 *     kind=tree|oci|disk|increment   what to do with it
 *     maker=WORDS              who made it, for people
 *     prefix=PATH              where in the archive the tree is; missing: at its top
 *     name=NAME                what it is called inside; missing: unknown
 *     setting=LINES            of the .nspawn file that says the same
 * R5150: it is nothing we know. */
int inspect_work(void *data, struct channel *up, struct error **err);

/* -- for tests -- */

struct findings {
    char *name;
    char *settings;
};

/* Proxmox's pct.conf; Incus' index.yaml and backup.yaml. */
void inspect_pct_conf(const char *text, struct findings *ret);
void inspect_incus_yaml(const char *text, struct findings *ret);
void findings_done(struct findings *findings);
