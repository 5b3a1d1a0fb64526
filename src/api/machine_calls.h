/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machine_calls: what the bus can have done with machines. For machine_manager.c. */
#pragma once

#include <systemd/sd-bus.h>

#include "api/named.h"

struct registry;
struct service;

/* The machine is in service->machine. */
/* machine_calls.c */
named_call_fn machine_terminate, machine_kill, machine_get_addresses, machine_get_ssh_info, machine_get_os_release,
    machine_get_uid_shift;

/* machine_enter.c */
named_call_fn machine_open_pty, machine_open_login, machine_open_shell, machine_bind_mount, machine_copy_from,
    machine_copy_to, machine_copy_from_with_flags, machine_copy_to_with_flags, machine_open_root_directory;

/* machine_call_register.c */
named_call_fn machine_unregister;
int machine_call_create(sd_bus_message *call, void *data, sd_bus_error *ret);
int machine_call_create_with_network(sd_bus_message *call, void *data, sd_bus_error *ret);
int machine_call_register(sd_bus_message *call, void *data, sd_bus_error *ret);
int machine_call_register_with_network(sd_bus_message *call, void *data, sd_bus_error *ret);
/* The process that holds a machine which others registered: the registry's lock is a process's own. Returns the exit
 * status of the program. */
int machine_hold(const struct registry *registry);

/* machine_map.c */
int machine_map_from_user(sd_bus_message *call, void *data, sd_bus_error *ret);
int machine_map_to_user(sd_bus_message *call, void *data, sd_bus_error *ret);
int machine_map_from_group(sd_bus_message *call, void *data, sd_bus_error *ret);
int machine_map_to_group(sd_bus_message *call, void *data, sd_bus_error *ret);
