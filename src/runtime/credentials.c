/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials: read on the host, written into a ramfs in the container. */
#include "runtime/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/mount.h"
#include "base/path.h"
#include "inside/user.h"

static const char *const stores[] = {"/etc/credstore", "/run/credstore", "/usr/local/lib/credstore",
                                     "/usr/lib/credstore"};

void credentials_done(struct credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (credentials->item[i].data) {
            explicit_bzero(credentials->item[i].data, credentials->item[i].size);
            free(credentials->item[i].data);
        }
    free(credentials->item);
    *credentials = (struct credentials){0};
}

bool credential_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length > 255 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (const char *p = name; *p; p++)
        if (*p < ' ' || *p > '~' || *p == '/' || *p == ':')
            return false;
    return true;
}

bool credentials_are_for_all(const struct spec *spec)
{
    return !user_is_root(spec->user) && spec->no_new_privileges && spec->start == START_COMMAND;
}

/* Connects to the socket at PATH: by way of a descriptor where the path is too long for an address. */
static int socket_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    auto_close int path_fd = -1;
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (strlen(path) < sizeof address.sun_path)
        memcpy(address.sun_path, path, strlen(path));
    else {
        path_fd = open(path, O_PATH | O_CLOEXEC);
        if (path_fd < 0)
            return -errno;
        (void) path_of_fd(address.sun_path, path_fd);
    }
    if (connect(fd, (struct sockaddr *) &address, sizeof address) < 0)
        return -errno;
    (void) shutdown(fd, SHUT_WR);
    return take_fd(&fd);
}

static int socket_read(const char *path, size_t limit, char **ret, size_t *ret_size)
{
    size_t used = 0, room = 4096;
    auto_close int fd = socket_connect(path);

    if (fd < 0)
        return fd;

    auto_free char *data = mem_alloc(room);
    for (;;) {
        ssize_t n = fd_read_full(fd, data + used, room - used);

        if (n < 0)
            return (int) n;
        used += (size_t) n;
        if (used > limit)
            return -EFBIG;
        if (used < room)
            break;
        room *= 4;
        data = mem_resize(data, room);
    }
    *ret = TAKE(data);
    *ret_size = used;
    return 0;
}

static int read_path(int dir_fd, const char *path, size_t limit, struct loaded_credential *credential)
{
    auto_error struct error *ignored = NULL;
    int r = file_read_at(dir_fd, path, limit, &credential->data, &credential->size, &ignored);

    /* a socket cannot be opened, and says so with this number */
    return r == -ENXIO ? socket_read(path, limit, &credential->data, &credential->size) : r;
}

/* A bare name: the first place that has it wins. */
static int read_by_name(int host_fd, const char *directory, const char *name, size_t limit,
                        struct loaded_credential *credential)
{
    int r = -ENOENT;

    if (directory) {
        auto_free char *path = path_join(directory, name);

        r = read_path(AT_FDCWD, path, limit, credential);
    }
    for (size_t i = 0; i < COUNT_OF(stores) && r == -ENOENT; i++) {
        auto_free char *path = path_join(stores[i] + 1, name);

        r = read_path(host_fd, path, limit, credential);
    }
    return r;
}

static int load_one(const struct credential *asked, int host_fd, const char *directory, size_t limit,
                    struct loaded_credential *credential, struct error **err)
{
    if (asked->data) {
        credential->data = mem_copy_bytes(asked->data, asked->size);
        credential->size = asked->size;
        return asked->size <= limit ? 0 : fail_plain(err, EFBIG, "credential '%s' is too large", asked->id);
    }

    bool by_name = !strchr(asked->path, '/');
    int r = by_name ? read_by_name(host_fd, directory, asked->path, limit, credential)
                    : read_path(AT_FDCWD, asked->path, limit, credential);
    if (r == 0)
        return 0;
    r = fail(err, -r, "Failed to read credential '%s'", asked->path);
    if (r == -ENOENT && by_name)
        fail_hint(*err,
                  "a name without a slash is looked for in $CREDENTIALS_DIRECTORY%s, /etc/credstore, /run/credstore, "
                  "/usr/local/lib/credstore and /usr/lib/credstore",
                  directory ? "" : " (not set here)");
    else if (r == -ENOENT)
        fail_hint(*err, "a path is one of the host's: write the secret into a file there, with mode 0600");
    return r;
}

