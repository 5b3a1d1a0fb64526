/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of options, in the order of --help, and finding rows in it. Printing it: options_help.c.
 * What a row's value means is in the parsers it names (option_parsers.h); who wins is in settings_apply.c.
 */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/capability.h"
#include "config/modes.h"
#include "config/option_parsers.h"
#include "config/rlimit_parse.h"
#include "config/signal_name.h"

/* Remarks about what an untrusted file may not say; callers of the original look for these. */
#define NO_MOUNTS "Ignoring TemporaryFileSystem=, Bind= and BindReadOnly= settings, file %s is not trusted."
#define NO_NETWORK "Ignoring network settings, file %s is not trusted."
#define NO_USERS "Ignoring PrivateUsers= and PrivateUsersChown= settings, file %s is not trusted."

/* What the keys of resource limits have in common. */
#define LIMIT .group = GROUP_LIMITS, .trust = TRUST_PRIVILEGED

/* clang-format off */
const struct option_row option_rows[] = {
    { .flag = "help", .short_flag = 'h', .group = GROUP_NEVER_IN_FILE,
      .section = "Options", .help = "print this help" },
    { .flag = "version", .group = GROUP_NEVER_IN_FILE,
      .section = "Options", .help = "print the version" },
    { .flag = "quiet", .short_flag = 'q', .group = GROUP_NEVER_IN_FILE, .parse = option_quiet, .fallback = "no",
      .section = "Options", .help = "say nothing but warnings and errors" },
    { .flag = "no-pager", .group = GROUP_NEVER_IN_FILE, .parse = option_no_pager, .fallback = "no",
      .section = "Options", .help = "print help straight to the terminal" },
    { .flag = "no-ask-password", .group = GROUP_NEVER_IN_FILE, .parse = option_no_ask_password, .fallback = "no",
      .section = "Options", .help = "never ask for the passphrase of an encrypted image" },
    { .flag = "settings", .argument = ARGUMENT_REQUIRED, .argument_name = "MODE", .group = GROUP_NEVER_IN_FILE,
      .parse = option_settings, .fallback = "yes",
      .section = "Options",
      .help = "whether to read a .nspawn file, and who wins: yes (the command line), override (the "
      "file), trusted (as yes, believing the file everything), no" },
    { .flag = "cleanup", .group = GROUP_NEVER_IN_FILE, .parse = option_cleanup,
      .section = "Options", .help = "remove what a container that died has left on the host, and start nothing" },

    { .flag = "directory", .short_flag = 'D', .argument = ARGUMENT_REQUIRED, .argument_name = "PATH",
      .group = GROUP_NEVER_IN_FILE, .parse = option_directory, .fallback = "the working directory",
      .section = "Image", .help = "the directory tree to run" },
    { .flag = "template", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH", .group = GROUP_NEVER_IN_FILE,
      .parse = option_template,
      .section = "Image", .help = "fill the directory from this tree if it does not exist yet" },
    { .flag = "ephemeral", .short_flag = 'x', .key = "Exec.Ephemeral", .trust = TRUST_PRIVILEGED,
      .untrusted_message = "Ignoring ephemeral setting, file %s is not trusted.",
      .parse = option_ephemeral, .parse_key = option_ephemeral_key, .fallback = "no",
      .section = "Image", .help = "run a copy of the tree, and throw it away at the end" },
    { .flag = "image", .short_flag = 'i', .argument = ARGUMENT_REQUIRED, .argument_name = "PATH",
      .group = GROUP_NEVER_IN_FILE, .parse = option_image,
      .section = "Image", .help = "the disk image, or block device, to run" },
    { .flag = "image-policy", .argument = ARGUMENT_REQUIRED, .argument_name = "POLICY", .group = GROUP_NEVER_IN_FILE,
      .parse = option_image_policy,
      .section = "Image", .help = "which partitions of the image to use, and what protection each must have" },
    { .flag = "mstack", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH", .group = GROUP_NEVER_IN_FILE,
      .parse = option_mstack,
      .section = "Image", .extension = true, .help = "the folder of layers (.mstack) to run" },
    { .flag = "oci-bundle", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH", .group = GROUP_NEVER_IN_FILE,
      .parse = option_oci_bundle,
      .section = "Image", .help = "the OCI bundle to run" },
    { .flag = "read-only", .key = "Files.ReadOnly", .parse = option_read_only, .fallback = "no",
      .section = "Image", .help = "let nothing be written to the tree" },
    { .flag = "volatile", .argument = ARGUMENT_OPTIONAL, .argument_name = "MODE", .key = "Files.Volatile",
      .parse = option_volatile, .value = volatile_mode_value, .fallback = "no",
      .section = "Image",
      .help = "forget changes at the end: yes (all but /usr is empty), state (/var is empty), overlay "
      "(everything is there and can be changed), no" },
    { .flag = "root-hash", .argument = ARGUMENT_REQUIRED, .argument_name = "HEX", .group = GROUP_NEVER_IN_FILE,
      .parse = option_root_hash,
      .section = "Image", .help = "the dm-verity hash that the image's root must have" },
    { .flag = "root-hash-sig", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH|base64:DATA",
      .group = GROUP_NEVER_IN_FILE, .parse = option_root_hash_sig,
      .section = "Image", .help = "the signature of that hash (PKCS#7)" },
    { .flag = "verity-data", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH", .group = GROUP_NEVER_IN_FILE,
      .parse = option_verity_data,
      .section = "Image", .help = "the file or device with the image's dm-verity data" },
    { .flag = "pivot-root", .argument = ARGUMENT_REQUIRED, .argument_name = "NEW[:OLD]", .key = "Exec.PivotRoot",
      .parse = option_pivot_root,
      .section = "Image", .help = "make a directory of the tree the root, and move the old root to OLD or drop it" },

    { .flag = "as-pid2", .short_flag = 'a', .key = "Exec.ProcessTwo", .group = GROUP_START,
      .parse = option_as_pid2, .parse_key = option_as_pid2_key, .fallback = "no",
      .section = "Execution", .help = "run the command as process 2 under a small init" },
    { .flag = "boot", .short_flag = 'b', .key = "Exec.Boot", .group = GROUP_START,
      .parse = option_boot, .parse_key = option_boot_key, .fallback = "no",
      .section = "Execution", .help = "run the tree's init; arguments are handed to it" },
    { .key = "Exec.Parameters", .group = GROUP_START, .words = WORDS_SHELL, .parse = option_command,
      .fallback = "a login shell" },
    { .flag = "chdir", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH", .key = "Exec.WorkingDirectory",
      .parse = option_chdir, .fallback = "/",
      .section = "Execution", .help = "the directory, in the container, to start in" },
    { .flag = "setenv", .short_flag = 'E', .argument = ARGUMENT_REQUIRED, .argument_name = "NAME[=VALUE]",
      .key = "Exec.Environment", .words = WORDS_QUOTED, .parse = option_setenv, .parse_key = option_setenv_key,
      .section = "Execution", .help = "set an environment variable, or hand on the caller's; may repeat" },
    { .flag = "uid", .short_flag = 'u', .argument = ARGUMENT_REQUIRED, .argument_name = "USER", .key = "Exec.User",
      .parse = option_uid, .fallback = "root",
      .section = "Execution", .help = "run the command as this user, name or number, of the container" },
    { .flag = "kill-signal", .argument = ARGUMENT_REQUIRED, .argument_name = "SIGNAL", .key = "Exec.KillSignal",
      .parse = option_kill_signal, .value = signal_value, .fallback = "RTMIN+3 with --boot, else none",
      .section = "Execution", .help = "the signal that asks process 1 to shut down" },
    { .flag = "notify-ready", .argument = ARGUMENT_REQUIRED, .argument_name = "BOOLEAN", .key = "Exec.NotifyReady",
      .parse = option_notify_ready, .fallback = "no",
      .section = "Execution", .help = "count as started only when the payload says READY=1" },
    { .flag = "suppress-sync", .argument = ARGUMENT_REQUIRED, .argument_name = "BOOLEAN", .key = "Exec.SuppressSync",
      .parse = option_suppress_sync, .fallback = "no",
      .section = "Execution", .help = "let fsync() and its like succeed without doing anything" },

    { .flag = "machine", .short_flag = 'M', .argument = ARGUMENT_REQUIRED, .argument_name = "NAME",
      .group = GROUP_NEVER_IN_FILE, .parse = option_machine, .fallback = "that of the tree",
      .section = "System Identity", .help = "the machine's name; alone, it also selects an installed image" },
    { .flag = "hostname", .argument = ARGUMENT_REQUIRED, .argument_name = "NAME", .key = "Exec.Hostname",
      .parse = option_hostname, .fallback = "the machine's name",
      .section = "System Identity", .help = "the host name in the container" },
    { .flag = "uuid", .argument = ARGUMENT_REQUIRED, .argument_name = "ID", .key = "Exec.MachineID",
      .trust = TRUST_PRIVILEGED, .untrusted_message = "Ignoring MachineID= setting, file %s is not trusted.",
      .parse = option_uuid, .fallback = "random",
      .section = "System Identity", .help = "the machine id, where the tree has none of its own" },

    { .flag = "slice", .short_flag = 'S', .argument = ARGUMENT_REQUIRED, .argument_name = "SLICE",
      .group = GROUP_NEVER_IN_FILE, .parse = option_slice, .fallback = "machine.slice",
      .section = "Properties", .help = "the service manager's slice for the container" },
    { .flag = "property", .argument = ARGUMENT_REQUIRED, .argument_name = "NAME=VALUE", .group = GROUP_NEVER_IN_FILE,
      .parse = option_property,
      .section = "Properties", .help = "a property of the container's scope, such as MemoryMax=1G; may repeat" },
    { .flag = "register", .argument = ARGUMENT_REQUIRED, .argument_name = "BOOLEAN|auto", .group = GROUP_NEVER_IN_FILE,
      .parse = option_register, .fallback = "auto",
      .section = "Properties", .help = "make the container known to machinectl; auto: if that works" },
    { .flag = "keep-unit", .group = GROUP_NEVER_IN_FILE, .parse = option_keep_unit, .fallback = "no",
      .section = "Properties", .help = "stay in the unit we were started in, without a scope of our own" },

    { .flag = "private-users", .argument = ARGUMENT_OPTIONAL, .argument_name = "RANGE", .key = "Exec.PrivateUsers",
      .group = GROUP_USERS, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_USERS,
      .parse = option_private_users, .parse_key = option_private_users_key, .fallback = "no",
      .section = "User Namespacing", .help = "give the container user ids of its own: BASE[:COUNT] on the host, pick, "
      "managed, identity, yes (the range the tree is owned by), no" },
    { .flag = "private-users-ownership", .argument = ARGUMENT_REQUIRED, .argument_name = "MODE",
      .key = "Files.PrivateUsersOwnership", .group = GROUP_USERS, .trust = TRUST_PRIVILEGED,
      .untrusted_message = NO_USERS,
      .parse = option_private_users_ownership, .value = ownership_mode_value,
      .fallback = "auto where a range is picked, else off",
      .section = "User Namespacing",
      .help = "how the tree's owners meet that range: map (when mounted), chown (on disk), "
      "foreign, auto, off" },
    { .flag = "private-users-chown", .argument = ARGUMENT_OPTIONAL, .key = "Files.PrivateUsersChown",
      .group = GROUP_USERS,
      .trust = TRUST_PRIVILEGED, .untrusted_message = NO_USERS,
      .parse = option_private_users_chown, .parse_key = option_private_users_chown_key },
    { .flag = "private-users-delegate", .argument = ARGUMENT_REQUIRED, .argument_name = "N",
      .key = "Exec.PrivateUsersDelegate", .group = GROUP_USERS, .trust = TRUST_PRIVILEGED,
      .untrusted_message = NO_USERS,
      .parse = option_private_users_delegate, .fallback = "0",
      .section = "User Namespacing", .help = "further ranges, up to 16, for containers in the container" },
    { .short_flag = 'U', .group = GROUP_USERS, .parse = option_pick_users,
      .section = "User Namespacing",
      .help = "--private-users=pick --private-users-ownership=auto, where the kernel can" },

    { .flag = "private-network", .key = "Network.Private", .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED,
      .untrusted_message = NO_NETWORK, .parse = option_private_network, .fallback = "no",
      .section = "Networking", .help = "give the container a network of its own, with nothing but a loopback device" },
    { .flag = "network-interface", .argument = ARGUMENT_REQUIRED, .argument_name = "HOST[:CONTAINER]",
      .key = "Network.Interface", .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK,
      .words = WORDS_PLAIN, .parse = option_network_interface,
      .section = "Networking", .help = "move an interface of the host into the container; may repeat" },
    { .flag = "network-macvlan", .argument = ARGUMENT_REQUIRED, .argument_name = "HOST[:CONTAINER]",
      .key = "Network.MACVLAN", .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK,
      .words = WORDS_PLAIN, .parse = option_network_macvlan,
      .section = "Networking", .help = "add a macvlan interface on top of one of the host's; may repeat" },
    { .flag = "network-ipvlan", .argument = ARGUMENT_REQUIRED, .argument_name = "HOST[:CONTAINER]",
      .key = "Network.IPVLAN", .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK,
      .words = WORDS_PLAIN, .parse = option_network_ipvlan,
      .section = "Networking", .help = "add an ipvlan interface on top of one of the host's; may repeat" },
    { .flag = "network-veth", .short_flag = 'n', .key = "Network.VirtualEthernet", .group = GROUP_NETWORK,
      .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK, .parse = option_network_veth, .fallback = "no",
      .section = "Networking", .help = "lay a cable: ve-NAME on the host, host0 in the container" },
    { .flag = "network-veth-extra", .argument = ARGUMENT_REQUIRED, .argument_name = "HOST[:CONTAINER]",
      .key = "Network.VirtualEthernetExtra", .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED,
      .untrusted_message = NO_NETWORK, .parse = option_network_veth_extra,
      .section = "Networking", .help = "lay one more cable, with these names; may repeat" },
    { .flag = "network-bridge", .argument = ARGUMENT_REQUIRED, .argument_name = "INTERFACE", .key = "Network.Bridge",
      .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK,
      .parse = option_network_bridge,
      .section = "Networking", .help = "lay a cable whose host end is a port of this bridge" },
    { .flag = "network-zone", .argument = ARGUMENT_REQUIRED, .argument_name = "NAME", .key = "Network.Zone",
      .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK, .parse = option_network_zone,
      .empty_counts = true,
      .section = "Networking", .help = "as --network-bridge, with a bridge that comes and goes with its containers" },
    { .flag = "network-namespace-path", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH",
      .key = "Network.NamespacePath", .group = GROUP_NETWORK, .trust = TRUST_PRIVILEGED,
      .untrusted_message = NO_NETWORK,
      .parse = option_network_namespace_path, .parse_key = option_network_namespace_path_key,
      .section = "Networking", .help = "join this network namespace, as found below /run/netns" },
    { .flag = "port", .short_flag = 'p', .argument = ARGUMENT_REQUIRED, .argument_name = "[PROTOCOL:]HOST[:CONTAINER]",
      .key = "Network.Port", .trust = TRUST_PRIVILEGED,
      .untrusted_message = "Ignoring Port= setting, file %s is not trusted.", .parse = option_port,
      .section = "Networking", .help = "forward a port of the host (tcp, or udp:) to the container; may repeat" },

    { .flag = "capability", .argument = ARGUMENT_REQUIRED, .argument_name = "LIST|all", .key = "Exec.Capability",
      .group = GROUP_CAPABILITIES, .trust = TRUST_PRIVILEGED,
      .untrusted_message = "Ignoring Capability= setting, file %s is not trusted.", .words = WORDS_PLAIN,
      .parse = option_capability, .value = capability_value, .fallback = "see redd-run(1)",
      .section = "Security", .help = "let the payload keep these capabilities too" },
    { .flag = "drop-capability", .argument = ARGUMENT_REQUIRED, .argument_name = "LIST|all",
      .key = "Exec.DropCapability", .group = GROUP_CAPABILITIES, .words = WORDS_PLAIN, .parse = option_drop_capability,
      .value = capability_value,
      .section = "Security", .help = "take these capabilities from it" },
    { .flag = "ambient-capability", .argument = ARGUMENT_REQUIRED, .argument_name = "LIST",
      .key = "Exec.AmbientCapability", .group = GROUP_CAPABILITIES, .trust = TRUST_PRIVILEGED,
      .untrusted_message = "Ignoring AmbientCapability= setting, file %s is not trusted.", .words = WORDS_PLAIN,
      .parse = option_ambient_capability, .value = capability_value,
      .section = "Security", .help = "give these to the command itself, also when it runs as another user" },
    { .flag = "no-new-privileges", .argument = ARGUMENT_REQUIRED, .argument_name = "BOOLEAN",
      .key = "Exec.NoNewPrivileges", .parse = option_no_new_privileges, .fallback = "no",
      .section = "Security", .help = "let set-user-ID programs and file capabilities have no effect" },
    { .flag = "system-call-filter", .argument = ARGUMENT_REQUIRED, .argument_name = "LIST|~LIST",
      .key = "Exec.SystemCallFilter", .trust = TRUST_TIGHTEN,
      .untrusted_message = "Ignoring SystemCallFilter= settings, file %s is not trusted.",
      .parse = option_system_call_filter, .fallback = "see redd-run(1)",
      .section = "Security", .help = "allow more system calls, by name or @group, or refuse some (~)" },
    { .flag = "restrict-address-families", .argument = ARGUMENT_REQUIRED, .argument_name = "LIST|~LIST",
      .key = "Exec.RestrictAddressFamilies", .words = WORDS_PLAIN, .empty_counts = true, .instead = "AF_UNSPEC",
      .parse = option_restrict_address_families, .fallback = "no restriction",
      .section = "Security", .help = "allow only these socket families, or all but these (~), or none" },
    { .flag = "selinux-context", .short_flag = 'Z', .argument = ARGUMENT_REQUIRED, .argument_name = "LABEL",
      .group = GROUP_NEVER_IN_FILE, .parse = option_selinux_context,
      .section = "Security", .help = "the SELinux label of the payload's processes" },
    { .flag = "selinux-apifs-context", .short_flag = 'L', .argument = ARGUMENT_REQUIRED, .argument_name = "LABEL",
      .group = GROUP_NEVER_IN_FILE, .parse = option_selinux_apifs_context,
      .section = "Security", .help = "the SELinux label of the container's virtual file systems" },

    { .flag = "rlimit", .argument = ARGUMENT_REQUIRED, .argument_name = "NAME=SOFT[:HARD]", .group = GROUP_LIMITS,
      .parse = option_rlimit, .value = rlimit_value, .fallback = "the kernel's",
      .section = "Resources", .help = "a resource limit of the payload; may repeat" },
    { .key = "Exec.LimitCPU", LIMIT, .parse = option_limit_cpu },
    { .key = "Exec.LimitFSIZE", LIMIT, .parse = option_limit_fsize },
    { .key = "Exec.LimitDATA", LIMIT, .parse = option_limit_data },
    { .key = "Exec.LimitSTACK", LIMIT, .parse = option_limit_stack },
    { .key = "Exec.LimitCORE", LIMIT, .parse = option_limit_core },
    { .key = "Exec.LimitRSS", LIMIT, .parse = option_limit_rss },
    { .key = "Exec.LimitNOFILE", LIMIT, .parse = option_limit_nofile },
    { .key = "Exec.LimitAS", LIMIT, .parse = option_limit_as },
    { .key = "Exec.LimitNPROC", LIMIT, .parse = option_limit_nproc },
    { .key = "Exec.LimitMEMLOCK", LIMIT, .parse = option_limit_memlock },
    { .key = "Exec.LimitLOCKS", LIMIT, .parse = option_limit_locks },
    { .key = "Exec.LimitSIGPENDING", LIMIT, .parse = option_limit_sigpending },
    { .key = "Exec.LimitMSGQUEUE", LIMIT, .parse = option_limit_msgqueue },
    { .key = "Exec.LimitNICE", LIMIT, .parse = option_limit_nice },
    { .key = "Exec.LimitRTPRIO", LIMIT, .parse = option_limit_rtprio },
    { .key = "Exec.LimitRTTIME", LIMIT, .parse = option_limit_rttime },
    { .flag = "oom-score-adjust", .argument = ARGUMENT_REQUIRED, .argument_name = "SCORE", .key = "Exec.OOMScoreAdjust",
      .trust = TRUST_PRIVILEGED, .parse = option_oom_score_adjust, .fallback = "that of the caller",
      .section = "Resources", .help = "how soon the payload is killed when memory runs out, -1000 to 1000" },
    { .flag = "cpu-affinity", .argument = ARGUMENT_REQUIRED, .argument_name = "CPUS", .key = "Exec.CPUAffinity",
      .trust = TRUST_PRIVILEGED, .parse = option_cpu_affinity, .parse_key = option_cpu_affinity_key,
      .fallback = "that of the caller",
      .section = "Resources", .help = "the CPUs the payload may run on, as in 0-3,5" },
    { .flag = "personality", .argument = ARGUMENT_REQUIRED, .argument_name = "ARCHITECTURE", .key = "Exec.Personality",
      .parse = option_personality, .fallback = "the host's",
      .section = "Resources", .help = "what machine uname(2) reports" },

    { .flag = "resolv-conf", .argument = ARGUMENT_REQUIRED, .argument_name = "MODE", .key = "Exec.ResolvConf",
      .parse = option_resolv_conf, .value = resolv_mode_value, .fallback = "auto",
      .section = "Integration",
      .help = "what becomes of /etc/resolv.conf: auto, off, delete, or copy-, replace- or bind- "
      "with host, static, uplink or stub" },
    { .flag = "timezone", .argument = ARGUMENT_REQUIRED, .argument_name = "MODE", .key = "Exec.Timezone",
      .parse = option_timezone, .value = timezone_mode_value, .fallback = "auto",
      .section = "Integration", .help = "what becomes of /etc/localtime: auto, copy, bind, symlink, delete, off" },
    { .flag = "link-journal", .argument = ARGUMENT_REQUIRED, .argument_name = "MODE", .key = "Exec.LinkJournal",
      .trust = TRUST_PRIVILEGED, .untrusted_message = "Ignoring journal link setting, file '%s' is not trusted.",
      .parse = option_link_journal, .fallback = "auto",
      .section = "Integration",
      .help = "where the container's journal is stored: auto, guest, host, try-guest, try-host, no" },
    { .short_flag = 'j', .alias_of = "link-journal", .alias_value = "try-guest",
      .section = "Integration", .help = "--link-journal=try-guest" },
    { .flag = "forward-journal", .argument = ARGUMENT_REQUIRED, .argument_name = "FILE|DIRECTORY",
      .group = GROUP_NEVER_IN_FILE, .parse = option_forward_journal,
      .section = "Integration", .help = "collect the container's journal on the host" },
    { .flag = "forward-journal-max-use", .argument = ARGUMENT_REQUIRED, .argument_name = "BYTES",
      .group = GROUP_NEVER_IN_FILE, .parse = option_forward_journal_max_use,
      .section = "Integration", .help = "how much room the collected journal may take" },
    { .flag = "forward-journal-keep-free", .argument = ARGUMENT_REQUIRED, .argument_name = "BYTES",
      .group = GROUP_NEVER_IN_FILE, .parse = option_forward_journal_keep_free,
      .section = "Integration", .help = "how much room it must leave" },
    { .flag = "forward-journal-max-file-size", .argument = ARGUMENT_REQUIRED, .argument_name = "BYTES",
      .group = GROUP_NEVER_IN_FILE, .parse = option_forward_journal_max_file_size,
      .section = "Integration", .help = "how large each of its files may become" },
    { .flag = "forward-journal-max-files", .argument = ARGUMENT_REQUIRED, .argument_name = "N",
      .group = GROUP_NEVER_IN_FILE, .parse = option_forward_journal_max_files,
      .section = "Integration", .help = "how many of its files are kept" },

    { .flag = "bind", .argument = ARGUMENT_REQUIRED, .argument_name = "SOURCE[:TARGET[:OPTIONS]]", .key = "Files.Bind",
      .group = GROUP_MOUNTS, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_MOUNTS, .parse = option_bind,
      .section = "Mounts", .help = "put a file or directory of the host into the container; may repeat" },
    { .flag = "bind-ro", .argument = ARGUMENT_REQUIRED, .argument_name = "SOURCE[:TARGET[:OPTIONS]]",
      .key = "Files.BindReadOnly", .group = GROUP_MOUNTS, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_MOUNTS,
      .parse = option_bind_ro,
      .section = "Mounts", .help = "the same, read-only" },
    { .flag = "inaccessible", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH", .key = "Files.Inaccessible",
      .group = GROUP_MOUNTS, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_MOUNTS, .parse = option_inaccessible,
      .section = "Mounts", .help = "hide a file or directory of the container; may repeat" },
    { .flag = "tmpfs", .argument = ARGUMENT_REQUIRED, .argument_name = "PATH[:OPTIONS]",
      .key = "Files.TemporaryFileSystem", .group = GROUP_MOUNTS, .trust = TRUST_PRIVILEGED,
      .untrusted_message = NO_MOUNTS, .parse = option_tmpfs,
      .section = "Mounts", .help = "mount an empty file system in memory; may repeat" },
    { .flag = "overlay", .argument = ARGUMENT_REQUIRED, .argument_name = "LOWER[:LOWER...]:UPPER:TARGET",
      .key = "Files.Overlay", .group = GROUP_MOUNTS, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_MOUNTS,
      .parse = option_overlay,
      .section = "Mounts",
      .help = "mount directories on top of each other, the uppermost takes the changes; may repeat" },
    { .flag = "overlay-ro", .argument = ARGUMENT_REQUIRED, .argument_name = "LOWER[:LOWER...]:TARGET",
      .key = "Files.OverlayReadOnly", .group = GROUP_MOUNTS, .trust = TRUST_PRIVILEGED, .untrusted_message = NO_MOUNTS,
      .parse = option_overlay_ro,
      .section = "Mounts", .help = "the same, read-only" },
    { .flag = "bind-user", .argument = ARGUMENT_REQUIRED, .argument_name = "USER", .key = "Files.BindUser",
      .trust = TRUST_PRIVILEGED, .untrusted_message = "Ignoring bind user setting, file %s is not trusted.",
      .words = WORDS_PLAIN, .parse = option_bind_user,
      .section = "Mounts",
      .help = "make a user of the host, and the home directory, known in the container; may repeat" },
    { .flag = "bind-user-shell", .argument = ARGUMENT_REQUIRED, .argument_name = "BOOLEAN|PATH",
      .key = "Files.BindUserShell", .trust = TRUST_PRIVILEGED,
      .untrusted_message = "Ignoring bind user shell setting, file %s is not trusted.", .parse = option_bind_user_shell,
      .fallback = "no",
      .section = "Mounts", .help = "the shell of those users: that of the host, or this one" },
    { .flag = "bind-user-group", .argument = ARGUMENT_REQUIRED, .argument_name = "GROUP", .group = GROUP_NEVER_IN_FILE,
      .parse = option_bind_user_group,
      .section = "Mounts", .help = "a group of the container for those users; may repeat" },

    { .flag = "console", .argument = ARGUMENT_REQUIRED, .argument_name = "MODE", .group = GROUP_NEVER_IN_FILE,
      .parse = option_console, .value = console_mode_value, .fallback = "interactive on a terminal, else read-only",
      .section = "Input/Output",
      .help = "what the payload's standard streams are: interactive, read-only, passive, pipe, "
      "autopipe" },
    { .flag = "pipe", .short_flag = 'P', .alias_of = "console", .alias_value = "pipe",
      .section = "Input/Output", .help = "--console=pipe" },
    { .flag = "background", .argument = ARGUMENT_REQUIRED, .argument_name = "COLOR", .group = GROUP_NEVER_IN_FILE,
      .parse = option_background, .fallback = "a tint",
      .section = "Input/Output", .help = "the terminal's background meanwhile, as in 44 or 48;2;0;0;64" },

    { .flag = "set-credential", .argument = ARGUMENT_REQUIRED, .argument_name = "ID:VALUE",
      .group = GROUP_NEVER_IN_FILE,
      .parse = option_set_credential,
      .section = "Credentials", .help = "hand a secret in; may repeat" },
    { .flag = "load-credential", .argument = ARGUMENT_REQUIRED, .argument_name = "ID:PATH",
      .group = GROUP_NEVER_IN_FILE,
      .parse = option_load_credential,
      .section = "Credentials", .help = "the same, from a file, a socket, or a credential of our own; may repeat" },

    { .flag = "user", .argument = ARGUMENT_USER, .group = GROUP_NEVER_IN_FILE, .parse = option_user,
      .fallback = "yes for unprivileged callers",
      .section = "Other", .help = "use the calling user's service manager and machines" },
    { .flag = "system", .group = GROUP_NEVER_IN_FILE, .parse = option_system,
      .section = "Other", .help = "use those of the system" },
    { .flag = "share-system", .group = GROUP_NEVER_IN_FILE, .parse = option_share_system },

    { .flag = "explain", .group = GROUP_NEVER_IN_FILE, .parse = option_explain,
      .section = "Extensions of redd", .extension = true,
      .help = "print what would be done, step by step, and do nothing" },
    { .flag = "tmp-size", .argument = ARGUMENT_REQUIRED, .argument_name = "SIZE", .key = "Files.TMPSize",
      .trust = TRUST_PRIVILEGED, .parse = option_tmp_size, .fallback = "10%",
      .section = "Extensions of redd", .extension = true,
      .help = "how large /tmp may become: bytes, K, M, G, or % of memory" },
    { .flag = "console-escape", .argument = ARGUMENT_REQUIRED, .argument_name = "STRING", .key = "Exec.ConsoleEscape",
      .trust = TRUST_PRIVILEGED, .parse = option_console_escape, .fallback = "Ctrl-]",
      .section = "Extensions of redd", .extension = true,
      .help = "what to type to end the container: ^A for Ctrl-A, ~. at the start of a line, none" },
    { .flag = "network-address", .argument = ARGUMENT_REQUIRED, .argument_name = "ADDRESS/LENGTH",
      .key = "Network.Address", .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK, .words = WORDS_PLAIN,
      .parse = option_network_address, .section = "Extensions of redd", .extension = true,
      .help = "give the container this IPv4 or IPv6 address; may repeat" },
    { .flag = "network-gateway", .argument = ARGUMENT_REQUIRED, .argument_name = "ADDRESS",
      .key = "Network.Gateway", .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK, .words = WORDS_PLAIN,
      .parse = option_network_gateway, .section = "Extensions of redd", .extension = true,
      .help = "the default route inside; may repeat, once for IPv4 and once for IPv6" },
    { .flag = "network-dns", .argument = ARGUMENT_REQUIRED, .argument_name = "ADDRESS",
      .key = "Network.DNS", .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK, .words = WORDS_PLAIN,
      .parse = option_network_dns, .section = "Extensions of redd", .extension = true,
      .help = "a name server for the container; may repeat" },
    { .flag = "network-isolate", .argument = ARGUMENT_REQUIRED, .argument_name = "BOOLEAN",
      .key = "Network.Isolate", .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK,
      .parse = option_network_isolate, .fallback = "no", .section = "Extensions of redd", .extension = true,
      .help = "keep the container and other machines apart" },
    { .flag = "network-allow", .argument = ARGUMENT_REQUIRED, .argument_name = "MACHINE|PREFIX",
      .key = "Network.Allow", .trust = TRUST_PRIVILEGED, .untrusted_message = NO_NETWORK, .words = WORDS_PLAIN,
      .parse = option_network_allow, .section = "Extensions of redd", .extension = true,
      .help = "only these may connect to the container; may repeat" },

    { .key = "Machine.After", .trust = TRUST_PRIVILEGED, .words = WORDS_PLAIN, .parse = option_after },
    { .key = "Machine.Requires", .trust = TRUST_PRIVILEGED, .words = WORDS_PLAIN, .parse = option_requires },
    { .key = "Machine.ReadyWhen", .trust = TRUST_PRIVILEGED, .parse = option_ready_when, .fallback = "started" },
    { .key = "Machine.Restart", .trust = TRUST_PRIVILEGED, .parse = option_restart, .fallback = "no" },
    { .key = "Machine.RestartSec", .trust = TRUST_PRIVILEGED, .parse = option_restart_sec, .fallback = "1s" },

    { .key = "Resources.MemoryMax", .trust = TRUST_PRIVILEGED, .parse = option_memory_max },
    { .key = "Resources.MemoryHigh", .trust = TRUST_PRIVILEGED, .parse = option_memory_high },
    { .key = "Resources.MemoryLow", .trust = TRUST_PRIVILEGED, .parse = option_memory_low },
    { .key = "Resources.MemoryMin", .trust = TRUST_PRIVILEGED, .parse = option_memory_min },
    { .key = "Resources.MemorySwapMax", .trust = TRUST_PRIVILEGED, .parse = option_memory_swap_max },
    { .key = "Resources.CPUQuota", .trust = TRUST_PRIVILEGED, .parse = option_cpu_quota },
    { .key = "Resources.CPUWeight", .trust = TRUST_PRIVILEGED, .parse = option_cpu_weight },
    { .key = "Resources.IOWeight", .trust = TRUST_PRIVILEGED, .parse = option_io_weight },
    { .key = "Resources.TasksMax", .trust = TRUST_PRIVILEGED, .parse = option_tasks_max },
    { .key = "Resources.AllowedCPUs", .trust = TRUST_PRIVILEGED, .parse = option_allowed_cpus },
    { .key = "Resources.AllowedMemoryNodes", .trust = TRUST_PRIVILEGED, .parse = option_allowed_memory_nodes },
};
/* clang-format on */

