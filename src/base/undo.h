/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * undo: the list of what was left on the host, and how to take it back.
 *
 * Whoever is about to leave something behind (a mount, a folder, a link, a control group) first records how to undo it.
 * Stop, failure and recovery then all run the one list backwards. The list is a file that only grows, one line a
 * record, so whatever kills the writer, what it did is written down; a record whose act never happened is normal, and
 * so is undoing twice. Every undo therefore takes "it is not there" for success.
 *
 *     unmount /run/systemd/nspawn/web/unix-export
 *     remove-dir /srv/with\sblank
 *
 * A kind's meaning never changes, since the reader may be a newer program than the writer; a new meaning is a new name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strings.h"

/* A list. In a file when it was opened with one, else in memory alone. */
struct undo;

/* How records named NAME are undone. ARGS are those of undo_record(). */
struct undo_kind {
    const char *name;
    int (*undo)(const struct strings *args, struct error **err);
};

/* Opens the list NAME in DIR_FD (kept: it must stay open; AT_FDCWD for an absolute NAME), made empty with mode 0600
 * where missing; gives *ret. What a dead writer recorded is loaded, except for a last line it did not finish, and
 * waits for undo_run(). DIR_FD -1: a list in memory. Returns 1 when there was a file, 0 for a new list.
 * -EPERM for a file that others than the caller may have written: its lines will be obeyed. */
int undo_open(int dir_fd, const char *name, struct undo **ret, struct error **err);

/* Adds a record by one write(2), to be called BEFORE the act; the arguments are strings, the last one is NULL. On
 * failure nothing was recorded and the act must not happen. */
int undo_record(struct undo *list, const char *kind, struct error **err, ...) __attribute__((sentinel));

/* The same for several records of one argument each, by one write: for acts that follow each other. */
struct undo_entry {
    const char *kind, *argument;
};
int undo_record_all(struct undo *list, const struct undo_entry *entries, size_t n, struct error **err);

/* Undoes every record, last first, going on after failures and returning the first one. What failed stays in the list
 * (and in its file) for another try; the rest is forgotten. The list can be used on. */
int undo_run(struct undo *list, const struct undo_kind *kinds, size_t n_kinds, struct error **err);

/* The same for the records behind the first MARK ones (undo_count() of an earlier moment). */
int undo_run_since(struct undo *list, size_t mark, const struct undo_kind *kinds, size_t n_kinds, struct error **err);
size_t undo_count(const struct undo *list);

bool undo_is_empty(const struct undo *list);

/* Forgets the object, not the file. Accepts NULL, returns NULL. */
struct undo *undo_free(struct undo *list);
void undo_freep(struct undo **list);

/* The kinds that need no knowledge of containers; a caller puts UNDO_KINDS_GENERIC among the rows of its table. Each
 * takes one or more absolute paths. "remove-dir" removes an empty directory only; "remove-tree" stays on its file
 * system; "remove-cgroup" removes one that is empty, "cgroup" ends every process in the control group first
 * (cgroup.h). */
int undo_unmount(const struct strings *args, struct error **err);
int undo_remove_dir(const struct strings *args, struct error **err);
int undo_remove_file(const struct strings *args, struct error **err);
int undo_remove_tree(const struct strings *args, struct error **err);
int undo_remove_cgroup(const struct strings *args, struct error **err);
int undo_cgroup(const struct strings *args, struct error **err);

/* clang-format off */
#define UNDO_KINDS_GENERIC \
    {"unmount",     undo_unmount}, \
    {"remove-dir",  undo_remove_dir}, \
    {"remove-file", undo_remove_file}, \
    {"remove-tree", undo_remove_tree}, \
    {"remove-cgroup", undo_remove_cgroup}, \
    {"cgroup",      undo_cgroup}
/* clang-format on */
