/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_policy: the grammar of --image-policy=, PARTITION=FLAG[+FLAG…][:…], "*", "-" or "~", and what it says of a
 * partition (systemd.image-policy(7)).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What may be done with a partition; several may be allowed. */
enum image_use {
    IMAGE_VERITY = 1 << 0,      /* used with verity protection */
    IMAGE_SIGNED = 1 << 1,      /* the same, with a signature */
    IMAGE_ENCRYPTED = 1 << 2,
    IMAGE_UNPROTECTED = 1 << 3, /* used as it is */
    IMAGE_UNUSED = 1 << 4,      /* there, and left alone */
    IMAGE_ABSENT = 1 << 5,      /* not there */
};

enum image_switch { IMAGE_SWITCH_ANY, IMAGE_SWITCH_ON, IMAGE_SWITCH_OFF };

struct image_policy {
    unsigned uses;              /* bits of enum image_use */
    enum image_switch read_only, grow;
    char file_systems[64];      /* names that are allowed, each between blanks; "": all */
};

/* Refuses in the words of the option. */
int image_policy_check(const char *text, struct error **err);

/* What TEXT, which was checked, says of the partition called NAME ("root", "esp" …). TEXT NULL: the default policy. */
void image_policy_of(const char *text, const char *name, struct image_policy *ret);
