/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings_files: the .nspawn files that belong to an image: one in /etc/systemd/nspawn (the administrator's), one in
 * /run/systemd/nspawn, one beside the image. They follow it when it is cloned, renamed or removed. (What is in them is
 * config's business.)
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strings.h"

/* The folders, in the order in which one is looked for: BESIDE is the last. */
void settings_folders(const char *beside, struct strings *ret);

/* The file of the image NAME that counts, or NULL. Gives. */
char *settings_file_find(const char *beside, const char *name);
/* "FOLDER/NAME.nspawn". Gives. */
char *settings_file_path(const char *folder, const char *name);

/* A copy of the file FROM as TO, which must not exist (-EEXIST). */
int settings_file_copy(const char *from, const char *to, struct error **err);
