/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the folder of names, with what the C library has and nothing else; see the header for why. */
#include "net/names.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { FILE_SIZE_MAX = 2048, PIDFS_MAGIC_NUMBER = 0x50494446 };

size_t names_address_size(int family)
{
    return family == AF_INET6 ? 16 : 4;
}

/* Whether PID is still the process that had it. ID is the inode of its pidfd, which no other process ever has; 0 where
 * the kernel numbers none. */
static bool leader_is_alive(pid_t pid, unsigned long long id)
{
    struct statfs fs;
    struct stat st;
    bool same = true;

    if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
        return false;
    if (id == 0)
        return true;

    int fd = (int) syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return errno != ESRCH && errno != EINVAL;
    if (fstatfs(fd, &fs) == 0 && fs.f_type == PIDFS_MAGIC_NUMBER && fstat(fd, &st) == 0)
        same = st.st_ino == id;
    (void) close(fd);
    return same;
}

static void add_address(struct names_entry *entry, const char *text)
{
    struct names_address address = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

    if (entry->count < NAMES_ADDRESSES_MAX && inet_pton(address.family, text, address.byte) == 1)
        entry->address[entry->count++] = address;
}

/* TEXT is changed. */
static int read_text(char *text, struct names_entry *entry)
{
    unsigned long long id = 0;
    char *rest = NULL, *end;
    long pid = 0;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strncmp(line, "leader ", 7) == 0) {
            pid = strtol(line + 7, &end, 10);
            id = strtoull(end, NULL, 10);
        } else {
            add_address(entry, line);
        }
    return leader_is_alive((pid_t) pid, id) ? 0 : -ENOENT;
}

static int read_entry(int folder_fd, const char *name, struct names_entry *ret)
{
    char text[FILE_SIZE_MAX];
    int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, sizeof text - 1);
    int r = n < 0 ? -errno : 0;
    (void) close(fd);
    if (r < 0)
        return r;
    text[n] = '\0';
    *ret = (struct names_entry){0};
    (void) snprintf(ret->name, sizeof ret->name, "%s", name);
    return read_text(text, ret);
}

/* Calls MATCHES for each name until one is the one; -ENOENT at the end. */
static int search(int folder_fd, bool (*matches)(int folder_fd, const char *name, const void *data,
                                                 struct names_entry *ret),
                  const void *data, struct names_entry *ret)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = -ENOENT;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir) {
        if (fd >= 0)
            (void) close(fd);
        return r;
    }
    for (struct dirent *item; r < 0 && (item = readdir(dir));)
        if (item->d_name[0] != '.' && strlen(item->d_name) < NAMES_NAME_SIZE &&
            matches(folder_fd, item->d_name, data, ret))
            r = 0;
    (void) closedir(dir);
    return r;
}

static bool has_name(int folder_fd, const char *name, const void *data, struct names_entry *ret)
{
    return strcasecmp(name, data) == 0 && read_entry(folder_fd, name, ret) == 0;
}

static bool has_address(int folder_fd, const char *name, const void *data, struct names_entry *ret)
{
    const struct names_address *wanted = data;

    if (read_entry(folder_fd, name, ret) < 0)
        return false;
    for (unsigned i = 0; i < ret->count; i++)
        if (ret->address[i].family == wanted->family &&
            memcmp(ret->address[i].byte, wanted->byte, names_address_size(wanted->family)) == 0)
            return true;
    return false;
}

int names_find(const char *folder, const char *name, struct names_entry *ret)
{
    char wanted[NAMES_NAME_SIZE];
    size_t length = strlen(name);

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length == 0 || length >= sizeof wanted || name[0] == '.' || memchr(name, '/', length))
        return -ENOENT;
    memcpy(wanted, name, length);
    wanted[length] = '\0';

    int fd = openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -ENOENT;
    int r = read_entry(fd, wanted, ret);
    if (r < 0)
        r = search(fd, has_name, wanted, ret);
    (void) close(fd);
    return r;
}

int names_find_address(const char *folder, int family, const void *bytes, struct names_entry *ret)
{
    struct names_address wanted = {.family = family};
    int fd = openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -ENOENT;
    memcpy(wanted.byte, bytes, names_address_size(family));
    int r = search(fd, has_address, &wanted, ret);
    (void) close(fd);
    return r;
}
