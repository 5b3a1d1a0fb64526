/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The switches that come by environment variable: SYSTEMD_NSPAWN_* and their like. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/refuse.h"
#include "config/spec.h"

static const char *find(char **list, const char *name)
{
    size_t length = strlen(name);

    for (; list && *list; list++)
        if (**list == *name && strncmp(*list, name, length) == 0 && (*list)[length] == '=')
            return *list + length + 1;
    return NULL;
}

/* A switch somebody got wrong must not silently mean the opposite of what was meant: STRICT ones are refused, the
 * others, which only take a protection away, keep it and say so. */
static int read_switch(char **list, const char *name, bool strict, bool *ret, struct error **err)
{
    const char *value = find(list, name);
    int truth = value ? parse_boolean(value) : *ret;

    if (truth >= 0) {
        *ret = truth;
        return 0;
    }
    if (strict) {
        (void) fail_plain(err, EINVAL, "'%s' is neither yes nor no", value);
        return refuse(err, "R1180", mem_format("Failed to parse $%s: %s", name, strerror(EINVAL)));
    }
    log_warning("Failed to parse $%s, ignoring: '%s' is neither yes nor no", name, value);
    return 0;
}

static int read_api_vfs(char **list, struct spec *spec, struct error **err)
{
    const char *value = find(list, "SYSTEMD_NSPAWN_API_VFS_WRITABLE");

    if (!value)
        return 0;
    if (strcmp(value, "network") == 0) {
        spec->api_vfs_writable_network = true;
        return 0;
    }

    int truth = parse_boolean(value);
    if (truth < 0) {
        (void) fail_plain(err, EINVAL, "'%s' is none of yes, no and network", value);
        return refuse(err, "R1180",
                      mem_format("Failed to parse $SYSTEMD_NSPAWN_API_VFS_WRITABLE: %s", strerror(EINVAL)));
    }
    spec->api_vfs_writable = truth;
    return 0;
}

/* Six pairs of hex digits, of a single station: the first byte's lowest bit says "group". */
static bool mac_is_valid(const char *text)
{
    if (strlen(text) != 17)
        return false;
    for (size_t i = 0; i < 17; i++)
        if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
            return false;
    return !strchr("13579bdfBDF", text[1]);
}

static int read_mac(char **list, struct spec *spec, struct error **err)
{
    const char *value = find(list, "SYSTEMD_NSPAWN_NETWORK_MAC");

    if (!value)
        return 0;
    if (!mac_is_valid(value)) {
        (void) fail_plain(err, EINVAL, "$SYSTEMD_NSPAWN_NETWORK_MAC is a unicast address such as 02:00:00:00:00:01");
        return refuse(err, "R1181", mem_format("Failed to parse provided MAC address via environment variable"));
    }
    free(spec->network_mac);
    spec->network_mac = mem_copy_string(value);
    return 0;
}

/* Its value becomes `container=` and the registration's service: one line of printable text. */
static void read_service(char **list, struct spec *spec)
{
    const char *value = find(list, "SYSTEMD_NSPAWN_CONTAINER_SERVICE");

    if (!value)
        return;
    if (!string_is_printable(value)) {
        log_warning("Ignoring $SYSTEMD_NSPAWN_CONTAINER_SERVICE: it is not printable text.");
        return;
    }
    free(spec->container_service);
    spec->container_service = mem_copy_string(value);
}

int spec_read_environment(struct spec *spec, char **environ_list, struct error **err)
{
    const struct {
        const char *name;
        bool *field;
        bool strict;
    } switches[] = {
        {"SYSTEMD_NSPAWN_USE_CGNS", &spec->use_cgroup_namespace, true},
        {"SYSTEMD_NSPAWN_TMPFS_TMP", &spec->tmpfs_tmp, true},
        {"SYSTEMD_NSPAWN_LOCK", &spec->lock_images, false},
        {"SYSTEMD_NSPAWN_CHECK_OS_RELEASE", &spec->check_os_release, false},
        {"SYSTEMD_SUPPRESS_SYNC", &spec->suppress_sync, false},
        {"SYSTEMD_SECCOMP", &spec->seccomp, false},
        {"SYSTEMD_LOG_SECCOMP", &spec->seccomp_log, false},
    };
    bool unified = true;

    for (size_t i = 0; i < COUNT_OF(switches); i++)
        if (read_switch(environ_list, switches[i].name, switches[i].strict, switches[i].field, err) < 0)
            return -error_code(*err);
    if (read_switch(environ_list, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", false, &unified, err) < 0)
        return -error_code(*err);
    spec->legacy_cgroups = !unified;

    read_service(environ_list, spec);
    if (read_api_vfs(environ_list, spec, err) < 0 || read_mac(environ_list, spec, err) < 0)
        return -error_code(*err);
    return 0;
}
