/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run_state: what happened so far in one run, and the steps that make it happen. For the files of this folder only.
 *
 * struct run belongs to the supervisor. The child that becomes the payload sees the same memory until it execs
 * (launch.c) and only reads it; what the child finds out itself is in struct child.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/id128.h"
#include "base/strings.h"
#include "config/spec.h"
#include "inside/user.h"
#include "net/address_plan.h"
#include "runtime/event.h"
#include "runtime/run.h"

struct undo;
struct control;
struct integration;
struct name_publication;
struct name_server;
struct network;
struct ports;
struct ready;
struct router;
struct rules_beginning;
struct watchdog;
struct tree;

/* Which process does a phase. */
enum side { SUPERVISOR, CHILD };

enum phase { ACQUIRE, PREPARE, MAP_IDS, ATTACH, BUILD, CONFINE, N_PHASES };

struct step;

/* A mount made ready by the supervisor, attached by the child. */
struct ready_mount {
    char *target;               /* absolute, in the container */
    int fd;                     /* detached mount; -1: the child makes it itself (tmpfs, inaccessible) */
    bool is_directory;
    const struct mount_request *request;        /* NULL: not one the user asked for */
};

struct run {
    const struct spec *spec;
    const struct run_host *host;
    const struct step **plan;   /* wanted steps in order */
    size_t n_plan, n_done;

    char *machine;              /* = spec->machine */
    struct undo *undo;
    struct id128 machine_id;
    struct strings host_environment;    /* container_host_* */
    char *hostname_argument;    /* for systemd as the payload, or NULL: identity.c */
    struct rlimit pid1_limits[RESOURCE_LIMITS];
    unsigned n_listen_fds;      /* handed over by our caller, from fd 3 */

    struct tree *tree;          /* where the root comes from, and its locks: tree.c */
    int root_fd;                /* detached mount that becomes "/" */
    bool root_read_only;
    struct ready_mount root_mounts[8];  /* --volatile=: /usr, /var; of a disk image: its other parts */
    size_t n_root_mounts;

    /* user namespace; base 0, size 0 without one */
    bool has_userns;
    uint32_t uid_base, uid_size;
    int uid_lock_fd;
    int userns_fd;              /* a namespace with the container's map, or the tree's, for mapped mounts; -1 */

    int cgroup_fd;              /* payload's cgroup directory */
    int cgroup_procs_fd;        /* its cgroup.procs, for writing */
    int cgroup_tree_fd;         /* detached, of the whole hierarchy, where that is shown; -1 */
    char *cgroup_path;          /* absolute path of the group that was made, for undo and status */
    bool cgroup_is_ours;        /* no service manager watches over it */
    bool cgroup_has_child;      /* the child was born in it */
    bool child_was_stillborn;   /* the kernel killed it before its first step: the boot is to be tried once more */
    bool cgroup_is_reused;      /* the supervisor's: no child of it is born elsewhere */
    bool cgroup_is_in_slice;    /* --slice= without a service manager */
    int cgroup_home_fd;         /* the group the supervisor came from, -1 when it did not move */

    mode_t fuse_mode, tun_mode;         /* of the host's nodes */
    int dev_fd, devpts_fd, run_fd;      /* detached mounts of /dev, /dev/pts, /run */
    int given_netns_fd;         /* --network-namespace-path=; -1 */
    int sys_fd;                 /* detached sysfs of a network that is not its own, user namespaces only; -1 */
    int os_release_fd, incoming_fd, unix_export_fd;
    int kmsg_fd;                /* keeps the fifo behind /proc/kmsg open */
    int notify_fd;              /* our end of /run/host/notify */

    enum console_mode console_mode;     /* effective */
    bool output_is_terminal;            /* the caller's standard output */
    bool is_quiet;                      /* --quiet, or a pipe, whose caller wants to hear the payload alone */
    int pty_fd, pty_peer_fd;

    struct ready_mount *mounts; /* sorted by target */
    size_t n_mounts;
    int null_fd;

    struct integration *integration;    /* integrate.c */

