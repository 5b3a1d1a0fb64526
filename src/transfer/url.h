/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* url: addresses of images: checked, taken apart and put together, as text. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* http, https or file, with a path. R5100: "URL 'X' is not valid." */
int url_check(const char *url, struct error **err);
/* Looks like one: has "://". */
bool url_is_one(const char *text);

/* The path of a file:// URL, with %XX undone; NULL: it is none. Gives. */
char *url_file_path(const char *url);

/* URL's path with SUFFIX behind it; query and fragment are left out. Gives. */
char *url_with_suffix(const char *url, const char *suffix);
/* The same folder, another file. Gives. */
char *url_beside(const char *url, const char *name);
/* The last component of the path. Gives. */
char *url_file_name(const char *url);

/* Text that can be part of a file's name: all but letters, digits, and "_-." becomes \xHH, as systemd does it; cut
 * where names would get too long. Gives. */
char *url_escape_for_name(const char *url);
