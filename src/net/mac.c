/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardware addresses: derived, read, written. */
#include "net/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "base/strings.h"

static bool read_id(const char *path, struct id128 *ret)
{
    auto_free char *text = NULL;

    return file_read_quiet(AT_FDCWD, path, 64, &text) == 0 && id128_parse(string_trim(text), ret) == 0 &&
           !id128_is_null(*ret);
}

void mac_key_read(struct mac_key *ret)
{
    struct id128 id = {{0}};

    if (!read_id("/etc/machine-id", &id))
        (void) read_id("/proc/sys/kernel/random/boot_id", &id);
    memcpy(ret->byte, id.byte, sizeof ret->byte);
}

struct mac mac_derive(const struct mac_key *key, const char *side, const char *machine, const char *name)
{
    /* none of the words can have a newline in it, so two different rows of words are two different texts */
    auto_free char *text = mem_format("mac\n%s\n%s\n%s", side, machine, name);
    uint64_t hash = siphash24(text, strlen(text), key->byte);
    struct mac mac;

    for (size_t i = 0; i < sizeof mac.byte; i++)
        mac.byte[i] = (uint8_t) (hash >> (8 * i));
    mac.byte[0] = (uint8_t) ((mac.byte[0] & 0xfe) | 0x02);
    return mac;
}

int mac_parse(const char *text, struct mac *ret)
{
    static const char digits[] = "0123456789abcdef";
    struct mac mac;

    if (strlen(text) != 3 * sizeof mac.byte - 1)
        return -EINVAL;
    for (size_t i = 0; i < sizeof mac.byte; i++, text += 3) {
        unsigned value = 0;

        for (size_t j = 0; j < 2; j++) {
            int lower = text[j] >= 'A' && text[j] <= 'F' ? text[j] - 'A' + 'a' : text[j];
            const char *digit = strchr(digits, lower);

            if (!digit)
                return -EINVAL;
            value = value << 4 | (unsigned) (digit - digits);
        }
        if (i + 1 < sizeof mac.byte && text[2] != ':' && text[2] != '-')
            return -EINVAL;
        mac.byte[i] = (uint8_t) value;
    }
    *ret = mac;
    return 0;
}

void mac_format(struct mac mac, char ret[MAC_TEXT_SIZE])
{
    const uint8_t *b = mac.byte;

    (void) snprintf(ret, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

bool mac_equal(struct mac a, struct mac b)
{
    return memcmp(a.byte, b.byte, sizeof a.byte) == 0;
}
