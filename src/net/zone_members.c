/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of both files are ADDRESS MACHINE; the one below /run begins with the host's address and the length. */
#include "net/zone_members.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/address_choose.h"
#include "net/zone.h"

#define RUN_FOLDER "/run/redd/zones"
#define MEMORY_FOLDER "/var/lib/redd/zones"

/* A /16 full of machines with the longest names. */
#define FILE_LIMIT ((size_t) 8 << 20)

/* Only bits of a /24 or larger are ours to give; larger networks are somebody's own, and long lists are slow. */
enum { ROOM_MAX = 4096 };

/* -- the files -- */

static char *file_of(const char *folder, const char *zone)
{
    return mem_format("%s/vz-%s", folder, zone);
}

/* The lines of a file; none where there is no file. */
static int lines_read(const char *path, struct strings *ret, struct error **err)
{
    auto_free char *text = NULL;
    int r = file_read_quiet(AT_FDCWD, path, FILE_LIMIT, &text);

    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return fail(err, -r, "cannot read %s", path);
    strings_split(ret, text, "\n");
    return 0;
}

static int lines_write(const char *folder, const char *path, const struct strings *lines, struct error **err)
{
    auto_free char *joined = strings_join(lines, "\n"), *text = mem_format("%s\n", joined);

    /* mostly the folder is there */
    if (access(folder, F_OK) < 0)
        (void) dir_make_all(folder, 0755);
    return file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, err);
}

/* -- lines -- */

static const char *machine_of(const char *line)
{
    const char *blank = strchr(line, ' ');

    return blank ? blank + 1 : "";
}

static bool has_address(const char *line, const char *address)
{
    const char *rest = string_after(line, address);

    return rest && *rest == ' ';
}

/* The index of the line of MACHINE, or of ADDRESS, behind FROM; the count when there is none. */
static size_t find_machine(const struct strings *lines, size_t from, const char *machine)
{
    size_t i = from;

    while (i < lines->count && strcmp(machine_of(lines->item[i]), machine) != 0)
        i++;
    return i;
}

static bool address_is_listed(const struct strings *lines, size_t from, const char *address)
{
    for (size_t i = from; i < lines->count; i++)
        if (has_address(lines->item[i], address))
            return true;
    return false;
}

int zone_members_network(const char *zone, struct ip_prefix *ret, struct error **err)
{
    auto_free char *path = file_of(RUN_FOLDER, zone);
    CLEANUP(strings_done) struct strings lines = {0};
    struct ip_prefix network = {0};

    if (lines_read(path, &lines, err) < 0)
        return -error_code(*err);
    if (lines.count > 0 && ip_prefix_parse(lines.item[0], &network) < 0)
        network = (struct ip_prefix){0};
    *ret = network;
    return 0;
}

/* -- choosing -- */

struct choice {
    const struct zone_entry *entry;
    const struct mac_key *key;
    const struct strings *members;      /* from line 1 on */
    struct strings *memory;
    struct ip_prefix address;
    char text[IP_PREFIX_TEXT_SIZE];
};

/* Whether the address can be given: in the network, neither its first nor its last, nor the host's, nor a member's. */
static bool is_free(struct choice *choice, const struct ip_prefix *address)
{
    const struct ip_prefix *host = &choice->entry->host;
    uint32_t last = (1u << (32 - host->length)) - 1;
    struct ip_prefix network = ip_prefix_network(host), broadcast = ip_prefix_host(host, last);

    if (!ip_prefix_contains(&network, address) || ip_address_equal(address, host) ||
        ip_address_equal(address, &network) || ip_address_equal(address, &broadcast))
        return false;
    (void) ip_address_format(address, choice->text);
    return !address_is_listed(choice->members, 1, choice->text);
}

static bool take(struct choice *choice, const struct ip_prefix *address)
{
    if (!is_free(choice, address))
        return false;
    choice->address = *address;
    choice->address.length = choice->entry->host.length;
    return true;
}

static bool take_remembered(struct choice *choice)
{
    size_t i = find_machine(choice->memory, 0, choice->entry->machine);
    struct ip_prefix address;

    if (i == choice->memory->count)
        return false;

    auto_free char *text = mem_copy_bytes(choice->memory->item[i], strcspn(choice->memory->item[i], " "));
    return ip_prefix_parse(text, &address) == 0 && take(choice, &address);
}

/* One that nobody ever had. */
static bool take_new(struct choice *choice)
{
    const struct ip_prefix *host = &choice->entry->host;
    uint32_t room = host->length < 20 ? ROOM_MAX : 1u << (32 - host->length);

    for (unsigned n = 0; n < room; n++) {
        struct ip_prefix address =
            ip_prefix_host(host, address_choose_place(choice->key, choice->entry->machine, n, room));

        if (is_free(choice, &address) && !address_is_listed(choice->memory, 0, choice->text))
            return take(choice, &address);
    }
    return false;
}

