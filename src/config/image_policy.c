/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads image policies word by word. */
#include "config/image_policy.h"

#include <errno.h>
#include <stdio.h>
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

enum { USE_OPEN = IMAGE_VERITY | IMAGE_SIGNED | IMAGE_ENCRYPTED | IMAGE_UNPROTECTED | IMAGE_UNUSED | IMAGE_ABSENT };
enum { USE_IGNORE = IMAGE_UNUSED | IMAGE_ABSENT };

static const struct {
    const char *flag;
    unsigned uses;
} uses[] = {
    {"verity", IMAGE_VERITY},
    {"signed", IMAGE_SIGNED},
    {"encrypted", IMAGE_ENCRYPTED},
    {"encryptedwithintegrity", IMAGE_ENCRYPTED},
    {"unprotected", IMAGE_UNPROTECTED},
    {"unused", IMAGE_UNUSED},
    {"absent", IMAGE_ABSENT},
    {"open", USE_OPEN},
    {"ignore", USE_IGNORE},
};

#define DEFAULT_POLICY \
    "root=verity+signed+encrypted+unprotected+absent:usr=verity+signed+encrypted+unprotected+absent:" \
    "home=encrypted+unprotected+absent:srv=encrypted+unprotected+absent:esp=unprotected+absent:" \
    "xbootldr=unprotected+absent:tmp=encrypted+unprotected+absent:var=encrypted+unprotected+absent"

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

/* One flag, of the file systems when it is none of the others. */
static void take_flag(const char *flag, struct image_policy *policy)
{
    for (size_t i = 0; i < COUNT_OF(uses); i++)
        if (strcmp(uses[i].flag, flag) == 0) {
            policy->uses |= uses[i].uses;
            return;
        }
    if (string_starts(flag, "read-only-"))
        policy->read_only = strcmp(flag, "read-only-on") == 0 ? IMAGE_SWITCH_ON : IMAGE_SWITCH_OFF;
    else if (string_starts(flag, "growfs-"))
        policy->grow = strcmp(flag, "growfs-on") == 0 ? IMAGE_SWITCH_ON : IMAGE_SWITCH_OFF;
    else if (strcmp(flag, "-") != 0) {
        size_t used = strlen(policy->file_systems);

        (void) snprintf(policy->file_systems + used, sizeof policy->file_systems - used, "%s%s ", used ? "" : " ",
                        flag);
    }
}

/* A rule that speaks of switches and file systems only says nothing of the use: then everything is allowed. */
static void take_flags(const char *list, struct image_policy *policy)
{
    CLEANUP(strings_done) struct strings words = {0};

    strings_split(&words, list, "+ ");
    for (size_t i = 0; i < words.count; i++)
        take_flag(words.item[i], policy);
    if (policy->uses == 0 && words.count > 0 && !strings_contain(&words, "-"))
        policy->uses = USE_OPEN;
}

/* The flags of the rule for NAME; the rule without a name is called "". */
static const char *find_rule(const struct strings *rules, const char *name)
{
    for (size_t i = 0; i < rules->count; i++) {
        const char *list = strchr(rules->item[i], '=');
        auto_free char *partition = mem_copy_bytes(rules->item[i], (size_t) (list - rules->item[i]));

        if (strcmp(string_trim(partition), name) == 0)
            return list + 1;
    }
    return NULL;
}

void image_policy_of(const char *text, const char *name, struct image_policy *ret)
{
    CLEANUP(strings_done) struct strings rules = {0};

    *ret = (struct image_policy){0};
    text = text ? text : DEFAULT_POLICY;
    if (strcmp(text, "*") == 0 || strcmp(text, "-") == 0 || strcmp(text, "~") == 0) {
        ret->uses = *text == '*' ? USE_OPEN : *text == '-' ? USE_IGNORE : IMAGE_ABSENT;
        return;
    }
    strings_split(&rules, text, ":");

    const char *list = find_rule(&rules, name);
    if (!list)
        list = find_rule(&rules, "");
    if (list)
        take_flags(list, ret);
    if (!list || (ret->uses == 0 && !*list))
        ret->uses = USE_IGNORE;
}
