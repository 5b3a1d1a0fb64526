/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* capture: what the program says on stderr, for tests of remarks. Include it before base/test.h. */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

struct capture {
    int file, stderr_before;
};

static inline struct capture capture_begin(void)
{
    struct capture capture = {.file = memfd_create("stderr", MFD_CLOEXEC),
                              .stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};

    if (capture.file < 0 || capture.stderr_before < 0 || dup2(capture.file, STDERR_FILENO) < 0)
        abort();
    return capture;
}

/* Gives what was written since. */
static inline char *capture_end(struct capture capture)
{
    off_t size = lseek(capture.file, 0, SEEK_END);
    char *text = mem_alloc((size_t) size + 1);

    if (dup2(capture.stderr_before, STDERR_FILENO) < 0 || pread(capture.file, text, (size_t) size, 0) != size)
        abort();
    (void) close(capture.file);
    (void) close(capture.stderr_before);
    return text;
}
