/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pager: long output on a terminal goes through a program that shows it page by page: $SYSTEMD_PAGER, $PAGER, else less
 * or more. An empty variable, or "cat", means none.
 */
#pragma once

#include <sys/types.h>

/* Puts the pager between standard output and the terminal. Returns its process, 0 where there is none. */
pid_t pager_open(void);

/* Ends standard output and waits until the reader is done. Accepts 0. */
void pager_close(pid_t pager);
