/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* class: what kinds of images there are, where each lies, and what an image is called when nobody says. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum image_class { CLASS_NONE, CLASS_MACHINE, CLASS_PORTABLE, CLASS_SYSEXT, CLASS_CONFEXT };

/* "machine", "portable", … ; NULL for CLASS_NONE. */
const char *class_name(enum image_class class);
/* R5030: "Failed to parse --class= parameter: X". */
int class_parse(const char *text, enum image_class *ret, struct error **err);

/* The folder of the class: the host's, or the user's own. Gives. */
char *class_folder(enum image_class class, bool user_scope);

/* A name that an image of this class can have. For machines it is also a host name. R5031: "Local name X is not a
 * suitable image name.", with the nearest name that is one. */
int image_name_check(enum image_class class, const char *name, struct error **err);

/* The name in a path or URL: its last component without query and without what says how it is packed (".tar.xz",
 * ".raw", ".qcow2", …). Gives; NULL when nothing is left. For machines what a name cannot hold is replaced. */
char *image_name_derive(enum image_class class, const char *source);
