/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * program_check: why a program of a tree does not start.
 *
 * execve(2) has one errno for many reasons: "No such file" is also a missing loader or interpreter, "Permission denied"
 * also a mount without exec. Called when it has failed, so it costs nothing otherwise; it also serves to look
 * before. Allocates, but calls no stdio beyond snprintf(), so a child may use it between clone and exec.
 */
#pragma once

#include "base/error.h"

/* The code of what is not there at all. */
#define PROGRAM_IS_MISSING "R2009"

/* Looks at PROGRAM (a path inside) in the tree ROOT_FD. 0 when nothing wrong is seen, else -ENOENT, -EACCES or -ENOEXEC
 * with the reason: missing, not executable, on a mount with noexec, for another architecture, neither program nor
 * script, or in need of a loader or interpreter that the tree lacks. */
int program_check(int root_fd, const char *program, struct error **err);

/* The loader or interpreter that a program starting with these bytes names; NULL in *ret when it names none. -ENOEXEC
 * when the bytes start neither an ELF program nor a script. Gives *ret. */
int program_interpreter(const void *bytes, size_t size, char **ret);
