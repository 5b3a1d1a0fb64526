/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the table "filter" of iptables-legacy, as the kernel gives it to getsockopt(2). */
#include "net/foreign_legacy.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/foreign.h"

/* A table beyond this is not worth the wait. */
#define TABLE_LIMIT ((size_t) 4 << 20)

/* Both families, which differ in what stands before a rule's target. */
struct legacy {
    const char *tables;         /* who has been loaded */
    const char *program;
    int family, level, get_info, get_entries;
    size_t target_offset, next_offset, in_interface, out_interface, entry_size;
};

static const struct legacy families[] = {
    {"/proc/net/ip_tables_names", "iptables-legacy", AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES,
     offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, next_offset),
     offsetof(struct ipt_entry, ip.iniface), offsetof(struct ipt_entry, ip.outiface), sizeof(struct ipt_entry)},
    {"/proc/net/ip6_tables_names", "ip6tables-legacy", AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES,
     offsetof(struct ip6t_entry, target_offset), offsetof(struct ip6t_entry, next_offset),
     offsetof(struct ip6t_entry, ipv6.iniface), offsetof(struct ip6t_entry, ipv6.outiface),
     sizeof(struct ip6t_entry)},
};

/* Asking for a table that was never used would load it. */
static bool has_filter(const char *tables)
{
    auto_close int fd = file_open(tables, O_RDONLY);
    char text[256];
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (n <= 0)
        return false;
    text[n] = '\0';
    return strstr(text, "filter\n") != NULL;
}

static uint16_t u16_at(const unsigned char *entry, size_t offset)
{
    uint16_t value;

    memcpy(&value, entry + offset, sizeof value);
    return value;
}

/* "+" at the end stands for anything. */
static bool name_matches(const char *pattern, const char *interface)
{
    size_t length = strnlen(pattern, IFNAMSIZ);

    if (length > 0 && pattern[length - 1] == '+')
        return strncmp(pattern, interface, length - 1) == 0;
    return length > 0 && strncmp(pattern, interface, IFNAMSIZ) == 0;
}

/* Whether the chain of HOOK drops what it does not know, and no rule in it speaks of INTERFACE. */
static bool is_closed(const struct legacy *legacy, const struct ipt_getinfo *info, const unsigned char *entries,
                      unsigned hook, const char *interface)
{
    size_t at = info->hook_entry[hook], end = info->underflow[hook];
    const struct xt_standard_target *policy;

    if (end + legacy->entry_size + sizeof *policy > info->size || at > end)
        return false;
    while (at < end) {
        const unsigned char *entry = entries + at;
        size_t step = u16_at(entry, legacy->next_offset);

        if (name_matches((const char *) entry + legacy->in_interface, interface) ||
            name_matches((const char *) entry + legacy->out_interface, interface))
            return false;
        if (step < legacy->entry_size || step > end - at)
            return false;
        at += step;
    }
    policy = (const void *) (entries + end + u16_at(entries + end, legacy->target_offset));
    return (const unsigned char *) (policy + 1) <= entries + info->size && policy->verdict == -NF_DROP - 1;
}

static void remark(const struct legacy *legacy, const char *chain, const char *interface)
{
    auto_error struct error *err = NULL;

    (void) fail_plain(&err, EPERM, "the chain %s of %s drops what it does not know, and no table of redd's can "
                                   "overrule it",
                      chain, legacy->program);
    fail_id(err, "R2852");
    if (strcmp(chain, "INPUT") == 0)
        fail_hint(err, "'%s -I INPUT -i %s -j ACCEPT'; or use iptables-nft, whose chains redd opens itself",
                  legacy->program, interface);
    else
        fail_hint(err, "'%s -I FORWARD -i %s -j ACCEPT' and '%s -I FORWARD -o %s -j ACCEPT'; or use iptables-nft, "
                       "whose chains redd opens itself",
                  legacy->program, interface, legacy->program, interface);
    foreign_remark(err);
}

static void look(const struct legacy *legacy, const char *interface)
{
    struct ipt_getinfo info = {.name = "filter"};
    socklen_t size = sizeof info;
    auto_error struct error *ignored = NULL;
    auto_free struct ipt_get_entries *table = NULL;
    auto_close int fd = socket(legacy->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

    if (fd < 0 || getsockopt(fd, legacy->level, legacy->get_info, &info, &size) < 0 ||
        mem_alloc_bounded(sizeof *table + info.size, TABLE_LIMIT, (void **) &table, &ignored) < 0)
        return;
    memcpy(table->name, info.name, sizeof table->name);
    table->size = info.size;
    size = (socklen_t) (sizeof *table + info.size);
    if (getsockopt(fd, legacy->level, legacy->get_entries, table, &size) < 0)
        return;

    const unsigned char *entries = (const void *) table->entrytable;
    if (is_closed(legacy, &info, entries, NF_INET_FORWARD, interface))
        remark(legacy, "FORWARD", interface);
    if (is_closed(legacy, &info, entries, NF_INET_LOCAL_IN, interface))
        remark(legacy, "INPUT", interface);
}

void foreign_legacy_remark(const char *interface)
{
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (has_filter(families[i].tables))
            look(&families[i], interface);
}
