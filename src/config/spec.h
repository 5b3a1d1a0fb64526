/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spec: what was asked for, typed, complete and consistent: one container run.
 *
 * Option rows fill it (options.c); spec_resolve() checks what belongs together and derives the rest; from then on it
 * is const. Everything in here is text and numbers: nothing was opened, looked up on the host or changed yet.
 * All strings are owned; paths of the host are absolute, paths of the container are absolute and as typed.
 */
#pragma once

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id128.h"
#include "base/strings.h"
#include "config/ip_prefix.h"

enum start_mode { START_COMMAND, START_STUB_INIT, START_BOOT };
enum tristate { TRI_NO, TRI_YES, TRI_AUTO };
enum settings_mode { SETTINGS_NO, SETTINGS_YES, SETTINGS_OVERRIDE, SETTINGS_TRUSTED };
enum volatile_mode { VOLATILE_NO, VOLATILE_YES, VOLATILE_STATE, VOLATILE_OVERLAY };

/* USERNS_OWNER is `yes`: the base is the owner of the tree's root directory. */
enum userns_mode { USERNS_NO, USERNS_OWNER, USERNS_FIXED, USERNS_PICK, USERNS_MANAGED };
enum ownership_mode { OWNERSHIP_OFF, OWNERSHIP_CHOWN, OWNERSHIP_MAP, OWNERSHIP_FOREIGN, OWNERSHIP_AUTO };

enum console_mode {
    CONSOLE_DEFAULT,            /* interactive on a terminal, else read-only */
    CONSOLE_INTERACTIVE,
    CONSOLE_READ_ONLY,
    CONSOLE_PASSIVE,
    CONSOLE_PIPE,
    CONSOLE_AUTOPIPE,
};

enum resolv_method { RESOLV_OFF, RESOLV_COPY, RESOLV_REPLACE, RESOLV_BIND, RESOLV_DELETE, RESOLV_AUTO };
enum resolv_source { RESOLV_HOST, RESOLV_STATIC, RESOLV_UPLINK, RESOLV_STUB };
enum timezone_mode { TIMEZONE_OFF, TIMEZONE_COPY, TIMEZONE_BIND, TIMEZONE_SYMLINK, TIMEZONE_DELETE, TIMEZONE_AUTO };
enum journal_mode { JOURNAL_NO, JOURNAL_HOST, JOURNAL_TRY_HOST, JOURNAL_GUEST, JOURNAL_TRY_GUEST, JOURNAL_AUTO };

enum mount_type { MOUNT_BIND, MOUNT_TMPFS, MOUNT_OVERLAY, MOUNT_INACCESSIBLE };
enum bind_idmap { IDMAP_NONE, IDMAP_IDENTITY, IDMAP_ROOT, IDMAP_OWNER };

