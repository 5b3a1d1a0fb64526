/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * partition_table: what a disk image says it is divided into; GPT (UEFI specification 2.10, chapter 5) and MBR.
 *
 * The table is read by the program itself: the kernel's scan needs a device, is left out of some kernels, and would
 * show a hostile table to all of the host; libfdisk and libblkid cannot be linked into a static program of another C
 * library, and starting one that has them costs as much as the rest of a start. Only what is checked is believed:
 * checksums, ranges, overlaps. The table is read once, into memory: what changes on disk afterwards changes nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id128.h"

enum { PARTITIONS_MAX = 128, PARTITION_LABEL_SIZE = 36 * 3 + 1 };

/* Attributes of a GPT partition. The upper half is the type's own: these are those of the Discoverable Partitions
 * Specification. */
enum { PARTITION_GROW = 1 << 0, PARTITION_READ_ONLY = 1 << 1, PARTITION_NO_AUTO = 1 << 2 };

struct partition {
    struct id128 type, id;      /* zero in an MBR */
    uint8_t mbr_type;           /* 0 in a GPT */
    bool is_bootable;           /* MBR */
    unsigned attributes;
    uint64_t offset, size;      /* bytes */
    char label[PARTITION_LABEL_SIZE];   /* UTF-8 */
};

enum partition_table_kind { TABLE_NONE, TABLE_GPT, TABLE_MBR };

struct partition_table {
    enum partition_table_kind kind;
    unsigned sector_size;       /* bytes */
    size_t count;
    struct partition item[PARTITIONS_MAX];      /* in the order of the table */
};

/* Reads from FD, which has SIZE bytes. TABLE_NONE when there is no table. -EBADMSG for one that contradicts itself; the
 * error says where. */
int partition_table_read(int fd, uint64_t size, struct partition_table *ret, struct error **err);
