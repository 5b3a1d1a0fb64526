/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Address families. The numbers are the kernel's; libraries lag behind in naming them. */
#include "config/address_family.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/strings.h"

/* Indexed by number; AF_UNSPEC is no family. */
static const char *const names[] = {
    NULL,           "AF_UNIX",     "AF_INET",      "AF_AX25",     "AF_IPX",        "AF_APPLETALK", "AF_NETROM",
    "AF_BRIDGE",    "AF_ATMPVC",   "AF_X25",       "AF_INET6",    "AF_ROSE",       "AF_DECnet",    "AF_NETBEUI",
    "AF_SECURITY",  "AF_KEY",      "AF_NETLINK",   "AF_PACKET",   "AF_ASH",        "AF_ECONET",    "AF_ATMSVC",
    "AF_RDS",       "AF_SNA",      "AF_IRDA",      "AF_PPPOX",    "AF_WANPIPE",    "AF_LLC",       "AF_IB",
    "AF_MPLS",      "AF_CAN",      "AF_TIPC",      "AF_BLUETOOTH", "AF_IUCV",      "AF_RXRPC",     "AF_ISDN",
    "AF_PHONET",    "AF_IEEE802154", "AF_CAIF",    "AF_ALG",      "AF_NFC",        "AF_VSOCK",     "AF_KCM",
    "AF_QIPCRTR",   "AF_SMC",      "AF_XDP",       "AF_MCTP",
};

static const struct {
    const char *name;
    int number;
} aliases[] = {{"AF_LOCAL", 1}, {"AF_FILE", 1}, {"AF_ROUTE", 16}};

int address_family_parse(const char *text, int *ret)
{
    if (strcasecmp(text, "AF_UNSPEC") == 0) {
        *ret = 0;               /* no socket has it: a list of nothing else allows none */
        return 0;
    }
    for (size_t i = 1; i < COUNT_OF(names); i++)
        if (strcasecmp(text, names[i]) == 0) {
            *ret = (int) i;
            return 0;
        }
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        if (strcasecmp(text, aliases[i].name) == 0) {
            *ret = aliases[i].number;
            return 0;
        }
    return -EINVAL;
}

const char *address_family_name(int number)
{
    return number > 0 && number < (int) COUNT_OF(names) ? names[number] : NULL;
}

static int fail_word(const char *word, struct error **err)
{
    auto_free char *upper = mem_format("%s%s", strncasecmp(word, "AF_", 3) == 0 ? "" : "AF_", word);

    for (char *at = upper; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char) (*at - 'a' + 'A');

    const char *nearest = string_nearest(upper, names + 1, COUNT_OF(names) - 1);
    return nearest ? fail_plain(err, EINVAL, "'%s' is no address family; did you mean %s?", word, nearest)
                   : fail_plain(err, EINVAL, "'%s' is no address family such as AF_INET", word);
}

static void put(struct spec *spec, int family)
{
    for (size_t i = 0; i < spec->n_families; i++)
        if (spec->families[i] == family)
            return;
    MEM_GROW(spec->families, spec->n_families);
    spec->families[spec->n_families++] = family;
}

static void take_out(struct spec *spec, int family)
{
    for (size_t i = 0; i < spec->n_families; i++)
        if (spec->families[i] == family) {
            spec->families[i] = spec->families[--spec->n_families];
            return;
        }
}

static void forget(struct spec *spec)
{
    free(spec->families);
    spec->families = NULL;
    spec->n_families = 0;
    spec->families_given = spec->families_deny = false;
}

int address_families_add(struct spec *spec, const char *text, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0};
    bool deny = *text == '~';
    int family;

    if (!*text) {
        forget(spec);
        return 0;
    }
    if (strcmp(text, "none") == 0) {
        forget(spec);
        spec->families_given = true;
        return 0;
    }

    strings_split(&words, text + deny, " \t");
    for (size_t i = 0; i < words.count; i++)
        if (address_family_parse(words.item[i], &family) < 0)
            return fail_word(words.item[i], err);
    if (!spec->families_given) {
        spec->families_given = true;
        spec->families_deny = deny;
    }
    for (size_t i = 0; i < words.count; i++) {
        (void) address_family_parse(words.item[i], &family);
        if (deny == spec->families_deny)
            put(spec, family);
        else
            take_out(spec, family);
    }
    return 0;
}
