/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what was said to what is meant: which options exclude each other, what follows from what, and the names.
 * Called once all options are in the spec; afterwards it does not change any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/capability.h"
#include "config/machine_name.h"
#include "config/spec.h"

/* Refuses a combination: the sentence, then what to do. */
#define REFUSE(id, sentence, ...) \
    do { \
        (void) fail_plain(err, EINVAL, "%s", (sentence)); \
        fail_hint(*err, __VA_ARGS__); \
        fail_id(*err, (id)); \
        return -EINVAL; \
    } while (0)

static int check_tree(const struct spec *spec, struct error **err)
{
    if (!!spec->directory + !!spec->image + !!spec->mstack > 1)
        REFUSE("R1201", "--directory=, --image= --mstack= may not be combined.",
               "give one of them: each names the root");
    if (spec->oci_bundle && (spec->directory || spec->image || spec->mstack))
        REFUSE("R1201", "--oci-bundle= and --directory=, --image=, --mstack= may not be combined.",
               "the bundle names its root itself");
    if (spec->template_path && (spec->image || spec->mstack))
        REFUSE("R1202", "--template= and --image=/--mstack= may not be combined.",
               "a template is copied to a directory: use --directory=");
    if (spec->template_path && spec->ephemeral)
        REFUSE("R1203", "--ephemeral and --template= may not be combined.",
               "--ephemeral --directory=TEMPLATE runs a throw-away copy of a template");
    if (spec->directory && strcmp(spec->directory, "/") == 0 && !spec->ephemeral &&
        spec->volatile_mode != VOLATILE_YES && spec->volatile_mode != VOLATILE_STATE)
        REFUSE("R1204",
               "Spawning container on root directory is not supported. Consider using --ephemeral, --volatile=yes or "
               "--volatile=state.",
               "the host runs from this tree; -x gives the container a copy");
    return 0;
}

static int check_start(const struct spec *spec, struct error **err)
{
    if (spec->start == START_BOOT && spec->ambient_capabilities)
        REFUSE("R1211", "AmbientCapability= setting is not useful for boot mode.",
               "init is root and passes no ambient capabilities on; set them in the services that need them");
    if (spec->ambient_capabilities == CAPABILITIES_ALL)
        REFUSE("R1212", "AmbientCapability= does not support the value all.", "list the capabilities that are needed");
    if (spec->ambient_capabilities & ~spec->capabilities)
        REFUSE("R1213", "AmbientCapability= setting is not fully covered by Capability= setting.",
               "add the same names to --capability=, and take them out of --drop-capability=");
    if (spec->ephemeral && (spec->journal == JOURNAL_HOST || spec->journal == JOURNAL_GUEST))
        REFUSE("R1214", "--ephemeral and --link-journal={host,guest} may not be combined.",
               "--link-journal=try-%s is quiet about what an ephemeral container cannot have",
               journal_mode_name(spec->journal));
    if (!spec->forward_journal && (spec->forward_journal_max_use || spec->forward_journal_keep_free ||
                                   spec->forward_journal_max_file_size || spec->forward_journal_max_files))
        REFUSE("R1215",
               "--forward-journal-max-use=/--forward-journal-keep-free=/--forward-journal-max-file-size=/"
               "--forward-journal-max-files= require --forward-journal=.",
               "say where to, with --forward-journal=FILE.journal or a directory");
    if (spec->bind_user_shell_path && spec->bind_users.count == 0)
        REFUSE("R1216", "Cannot use --bind-user-shell= without --bind-user=.",
               "say whose shell it is, with --bind-user=NAME");
    if (spec->bind_user_groups.count > 0 && spec->bind_users.count == 0)
        REFUSE("R1216", "Cannot use --bind-user-group= without --bind-user=.",
               "say whose groups they are, with --bind-user=NAME");
    return 0;
}

/* Options that ask for an interface, and with it for a network of the container's own. */
static bool has_interfaces(const struct spec *spec)
{
    return spec->veth || spec->bridge || spec->zone || spec->interfaces.count || spec->macvlans.count ||
           spec->ipvlans.count || spec->veth_extras.count;
}

