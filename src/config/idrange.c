/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User id ranges. Group ids always get the same range, so one is enough. */
#include "config/idrange.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/refuse.h"
#include "config/spec.h"

/* Ids that system calls take for "none" or "leave as it is", in 32 and in 16 bits. */
static bool is_no_id(uint32_t id)
{
    return id == UINT32_MAX || id == UINT16_MAX;
}

static int fail_number(const char *what, const char *text, int r, struct error **err)
{
    if (r == -ENXIO)
        (void) fail_plain(err, ENXIO, "this number stands for \"no user\"");
    else
        (void) fail_plain(err, -r, "a range is BASE or BASE:COUNT, as in 524288:65536; the words are yes, no, pick, "
                                   "identity and managed");
    return refuse(err, "R1130", mem_format("Failed to parse UID%s \"%s\": %s", what, text, strerror(-r)));
}

int idrange_parse(const char *text, uint32_t *ret_base, uint32_t *ret_size, struct error **err)
{
    const char *colon = strchr(text, ':');
    auto_free char *first = colon ? mem_copy_bytes(text, (size_t) (colon - text)) : mem_copy_string(text);
    uint32_t base, size = USERNS_SIZE_DEFAULT, end;

    int r = colon ? parse_u32(colon + 1, &size) : 0;
    if (r < 0)
        return fail_number(" range", colon + 1, r, err);

    /* "007" is more likely a slip than a number */
    r = first[0] == '0' && first[1] ? -EINVAL : parse_u32(first, &base);
    if (r == 0 && is_no_id(base))
        r = -ENXIO;
    if (r < 0)
        return fail_number("", text, r, err);

    if (size == 0 || __builtin_add_overflow(base, size, &end)) {
        (void) fail_plain(err, EINVAL, "the range starts at %u and has %u ids", base, size);
        return refuse(err, "R1131", mem_format("UID range cannot be empty or go beyond %u.", UINT32_MAX));
    }
    *ret_base = base;
    *ret_size = size;
    return 0;
}