enum restart_mode { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

/* A source path of --bind or --overlay. */
struct mount_source {
    char *path;                 /* NULL: a fresh temporary directory */
    bool in_tree;               /* "+/path": relative to the container's own tree */
};

/* One --bind, --bind-ro, --tmpfs, --overlay, --overlay-ro or --inaccessible. */
struct mount_request {
    enum mount_type type;
    char *target;               /* in the container, absolute */
    bool read_only;
    struct mount_source *source;        /* bind: 1; overlay: all layers, lowest first; else none */
    size_t n_sources;
    bool recursive;             /* bind: rbind (default) or norbind */
    enum bind_idmap idmap;      /* bind */
    char *options;              /* tmpfs: as typed, NULL when none */
};

struct credential {
    char *id;
    char *data;                 /* --set-credential: the value, unescaped; NULL for --load-credential */
    size_t size;
    char *path;                 /* --load-credential: absolute path, or a bare name to look up */
};

/* HOST[:CONTAINER] of an interface option; container is never NULL (defaults applied; "mv-HOST" and "iv-HOST" may be
 * longer than the kernel takes, shortening belongs to the network). */
struct interface_pair {
    char *host;
    char *container;
};
struct interface_pairs {
    struct interface_pair *item;
    size_t count;
};

struct port_forward {
    bool udp;
    bool inward;                /* a service of the host's, reachable in the container */
    uint16_t host_port;
    uint16_t container_port;
    uint16_t count;             /* so many ports in a row */
    struct ip_prefix address;   /* of the host's, the only one that is forwarded, or where the service is; family 0:
                                 * all of them, or 127.0.0.1 */
};

struct resource_limit {
    bool set;
    struct rlimit value;
};

/* RLIM_NLIMITS of the kernel; libraries differ in what they call it. */
#define RESOURCE_LIMITS 16

#define USERNS_SIZE_DEFAULT 65536u
#define CAPABILITIES_DEFAULT UINT64_C(0x00000000fdecafff)
/* Every capability there is or will be: whoever applies a mask cuts it to those the kernel knows. */
#define CAPABILITIES_ALL UINT64_MAX
#define MACHINE_NAME_MAX 64

/* SIGRTMIN+3 as the container's init understands it. A number of the kernel's, since libraries differ in how many
 * real-time signals they keep for themselves and so in what they call SIGRTMIN. */
#define KILL_SIGNAL_OF_INIT (34 + 3)

struct spec {
    /* -- which tree -- */
    char *directory;            /* -D, absolute; once resolved NULL only with image, mstack, bundle, or -M alone */
    char *template_path;        /* --template */
    char *image;                /* --image */
    char *image_policy, *root_hash, *root_hash_sig, *verity_data;
    char *mstack, *oci_bundle;
    bool ephemeral;
    bool ephemeral_from_file;   /* Ephemeral= of a file keeps the machine's name */
    bool read_only;
    enum volatile_mode volatile_mode;
    char *pivot_root_new, *pivot_root_old;
    bool cleanup;               /* --cleanup: remove leftovers, run nothing */

    /* -- what runs -- */
    enum start_mode start;
    struct strings command;     /* argv of the payload, or arguments for init; empty: login shell */
    char *working_directory;
    struct strings environment; /* --setenv, in order, NAME=VALUE */
    char *user;                 /* --uid */
    int kill_signal;            /* 0: none given */
    bool notify_ready;
    bool suppress_sync;

    /* -- identity -- */
    char *machine;              /* -M as typed; after spec_resolve() the effective name */
    bool machine_given;
    char *settings_name;        /* derived: the name .nspawn files are looked up under */
    char *hostname;             /* after spec_resolve() never NULL */
    struct id128 uuid;          /* null: none given */

    /* -- host's service manager -- */
    char *slice;                /* "NAME.slice" */
    struct strings resources;   /* limits: "MemoryMax=2G", in order */
    struct strings properties;
    enum tristate register_machine;
    bool keep_unit;
    bool user_scope;            /* --user; after spec_resolve() also for an unprivileged caller without --system */
    bool scope_given;           /* --user or --system */

    /* -- user namespace -- */
    enum userns_mode userns;
    bool userns_given;
    uint32_t userns_base, userns_size;
    enum ownership_mode ownership;
    bool ownership_given;
    bool userns_optional;       /* -U: no user namespaces in the kernel means "no", without a word */
    unsigned userns_delegate;

    /* -- network -- */
    bool private_network;       /* after spec_resolve() true for every option that implies it */
    bool private_network_given; /* --private-network itself */
    bool veth;
    struct interface_pairs interfaces, macvlans, ipvlans, veth_extras;
    char *bridge, *zone, *netns_path;
    struct port_forward *ports;
    size_t n_ports;
    struct ip_prefixes addresses;       /* --network-address=: of the container's, in order */
    struct ip_prefixes gateways;        /* at most one of each family */
    struct ip_prefixes dns;             /* name servers for the container */
    bool isolate;                       /* no traffic with other machines but those of network_allow */
    struct strings network_allow;       /* who may connect: machines' names and prefixes; empty: everybody */

