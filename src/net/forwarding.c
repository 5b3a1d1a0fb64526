/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of the ledger are OLD NEW SWITCH MACHINE, a switch being a path below /proc/sys/net. */
#include "net/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "net/interface_name.h"
#include "net/zone.h"

#define SWITCHES "/proc/sys/net/"
#define LEDGER "/run/redd/forwarding"
#define LEDGER_LIMIT ((size_t) 8 << 20)

enum { DUMP_TRIES = 32, UPLINKS_MAX = 256 };

/* -- switches -- */

/* The value, a number; -1 for a switch that is not there. */
static int switch_read(const char *name)
{
    auto_free char *path = mem_format(SWITCHES "%s", name), *text = NULL;
    int32_t value;

    return file_read_quiet(AT_FDCWD, path, 32, &text) == 0 && parse_i32(string_trim(text), &value) == 0 ? value : -1;
}

static int switch_write(const char *name, int value)
{
    auto_free char *path = mem_format(SWITCHES "%s", name), *text = mem_format("%d", value);

    return file_write_existing(AT_FDCWD, path, text);
}

/* -- our own links -- */

bool forwarding_prepare_link(const char *name)
{
    static const struct {
        const char *name;
        int value;
    } switches[] = {{"accept_ra", 0}, {"accept_redirects", 0}, {"forwarding", 1}, {"force_forwarding", 1}};
    auto_free char *off = mem_format("ipv6/conf/%s/disable_ipv6", name);

    if (switch_read(off) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(switches); i++) {
        auto_free char *path = mem_format("ipv6/conf/%s/%s", name, switches[i].name);

        /* the last one is not in all kernels; the others are, or cannot be written by anybody */
        (void) switch_write(path, switches[i].value);
    }
    return true;
}

void forwarding_trust_address(const char *name)
{
    auto_free char *path = mem_format("ipv6/conf/%s/accept_dad", name);

    (void) switch_write(path, 0);
}

/* -- the host's uplinks -- */

struct uplink {
    int index;
    bool has_ipv4, has_ipv6;
    char name[INTERFACE_NAME_SIZE];
};

struct uplinks {
    struct uplink item[UPLINKS_MAX];
    size_t count;
};

static bool is_ours(const char *name)
{
    return string_starts(name, "ve-") || string_starts(name, "vz-") || string_starts(name, "vb-") ||
           strcmp(name, "lo") == 0;
}

static struct uplink *uplink_of(struct uplinks *uplinks, int index)
{
    for (size_t i = 0; i < uplinks->count; i++)
        if (uplinks->item[i].index == index)
            return &uplinks->item[i];
    if (uplinks->count == UPLINKS_MAX)
        return NULL;

    struct uplink *uplink = &uplinks->item[uplinks->count++];
    *uplink = (struct uplink){.index = index};
    return uplink;
}

/* Addresses of the host itself and of links do not make an uplink. */
static void take_address(const struct nlmsghdr *message, void *data)
{
    const struct ifaddrmsg *header = NLMSG_DATA(message);

    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *header) ||
        header->ifa_scope >= RT_SCOPE_LINK)
        return;

    struct uplink *uplink = uplink_of(data, (int) header->ifa_index);
    if (!uplink)
        return;
    uplink->has_ipv4 = uplink->has_ipv4 || header->ifa_family == AF_INET;
    uplink->has_ipv6 = uplink->has_ipv6 || header->ifa_family == AF_INET6;

    int left = (int) IFA_PAYLOAD(message);
    for (const struct rtattr *a = IFA_RTA(header); RTA_OK(a, left); a = RTA_NEXT(a, left))
        /* a label is the interface's name, with a colon and more behind it on aliases */
        if (a->rta_type == IFA_LABEL && !uplink->name[0])
            (void) snprintf(uplink->name, sizeof uplink->name, "%.*s",
                            (int) strcspn(RTA_DATA(a), ":"), (const char *) RTA_DATA(a));
}

static void find_name(struct uplink *uplink)
{
    struct ifreq request = {.ifr_ifindex = uplink->index};
    auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && ioctl(fd, SIOCGIFNAME, &request) == 0)
        (void) snprintf(uplink->name, sizeof uplink->name, "%s", request.ifr_name);
}

