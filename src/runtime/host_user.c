/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts of the host. Called by bind_user.c, in the supervisor. */
#include "runtime/host_user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "inside/getent.h"
#include "inside/passwd.h"

enum { KEYS_MAX = 256, KEYS_SIZE_MAX = 256 << 10 };

void host_user_done(struct host_user *user)
{
    free(user->real_name);
    free(user->home);
    free(user->shell);
    free(user->password);
    *user = (struct host_user){0};
}

/* The second field of shadow(5); "x" and nothing in passwd(5) mean that it is there. */
static char *second_field(struct file_lines *lines, const char *name)
{
    char *line;

    if (file_lines_next_with_key(lines, name, &line) <= 0)
        return NULL;
    line = strchr(line, ':') + 1;
    line[strcspn(line, ":")] = '\0';
    return mem_copy_string(line);
}

static char *find_password(int host_fd, const struct passwd_entry *entry, bool from_file)
{
    CLEANUP(file_lines_done) struct file_lines lines = {.fd = -1};
    char *text = NULL;

    if (*entry->password && strcmp(entry->password, "x") != 0)
        return mem_copy_string(entry->password);
    if (from_file)
        return file_lines_open_in(&lines, host_fd, "/etc/shadow") == 0 ? second_field(&lines, entry->name) : NULL;
    if (getent_query("shadow", entry->name, NULL, &text) < 0)
        return NULL;
    file_lines_of_text(&lines, text);
    return second_field(&lines, entry->name);
}

static void set_from_entry(int host_fd, const struct passwd_entry *entry, bool from_file, struct host_user *ret)
{
    size_t name_length = strcspn(entry->gecos, ",");

    *ret = (struct host_user){
        .uid = entry->uid,
        .gid = entry->gid,
        .real_name = name_length > 0 ? mem_copy_bytes(entry->gecos, name_length) : NULL,
        .home = mem_copy_string(entry->home),
        .shell = *entry->shell ? mem_copy_string(entry->shell) : NULL,
        .password = find_password(host_fd, entry, from_file),
    };
}

/* 1, 0 when there is none, or a negative errno. */
static int find_in(struct file_lines *lines, const char *name, struct passwd_entry *ret)
{
    char *line;
    int r;

    while ((r = file_lines_next_with_key(lines, name, &line)) > 0)
        if (passwd_entry_parse(line, ret) == 0)
            return 1;
    return r;
}

int host_user_find(int host_fd, const char *name, struct host_user *ret, struct error **err)
{
    CLEANUP(file_lines_done) struct file_lines lines = {.fd = -1}, answer = {.fd = -1};
    struct passwd_entry entry;
    char *text = NULL;

    int r = file_lines_open_in(&lines, host_fd, "/etc/passwd");
    if (r == 0)
        r = find_in(&lines, name, &entry);
    if (r < 0 && r != -ENOENT) {
        r = fail(err, -r, "cannot read the host's /etc/passwd");
        fail_id(*err, "R2640");
        return r;
    }
    if (r > 0) {
        set_from_entry(host_fd, &entry, true, ret);
        return 0;
    }

    r = getent_query("passwd", name, NULL, &text);
    if (r == 0) {
        file_lines_of_text(&answer, text);
        if (find_in(&answer, name, &entry) > 0) {
            set_from_entry(host_fd, &entry, false, ret);
            return 0;
        }
    }
    int code = -r;
    r = fail_plain(err, ESRCH, "Failed to resolve user '%s': Unknown user", name);
    fail_id(*err, "R2640");
    if (code == ETIMEDOUT)
        fail_hint(*err, "the host's getent(1) did not answer in time");
    return r;
}

void host_user_read_keys(int home_fd, uid_t uid, struct strings *keys)
{
    struct stat st;
    auto_close int fd = path_open_in(home_fd, ".ssh/authorized_keys", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

    /* a second name could have been given to a file of root's that is not meant for the user */
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > KEYS_SIZE_MAX ||
        (st.st_uid != uid && !(st.st_uid == 0 && st.st_nlink == 1)))
        return;

    auto_free char *text = mem_alloc((size_t) st.st_size + 1);
    if (fd_read_full(fd, text, (size_t) st.st_size) < 0)
        return;

    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line && keys->count < KEYS_MAX; line = strtok_r(NULL, "\n", &rest)) {
        line = string_trim(line);
        if (*line && *line != '#')
            strings_add(keys, line);
    }
}
