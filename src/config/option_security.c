/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about users, capabilities and what the payload may ask of the kernel. */
#include <errno.h>
#include <string.h>

#include "config/address_family.h"
#include "config/capability.h"
#include "config/idrange.h"
#include "config/modes.h"
#include "config/option_parsers.h"

DEFINE_BOOLEAN(option_no_new_privileges, no_new_privileges, "no-new-privileges")
DEFINE_TEXT(option_selinux_context, selinux_context)
DEFINE_TEXT(option_selinux_apifs_context, selinux_apifs_context)

static int users_set(struct spec *spec, enum userns_mode mode, uint32_t base, uint32_t size)
{
    spec->userns = mode;
    spec->userns_given = true;
    spec->userns_base = base;
    spec->userns_size = size;
    spec->userns_optional = false;
    return 0;
}

/* Words of both forms; the others are booleans or ranges. */
static bool users_word(struct spec *spec, const char *value)
{
    static const struct {
        const char *word;
        enum userns_mode mode;
    } words[] = {{"pick", USERNS_PICK}, {"managed", USERNS_MANAGED}, {"identity", USERNS_FIXED}};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(value, words[i].word) == 0) {
            (void) users_set(spec, words[i].mode, 0, USERNS_SIZE_DEFAULT);
            return true;
        }
    return false;
}

static int users_range(struct spec *spec, const char *value, struct error **err)
{
    uint32_t base, size;

    if (idrange_parse(value, &base, &size, err) < 0)
        return -error_code(*err);
    return users_set(spec, USERNS_FIXED, base, size);
}

static int users_boolean(struct spec *spec, bool wanted)
{
    return users_set(spec, wanted ? USERNS_OWNER : USERNS_NO, 0, USERNS_SIZE_DEFAULT);
}

/* "0" and "1" are ranges here, whatever they are elsewhere: --private-users=0 undoes a shift of owners. */
PARSER(option_private_users)
{
    int truth = value ? parse_boolean(value) : 1;

    if (value && *value >= '0' && *value <= '9')
        return users_range(spec, value, err);
    if (truth >= 0)
        return users_boolean(spec, truth);
    return users_word(spec, value) ? 0 : users_range(spec, value, err);
}

/* In a file "0" and "1" are no and yes, as for every other key. */
PARSER(option_private_users_key)
{
    int truth = parse_boolean(value);

    if (truth >= 0)
        return users_boolean(spec, truth);
    return users_word(spec, value) ? 0 : users_range(spec, value, err);
}

static int ownership_set(struct spec *spec, enum ownership_mode mode)
{
    spec->ownership = mode;
    spec->ownership_given = true;
    return 0;
}

PARSER(option_private_users_ownership)
{
    enum ownership_mode mode;

    if (ownership_mode_parse(value, &mode, err) < 0)
        return refuse(err, "R1132", mem_format("Cannot parse --private-users-ownership= value: %s", value));
    return ownership_set(spec, mode);
}

/* The option's argument, where callers gave one, never meant anything. */
PARSER(option_private_users_chown)
{
    (void) value, NOTHING_FAILS;
    return ownership_set(spec, OWNERSHIP_CHOWN);
}

PARSER(option_private_users_chown_key)
{
    bool wanted;

    if (switch_parse(value, &wanted, err) < 0)
        return -error_code(*err);
    return ownership_set(spec, wanted ? OWNERSHIP_CHOWN : OWNERSHIP_OFF);
}

PARSER(option_private_users_delegate)
{
    uint32_t number;

    if (parse_u32(value, &number) < 0 || number > 16) {
        (void) fail_plain(err, EINVAL, "it is a number of ranges, from 0 to 16");
        return refuse(err, "R1133", mem_format("Failed to parse --private-users-delegate= parameter: %s", value));
    }
    spec->userns_delegate = number;
    return 0;
}

PARSER(option_pick_users)
{
    (void) value, NOTHING_FAILS;
    (void) users_set(spec, USERNS_PICK, 0, USERNS_SIZE_DEFAULT);
    spec->userns_optional = true;
    return ownership_set(spec, OWNERSHIP_AUTO);
}

static int mask_add(const char *value, uint64_t *mask, struct error **err)
{
    uint64_t more;

    if (capability_parse_list(value, ", \t", &more, err) < 0)
        return -error_code(*err);
    *mask |= more;
    return 0;
}

PARSER(option_capability)
{
    return mask_add(value, &spec->capabilities_add, err);
}

PARSER(option_drop_capability)
{
    return mask_add(value, &spec->capabilities_drop, err);
}

PARSER(option_ambient_capability)
{
    return mask_add(value, &spec->ambient_capabilities, err);
}

PARSER(option_system_call_filter)
{
    bool deny = *value == '~';

    NOTHING_FAILS;
    strings_split(deny ? &spec->syscalls_denied : &spec->syscalls_allowed, value + deny, " \t,");
    return 0;
}

PARSER(option_restrict_address_families)
{
    if (address_families_add(spec, value, err) < 0)
        return refuse(err, "R1134", mem_format("Failed to parse --restrict-address-families= argument: %s", value));
    return 0;
}
