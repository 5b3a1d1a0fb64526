/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Columns of the terminal FD, 80 where it is none. */
unsigned terminal_width(int fd);
