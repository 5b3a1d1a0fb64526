/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netns: opening sockets in another network namespace, where the process is for as long as that takes. */
#pragma once

#include "base/error.h"

/* Gives what leads back. */
int netns_enter(int netns_fd, int *ret_own_fd, struct error **err);

/* Goes back by OWN_FD and closes it. A failure replaces what is in ERR. */
int netns_leave(int *own_fd, struct error **err);