static int uplinks_read(struct netlink *netlink, bool with_ipv6, struct uplinks *ret, struct error **err)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct netlink_remark remark;
    int r = -EAGAIN;

    for (int try = 0; try < DUMP_TRIES && r == -EAGAIN; try++) {
        ret->count = 0;
        r = 0;
        for (size_t i = 0; r == 0 && i < (with_ipv6 ? 2 : 1); i++) {
            const struct ifaddrmsg all = {.ifa_family = families[i]};
            struct netlink_batch batch;

            netlink_batch_init(&batch);
            netlink_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &all, sizeof all);
            r = netlink_talk(netlink, &batch, take_address, ret, &remark);
        }
    }
    if (r < 0)
        return fail(err, -r, "cannot list the addresses of the host");
    for (size_t i = 0; i < ret->count; i++)
        if (!ret->item[i].name[0])
            find_name(&ret->item[i]);
    return 0;
}

/* -- the ledger -- */

struct entry {
    int old, new;
    char *name, *machine;       /* point into the line, which is cut for them */
};

static bool entry_read(char *line, struct entry *ret)
{
    char *word[4], *rest = line;
    int32_t old, new;

    for (size_t i = 0; i < COUNT_OF(word); i++) {
        word[i] = rest;
        rest = i + 1 < COUNT_OF(word) ? strchr(rest, ' ') : rest;
        if (!rest)
            return false;
        if (i + 1 < COUNT_OF(word))
            *rest++ = '\0';
    }
    if (parse_i32(word[0], &old) < 0 || parse_i32(word[1], &new) < 0 || path_has_dotdot(word[2]))
        return false;
    *ret = (struct entry){.old = old, .new = new, .name = word[2], .machine = word[3]};
    return true;
}

struct ledger {
    struct entry *item;
    size_t count;
    char *text;                 /* what was read */
    struct strings lines;       /* owns what the items point to */
    bool has_changed;
};

static void ledger_done(struct ledger *ledger)
{
    free(ledger->item);
    free(ledger->text);
    strings_done(&ledger->lines);
    *ledger = (struct ledger){0};
}

static int ledger_read(struct ledger *ret, struct error **err)
{
    int r = file_read_quiet(AT_FDCWD, LEDGER, LEDGER_LIMIT, &ret->text);

    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return fail(err, -r, "cannot read " LEDGER);
    strings_split(&ret->lines, ret->text, "\n");
    for (size_t i = 0; i < ret->lines.count; i++) {
        struct entry entry;

        if (!entry_read(ret->lines.item[i], &entry))
            continue;
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count++] = entry;
    }
    return 0;
}

static int ledger_write(struct ledger *ledger, struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};

    if (!ledger->has_changed)
        return 0;
    if (ledger->count == 0)
        return unlink(LEDGER) < 0 && errno != ENOENT ? fail(err, errno, "cannot remove " LEDGER) : 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct entry *entry = &ledger->item[i];

        strings_add_format(&lines, "%d %d %s %s\n", entry->old, entry->new, entry->name, entry->machine);
    }
    auto_free char *text = strings_join(&lines, "");
    return file_replace_at(AT_FDCWD, LEDGER, text, strlen(text), 0644, err);
}

/* The first machine that holds a switch says what it was before; to the others that is a secret of the file's. */
static void ledger_add(struct ledger *ledger, const char *name, int new, const char *machine)
{
    const struct entry *held = NULL;

    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->item[i].name, name) == 0) {
            held = &ledger->item[i];
            if (strcmp(held->machine, machine) == 0)
                return;
        }

    int old = held ? held->old : switch_read(name);
    if (!held && (old < 0 || old == new))
        return;     /* it is not there, or as it should be, for others' sake */

    strings_add(&ledger->lines, name);
    char *own_name = ledger->lines.item[ledger->lines.count - 1];
    strings_add(&ledger->lines, machine);
    MEM_GROW(ledger->item, ledger->count);
    ledger->item[ledger->count++] = (struct entry){
        .old = old, .new = new, .name = own_name, .machine = ledger->lines.item[ledger->lines.count - 1]};
    ledger->has_changed = true;
}

/* -- what is to be switched -- */

