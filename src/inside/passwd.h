/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * passwd: the lines of passwd(5), group(5) and shadow(5), read straight from the file: no name service, no limit on
 * the size of the file, memory for one line only. The files may be a container's, so nothing in them is trusted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A line longer than this is passed over. */
#define PASSWD_LINE_MAX (1u << 20)

/* The lines of an open file, one at a time. */
struct file_lines {
    int fd;                     /* owned */
    char *buffer;
    size_t size, start, end;
    uint64_t taken;             /* bytes read so far */
    bool at_end, skipping;
};

/* Opens PATH inside the tree ROOT_FD. -EINVAL when it is not a regular file: a fifo or a device could block for ever.
 * 0 or a negative errno; LINES may be given to file_lines_done() in any case. */
int file_lines_open_in(struct file_lines *lines, int root_fd, const char *path);

/* The same over text that is already there; takes TEXT. */
void file_lines_of_text(struct file_lines *lines, char *text);

/* The next line without its newline; lives until the next call and may be written to. 1, 0 at the end, or a negative
 * errno (-EFBIG: the file does not end). */
int file_lines_next(struct file_lines *lines, char **ret);

/* The next line that starts with "KEY:". Cheap: other lines are not looked into. */
int file_lines_next_with_key(struct file_lines *lines, const char *key, char **ret);

void file_lines_done(struct file_lines *lines);

/* Both point into the line, which is cut up. */
struct passwd_entry {
    const char *name, *password, *gecos, *home, *shell;
    uint32_t uid, gid;
};
struct group_entry {
    const char *name, *members;         /* members: comma separated */
    uint32_t gid;
};

/* -EINVAL for comments, for the "+" and "-" lines of old name services, and for what is no entry at all. */
int passwd_entry_parse(char *line, struct passwd_entry *ret);
int group_entry_parse(char *line, struct group_entry *ret);

bool group_entry_has_member(const struct group_entry *group, const char *name);

/* The next entry that parses. 1, 0 at the end, or a negative errno. */
int passwd_next(struct file_lines *lines, struct passwd_entry *ret);
int group_next(struct file_lines *lines, struct group_entry *ret);

/* A name that is safe as a user or group name, as a file name, and as an argument of a program: letters, digits and
 * ". _ - $ @", not a number, no leading '-' or '.', at most 255 bytes. Bytes above 127 are letters here. */
bool account_name_is_valid(const char *name);
