/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Short names for long ones. */
#include "net/interface_name.h"

#include <stdint.h>
#include <string.h>

#include "base/id128.h"
#include "base/strings.h"

enum { KEPT = 11, LAST_SCHEME_WITHOUT = 243 };

bool interface_name_shorten(const char *name, bool hashed, char ret[INTERFACE_NAME_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /* Not a secret: it is there to have the same name on each host. Never to be changed, scripts know the names. */
    static const uint8_t key[16] = "redd link names";
    size_t length = strlen(name);

    memset(ret, 0, INTERFACE_NAME_SIZE);
    memcpy(ret, name, length <= INTERFACE_NAME_MAX ? length : INTERFACE_NAME_MAX);
    if (length <= INTERFACE_NAME_MAX)
        return false;
    if (!hashed)
        return true;

    uint64_t hash = siphash24(name, length, key);
    for (size_t i = KEPT; i < INTERFACE_NAME_MAX; i++, hash >>= 6)
        ret[i] = digits[hash & 63];
    return true;
}

bool interface_name_scheme_has_hashes(const char *scheme)
{
    const char *number = scheme ? string_after(scheme, "v") : NULL;
    uint32_t version;

    return !number || parse_u32(number, &version) < 0 || version > LAST_SCHEME_WITHOUT;
}
