/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/dm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "base/undo.h"

#define CONTROL "/dev/mapper/control"
#define PREFIX "redd-"

enum { SECTOR = 512, PARAMETERS_MAX = 2048 };

/* What is sent: a head, and for a table one target with its parameters. */
struct message {
    struct dm_ioctl head;
    struct dm_target_spec target;
    char parameters[PARAMETERS_MAX];
};

static void begin(struct message *message, const char *name, uint32_t flags)
{
    memset(message, 0, sizeof *message);
    message->head = (struct dm_ioctl){
        .version = {DM_VERSION_MAJOR, 0, 0},
        .data_size = sizeof *message,
        .data_start = offsetof(struct message, target),
        .flags = flags,
    };
    (void) snprintf(message->head.name, sizeof message->head.name, "%s", name);
}

static int open_control(struct error **err)
{
    int fd = file_open(CONTROL, O_RDWR);

    if (fd >= 0)
        return fd;

    if (errno != ENOENT && errno != ENXIO && errno != ENODEV)
        return fail(err, errno, "cannot open " CONTROL);

    int r = fail_plain(err, ENOSYS, "this kernel has no device mapper, and without it nothing can be checked (verity)");
    fail_id(*err, "R3210");
    fail_hint(*err, "load the drivers: modprobe dm-verity; or, where what is in the image is trusted without being "
                    "checked: --image-policy=root=unprotected:usr=unprotected:=open");
    return r;
}

static int ask(int control_fd, unsigned long request, struct message *message)
{
    return ioctl(control_fd, request, message) < 0 ? -errno : 0;
}

static int load_table(int control_fd, const char *name, const char *target, const char *parameters, uint64_t size)
{
    struct message message;

    begin(&message, name, DM_READONLY_FLAG);
    message.head.target_count = 1;
    message.target.length = size / SECTOR;
    (void) snprintf(message.target.target_type, sizeof message.target.target_type, "%s", target);
    if (strlen(parameters) >= sizeof message.parameters)
        return -E2BIG;
    memcpy(message.parameters, parameters, strlen(parameters));

    int r = ask(control_fd, DM_TABLE_LOAD, &message);
    if (r < 0)
        return r;
    begin(&message, name, 0);
    return ask(control_fd, DM_DEV_SUSPEND, &message);       /* without the flag for it: resume */
}

/* The kernel makes the node where /dev is its own file system; elsewhere nobody may be there who would. */
static int open_node(uint64_t dev, struct undo *undo, struct dm_device *ret, struct error **err)
{
    unsigned major = (dev & 0xfff00) >> 8, minor = (unsigned) ((dev & 0xff) | (dev >> 12 & 0xfff00));

    (void) snprintf(ret->path, sizeof ret->path, "/dev/dm-%u", minor);
    ret->fd = file_open(ret->path, O_RDONLY);
    if (ret->fd < 0 && errno == ENOENT) {
        if (undo && undo_record(undo, "remove-file", err, ret->path, NULL) < 0)
            return -error_code(*err);
        if (mknod(ret->path, S_IFBLK | 0600, makedev(major, minor)) == 0)
            ret->fd = file_open(ret->path, O_RDONLY);
    }
    return ret->fd < 0 ? fail(err, errno, "cannot open %s", ret->path) : 0;
}

static int remove_device(int control_fd, const char *name)
{
    struct message message;

    begin(&message, name, DM_DEFERRED_REMOVE);
    return ask(control_fd, DM_DEV_REMOVE, &message);
}

static int fill(int control_fd, const char *name, const char *target, const char *parameters, uint64_t size,
                uint64_t dev, struct undo *undo, struct dm_device *ret, struct error **err)
{
    int r = load_table(control_fd, name, target, parameters, size);

    if (r == -EINVAL) {
        r = fail_plain(err, EINVAL, "the kernel has no target '%s' for its device mapper, or refuses '%s'", target,
                       parameters);
        fail_id(*err, "R3211");
        fail_hint(*err, "the kernel's log says which: dmesg; the driver: modprobe dm-%s", target);
        return r;
    }
    if (r < 0)
        return fail(err, -r, "the kernel refuses a device of the target '%s'", target);
    return open_node(dev, undo, ret, err);
}

static void remove_unless_used(int control_fd, const char *name)
{
    struct message message;

    begin(&message, name, 0);
    if (ask(control_fd, DM_DEV_STATUS, &message) == 0 && message.head.open_count == 0 &&
        !(message.head.flags & DM_DEFERRED_REMOVE))
        (void) remove_device(control_fd, name);
}

/* Devices of ours that nobody uses, and that were not told to go, were being made by one who was killed: who makes one
 * holds the lock on the control device until it is told. More than fit into an answer go another time. */
static void remove_abandoned(int control_fd)
{
    enum { ANSWER = 16 * 1024 };
    auto_free struct dm_ioctl *answer = mem_alloc(ANSWER);
    uint32_t at;

    *answer = (struct dm_ioctl){.version = {DM_VERSION_MAJOR, 0, 0}, .data_size = ANSWER, .data_start = sizeof *answer};
    if (ioctl(control_fd, DM_LIST_DEVICES, answer) < 0)
        return;
    at = answer->data_start;
    while (at + sizeof(struct dm_name_list) < answer->data_size) {
        const struct dm_name_list *device = (const void *) ((const char *) answer + at);

        if (device->dev == 0)
            return;
        if (string_after(device->name, PREFIX))
            remove_unless_used(control_fd, device->name);
        if (device->next == 0)
            return;
        at += device->next;
    }
}

int dm_create(const char *target, const char *parameters, uint64_t size, struct undo *undo, struct dm_device *ret,
              struct error **err)
{
    struct dm_device device = DM_NONE;
    struct message message;
    struct id128 id;
    char digits[33];
    auto_close int control_fd = open_control(err);

    if (control_fd < 0)
        return control_fd;
    while (flock(control_fd, LOCK_EX) < 0 && errno == EINTR)
        ;
    remove_abandoned(control_fd);
    id128_random(&id);
    id128_format_plain(id, digits);
    auto_free char *name = mem_format(PREFIX "%s", digits);
    if (undo && undo_record(undo, "remove-dm", err, name, NULL) < 0)
        return -error_code(*err);
    begin(&message, name, 0);
    int r = ask(control_fd, DM_DEV_CREATE, &message);
    if (r < 0)
        return fail(err, -r, "the kernel refuses a device of its device mapper");
    r = fill(control_fd, name, target, parameters, size, message.head.dev, undo, &device, err);
    /* with the node open, and on failure too: it goes with its last user */
    (void) remove_device(control_fd, name);
    if (r < 0)
        return r;
    *ret = device;
    return 0;
}

void dm_done(struct dm_device *device)
{
    fd_closep(&device->fd);
}

int undo_dm(const struct strings *args, struct error **err)
{
    auto_close int control_fd = file_open(CONTROL, O_RDWR);

    if (control_fd < 0)
        return errno == ENOENT || errno == ENXIO || errno == ENODEV ? 0 : fail(err, errno, "cannot open " CONTROL);
    int r = remove_device(control_fd, args->item[0]);
    return r < 0 && r != -ENXIO ? fail(err, -r, "cannot remove the device %s", args->item[0]) : 0;
}
