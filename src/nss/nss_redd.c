/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnss_redd: machines by name for every program of the host, as a module of the GNU C library's name service:
 *
 *     /etc/nsswitch.conf:      hosts: files redd dns
 *
 * It reads the folder of names (net/names.h) at each call, keeps nothing, and asks nobody: a machine can be found from
 * its start on, and no more once it is gone. Runs inside other people's programs: no allocations, no output, no state.
 */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "net/names.h"

#define EXPORT __attribute__((visibility("default")))

/* What the library looks up by name; it brings no declarations of them. */
EXPORT enum nss_status _nss_redd_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat, char *buffer,
                                                  size_t size, int *errnop, int *h_errnop, int32_t *ttlp);
EXPORT enum nss_status _nss_redd_gethostbyname3_r(const char *name, int family, struct hostent *result, char *buffer,
                                                  size_t size, int *errnop, int *h_errnop, int32_t *ttlp,
                                                  char **canonp);
EXPORT enum nss_status _nss_redd_gethostbyname2_r(const char *name, int family, struct hostent *result, char *buffer,
                                                  size_t size, int *errnop, int *h_errnop);
EXPORT enum nss_status _nss_redd_gethostbyname_r(const char *name, struct hostent *result, char *buffer, size_t size,
                                                 int *errnop, int *h_errnop);
EXPORT enum nss_status _nss_redd_gethostbyaddr2_r(const void *bytes, socklen_t length, int family,
                                                  struct hostent *result, char *buffer, size_t size, int *errnop,
                                                  int *h_errnop, int32_t *ttlp);
EXPORT enum nss_status _nss_redd_gethostbyaddr_r(const void *bytes, socklen_t length, int family,
                                                 struct hostent *result, char *buffer, size_t size, int *errnop,
                                                 int *h_errnop);

/* The caller's buffer, given out piece by piece. */
struct room {
    char *at;
    size_t left;
};

/* NULL when it is full. */
static void *take(struct room *room, size_t size)
{
    size_t gap = -(uintptr_t) room->at % _Alignof(max_align_t);

    if (gap > room->left || size > room->left - gap)
        return NULL;

    char *p = room->at + gap;
    room->at = p + size;
    room->left -= gap + size;
    return p;
}

static enum nss_status full(int *errnop, int *h_errnop)
{
    *errnop = ERANGE;
    *h_errnop = NETDB_INTERNAL;
    return NSS_STATUS_TRYAGAIN;
}

static enum nss_status not_found(int *errnop, int *h_errnop, int why)
{
    *errnop = ENOENT;
    *h_errnop = why;
    return NSS_STATUS_NOTFOUND;
}

static enum nss_status found(int *errnop, int *h_errnop)
{
    *errnop = 0;
    *h_errnop = NETDB_SUCCESS;
    return NSS_STATUS_SUCCESS;
}

EXPORT enum nss_status _nss_redd_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat, char *buffer,
                                                  size_t size, int *errnop, int *h_errnop, int32_t *ttlp)
{
    struct room room = {buffer, size};
    struct names_entry entry;

    if (names_find(NAMES_FOLDER, name, &entry) < 0 || entry.count == 0)
        return not_found(errnop, h_errnop, HOST_NOT_FOUND);

    size_t name_size = strlen(entry.name) + 1;
    char *copy = take(&room, name_size);
    if (!copy)
        return full(errnop, h_errnop);
    memcpy(copy, entry.name, name_size);

    struct gaih_addrtuple **end = pat;
    for (unsigned i = 0; i < entry.count; i++) {
        /* the library may have put the first one there already */
        struct gaih_addrtuple *tuple = i == 0 && *pat ? *pat : take(&room, sizeof *tuple);

        if (!tuple)
            return full(errnop, h_errnop);
        *tuple = (struct gaih_addrtuple){.name = copy, .family = entry.address[i].family};
        memcpy(tuple->addr, entry.address[i].byte, names_address_size(tuple->family));
        *end = tuple;
        end = &tuple->next;
    }
    if (ttlp)
        *ttlp = 0;
    return found(errnop, h_errnop);
}

