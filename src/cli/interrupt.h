/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interrupt: ^C and other requests to end, as a descriptor: for verbs that tidy up before they give up. */
#pragma once

/* Blocks SIGINT, SIGTERM and SIGHUP from here on. Gives a descriptor that is readable once one of them came; -1 where
 * there is none, and they end the process as ever. */
int interrupt_open(void);

/* They end the process again: for what is started from here on. */
void interrupt_unblock(void);
