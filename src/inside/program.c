/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding a program as a shell would, and saying why it does not start. */
#include "inside/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/program_check.h"

int program_failed(int root_fd, const char *words, const char *file, int code, struct error **err)
{
    auto_error struct error *cause = NULL;

    if (file[0] != '/' || program_check(root_fd, file, &cause) == 0) {
        int r = fail(err, code, "execv(%s) failed", words);

        fail_id(*err, "R2401");
        return r;
    }
    if (string_equal(error_id(cause), PROGRAM_IS_MISSING)) {
        fail(err, code, "execv(%s) failed", words);
        fail_id(*err, "R2401");
        if (strchr(words, '/'))
            fail_hint(*err, "there is no %s in the tree", words);
        else
            fail_hint(*err, "no folder of the container's PATH has a program '%s'", words);
        return -code;
    }
    fail_plain(err, code, "execv(%s) failed: %s: %s", words, strerror(code), error_text(cause));
    fail_id(*err, error_id(cause));
    if (error_hint(cause))
        fail_hint(*err, "%s", error_hint(cause));
    return -code;
}

/* The file that a search would have found; the last place it was looked for in where there is none. Gives it. */
static char *find(int root_fd, const struct strings *folders, const char *name)
{
    char *file = NULL;

    for (size_t i = 0; i < folders->count; i++) {
        free(file);
        file = path_join(folders->item[i], name);
        auto_close int fd = path_open_in(root_fd, file, O_PATH, 0);
        if (fd >= 0)
            break;
    }
    return file ? file : mem_copy_string(name);
}

int program_exec(int root_fd, char **argv, const struct strings *environment, struct error **err)
{
    const char *path = environment_get(environment, "PATH");
    int code = ENOENT;

    if (strchr(argv[0], '/')) {
        (void) execve(argv[0], argv, environment->item);
        return program_failed(root_fd, argv[0], argv[0], errno, err);
    }

    CLEANUP(strings_done) struct strings folders = {0};
    strings_split(&folders, path ? path : PROGRAM_PATH_DEFAULT, ":");
    for (size_t i = 0; i < folders.count; i++) {
        auto_free char *file = path_join(folders.item[i], argv[0]);

        (void) execve(file, argv, environment->item);
        if (errno == EACCES || (errno != ENOENT && errno != ENOTDIR))
            code = errno;       /* there is one, though it does not run: the more telling reason */
    }
    auto_free char *found = find(root_fd, &folders, argv[0]);
    return program_failed(root_fd, argv[0], found, code, err);
}