/* The addresses of FAMILY, or the one at ONLY. */
static enum nss_status fill(const struct names_entry *entry, int family, const void *only, struct hostent *result,
                            struct room room, int *errnop, int *h_errnop)
{
    size_t bytes = names_address_size(family), n = 0, name_size = strlen(entry->name) + 1;
    char *name = take(&room, name_size);
    char **aliases = take(&room, sizeof *aliases);
    char **list = take(&room, (entry->count + 1) * sizeof *list);

    if (!name || !aliases || !list)
        return full(errnop, h_errnop);
    memcpy(name, entry->name, name_size);
    aliases[0] = NULL;
    for (unsigned i = 0; i < entry->count; i++) {
        const struct names_address *address = &entry->address[i];

        if (address->family != family || (only && memcmp(address->byte, only, bytes) != 0))
            continue;
        list[n] = take(&room, bytes);
        if (!list[n])
            return full(errnop, h_errnop);
        memcpy(list[n++], address->byte, bytes);
    }
    list[n] = NULL;
    if (n == 0)
        return not_found(errnop, h_errnop, NO_DATA);
    *result = (struct hostent){
        .h_name = name, .h_aliases = aliases, .h_addrtype = family, .h_length = (int) bytes, .h_addr_list = list};
    return found(errnop, h_errnop);
}

static bool is_family(int family)
{
    return family == AF_INET || family == AF_INET6;
}

EXPORT enum nss_status _nss_redd_gethostbyname3_r(const char *name, int family, struct hostent *result, char *buffer,
                                                  size_t size, int *errnop, int *h_errnop, int32_t *ttlp,
                                                  char **canonp)
{
    struct names_entry entry;

    if (family == AF_UNSPEC)
        family = AF_INET;
    if (!is_family(family)) {
        *errnop = EAFNOSUPPORT;
        *h_errnop = NO_DATA;
        return NSS_STATUS_UNAVAIL;
    }
    if (names_find(NAMES_FOLDER, name, &entry) < 0)
        return not_found(errnop, h_errnop, HOST_NOT_FOUND);

    enum nss_status status =
        fill(&entry, family, NULL, result, (struct room){buffer, size}, errnop, h_errnop);
    if (status == NSS_STATUS_SUCCESS && canonp)
        *canonp = result->h_name;
    if (ttlp)
        *ttlp = 0;
    return status;
}

EXPORT enum nss_status _nss_redd_gethostbyname2_r(const char *name, int family, struct hostent *result, char *buffer,
                                                  size_t size, int *errnop, int *h_errnop)
{
    return _nss_redd_gethostbyname3_r(name, family, result, buffer, size, errnop, h_errnop, NULL, NULL);
}

EXPORT enum nss_status _nss_redd_gethostbyname_r(const char *name, struct hostent *result, char *buffer, size_t size,
                                                 int *errnop, int *h_errnop)
{
    return _nss_redd_gethostbyname3_r(name, AF_UNSPEC, result, buffer, size, errnop, h_errnop, NULL, NULL);
}

EXPORT enum nss_status _nss_redd_gethostbyaddr2_r(const void *bytes, socklen_t length, int family,
                                                  struct hostent *result, char *buffer, size_t size, int *errnop,
                                                  int *h_errnop, int32_t *ttlp)
{
    struct names_entry entry;

    if (!is_family(family) || length != names_address_size(family)) {
        *errnop = is_family(family) ? EINVAL : EAFNOSUPPORT;
        *h_errnop = NO_DATA;
        return NSS_STATUS_UNAVAIL;
    }
    if (names_find_address(NAMES_FOLDER, family, bytes, &entry) < 0)
        return not_found(errnop, h_errnop, HOST_NOT_FOUND);
    if (ttlp)
        *ttlp = 0;
    return fill(&entry, family, bytes, result, (struct room){buffer, size}, errnop, h_errnop);
}

EXPORT enum nss_status _nss_redd_gethostbyaddr_r(const void *bytes, socklen_t length, int family,
                                                 struct hostent *result, char *buffer, size_t size, int *errnop,
                                                 int *h_errnop)
{
    return _nss_redd_gethostbyaddr2_r(bytes, length, family, result, buffer, size, errnop, h_errnop, NULL);
}
