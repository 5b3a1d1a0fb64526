/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A copy of this program in memory, sealed. Not the file of the host: a process inside could open that one by its
 * /proc/self/exe, and write to it once it no longer runs.
 */
#include "enter/brought.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "enter/entry.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U                /* Linux 6.3: needed where vm.memfd_noexec is set */
#endif

static int copy_program(int memory_fd, struct error **err)
{
    auto_close int fd = file_open("/proc/self/exe", O_RDONLY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(err, errno, "cannot open this program");
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(memory_fd, fd, NULL, (size_t) left);

        if (n <= 0)
            return fail(err, n < 0 ? errno : EIO, "cannot copy this program");
        left -= n;
    }
    return 0;
}

int brought_shell(struct entry *entry, struct error **err)
{
    static char *argv[] = {(char *) BROUGHT_SHELL, NULL};
    static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    auto_close int fd = memfd_create("redd-shell", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("redd-shell", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return fail(err, errno, "cannot get memory for a shell");
    if (copy_program(fd, err) < 0)
        return -error_code(*err);
    if (fcntl(fd, F_ADD_SEALS, seals) < 0)
        return fail(err, errno, "cannot seal the shell");
    entry->argv = argv;
    entry->program_fd = take_fd(&fd);
    return 0;
}
