/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* capability: names of capabilities and masks of them; the numbers are the kernel's, one set for all architectures. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Numbers with a name here; later kernels may have more, reachable by number up to CAPABILITY_LARGEST. */
#define CAPABILITY_KNOWN 41
#define CAPABILITY_LARGEST 62

#define CAPABILITY_BIT(number) (UINT64_C(1) << (number))
#define CAPABILITY_NET_BIND_SERVICE 10
#define CAPABILITY_NET_ADMIN 12

/* "CAP_CHOWN" in any case, or a number. -EINVAL. */
int capability_parse(const char *text, unsigned *ret);
/* "cap_chown"; NULL for a number without a name. */
const char *capability_name(unsigned number);

/* A list parted by any of SEPARATORS, "all" allowed in it (CAPABILITIES_ALL). Refuses with the word that is none. */
int capability_parse_list(const char *text, const char *separators, uint64_t *ret, struct error **err);

const char *capability_value(size_t index, char *buffer);   /* option_value_fn */
