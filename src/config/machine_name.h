/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * machine_name: names of machines, which are also host names: labels of letters, digits and hyphens, parted by single
 * dots, no hyphen at either end of a label, 64 characters at most. And the names of users.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

bool machine_name_is_valid(const char *name);

/* As machine_name_is_valid(), saying what is wrong with NAME and, as the hint, which valid name is near. */
int machine_name_check(const char *name, struct error **err);

/* TEXT without what a machine name cannot hold. Gives; NULL when nothing is left. */
char *machine_name_from_text(const char *text);

/* The name of a tree at PATH: its last component, cleaned. Known suffixes (".raw", …) of an image's path go first.
 * Gives; NULL when PATH has no such component or nothing of it is left. */
char *machine_name_from_directory(const char *path);
char *machine_name_from_image(const char *path);

/* What the user may have meant: odd characters become hyphens. Gives; NULL when there is no such name. */
char *machine_name_nearest(const char *text);

/* Names as useradd(8) makes them: a letter or "_", then letters, digits, "_" and "-", 31 characters at most. */
bool user_name_is_valid(const char *name);