/* That of a machine which has been away for longest. */
static bool take_oldest(struct choice *choice)
{
    for (size_t i = 0; i < choice->memory->count; i++) {
        auto_free char *text = mem_copy_bytes(choice->memory->item[i], strcspn(choice->memory->item[i], " "));
        struct ip_prefix address;

        if (ip_prefix_parse(text, &address) == 0 && take(choice, &address)) {
            strings_remove(choice->memory, i);
            return true;
        }
    }
    return false;
}

static int choose(struct choice *choice, struct error **err)
{
    const struct zone_entry *entry = choice->entry;

    if (entry->wanted.family) {
        if (take(choice, &entry->wanted))
            return 0;

        int r = fail_plain(err, EADDRINUSE, "the address %s is in use in zone '%s', or is the host's",
                           ip_address_format(&entry->wanted, choice->text), entry->zone);
        fail_id(*err, "R2821");
        fail_hint(*err, "%s/vz-%s lists the addresses of those that run; --network-address= takes another one",
                  RUN_FOLDER, entry->zone);
        return r;
    }
    if (take_remembered(choice) || take_new(choice) || take_oldest(choice))
        return 0;

    int r = fail_plain(err, EADDRNOTAVAIL, "all addresses of zone '%s' are in use", entry->zone);
    fail_id(*err, "R2822");
    fail_hint(*err, "stop one of its machines, or start this one in another zone");
    return r;
}

/* Puts the machine at the end, where the youngest are. A memory that cannot be written is none: the address is then
 * that of the hash, or the next one. */
static void remember(struct choice *choice, const char *line)
{
    const struct zone_entry *entry = choice->entry;
    auto_free char *path = file_of(MEMORY_FOLDER, entry->zone);
    auto_error struct error *ignored = NULL;
    size_t i = find_machine(choice->memory, 0, entry->machine);

    if (entry->is_fleeting || (i < choice->memory->count && strcmp(choice->memory->item[i], line) == 0))
        return;
    if (i < choice->memory->count)
        strings_remove(choice->memory, i);
    strings_add(choice->memory, line);
    (void) lines_write(MEMORY_FOLDER, path, choice->memory, &ignored);
}

int zone_members_enter(struct undo *undo, const struct zone_entry *entry, const struct mac_key *key,
                       struct ip_prefix *ret, struct error **err)
{
    auto_free char *path = file_of(RUN_FOLDER, entry->zone), *memory_path = file_of(MEMORY_FOLDER, entry->zone);
    CLEANUP(strings_done) struct strings members = {0}, memory = {0};
    auto_error struct error *ignored = NULL;
    struct choice choice = {.entry = entry, .key = key, .members = &members, .memory = &memory};
    char text[IP_PREFIX_TEXT_SIZE];

    if (lines_read(path, &members, err) < 0)
        return -error_code(*err);
    if (members.count == 0 || strcmp(members.item[0], ip_prefix_format(&entry->host, text)) != 0) {
        strings_clear(&members);
        strings_add(&members, ip_prefix_format(&entry->host, text));
    }
    /* a line of its own is from a start that did not get further */
    size_t own = find_machine(&members, 1, entry->machine);
    if (own < members.count)
        strings_remove(&members, own);
    (void) lines_read(memory_path, &memory, &ignored);
    if (choose(&choice, err) < 0)
        return -error_code(*err);

    auto_free char *line = mem_format("%s %s", ip_address_format(&choice.address, text), entry->machine);
    strings_add(&members, line);
    if (undo_record(undo, "zone-leave", err, entry->zone, entry->machine, NULL) < 0 ||
        lines_write(RUN_FOLDER, path, &members, err) < 0)
        return -error_code(*err);
    remember(&choice, line);
    *ret = choice.address;
    return 0;
}

int undo_zone_leave(const struct strings *args, struct error **err)
{
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};
    CLEANUP(strings_done) struct strings members = {0};

    if (args->count != 2)
        return fail_plain(err, EINVAL, "the record is not one of ours");

    auto_free char *path = file_of(RUN_FOLDER, args->item[0]);
    if (zone_lock_take(&lock, err) < 0 || lines_read(path, &members, err) < 0)
        return -error_code(*err);
    size_t i = find_machine(&members, 1, args->item[1]);
    if (i < members.count)
        strings_remove(&members, i);
    else if (members.count > 1)
        return 0;
    if (members.count > 1)
        return lines_write(RUN_FOLDER, path, &members, err);
    if (unlink(path) < 0 && errno != ENOENT)
        return fail(err, errno, "cannot remove %s", path);
    (void) rmdir(RUN_FOLDER);   /* while other zones are there it is not empty */
    return 0;
}