static int check_network(const struct spec *spec, bool user_scope, struct error **err)
{
    bool more_than_veth = spec->bridge || spec->zone || spec->interfaces.count || spec->macvlans.count ||
                          spec->ipvlans.count || spec->veth_extras.count || spec->netns_path;

    if (spec->bridge && spec->zone)
        REFUSE("R1221", "--network-bridge= and --network-zone= may not be combined.",
               "a zone is a bridge that is made and removed by need; choose one");
    if (spec->netns_path && has_interfaces(spec))
        REFUSE("R1222", "--network-namespace-path= cannot be combined with other network options.",
               "make the interfaces in that namespace before the start");
    if (spec->n_ports > 0 && !spec->private_network && !has_interfaces(spec))
        REFUSE("R1223", "Cannot use --port= without private networking.",
               "add -n (--network-veth), --network-bridge= or --network-zone=; on the host's network nothing needs "
               "forwarding");
    if ((spec->addresses.count || spec->gateways.count || spec->dns.count || spec->isolate ||
         spec->network_allow.count) &&
        !has_interfaces(spec))
        REFUSE("R1225", "--network-address=, -gateway=, -dns=, -isolate= and -allow= require an interface of the "
                        "container's own.",
               "add -n (--network-veth), --network-bridge=, --network-zone= or --network-macvlan=");
    if ((spec->isolate || spec->network_allow.count) && (spec->bridge || !(spec->veth || spec->zone)))
        REFUSE("R1226", "--network-isolate= and --network-allow= require a cable to the host, or a zone.",
               "use -n (--network-veth) or --network-zone=; what passes a bridge of yours, or an interface of the "
               "host's, is for the rules of that network to judge");
    if (user_scope && more_than_veth)
        REFUSE("R1224", "Only --private-network and --network-veth are available to unprivileged users.",
               "run as root, or use -n");
    return 0;
}

static int check_users(const struct spec *spec, bool user_scope, struct error **err)
{
    bool aligned = spec->userns_base % USERNS_SIZE_DEFAULT == 0 && spec->userns_size == USERNS_SIZE_DEFAULT;

    if (user_scope && spec->userns != USERNS_MANAGED)
        REFUSE("R1231",
               "User-scoped operation requires managed user namespaces, as otherwise no UID range can be acquired.",
               "leave --private-users= out, or run as root");
    if (spec->userns_delegate > 0 && spec->userns != USERNS_MANAGED)
        REFUSE("R1232", "--private-users-delegate= requires --private-users=managed.",
               "add --private-users=managed and a private network");
    if (spec->userns == USERNS_MANAGED && !spec->private_network && !has_interfaces(spec))
        REFUSE("R1233",
               "Managed user namespace operation requires private networking, as otherwise /sys/ may not be mounted.",
               "add -n (--network-veth) or --private-network");
    if (spec->ownership == OWNERSHIP_CHOWN && spec->userns == USERNS_FIXED && !aligned)
        REFUSE("R1234",
               "Automatic UID/GID adjusting is only supported for UID/GID ranges starting at multiples of 2^16 with a "
               "range of 2^16.",
               "--private-users-ownership=map needs no such range and changes nothing on disk");
    if (spec->ownership == OWNERSHIP_CHOWN && spec->read_only)
        REFUSE("R1235", "--read-only and --private-users-ownership=chown may not be combined.",
               "--private-users-ownership=map leaves the tree as it is");
    return 0;
}

/* What follows for the user namespace from who calls and from what else was asked. */
static void derive_users(struct spec *spec, bool user_scope)
{
    /* -U asks for the best there is, which for who cannot choose ranges is the service that can */
    if (user_scope && (!spec->userns_given || spec->userns_optional))
        spec->userns = USERNS_MANAGED;
    /* who says how the tree's owners are to meet a range has asked for one */
    else if (!spec->userns_given && spec->ownership_given && spec->ownership != OWNERSHIP_OFF)
        spec->userns = USERNS_PICK;
    if (!spec->ownership_given)
        spec->ownership =
            spec->userns == USERNS_PICK || spec->userns == USERNS_MANAGED ? OWNERSHIP_AUTO : OWNERSHIP_OFF;
}

static void derive_network(struct spec *spec)
{
    if (spec->bridge || spec->zone)
        spec->veth = true;
    if (has_interfaces(spec) || spec->netns_path)
        spec->private_network = true;
}

static void derive_capabilities(struct spec *spec)
{
    /* a namespace that was made by others is theirs to administer */
    bool own_network = spec->private_network_given || has_interfaces(spec);
    uint64_t add = spec->capabilities_add | (own_network ? CAPABILITY_BIT(CAPABILITY_NET_ADMIN) : 0);
    /* over ports of a network that another user namespace owns it has no power, and programs are not to be told so */
    uint64_t useless = spec->userns != USERNS_NO && !own_network ? CAPABILITY_BIT(CAPABILITY_NET_BIND_SERVICE) : 0;

    spec->capabilities = (CAPABILITIES_DEFAULT | add) & ~spec->capabilities_drop & ~useless;
}