    struct network *network;    /* network_attach.c */
    struct name_publication *name_publication;  /* name_publish.c */
    struct name_server *name_server;    /* resolver.c */
    int network_index;          /* the interface that stands for the machine on the host, 0: none */
    struct address_plan address_plan;   /* network_address.c; all zero without a cable or addresses */
    struct router *router;      /* network_router.c */
    struct lease *lease;        /* network_lease.c */
    struct rules_beginning *rules_beginning;    /* network_rules.c */

    struct ports *ports;        /* ports.c */

    int handshake_fd;           /* supervisor's end */
    pid_t pid;                  /* payload's PID 1 (or the stub init), host view */
    int pidfd;
    int signal_fd;
    struct events events;       /* what else the supervisor waits for while the payload runs */
    struct control *control;    /* control.c */
    struct strings live_limits; /* asked for while it ran; limits.c */
    struct ready *ready;        /* ready.c */
    struct watchdog *watchdog;  /* watchdog.c */
    unsigned n_restarts;        /* in quick succession */
    int64_t started_ms;         /* of this boot */
    uint64_t rest_us;           /* before the next boot */
};

enum { SYS_PARTS = 6 };

/* What the child knows by itself. Lives on its stack. */
struct child {
    struct run *run;
    int cgroup_procs_fd;        /* of the payload's group: the supervisor's number for it may be another */
    int handshake_fd;
    int root_fd;                /* "/" of the container, after pivot_root */
    int proc_fd;                /* detached, for user namespaces; -1 */
    int dev_fd;                 /* detached, where the supervisor did not make it; -1 */
    int sys_part_fds[SYS_PARTS];        /* detached parts of a sysfs, where not all of it is shown; -1 */
    struct strings environment;
    struct user user;
    char **init_argv;           /* borrows its words */
};

typedef int supervisor_step_fn(struct run *run, struct error **err);
typedef int child_step_fn(struct child *child, struct error **err);

struct step {
    enum phase phase;
    const char *name;           /* completes "cannot ..." */
    bool (*wanted)(const struct spec *spec);    /* NULL: always */
    supervisor_step_fn *apply;                  /* phases of the supervisor */
    child_step_fn *apply_inside;                /* phases of the child */
    void (*undo)(struct run *run); /* supervisor steps that leave something in this process or on the host */
};

/* plan.c */
void plan_make(struct run *run);
int plan_run_phase(struct run *run, enum phase phase, struct error **err);
int plan_run_phase_inside(struct child *child, enum phase phase, struct error **err);
void plan_undo_to(struct run *run, enum phase phase);      /* this phase and those behind it */
void plan_done(struct run *run);
/* With -DREDD_TEST_HOOKS: FAIL_STEP=n makes the n-th step fail, KILL_STEP=n kills the process that reaches it. */

/* launch.c */
int launch(struct run *run, struct error **err);
/* A remark from the child to the person at the terminal; takes and clears *err. */
void child_warn(struct child *child, struct error **err);
/* The child's last word: becomes the supervisor's error. */
void child_fail(struct child *child, const struct error *err);

/* trim.c */
void run_trim(struct run *run);         /* the payload runs: gives back what only its start needed */
void run_reap(struct run *run);         /* waits for a payload that was killed */

/* supervise.c */
int supervise(struct run *run, int *ret_status, bool *ret_again, struct error **err);

#define STEP(name) int name(struct run *run, struct error **err)
#define INNER_STEP(name) int name(struct child *child, struct error **err)

/* support.c */
STEP(step_support_check);

/* tree.c */
STEP(step_tree_find);
STEP(step_tree_lock);
STEP(step_tree_check);
STEP(step_machine_claim);
STEP(step_ids_choose);
STEP(step_template_copy);
STEP(step_tree_snapshot);
STEP(step_tree_chown);
void step_tree_close(struct run *run);
void step_ids_release(struct run *run);
void step_machine_withdraw(struct run *run);
const char *run_tree_path(const struct run *run);
/* For the child: its copies of the descriptors that hold the locks. What is in memory is the supervisor's. */
void tree_close_locks(const struct run *run);

/* disk_tree.c */
STEP(step_disk_open);

/* root_mount.c */
STEP(step_root_open);
void step_root_close(struct run *run);
INNER_STEP(step_root_mounts_attach);

/* identity.c */
STEP(step_identity_read);
INNER_STEP(step_hostname_set);
INNER_STEP(step_personality_set);