    /* -- confinement -- */
    uint64_t capabilities_add, capabilities_drop;       /* as asked; CAPABILITIES_ALL for "all" */
    uint64_t capabilities;      /* derived: what the payload keeps; bits the kernel does not know may be set */
    uint64_t ambient_capabilities;
    bool no_new_privileges;
    struct strings syscalls_allowed, syscalls_denied;   /* names and @groups */
    bool families_given;        /* --restrict-address-families seen and not empty */
    bool families_deny;         /* "~": listed families are refused; else only listed ones work */
    int *families;
    size_t n_families;
    char *selinux_context, *selinux_apifs_context;

    /* -- resources -- */
    struct resource_limit limits[RESOURCE_LIMITS];
    bool oom_score_given;
    int oom_score_adjust;
    bool affinity_given;
    cpu_set_t affinity;
    unsigned long personality;  /* ULONG_MAX: the host's */
    char *tmp_size;             /* --tmp-size: "size=" of /tmp's tmpfs ("10%", "512M"); NULL: 10% */

    /* -- integration -- */
    enum resolv_method resolv_method;
    enum resolv_source resolv_source;
    enum timezone_mode timezone;
    enum journal_mode journal;
    char *forward_journal;
    uint64_t forward_journal_max_use, forward_journal_keep_free, forward_journal_max_file_size;
    uint64_t forward_journal_max_files;

    /* -- mounts -- */
    struct mount_request *mounts;
    size_t n_mounts;
    struct strings bind_users, bind_user_groups;
    enum tristate bind_user_shell;      /* NO: none, YES: the host's, AUTO: bind_user_shell_path */
    char *bind_user_shell_path;

    /* -- console -- */
    enum console_mode console;
    char *background;
    char *escape;               /* --console-escape: second escape, as typed ("~." style line escape); NULL: none */

    /* -- among other machines -- */
    struct strings after, requires;     /* names */
    uint16_t ready_port;        /* ready when somebody listens on it; 0: none */
    struct strings ready_command;       /* ready when this ends well in the container; empty: none */
    enum restart_mode restart;
    uint64_t restart_delay_us;  /* default 1 s */

    struct credential *credentials;
    size_t n_credentials;

    /* -- how we behave -- */
    bool quiet;
    bool explain;               /* print the plan, run nothing */
    enum settings_mode settings_mode;
    bool no_pager, no_ask_password;

    /* -- switches of the environment (SYSTEMD_NSPAWN_*), read once by spec_read_environment() -- */
    bool api_vfs_writable, api_vfs_writable_network;
    char *container_service;    /* value of container=; "systemd-nspawn" */
    bool use_cgroup_namespace;  /* default true */
    int legacy_cgroups;         /* SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0: 1; else 0 */
    bool lock_images;           /* default true */
    bool tmpfs_tmp;             /* default true */
    bool check_os_release;      /* default true */
    bool seccomp;               /* default true */
    bool seccomp_log;
    char *network_mac;
};

void spec_init(struct spec *spec);      /* every field to its default; nothing allocated */
void spec_done(struct spec *spec);

/* Reads the SYSTEMD_* switches out of ENVIRON. Comes before the options: they win. */
int spec_read_environment(struct spec *spec, char **environ_list, struct error **err);

/* The name .nspawn files are looked up under, into settings_name; part of spec_resolve(), for who needs it earlier.
 * Left NULL where neither --machine, --directory, --image nor the working directory gives a name. */
int spec_derive_settings_name(struct spec *spec, struct error **err);

/* Checks combinations, fills derived fields. PRIVILEGED: effective uid 0. Messages are those of the reference where
 * spec/nspawn-options.md §16 names one, with a hint. */
int spec_resolve(struct spec *spec, bool privileged, struct error **err);

const char *start_mode_name(enum start_mode mode);
const char *volatile_mode_name(enum volatile_mode mode);
const char *userns_mode_name(enum userns_mode mode);
const char *ownership_mode_name(enum ownership_mode mode);
const char *console_mode_name(enum console_mode mode);
const char *timezone_mode_name(enum timezone_mode mode);
const char *journal_mode_name(enum journal_mode mode);
/* "copy-host", "auto" …; the two enums together. */
const char *resolv_mode_name(enum resolv_method method, enum resolv_source source);