/* KEY=VALUE among the words for init is what a kernel does with its command line: an environment variable. A key with
 * a dot is a module's or service's parameter and stays a word. */
static void split_boot_arguments(struct spec *spec)
{
    for (size_t i = 0; i < spec->command.count;) {
        const char *word = spec->command.item[i];
        size_t length = strcspn(word, "=");

        if (!word[length] || memchr(word, '.', length)) {
            i++;
            continue;
        }

        auto_free char *assignment = mem_copy_string(word);
        for (size_t j = 0; j < length; j++)
            if (assignment[j] == '-')
                assignment[j] = '_';
        if (!environment_name_is_valid(assignment, length)) {
            i++;
            continue;
        }
        environment_set(&spec->environment, assignment);
        strings_remove(&spec->command, i);
    }
}

static char *name_of_tree(const struct spec *spec)
{
    if (spec->image)
        return machine_name_from_image(spec->image);
    if (spec->mstack)
        return machine_name_from_image(spec->mstack);
    if (spec->oci_bundle)
        return machine_name_from_directory(spec->oci_bundle);
    if (!spec->directory)
        return NULL;
    if (strcmp(spec->directory, "/") == 0) {
        struct utsname host;

        return uname(&host) == 0 ? machine_name_from_text(host.nodename) : NULL;
    }
    return machine_name_from_directory(spec->directory);
}

/* Nothing said where: the working directory is the tree. */
static int default_directory(struct spec *spec, struct error **err)
{
    if (spec->directory || spec->image || spec->mstack || spec->oci_bundle || spec->machine)
        return 0;
    return path_make_absolute(".", &spec->directory, err);
}

int spec_derive_settings_name(struct spec *spec, struct error **err)
{
    if (spec->settings_name)
        return 0;
    if (default_directory(spec, err) < 0)
        return -error_code(*err);
    spec->settings_name = spec->machine ? mem_copy_string(spec->machine) : name_of_tree(spec);
    return 0;
}

/* "NAME-0123456789abcdef", so that several throw-away copies of one tree can run side by side. */
static char *add_random_suffix(const char *name)
{
    enum { SUFFIX = 17 };
    uint64_t number = 0;

    while (getrandom(&number, sizeof number, 0) != (ssize_t) sizeof number)
        ;
    size_t length = strlen(name) < MACHINE_NAME_MAX - SUFFIX ? strlen(name) : MACHINE_NAME_MAX - SUFFIX;
    while (length > 1 && (name[length - 1] == '-' || name[length - 1] == '.'))
        length--;
    return mem_format("%.*s-%016llx", (int) length, name, (unsigned long long) number);
}

static int derive_names(struct spec *spec, struct error **err)
{
    if (spec_derive_settings_name(spec, err) < 0)
        return -error_code(*err);
    if (!spec->settings_name)
        REFUSE("R1241", "Failed to determine machine name automatically, please use -M.",
               "no letter or digit of the tree's own name can stand in a machine's name");
    if (!spec->machine) {
        bool suffixed = spec->ephemeral && !spec->ephemeral_from_file;

        spec->machine = suffixed ? add_random_suffix(spec->settings_name) : mem_copy_string(spec->settings_name);
    }
    if (!spec->hostname)
        spec->hostname = mem_copy_string(spec->machine);
    return 0;
}

int spec_resolve(struct spec *spec, bool privileged, struct error **err)
{
    if (!spec->scope_given)
        spec->user_scope = !privileged;
    bool user_scope = spec->user_scope || !privileged;

    if (default_directory(spec, err) < 0)
        return -error_code(*err);
    if (spec->start == START_BOOT) {
        split_boot_arguments(spec);
        if (spec->kill_signal == 0)
            spec->kill_signal = KILL_SIGNAL_OF_INIT;
    }
    derive_users(spec, user_scope);
    derive_capabilities(spec);
    if (check_tree(spec, err) < 0 || check_start(spec, err) < 0 || check_network(spec, user_scope, err) < 0 ||
        check_users(spec, user_scope, err) < 0 || derive_names(spec, err) < 0)
        return -error_code(*err);

    derive_network(spec);
    if (!spec->container_service)
        spec->container_service = mem_copy_string("systemd-nspawn");
    return 0;
}