/* cgroup.c */
STEP(step_cgroup_make);
void step_cgroup_leave(struct run *run);
/* Takes the payload subgroup of PATH (a scope's cgroup below the hierarchy's root; takes the string) instead. */
int cgroup_adopt(struct run *run, char *path, struct error **err);
INNER_STEP(step_cgroup_enter);
INNER_STEP(step_cgroup_mount);

/* devices.c */
STEP(step_devices_restrict);

/* dev.c, run_folder.c */
/* In the child: /dev as the supervisor would have prepared it, by plain names below the working directory. */
int dev_make(struct child *child, struct error **err);
STEP(step_dev_prepare);
void step_dev_close(struct run *run);
STEP(step_run_prepare);
STEP(step_sys_prepare);
/* --cleanup: what a run of MACHINE by another program may have left in the host's /run, as undo records. */
int run_folder_record_leftovers(struct undo *undo, const char *machine, struct error **err);
void step_run_close(struct run *run);

/* userns.c */
STEP(step_ids_write_map);
INNER_STEP(step_ids_become_root);

/* root.c: the child's way into the tree */
INNER_STEP(step_root_enter);
INNER_STEP(step_root_pivot_inside);
INNER_STEP(step_base_folders_make);
INNER_STEP(step_mounts_seal);

/* api_mounts.c */
/* Before the pivot, while names are the host's: what is made under trusted names and goes along detached. */
int api_mounts_prepare(struct child *child, struct error **err);
INNER_STEP(step_api_mount);
INNER_STEP(step_proc_mask);

/* mounts.c */
STEP(step_mounts_prepare);
void step_mounts_close(struct run *run);
INNER_STEP(step_mounts_attach);

/* integrate.c */
STEP(step_integration_prepare);
void step_integration_close(struct run *run);
INNER_STEP(step_integration_apply);

/* attach.c */
STEP(step_scope_allocate);
STEP(step_machine_announce);

/* limits.c */
bool spec_wants_limits(const struct spec *spec);
STEP(step_resources_limit);

/* network.c */
/* A new network namespace that belongs to the container; one joined by path is somebody else's. */
bool spec_has_own_network(const struct spec *spec);
STEP(step_network_open);
void step_network_close(struct run *run);
/* This process into the namespace of --network-namespace-path=, and back; nothing happens without one. */
int network_enter(const struct run *run, int *ret_own_fd, struct error **err);
int network_leave(int *own_fd, struct error **err);
INNER_STEP(step_loopback_up);
INNER_STEP(step_ping_allow);

/* network_attach.c */
/* Something is to be done in the container's network namespace before the child goes on. */
bool spec_wants_links(const struct spec *spec);
STEP(step_netns_open);
void step_netns_close(struct run *run);
STEP(step_interfaces_move);
STEP(step_interfaces_derive);
STEP(step_veth_make);
STEP(step_veth_extras_make);

/* network_address.c */
/* A cable, or an address that was asked for. */
bool spec_wants_addresses(const struct spec *spec);
STEP(step_addresses_set);

/* resolver.c */
STEP(step_resolver_start);
void step_resolver_stop(struct run *run);

/* name_publish.c */
STEP(step_name_publish);
void step_name_withdraw(struct run *run);

/* network_router.c */
STEP(step_router_start);
void step_router_stop(struct run *run);

/* network_lease.c */
STEP(step_lease_start);
void step_lease_stop(struct run *run);

/* ports.c */
STEP(step_ports_reserve);
void step_ports_release(struct run *run);

/* network_rules.c */
/* A cable, other than to a bridge of somebody else's. */
bool spec_wants_rules(const struct spec *spec);
STEP(step_rules_begin);
void step_rules_await(struct run *run);
STEP(step_rules_add);
/* The plan of addresses has changed since, while the container ran. */
int rules_follow(struct run *run, struct error **err);

/* confine.c */
INNER_STEP(step_console_take);
INNER_STEP(step_user_resolve);
INNER_STEP(step_environment_make);
INNER_STEP(step_limits_set);
INNER_STEP(step_keyring_join);
INNER_STEP(step_descriptors_close);
INNER_STEP(step_capabilities_drop);
INNER_STEP(step_system_calls_filter);
INNER_STEP(step_user_become);
INNER_STEP(step_payload_exec);
INNER_STEP(step_working_directory_enter);
