/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_maker: as whom files are made in a machine. Its mounts may show other owners than the disk has, and on such a
 * mount only ids of the machine's range can make anything: the host's root is none of them.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct guest;

struct file_maker {
    uid_t uid;
    gid_t gid;
};

/* The machine's root, as the host numbers it. */
int file_maker_of_guest(const struct guest *guest, struct file_maker *ret, struct error **err);

/* From here on this process makes files as MAKER, and still may all that it may. */
int file_maker_become(const struct file_maker *maker, struct error **err);
