/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairs of interface names. Shortening long ones is the network's business. */
#include "config/interface_pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"

bool interface_name_is_valid(const char *name)
{
    bool only_digits = true;

    if (!*name || strlen(name) > INTERFACE_NAME_MAX)
        return false;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "all") == 0 || strcmp(name, "default") == 0)
        return false;
    for (; *name; name++) {
        if (*name <= ' ' || *name >= 127 || strchr("/:%", *name))
            return false;
        only_digits = only_digits && *name >= '0' && *name <= '9';
    }
    return !only_digits;
}

static int check(const char *name, const char *at, const char **ret_bad, struct error **err)
{
    if (interface_name_is_valid(name))
        return 0;
    if (ret_bad)
        *ret_bad = at;
    if (!*name)
        return fail_plain(err, EINVAL, "the interface's name is empty");
    if (strlen(name) > INTERFACE_NAME_MAX)
        return fail_plain(err, EINVAL, "'%s' is longer than the %d characters an interface's name may have", name,
                          INTERFACE_NAME_MAX);
    return fail_plain(err, EINVAL, "'%s' cannot be the name of an interface", name);
}

int interface_pair_parse(const char *text, const char *prefix, struct interface_pair *ret, const char **ret_bad,
                         struct error **err)
{
    const char *colon = strchr(text, ':');
    auto_free char *host = colon ? mem_copy_bytes(text, (size_t) (colon - text)) : mem_copy_string(text);

    if (check(host, text, ret_bad, err) < 0)
        return -EINVAL;
    if (colon && colon[1] && check(colon + 1, colon + 1, ret_bad, err) < 0)
        return -EINVAL;

    ret->container = colon && colon[1] ? mem_copy_string(colon + 1) : mem_format("%s%s", prefix, host);
    ret->host = TAKE(host);
    return 0;
}

void interface_pairs_take(struct interface_pairs *pairs, struct interface_pair pair)
{
    MEM_GROW(pairs->item, pairs->count);
    pairs->item[pairs->count++] = pair;
}

void interface_pairs_done(struct interface_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->item[i].host);
        free(pairs->item[i].container);
    }
    free(pairs->item);
    *pairs = (struct interface_pairs){0};
}
