/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk: a disk image, in a file or on a device: which of its parts are the system's, and mounts of them.
 *
 * An image is a bare file system, an MBR with one bootable Linux partition, or a GPT: with partitions of the types of
 * the Discoverable Partitions Specification, or with a single one of the type for Linux data. Of several of one type
 * that with the newest label counts (version.h). Each part becomes a loop device of its own when it is mounted, so no
 * partition scan of the kernel and no udev is waited for, and mounts are detached: nothing appears in the host's mount
 * table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/disk_verity.h"
#include "image/file_system.h"
#include "image/loop.h"

struct undo;

enum disk_part {
    DISK_ROOT,
    DISK_USR,
    DISK_HOME,
    DISK_SRV,
    DISK_VAR,
    DISK_TMP,
    DISK_XBOOTLDR,
    DISK_ESP,
    N_DISK_PARTS,
};

struct disk_place {
    bool is_there;
    bool read_only;
    bool grow;                  /* the file system is to fill the partition */
    uint64_t offset, size;      /* bytes */
    enum content content;
    struct loop loop;
    struct disk_verity *verity; /* NULL: what is read is not checked */
    bool is_signed;             /* nor is it run without a signature that the kernel trusts */
};

struct disk {
    int fd;                     /* the image */
    struct undo *undo;          /* for devices (dm.h); NULL: none */
    bool read_only;             /* all of it */
    bool is_long;               /* will be used for long: past the host's page cache, which costs a start some reads */
    uint64_t size;
    struct disk_place part[N_DISK_PARTS];
};

/* Makes it one that disk_done() accepts. */
void disk_init(struct disk *disk);

/* "root", as policies call it. */
const char *disk_part_name(enum disk_part part);

/* Where it is mounted: "/", "/usr" …; "/efi" for DISK_ESP. */
const char *disk_part_path(enum disk_part part);

/* Opens PATH. READ_ONLY is asked for; it is also taken for so when the file cannot be written. */
int disk_open_file(const char *path, bool read_only, struct disk *ret, struct error **err);

/* Reads what is in it; to be called with the image locked (lock.h). REQUEST: NULL for nothing in particular.
 * -EBADMSG for a damaged image, -ENOPKG when there is no system in it, -EOPNOTSUPP for one that this program cannot
 * use, -EPERM when the policy forbids it; the error says what it is. PATH is for errors, and for files beside it. */
int disk_find_parts(struct disk *disk, const char *path, const struct disk_request *request, struct error **err);

/* A new detached mount of a part that is there. Each call makes one; all of them show the same file system. The part
 * gets its device with the first. */
int disk_mount(struct disk *disk, enum disk_part part, int *ret_mount_fd, struct error **err);

void disk_done(struct disk *disk);
