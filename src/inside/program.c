/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding a program as a shell would, and saying why it does not start. */
#include "inside/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

/* "execv(x) failed: …" with what a person can do about the usual reasons. */
static int exec_failed(int root_fd, const char *path, int code, struct error **err)
{
    int r = fail(err, code, "execv(%s) failed", path);

    fail_id(*err, "R2401");
    if (code == ENOENT && strchr(path, '/')) {
        auto_close int fd = path_open_in(root_fd, path, O_PATH, 0);

        if (fd >= 0)
            fail_hint(*err, "the file is there, but the interpreter or dynamic loader it names is not in the tree");
        else
            fail_hint(*err, "there is no %s in the tree", path);
    } else if (code == ENOENT)
        fail_hint(*err, "no folder of the container's PATH has a program '%s'", path);
    else if (code == EACCES)
        fail_hint(*err, "the file must be executable (chmod +x), and the file system it lies on not mounted noexec");
    else if (code == ENOEXEC)
        fail_hint(*err,
                  "it is no program for this machine's architecture; another one's needs qemu-user and binfmt_misc");
    return r;
}

int program_exec(int root_fd, char **argv, const struct strings *environment, struct error **err)
{
    const char *path = environment_get(environment, "PATH");
    int code = ENOENT;

    if (strchr(argv[0], '/')) {
        (void) execve(argv[0], argv, environment->item);
        return exec_failed(root_fd, argv[0], errno, err);
    }

    CLEANUP(strings_done) struct strings folders = {0};
    strings_split(&folders, path ? path : PROGRAM_PATH_DEFAULT, ":");
    for (size_t i = 0; i < folders.count; i++) {
        auto_free char *file = path_join(folders.item[i], argv[0]);

        (void) execve(file, argv, environment->item);
        if (errno == EACCES || (errno != ENOENT && errno != ENOTDIR))
            code = errno;       /* there is one, though it does not run: the more telling reason */
    }
    return exec_failed(root_fd, argv[0], code, err);
}