static int check_name(const struct spec *spec, size_t index, struct error **err)
{
    const char *id = spec->credentials[index].id;

    if (!credential_name_is_valid(id))
        return fail_plain(err, EINVAL, "Credential name is not valid: %s", id);
    for (size_t i = 0; i < index; i++)
        if (strcmp(spec->credentials[i].id, id) == 0)
            return fail_plain(err, EEXIST, "Duplicated credential '%s', refusing.", id);
    return 0;
}

int credentials_load(const struct spec *spec, int host_fd, const char *directory, struct credentials *ret,
                     struct error **err)
{
    CLEANUP(credentials_done) struct credentials loaded = {0};
    size_t left = CREDENTIALS_SIZE_MAX;

    *ret = (struct credentials){0};
    if (spec->n_credentials == 0)
        return 0;
    loaded.item = mem_alloc(spec->n_credentials * sizeof *loaded.item);
    for (size_t i = 0; i < spec->n_credentials; i++) {
        struct loaded_credential *credential = &loaded.item[loaded.count++];

        credential->id = spec->credentials[i].id;
        if (check_name(spec, i, err) < 0 ||
            load_one(&spec->credentials[i], host_fd, directory, left, credential, err) < 0) {
            if (error_code(*err) == EFBIG)
                fail_hint(*err, "all credentials together may have %zu MiB", CREDENTIALS_SIZE_MAX >> 20);
            fail_id(*err, "R2630");
            return -error_code(*err);
        }
        left -= credential->size;
    }
    *ret = loaded;
    loaded = (struct credentials){0};
    return 0;
}

static int write_one(const struct loaded_credential *credential, int dir_fd, bool for_all, struct error **err)
{
    auto_close int fd = openat(dir_fd, credential->id, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    if (fd < 0)
        return fail(err, errno, "cannot create '%s'", credential->id);

    int r = fd_write_full(fd, credential->data, credential->size);
    if (r < 0)
        return fail(err, -r, "cannot write '%s'", credential->id);
    /* afterwards: with the mode of open(2) the umask would have a say */
    return fchmod(fd, for_all ? 0444 : 0400) < 0 ? fail(err, errno, "cannot protect '%s'", credential->id) : 0;
}

static int fill_and_attach(const struct credentials *credentials, int run_host_fd, bool for_all, struct error **err)
{
    static const struct mount_option options[] = {{"mode", "0700"}};
    auto_close int fd =
        mount_new("ramfs", options, COUNT_OF(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
    if (fd < 0)
        return fd;
    for (size_t i = 0; i < credentials->count; i++)
        if (write_one(&credentials->item[i], fd, for_all, err) < 0)
            return -error_code(*err);
    if (fchmodat(fd, ".", for_all ? 0555 : 0500, 0) < 0)
        return fail(err, errno, "cannot protect their folder");
    if (mount_change(fd, MOUNT_ATTR_RDONLY, 0, false, err) < 0 || mount_freeze(fd, err) < 0)
        return -error_code(*err);

    if (mkdirat(run_host_fd, "credentials", 0700) < 0 && errno != EEXIST)
        return fail(err, errno, "cannot make their folder");
    auto_close int target = openat(run_host_fd, "credentials", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return fail(err, errno, "cannot open their folder");
    return mount_attach(fd, target, "/run/host/credentials", err);
}

int credentials_apply(const struct credentials *credentials, int run_host_fd, bool for_all, struct error **err)
{
    if (credentials->count == 0 || fill_and_attach(credentials, run_host_fd, for_all, err) == 0)
        return 0;
    (void) fail_in(err, "cannot hand over the credentials");
    fail_id(*err, "R2631");
    return -error_code(*err);
}
