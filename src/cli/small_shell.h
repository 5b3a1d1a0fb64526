/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * small_shell: a shell for machines that have none: a line of words, a handful of commands of its own, and whatever
 * programs there are. No variables, no pipes, no redirection; quotes and escapes are as in a shell.
 */
#pragma once

/* Reads commands from standard input up to its end or "exit"; returns the exit status. */
int small_shell_run(void);
