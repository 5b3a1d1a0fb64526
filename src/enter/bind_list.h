/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bind_list: what was bound into a machine, as a file. For bind.c and its tests. */
#pragma once

#include "enter/bind.h"

/* Adds one. */
int bind_list_append(const struct registry *registry, const struct guest *guest, const struct bind_mount *bind,
                     struct error **err);

/* Takes the last one with TARGET out. */
int bind_list_forget(const struct registry *registry, const struct guest *guest, const char *target,
                     struct error **err);

/* The text, and back. What is no line of ours is skipped. */
char *bind_line_format(const struct bind_mount *bind);
int bind_line_parse(const char *line, struct bind_mount *ret);
