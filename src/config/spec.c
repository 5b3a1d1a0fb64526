/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a spec. What fills it: options.c; what checks and completes it: spec_resolve.c. */
#include "config/spec.h"

#include <stdlib.h>
#include <string.h>

#include "config/bind_parse.h"
#include "config/credential_parse.h"
#include "config/interface_pair.h"

void spec_init(struct spec *spec)
{
    memset(spec, 0, sizeof *spec);
    spec->register_machine = TRI_AUTO;
    spec->userns_size = USERNS_SIZE_DEFAULT;
    spec->personality = ULONG_MAX;
    spec->resolv_method = RESOLV_AUTO;
    spec->timezone = TIMEZONE_AUTO;
    spec->journal = JOURNAL_AUTO;
    spec->bind_user_shell = TRI_NO;
    spec->settings_mode = SETTINGS_YES;
    spec->use_cgroup_namespace = true;
    spec->lock_images = true;
    spec->tmpfs_tmp = true;
    spec->check_os_release = true;
    spec->seccomp = true;
    spec->restart_delay_us = 1000000;
}

static void texts_done(struct spec *spec)
{
    char **texts[] = {
        &spec->directory,
        &spec->template_path,
        &spec->image,
        &spec->image_policy,
        &spec->root_hash,
        &spec->root_hash_sig,
        &spec->verity_data,
        &spec->mstack,
        &spec->oci_bundle,
        &spec->pivot_root_new,
        &spec->pivot_root_old,
        &spec->working_directory,
        &spec->user,
        &spec->machine,
        &spec->settings_name,
        &spec->hostname,
        &spec->slice,
        &spec->bridge,
        &spec->zone,
        &spec->netns_path,
        &spec->selinux_context,
        &spec->selinux_apifs_context,
        &spec->tmp_size,
        &spec->forward_journal,
        &spec->bind_user_shell_path,
        &spec->background,
        &spec->escape,
        &spec->container_service,
        &spec->network_mac,
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
}

static void lists_done(struct spec *spec)
{
    strings_clear(&spec->command);
    strings_clear(&spec->environment);
    strings_clear(&spec->properties);
    strings_clear(&spec->resources);
    strings_clear(&spec->syscalls_allowed);
    strings_clear(&spec->syscalls_denied);
    strings_clear(&spec->bind_users);
    strings_clear(&spec->bind_user_groups);
    strings_clear(&spec->network_allow);
    strings_clear(&spec->after);
    strings_clear(&spec->requires);
    strings_clear(&spec->ready_command);
    ip_prefixes_done(&spec->addresses);
    ip_prefixes_done(&spec->gateways);
    ip_prefixes_done(&spec->dns);
    interface_pairs_done(&spec->interfaces);
    interface_pairs_done(&spec->macvlans);
    interface_pairs_done(&spec->ipvlans);
    interface_pairs_done(&spec->veth_extras);

    free(spec->ports);
    free(spec->families);
    for (size_t i = 0; i < spec->n_mounts; i++)
        mount_request_done(&spec->mounts[i]);
    free(spec->mounts);
    for (size_t i = 0; i < spec->n_credentials; i++)
        credential_done(&spec->credentials[i]);
    free(spec->credentials);
}

void spec_done(struct spec *spec)
{
    texts_done(spec);
    lists_done(spec);
    spec_init(spec);
}