/* Before 6.17 there is one switch for all interfaces, which also turns their faith in router advertisements off; so
 * those that have it get the kind that lasts (2), or the host would lose its own default route. */
static void add_all_ipv6(struct ledger *ledger, const struct uplinks *uplinks, const char *machine)
{
    for (size_t i = 0; i < uplinks->count; i++) {
        auto_free char *faith = mem_format("ipv6/conf/%s/accept_ra", uplinks->item[i].name);
        int value = switch_read(faith);

        if (uplinks->item[i].has_ipv6 && !is_ours(uplinks->item[i].name) && (value == 1 || value == 2))
            ledger_add(ledger, faith, 2, machine);
    }
    ledger_add(ledger, "ipv6/conf/all/forwarding", 1, machine);
}

static void add_uplinks(struct ledger *ledger, const struct uplinks *uplinks, const char *machine)
{
    bool one_for_all = switch_read("ipv6/conf/all/force_forwarding") < 0;
    bool has_ipv6 = false;

    for (size_t i = 0; i < uplinks->count; i++) {
        const struct uplink *uplink = &uplinks->item[i];

        if (is_ours(uplink->name) || !uplink->name[0])
            continue;
        auto_free char *inet = mem_format("ipv4/conf/%s/forwarding", uplink->name);
        auto_free char *inet6 = mem_format("ipv6/conf/%s/force_forwarding", uplink->name);
        if (uplink->has_ipv4)
            ledger_add(ledger, inet, 1, machine);
        if (uplink->has_ipv6 && !one_for_all)
            ledger_add(ledger, inet6, 1, machine);
        has_ipv6 = has_ipv6 || uplink->has_ipv6;
    }
    if (has_ipv6 && one_for_all)
        add_all_ipv6(ledger, uplinks, machine);
}

int forwarding_record(struct undo *undo, const char *machine, struct error **err)
{
    return undo_record(undo, "forwarding-release", err, machine, NULL);
}

int forwarding_hold(struct netlink *netlink, const char *machine, bool with_ipv6, struct error **err)
{
    CLEANUP(ledger_done) struct ledger ledger = {0};
    auto_free struct uplinks *uplinks = mem_alloc(sizeof *uplinks);

    if (uplinks_read(netlink, with_ipv6, uplinks, err) < 0 || ledger_read(&ledger, err) < 0)
        return -error_code(*err);
    add_uplinks(&ledger, uplinks, machine);
    /* before the act: what is not in there is never put back */
    if (ledger_write(&ledger, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < ledger.count; i++) {
        const struct entry *entry = &ledger.item[i];

        if (strcmp(entry->machine, machine) != 0)
            continue;
        int r = switch_write(entry->name, entry->new);
        if (r < 0 && r != -ENOENT)
            log_warning("Packets that come in by %s%s are not forwarded to '%s': cannot write it: %s", SWITCHES,
                        entry->name, machine, strerror(-r));
    }
    return 0;
}

static bool is_held(const struct ledger *ledger, const char *name, const char *except)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->item[i].name, name) == 0 && strcmp(ledger->item[i].machine, except) != 0)
            return true;
    return false;
}

int undo_forwarding_release(const struct strings *args, struct error **err)
{
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};
    CLEANUP(ledger_done) struct ledger ledger = {0};
    size_t kept = 0;

    if (args->count != 1)
        return fail_plain(err, EINVAL, "the record is not one of ours");
    if (zone_lock_take(&lock, err) < 0 || ledger_read(&ledger, err) < 0)
        return -error_code(*err);

    const char *machine = args->item[0];
    /* the switch for all first, which was written last: it turns others with it */
    for (size_t i = ledger.count; i-- > 0;) {
        const struct entry *entry = &ledger.item[i];

        if (strcmp(entry->machine, machine) != 0 || is_held(&ledger, entry->name, machine))
            continue;
        /* one that has changed since is somebody else's now; one whose interface is gone went with it */
        if (switch_read(entry->name) == entry->new)
            (void) switch_write(entry->name, entry->old);
    }
    for (size_t i = 0; i < ledger.count; i++)
        if (strcmp(ledger.item[i].machine, machine) != 0)
            ledger.item[kept++] = ledger.item[i];
    ledger.has_changed = kept != ledger.count;
    ledger.count = kept;
    return ledger_write(&ledger, err);
}