const size_t n_option_rows = COUNT_OF(option_rows);

const struct option_row *option_by_flag(const char *flag, size_t length)
{
    for (size_t i = 0; i < n_option_rows; i++) {
        const char *name = option_rows[i].flag;

        if (name && *name == *flag && strncmp(name, flag, length) == 0 && !name[length])
            return &option_rows[i];
    }
    return NULL;
}

const struct option_row *option_by_short(char flag)
{
    for (size_t i = 0; flag && i < n_option_rows; i++)
        if (option_rows[i].short_flag == flag)
            return &option_rows[i];
    return NULL;
}

const struct option_row *option_by_key(const char *section, const char *key)
{
    size_t length = strlen(section);

    for (size_t i = 0; i < n_option_rows; i++) {
        const char *name = option_rows[i].key;

        if (name && strncmp(name, section, length) == 0 && name[length] == '.' && strcmp(name + length + 1, key) == 0)
            return &option_rows[i];
    }
    return NULL;
}

const struct option_row *option_of_command(void)
{
    return option_by_key("Exec", "Parameters");
}

const char *option_name(const struct option_row *row, char buffer[OPTION_NAME_SIZE])
{
    if (row->flag)
        (void) snprintf(buffer, OPTION_NAME_SIZE, "--%s%s", row->flag, row->argument == ARGUMENT_REQUIRED ? "=" : "");
    else if (row->short_flag)
        (void) snprintf(buffer, OPTION_NAME_SIZE, "-%c", row->short_flag);
    else
        (void) snprintf(buffer, OPTION_NAME_SIZE, "%s=", row->key);
    return buffer;
}
