/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of verbs. Its order is that of the help. */
#include "cli/verb.h"

#include <string.h>

#include "base/mem.h"

enum { R = PROGRAM_REDD, M = PROGRAM_MACHINECTL, I = PROGRAM_IMPORTCTL };
enum { ANY = VERB_ANY_NUMBER };

/* clang-format off */
const struct verb verb_table[] = {
    {"run", R, 0, ANY, VERB_RAW, NULL, verb_run, "",
     "[OPTION...] [COMMAND [ARG...]]", "start a container from a directory tree (as systemd-nspawn does)"},
    {"list", R | M, 0, 0, VERB_DEFAULT | VERB_PAGED, verb_list, NULL, "all full max-addresses",
     "", "list the machines that run"},
    {"status", R | M, 1, ANY, 0, verb_status, NULL, "full lines", "NAME...",
     "show what machines are, what runs in them and what they said last"},
    {"show", R | M, 0, ANY, 0, verb_show, NULL, "property value P all", "[NAME...]",
     "print properties of machines, for programs"},
    {"start", R | M, 1, ANY, 0, verb_start, NULL, "wait timeout runner", "NAME...",
     "start machines in the background"},
    {"enable", R | M, 1, ANY, 0, verb_enable, NULL, "now", "NAME...", "have machines start with the host"},
    {"disable", R | M, 1, ANY, 0, verb_disable, NULL, "now", "NAME...", "have them not"},
    {"autostart", R, 0, 1, 0, verb_autostart, NULL, "timeout", "[start|stop|list]",
     "start the enabled machines, where systemd does not; stop all; list them"},
    {"stop", R | M, 1, ANY, 0, verb_stop, NULL, "timeout", "NAME...",
     "power machines off; those that do not within 30 s are killed"},
    {"poweroff", R | M, 1, ANY, 0, verb_stop, NULL, "timeout", "NAME...", "the same"},
    {"terminate", R | M, 1, ANY, 0, verb_terminate, NULL, "", "NAME...", "end machines at once"},
    {"reboot", R | M, 1, ANY, 0, verb_reboot, NULL, "", "NAME...", "reboot machines"},
    {"restart", R | M, 1, ANY, 0, verb_reboot, NULL, "", "NAME...", "the same"},
    {"kill", R | M, 1, ANY, 0, verb_kill, NULL, "kill-whom signal", "NAME...", "send a signal to processes of machines"},
    {"wait", R, 1, ANY, 0, verb_wait, NULL, "for timeout", "NAME...",
     "wait until machines are ready, or with --for=stopped gone"},
    {"import", R, 1, 2, 0, verb_transfer, NULL, "class force incremental-since platform read-only",
     "FILE|DIR [NAME]", "make an image of whatever the file holds: a tree, an export, a container image, a disk"},
    {"ports", R | M, 0, ANY, VERB_PAGED, verb_ports, NULL, "full", "[NAME...]", "list the port forwards of machines"},
    {"port", R | M, 3, ANY, 0, verb_port, NULL, "", "NAME add|remove FORWARD...",
     "forward ports to a machine that runs, or no longer"},
    {"import-tar", R | M | I, 1, 2, 0, verb_transfer, NULL, "class force read-only", "FILE|- [NAME]",
     "make an image of a tar archive, whatever it is compressed with"},
    {"import-raw", R | M | I, 1, 2, 0, verb_transfer, NULL, "class force read-only", "FILE|- [NAME]",
     "make an image of a disk image: raw or qcow2, also compressed"},
    {"import-fs", R | M | I, 1, 2, 0, verb_transfer, NULL, "class force read-only", "DIR [NAME]",
     "make an image of a directory"},
    {"export", R, 1, 2, 0, verb_transfer, NULL, "class format incremental-since", "NAME [FILE]",
     "write an image, whole or what is new since an earlier export"},
    {"export-tar", R | M | I, 1, 2, 0, verb_transfer, NULL, "class format", "NAME [FILE]",
     "write the tree of an image as a tar archive"},
    {"export-raw", R | M | I, 1, 2, 0, verb_transfer, NULL, "class format", "NAME [FILE]", "write a disk image"},
    {"pull", R, 1, 2, 0, verb_transfer, NULL,
     "class force keep-download key lock-file locked mirror platform read-only server verify", "SOURCE [NAME]",
     "get an image: debian/13, https://..., oci:registry/name:tag"},
    {"search", R, 0, ANY, 0, verb_transfer, NULL, "platform server", "[WORD...]",
     "list the images that 'redd pull' knows by name"},
    {"pull-tar", R | M | I, 1, 2, 0, verb_transfer, NULL,
     "class force keep-download key lock-file mirror read-only verify", "URL [NAME]", "download a tar archive, verify it and make an image of it"},
    {"pull-raw", R | M | I, 1, 2, 0, verb_transfer, NULL,
     "class force keep-download key lock-file mirror read-only verify", "URL [NAME]", "the same with a disk image"},
    {"pull-oci", R | M | I, 1, 2, 0, verb_transfer, NULL, "class force lock-file platform read-only", "REF [NAME]",
     "make a machine of a container image from a registry"},
    {"list-transfers", R | M | I, 0, 0, VERB_DEFAULT, verb_list_transfers, NULL, "class full", "",
     "list the transfers that run"},
    {"list-transfer", M | I, 0, 0, 0, verb_list_transfers, NULL, "", "", NULL},
    {"cancel-transfer", R | M | I, 1, ANY, 0, verb_cancel_transfer, NULL, "", "ID...", "end transfers"},
    {"top", R, 0, ANY, 0, verb_top, NULL, "", "[NAME...]", "show what machines use right now, again and again"},
    {"stats", R, 0, ANY, 0, verb_stats, NULL, "", "[NAME...]", "print what machines have used so far"},
    {"set", R, 2, ANY, 0, verb_set, NULL, "runtime", "NAME LIMIT=VALUE...",
     "limit what a machine may use, now and at its next starts"},
    {"logs", R, 1, 1, 0, verb_logs, NULL, "follow lines", "NAME", "print what a machine has said"},
    {"why", R, 1, ANY, 0, verb_why, NULL, "lines", "NAME...", "say how the last run of machines ended, and what helps"},
    {"list-images", R | M, 0, 0, 0, verb_list_images, NULL, "all full", "", "list the images machines are made from"},
    {"image-status", R | M, 0, ANY, 0, verb_image_status, NULL, "", "[NAME...]", "show images, or what holds them"},
    {"show-image", R | M, 0, ANY, 0, verb_show_image, NULL, "property value P all", "[NAME...]",
     "print properties of images, for programs"},
    {"du", R, 0, ANY, 0, verb_du, NULL, "all", "[NAME...]", "what images take on disk, their own and shared"},
    {"cat", R | M, 1, ANY, 0, verb_cat, NULL, "", "NAME|FILE...", "print settings files of machines"},
    {"edit", R | M, 1, ANY, 0, verb_edit, NULL, "", "NAME|FILE...", "edit settings files of machines"},
    {"clone", R | M, 2, 2, 0, verb_clone, NULL, "read-only", "NAME NEW", "make a copy of an image, at once where that can be"},
    {"rename", R | M, 2, 2, 0, verb_rename, NULL, "", "NAME NEW", "rename an image, with its settings and snapshots"},
    {"read-only", R | M, 1, 2, 0, verb_read_only, NULL, "", "NAME [BOOL]", "mark an image read-only, or writable again"},
    {"remove", R | M, 1, ANY, 0, verb_remove, NULL, "purge", "NAME...", "remove images, with their snapshots"},
    {"set-limit", R | M, 1, 2, 0, verb_set_limit, NULL, "", "[NAME] BYTES", "limit what an image may take, or all of them"},
    {"clean", R | M, 0, 0, 0, verb_clean, NULL, "all", "", "remove hidden images, or all"},
    {"snapshot", R, 1, 2, 0, verb_snapshot, NULL, "keep", "NAME [TAG]", "remember an image as it is now"},
    {"snapshots", R, 0, ANY, 0, verb_snapshots, NULL, "keep full", "[NAME...]", "list snapshots"},
    {"restore", R, 2, 2, 0, verb_restore, NULL, "now", "NAME TAG", "set an image back to a snapshot"},
    {"remove-snapshot", R, 2, ANY, 0, verb_remove_snapshot, NULL, "", "NAME TAG...", "remove snapshots of an image"},
    {"diff", R, 1, 3, 0, verb_diff, NULL, "", "NAME [TAG [TAG]]", "what has changed since a snapshot, or between two"},
    {"flatten", R, 1, ANY, 0, verb_flatten, NULL, "", "NAME...", "make plain trees of images that share layers"},
    {"mount", R, 1, 2, 0, verb_mount, NULL, "read-only", "NAME [DIR]", "show the whole tree of an image in a folder"},
    {"unmount", R, 1, ANY, 0, verb_unmount, NULL, "", "NAME|DIR...", "end that"},
    {"umount", R, 1, ANY, 0, verb_unmount, NULL, "", "NAME|DIR...", NULL},
    {"verify", R, 0, ANY, 0, verb_verify, NULL, "", "[NAME...]", "check what images share"},
    {"repair", R, 1, ANY, 0, verb_repair, NULL, "dry-run", "NAME...", "mend trees whose files have owners of several ranges"},
    {"doctor", R, 0, 0, 0, verb_doctor, NULL, "", "", "check whether this host has what machines need"},
    {"config", R, 0, ANY, VERB_RAW, NULL, verb_config, "",
     "[--both] NAME|OPTION...", "print the effective settings of a container, and where each comes from"},
    {"exec", R, 1, ANY, VERB_COMMAND, verb_exec, NULL, "uid setenv chdir tty",
     "[USER@]NAME [--] COMMAND [ARG...]", "run a command in a machine, with its exit status and three streams"},
    {"shell", R | M, 0, ANY, VERB_COMMAND, verb_shell, NULL, "uid setenv chdir",
     "[[USER@]NAME [PATH [ARG...]]]", "a shell, or another program, at a terminal in a machine"},
    {"login", R | M, 0, 1, 0, verb_login, NULL, "", "[NAME]", "a login prompt of a machine"},
    {"attach", R, 1, 1, 0, verb_attach, NULL, "", "NAME", "follow the console of a machine, and type there"},
    {"detach", R, 1, 1, 0, verb_detach, NULL, "", "NAME", "send everybody away from it"},
    {"copy-to", R | M, 2, 3, 0, verb_copy_to, NULL, "force", "NAME SOURCE [TARGET]",
     "copy a file or tree into a machine, running or not"},
    {"copy-from", R | M, 2, 3, 0, verb_copy_from, NULL, "force", "NAME SOURCE [TARGET]", "copy one out of a machine"},
    {"copy", R, 2, 2, 0, verb_copy, NULL, "force", "[NAME:]SOURCE [NAME:]TARGET", "copy one between two machines"},
    {"bind", R | M, 2, 3, 0, verb_bind, NULL, "read-only mkdir", "NAME PATH [PATH]",
     "show a file or folder of the host in a running machine"},
    {"unbind", R, 2, 2, 0, verb_unbind, NULL, "", "NAME PATH", "take it away again"},
    {"binds", R, 1, 1, 0, verb_binds, NULL, "full", "NAME", "list what was bound into a running machine"},
    {"version", R, 0, 0, 0, verb_version, NULL, "", "", "print the version"},
    {"help", R | M | I, 0, 1, VERB_PAGED, verb_help, NULL, "", "[VERB]", "print this help, or what is to say about a verb"},
};
/* clang-format on */

const size_t n_verbs = COUNT_OF(verb_table);

const struct verb *verb_find(enum program program, const char *name)
{
    for (size_t i = 0; i < n_verbs; i++)
        if (verb_table[i].programs & program && strcmp(verb_table[i].name, name) == 0)
            return &verb_table[i];
    return NULL;
}
