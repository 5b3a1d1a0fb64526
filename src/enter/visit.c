/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process for one errand. Shares nothing but descriptors, so that whatever happens to it ends with it. */
#include "enter/visit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "enter/file_maker.h"
#include "enter/guest.h"

enum { ERROR_SIZE = 4096 };

static int go(const struct guest *guest, visit_fn *function, void *data, struct error **err)
{
    struct file_maker maker;
    auto_close int own_fds = file_open("/proc/self/fd", O_PATH | O_DIRECTORY);

    if (own_fds < 0)
        return fail(err, errno, "cannot open /proc/self/fd");
    if (file_maker_of_guest(guest, &maker, err) < 0)
        return -error_code(*err);
    if (!guest->is_host && setns(guest->leader_fd, CLONE_NEWNS) < 0)
        return fail(err, errno, "cannot join the mounts of machine '%s'", guest->state.name);
    if (fchdir(own_fds) < 0)
        return fail(err, errno, "cannot enter /proc/self/fd");
    if (file_maker_become(&maker, err) < 0)
        return -error_code(*err);
    return function(data, err);
}

static _Noreturn void visitor(const struct guest *guest, visit_fn *function, void *data, int answer_fd)
{
    struct error *err = NULL;
    char message[ERROR_SIZE];

    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (go(guest, function, data, &err) < 0)
        (void) fd_write_full(answer_fd, message, error_pack(err, message, sizeof message));
    _exit(0);
}

int visit_machine(const struct guest *guest, visit_fn *function, void *data, struct error **err)
{
    char message[ERROR_SIZE];
    int ends[2], status;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    auto_close int read_fd = ends[0], write_fd = ends[1];

    pid_t pid = fork();
    if (pid < 0)
        return fail(err, errno, "cannot make a process");
    if (pid == 0)
        visitor(guest, function, data, write_fd);
    fd_closep(&write_fd);
    ssize_t n = fd_read_full(read_fd, message, sizeof message);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (n > 0)
        return error_unpack(err, message, (size_t) n);
    return status == 0 ? 0 : fail(err, EIO, "the process that was in machine '%s' died", guest_name(guest));
}
