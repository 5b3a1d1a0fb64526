/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a machine known by its name: its file in the folder of names (net/names.h), kept as the addresses of the
 * machine's uplink are, whoever sets them: we, a DHCP client, a person inside. Only the uplink counts, the first
 * interface that the container was given; what it builds inside is nobody's business out here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "base/undo.h"
#include "net/address_list.h"
#include "net/link.h"
#include "net/names.h"
#include "runtime/network_state.h"
#include "runtime/run_state.h"

/* However often a guest changes its addresses, the file follows at this pace. */
enum { PACE_MS = 200 };

struct name_publication {
    struct run *run;
    struct netlink monitor;     /* in the container's namespace */
    struct event_source source;
    int64_t written_ms;
    int uplink;                 /* index in the container */
};

/* The first of what the container was given that can be its way out. */
static const char *uplink_name(const struct run *run)
{
    const struct spec *spec = run->spec;
    const struct interface_pairs *const pairs[] = {&spec->macvlans, &spec->ipvlans, &spec->interfaces,
                                                   &spec->veth_extras};

    if (run->address_plan.guest_link[0])
        return run->address_plan.guest_link;
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (pairs[i]->count > 0)
            return pairs[i]->item[0].container;
    return NULL;
}

/* Readers see the old file or the new one. */
static int write_file(const struct run *run, const char *text, struct error **err)
{
    auto_free char *path = path_join(NAMES_FOLDER, run->machine);
    auto_free char *hidden = mem_format(NAMES_FOLDER "/.%s", run->machine);
    auto_close int fd = openat(AT_FDCWD, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    size_t size = strlen(text);

    /* for all to read, whatever our caller's umask is */
    if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, text, size) != (ssize_t) size || rename(hidden, path) < 0)
        return fail(err, errno, "cannot write %s", path);
    return 0;
}

/* What we gave the machine comes before what it took: the first address is the one that programs use. */
static bool is_ours(const struct run *run, const struct address *address)
{
    struct ip_prefix given, wanted = {.family = (uint8_t) address->family};

    memcpy(wanted.byte, address->bytes, ip_family_bytes(address->family));
    for (unsigned position = 0; address_plan_next(&run->address_plan, &position, &given);)
        if (ip_address_equal(&given, &wanted))
            return true;
    return false;
}

static void add_addresses(const struct name_publication *names, const struct addresses *addresses, bool ours,
                          struct strings *lines)
{
    char text[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < addresses->count && lines->count <= NAMES_ADDRESSES_MAX; i++) {
        const struct address *address = &addresses->item[i];

        if (address->interface == names->uplink && address->scope < RT_SCOPE_LINK &&
            is_ours(names->run, address) == ours)
            strings_add_format(lines, "%s\n", address_text(address, text));
    }
}

/* ADDRESSES are those of the container. */
static int publish(const struct name_publication *names, const struct addresses *addresses, struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    const struct run *run = names->run;

    strings_add_format(&lines, "leader %d %llu\n", (int) run->pid, (unsigned long long) fd_pidfd_id(run->pidfd));
    add_addresses(names, addresses, true, &lines);
    add_addresses(names, addresses, false, &lines);

    auto_free char *text = strings_join(&lines, "");
    return write_file(run, text, err);
}

static int publish_current(const struct name_publication *names, struct error **err)
{
    CLEANUP(address_reader_done) struct address_reader reader = ADDRESS_READER_INIT;
    CLEANUP(addresses_done) struct addresses addresses = {0};

    if (addresses_read(&reader, names->run->pid, &addresses, err) < 0)
        return -error_code(*err);
    address_reader_done(&reader);       /* home again before anything else is done */
    return publish(names, &addresses, err);
}

/* Nothing runs inside yet: what is there is what was set, and need not be asked for. */
static int publish_planned(const struct name_publication *names, struct error **err)
{
    CLEANUP(addresses_done) struct addresses addresses = {0};
    struct ip_prefix given;

    for (unsigned position = 0; address_plan_next(&names->run->address_plan, &position, &given);) {
        MEM_GROW(addresses.item, addresses.count);
        struct address *address = &addresses.item[addresses.count++];

        *address = (struct address){
            .family = given.family,
            .interface = names->uplink,
            .scope = ip_address_is_link_local(&given) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
        };
        memcpy(address->bytes, given.byte, ip_family_bytes(given.family));
    }
    return publish(names, &addresses, err);
}

static void addresses_changed(struct event_source *source, short revents, int64_t now_ms)
{
    struct name_publication *names = source->data;
    auto_error struct error *err = NULL;

    if (revents && netlink_hear(&names->monitor, NULL, NULL) < 0 && errno != ENOBUFS) {
        events_remove(&names->run->events, source);
        return;
    }
    /* more of them may follow at once */
    if (revents || now_ms < names->written_ms + PACE_MS) {
        if (source->deadline_ms == 0)
            source->deadline_ms = now_ms < names->written_ms + PACE_MS ? names->written_ms + PACE_MS : now_ms + 1;
        return;
    }
    names->written_ms = now_ms;
    if (publish_current(names, &err) < 0)
        log_debug("%s", error_text(err));
}

static int find_uplink(struct name_publication *names, int netns_fd, const char *name, struct error **err)
{
    if (netlink_open_in(netns_fd, &names->monitor, err) < 0 ||
        netlink_listen(&names->monitor, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, err) < 0)
        return -error_code(*err);
    names->uplink = link_index(&names->monitor, name);
    return names->uplink == 0 ? fail(err, ENODEV, "there is no interface '%s' inside", name) : 0;
}

/* Nobody has asked for a name, so what is in its way is no reason not to start. */
int step_name_publish(struct run *run, struct error **err)
{
    auto_error struct error *remark = NULL;
    auto_free char *path = path_join(NAMES_FOLDER, run->machine);
    auto_free char *hidden = mem_format(NAMES_FOLDER "/.%s", run->machine);
    const char *uplink = uplink_name(run);
    int r;

    if (!uplink)
        return 0;
    if (undo_record(run->undo, "remove-file", err, path, hidden, NULL) < 0)
        return -error_code(*err);

    struct name_publication *names = run->name_publication = mem_alloc(sizeof *names);
    *names = (struct name_publication){.run = run, .monitor = {.fd = -1}};
    r = dir_make_all(NAMES_FOLDER, 0755);
    if (r < 0)
        log_debug("cannot make " NAMES_FOLDER ": %s", strerror(-r));
    else if (find_uplink(names, run->network->netns_fd, uplink, &remark) < 0 ||
             publish_planned(names, &remark) < 0)
        log_debug("cannot publish the machine's name: %s", error_text(remark));
    names->source = (struct event_source){
        .fd = names->monitor.fd, .events = POLLIN, .ready = addresses_changed, .data = names};
    events_add(&run->events, &names->source);
    return 0;
}

void step_name_withdraw(struct run *run)
{
    struct name_publication *names = run->name_publication;

    if (!names)
        return;
    events_remove(&run->events, &names->source);
    netlink_close(&names->monitor);
    free(TAKE(run->name_publication));
}
