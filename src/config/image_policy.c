/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks image policies word by word. */
#include "config/image_policy.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/refuse.h"

static const char *const partitions[] = {
    "root", "usr", "home", "srv", "esp", "xbootldr", "swap", "root-verity", "usr-verity", "root-verity-sig",
    "usr-verity-sig", "tmp", "var",
};

static const char *const flags[] = {
    "verity", "signed", "encrypted", "encryptedwithintegrity", "unprotected", "unused", "absent", "open", "ignore",
    "read-only-on", "read-only-off", "growfs-on", "growfs-off", "ext4", "btrfs", "xfs", "f2fs", "vfat", "erofs",
    "squashfs", "-",
};

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int check_flags(char *list, const char *text, struct error **err)
{
    for (char *flag = list, *next; flag; flag = next) {
        next = strchr(flag, '+');
        if (next)
            *next++ = '\0';
        flag = string_trim(flag);
        if (!is_one_of(flag, flags, COUNT_OF(flags))) {
            const char *nearest = string_nearest(flag, flags, COUNT_OF(flags));

            (void) (nearest ? fail_plain(err, EINVAL, "did you mean '%s'?", nearest)
                            : fail_plain(err, EINVAL, "'%s' is no flag; see systemd.image-policy(7)", flag));
            return refuse(err, "R1160", mem_format("Unknown partition policy flag in image policy: %s", text));
        }
    }
    return 0;
}

/* One rule; the empty partition names the default of all others. */
static int check_rule(char *rule, struct strings *seen, const char *text, struct error **err)
{
    char *equals = strchr(rule, '=');

    if (!equals) {
        (void) fail_plain(err, EINVAL, "a policy is PARTITION=FLAG[+FLAG...], rules parted by ':'");
        return refuse(err, "R1160", mem_format("Failed to parse image policy: %s", text));
    }
    *equals = '\0';

    const char *partition = string_trim(rule);
    if (*partition && !is_one_of(partition, partitions, COUNT_OF(partitions)))
        return refuse(err, "R1160", mem_format("Unknown partition type in image policy: %s", text));
    if (strings_contain(seen, partition))
        return refuse(err, "R1160", mem_format("Duplicate rule in image policy: %s", text));
    strings_add(seen, partition);

    char *list = string_trim(equals + 1);
    return *list ? check_flags(list, text, err) : 0;
}

int image_policy_check(const char *text, struct error **err)
{
    CLEANUP(strings_done) struct strings seen = {0};
    auto_free char *copy = mem_copy_string(text);

    if (!*text || is_one_of(text, (const char *const[]){"*", "-", "~"}, 3))
        return 0;
    for (char *rule = copy, *next; rule; rule = next) {
        next = strchr(rule, ':');
        if (next)
            *next++ = '\0';
        if (check_rule(rule, &seen, text, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
