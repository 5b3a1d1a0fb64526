/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* program: becoming a program of the container. */
#pragma once

#include "base/error.h"
#include "base/strings.h"

#define PROGRAM_PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* execve(2) of ARGV[0], which is looked for in the PATH of ENVIRONMENT when it has no slash. Returns only on failure:
 * -ENOENT when there is no such program, another negative errno when there is one that does not run. ROOT_FD is the
 * caller's root directory, where the reason is looked for. */
int program_exec(int root_fd, char **argv, const struct strings *environment, struct error **err);

/* What is to say when execve(2) of FILE, an absolute path inside, failed with CODE: "execv(WORDS) failed", and the
 * reason that is seen in the file, with its code and remedy. */
int program_failed(int root_fd, const char *words, const char *file, int code, struct error **err);
