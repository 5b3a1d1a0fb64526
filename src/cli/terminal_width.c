/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/terminal_width.h"

#include <sys/ioctl.h>
#include <termios.h>

unsigned terminal_width(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}
