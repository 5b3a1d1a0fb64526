/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cgroup: which control group a process is in, and making an end of one: its processes, the groups below it, itself.
 *
 * For both kinds of hierarchy. In a unified one the kernel kills (cgroup.kill, Linux 5.14) and tells when the group is
 * empty; in a version 1 one, and on older kernels, the listed processes are killed one by one through pidfds, so that
 * a pid that was given to somebody else in between is never hit.
 */
#pragma once

#include "base/error.h"

/* The group in the unified hierarchy ("/machine.slice/web.scope") out of TEXT, a /proc/PID/cgroup: its line "0::".
 * Gives; NULL: there is none. */
char *cgroup_of_text(const char *text);

/* Kills every process in the group at PATH (absolute, in a cgroup file system) and below it, frozen ones too, waits
 * until the last one is gone, and removes the groups, however deep. The caller must not be in it. Success when there
 * is no such group; one system call when it is empty.
 * -EINVAL, with nothing killed, when PATH is not a group, or is the root of all; -ETIMEDOUT when a process stays. */
int cgroup_remove(const char *path, unsigned timeout_ms, struct error **err);

/* Kills every process in the group and below it, and waits until the last one is gone; the groups stay. */
int cgroup_kill(const char *path, unsigned timeout_ms, struct error **err);

/* Sends SIGNAL to every process in the group and below it, a few dozen levels deep. Success when there is no such
 * group, or nobody in it. */
int cgroup_signal(const char *path, int signal, struct error **err);
