/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capability names: linux/capability.h in the order of its numbers. */
#include "config/capability.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/refuse.h"
#include "config/spec.h"

static const char *const names[CAPABILITY_KNOWN] = {
    "cap_chown",           "cap_dac_override",   "cap_dac_read_search", "cap_fowner",        "cap_fsetid",
    "cap_kill",            "cap_setgid",         "cap_setuid",          "cap_setpcap",       "cap_linux_immutable",
    "cap_net_bind_service", "cap_net_broadcast", "cap_net_admin",       "cap_net_raw",       "cap_ipc_lock",
    "cap_ipc_owner",       "cap_sys_module",     "cap_sys_rawio",       "cap_sys_chroot",    "cap_sys_ptrace",
    "cap_sys_pacct",       "cap_sys_admin",      "cap_sys_boot",        "cap_sys_nice",      "cap_sys_resource",
    "cap_sys_time",        "cap_sys_tty_config", "cap_mknod",           "cap_lease",         "cap_audit_write",
    "cap_audit_control",   "cap_setfcap",        "cap_mac_override",    "cap_mac_admin",     "cap_syslog",
    "cap_wake_alarm",      "cap_block_suspend",  "cap_audit_read",      "cap_perfmon",       "cap_bpf",
    "cap_checkpoint_restore",
};

int capability_parse(const char *text, unsigned *ret)
{
    uint32_t number;

    if (parse_u32(text, &number) == 0) {
        if (number > CAPABILITY_LARGEST)
            return -EINVAL;
        *ret = number;
        return 0;
    }
    for (unsigned i = 0; i < CAPABILITY_KNOWN; i++)
        if (strcasecmp(text, names[i]) == 0) {
            *ret = i;
            return 0;
        }
    return -EINVAL;
}

const char *capability_name(unsigned number)
{
    return number < CAPABILITY_KNOWN ? names[number] : NULL;
}

static int refuse_word(const char *word, struct error **err)
{
    auto_free char *lower = mem_format("%s%s", strncasecmp(word, "cap_", 4) == 0 ? "" : "cap_", word);

    for (char *at = lower; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char) (*at - 'A' + 'a');

    const char *nearest = string_nearest(lower, names, COUNT_OF(names));
    if (nearest)
        (void) fail_plain(err, EINVAL, "did you mean %s?", nearest);
    else
        (void) fail_plain(err, EINVAL, "names are those of capabilities(7), numbers go to %d", CAPABILITY_LARGEST);
    return refuse(err, "R1120", mem_format("Failed to parse capability %s.", word));
}

int capability_parse_list(const char *text, const char *separators, uint64_t *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0};
    uint64_t mask = 0;

    strings_split(&words, text, separators);
    for (size_t i = 0; i < words.count; i++) {
        unsigned number;

        if (strcmp(words.item[i], "all") == 0)
            mask = CAPABILITIES_ALL;
        else if (capability_parse(words.item[i], &number) == 0)
            mask |= CAPABILITY_BIT(number);
        else
            return refuse_word(words.item[i], err);
    }
    *ret = mask;
    return 0;
}

const char *capability_value(size_t index, char *buffer)
{
    (void) buffer;
    return index < CAPABILITY_KNOWN ? names[index] : NULL;
}
