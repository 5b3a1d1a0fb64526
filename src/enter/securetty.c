/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter/securetty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "base/strings.h"
#include "enter/guest.h"
#include "enter/visit.h"

#define SECURETTY "/etc/securetty"

enum { FILE_MAX_SIZE = 64 << 10 };

struct errand {
    const struct guest *guest;
    int mount_fd, file_fd;
};

/* -- what the visitor does -- */

static int attach(void *data, struct error **err)
{
    const struct errand *errand = data;
    auto_close int target_fd = path_open_in(errand->guest->root_fd, SECURETTY, O_PATH, 0);

    return target_fd < 0 ? fail(err, -target_fd, "cannot open " SECURETTY)
                         : mount_attach(errand->mount_fd, target_fd, SECURETTY, err);
}

static int detach(void *data, struct error **err)
{
    const struct errand *errand = data;
    auto_close int target_fd = path_open_in(errand->guest->root_fd, SECURETTY, O_PATH, 0);
    struct stat there, ours;
    char name[16];

    if (target_fd < 0 || fstat(target_fd, &there) < 0 || fstat(errand->file_fd, &ours) < 0 ||
        there.st_dev != ours.st_dev || there.st_ino != ours.st_ino)
        return 0;
    /* the working directory is /proc/self/fd: the mount itself */
    (void) snprintf(name, sizeof name, "%d", target_fd);
    return umount2(name, MNT_DETACH) < 0 ? fail(err, errno, "cannot unmount " SECURETTY) : 0;
}

/* -- the host's side -- */

static bool names(const char *text, const char *terminal)
{
    CLEANUP(strings_done) struct strings lines = {0};

    strings_split(&lines, text, " \t\r\n");
    return strings_contain(&lines, terminal);
}

/* A file system of its own for one file: a mount needs one. */
static int make_copy(const char *text, const char *terminal, int *ret_file_fd, struct error **err)
{
    const struct mount_option options[] = {{"mode", "0755"}, {"size", "128k"}, {"nr_inodes", "4"}};
    auto_close int root_fd = mount_new("tmpfs", options, COUNT_OF(options),
                                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
    if (root_fd < 0)
        return root_fd;

    auto_free char *whole = mem_format("%s\n%s\n", text, terminal);
    auto_close int file_fd = openat(root_fd, "securetty", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    size_t size = strlen(whole);
    if (file_fd < 0 || fchmod(file_fd, 0644) < 0 || write(file_fd, whole, size) != (ssize_t) size)
        return fail(err, errno, "cannot write a copy of " SECURETTY);
    int mount_fd = mount_clone(root_fd, "securetty", false, err);
    if (mount_fd >= 0)
        *ret_file_fd = take_fd(&file_fd);
    return mount_fd;
}

int securetty_show(struct securetty *securetty, const struct guest *guest, int master_fd, struct error **err)
{
    unsigned number;

    if (guest->is_host || ioctl(master_fd, TIOCGPTN, &number) < 0)
        return 0;
    auto_close int fd = path_open_in(guest->root_fd, SECURETTY, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    auto_free char *text = mem_alloc(FILE_MAX_SIZE + 1);
    if (fd_read_full(fd, text, FILE_MAX_SIZE) < 0)
        return 0;
    auto_free char *terminal = mem_format("pts/%u", number);
    if (names(text, terminal))
        return 0;

    auto_close int file_fd = -1;
    auto_close int mount_fd = make_copy(text, terminal, &file_fd, err);
    struct errand errand = {.guest = guest, .mount_fd = mount_fd, .file_fd = file_fd};
    if (mount_fd < 0 || visit_machine(guest, attach, &errand, err) < 0)
        return -error_code(*err);
    *securetty = (struct securetty){.guest = guest, .file_fd = take_fd(&file_fd)};
    return 0;
}

void securetty_hide(struct securetty *securetty)
{
    struct errand errand = {.guest = securetty->guest, .mount_fd = -1, .file_fd = securetty->file_fd};
    auto_error struct error *err = NULL;

    if (securetty->file_fd >= 0 && guest_is_alive(securetty->guest) &&
        visit_machine(securetty->guest, detach, &errand, &err) < 0)
        log_debug("%s", error_text(err));
    fd_closep(&securetty->file_fd);
}
