/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * option_parsers: the parse functions that the rows of options.c name, one or two for each option. For that table only.
 * They are grouped by file as --help groups the options; the macros below make the many that only set one field.
 */
#pragma once

#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/refuse.h"
#include "config/spec.h"

#define PARSER(name) int name(struct spec *spec, const char *value, struct error **err)

/* Parsers that cannot fail still have the shape of the others. */
#define NOTHING_FAILS ((void) err)

/* "" is none. */
static inline void text_set(char **field, const char *value)
{
    free(*field);
    *field = *value ? mem_copy_string(value) : NULL;
}

/* An option without argument; as a file's key it is a boolean. */
#define DEFINE_SWITCH(name, field) \
    PARSER(name) \
    { \
        return switch_parse(value, &spec->field, err); \
    }

/* --FLAG=BOOLEAN */
#define DEFINE_BOOLEAN(name, field, flag) \
    PARSER(name) \
    { \
        return boolean_parse(flag, value, &spec->field, err); \
    }

#define DEFINE_TEXT(name, field) \
    PARSER(name) \
    { \
        NOTHING_FAILS; \
        text_set(&spec->field, value); \
        return 0; \
    }

/* A path of the host, absolute against the working directory. */
#define DEFINE_PATH(name, field) \
    PARSER(name) \
    { \
        return path_set(&spec->field, value, err); \
    }

/* option_common.c */
int switch_parse(const char *value, bool *ret, struct error **err);     /* NULL is true */
int boolean_parse(const char *flag, const char *value, bool *ret, struct error **err);
int path_set(char **field, const char *value, struct error **err);      /* "" is none */
PARSER(option_quiet);
PARSER(option_no_pager);
PARSER(option_no_ask_password);
PARSER(option_settings);
PARSER(option_cleanup);
PARSER(option_explain);
PARSER(option_user);
PARSER(option_system);
PARSER(option_share_system);
PARSER(option_register);
PARSER(option_keep_unit);
PARSER(option_slice);
PARSER(option_property);

/* option_image.c */
PARSER(option_directory);
PARSER(option_template);
PARSER(option_ephemeral);
PARSER(option_ephemeral_key);
PARSER(option_image);
PARSER(option_image_policy);
PARSER(option_mstack);
PARSER(option_oci_bundle);
PARSER(option_read_only);
PARSER(option_volatile);
PARSER(option_root_hash);
PARSER(option_root_hash_sig);
PARSER(option_verity_data);
PARSER(option_pivot_root);
PARSER(option_bind);
PARSER(option_bind_ro);
PARSER(option_tmpfs);
PARSER(option_overlay);
PARSER(option_overlay_ro);
PARSER(option_inaccessible);
PARSER(option_bind_user);
PARSER(option_bind_user_shell);
PARSER(option_bind_user_group);
PARSER(option_tmp_size);

/* option_exec.c */
PARSER(option_command);
PARSER(option_boot);
PARSER(option_boot_key);
PARSER(option_as_pid2);
PARSER(option_as_pid2_key);
PARSER(option_chdir);
PARSER(option_setenv);
PARSER(option_setenv_key);
PARSER(option_uid);
PARSER(option_kill_signal);
PARSER(option_notify_ready);
PARSER(option_suppress_sync);
PARSER(option_machine);
PARSER(option_hostname);
PARSER(option_uuid);
PARSER(option_rlimit);
PARSER(option_oom_score_adjust);
PARSER(option_cpu_affinity);
PARSER(option_cpu_affinity_key);
PARSER(option_personality);
PARSER(option_limit_cpu);
PARSER(option_limit_fsize);
PARSER(option_limit_data);
PARSER(option_limit_stack);
PARSER(option_limit_core);
PARSER(option_limit_rss);
PARSER(option_limit_nproc);
PARSER(option_limit_nofile);
PARSER(option_limit_memlock);
PARSER(option_limit_as);
PARSER(option_limit_locks);
PARSER(option_limit_sigpending);
PARSER(option_limit_msgqueue);
PARSER(option_limit_nice);
PARSER(option_limit_rtprio);
PARSER(option_limit_rttime);

/* option_security.c */
PARSER(option_private_users);
PARSER(option_private_users_key);
PARSER(option_private_users_ownership);
PARSER(option_private_users_chown);
PARSER(option_private_users_chown_key);
PARSER(option_private_users_delegate);
PARSER(option_pick_users);
PARSER(option_capability);
PARSER(option_drop_capability);
PARSER(option_ambient_capability);
PARSER(option_no_new_privileges);
PARSER(option_system_call_filter);
PARSER(option_restrict_address_families);
PARSER(option_selinux_context);
PARSER(option_selinux_apifs_context);

/* option_network.c */
PARSER(option_private_network);
PARSER(option_network_interface);
PARSER(option_network_macvlan);
PARSER(option_network_ipvlan);
PARSER(option_network_veth);
PARSER(option_network_veth_extra);
PARSER(option_network_bridge);
PARSER(option_network_zone);
PARSER(option_network_namespace_path);
PARSER(option_network_namespace_path_key);
PARSER(option_network_address);
PARSER(option_network_gateway);
PARSER(option_network_dns);
PARSER(option_network_isolate);
PARSER(option_network_allow);
PARSER(option_port);

/* option_integration.c */
PARSER(option_resolv_conf);
PARSER(option_timezone);
PARSER(option_link_journal);
PARSER(option_forward_journal);
PARSER(option_forward_journal_max_use);
PARSER(option_forward_journal_keep_free);
PARSER(option_forward_journal_max_file_size);
PARSER(option_forward_journal_max_files);
PARSER(option_console);
PARSER(option_console_escape);
PARSER(option_background);
PARSER(option_set_credential);
PARSER(option_load_credential);

/* option_machine.c */
PARSER(option_after);
PARSER(option_requires);
PARSER(option_ready_when);
PARSER(option_restart);
PARSER(option_restart_sec);

/* option_resource.c */
PARSER(option_memory_max);
PARSER(option_memory_high);
PARSER(option_memory_low);
PARSER(option_memory_min);
PARSER(option_memory_swap_max);
PARSER(option_cpu_quota);
PARSER(option_cpu_weight);
PARSER(option_io_weight);
PARSER(option_tasks_max);
PARSER(option_allowed_cpus);
PARSER(option_allowed_memory_nodes);
