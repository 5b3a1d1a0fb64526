/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the container is: its machine id, its host name, the kernel name it is told, and what it hears of its host. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/run_state.h"

/* The tree's own id, where it has one: a missing, empty or "uninitialized" file has none. */
static bool read_machine_id(int root_fd, struct id128 *ret)
{
    char text[34];
    auto_close int fd = path_open_in(root_fd, "/etc/machine-id", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    ssize_t n = fd < 0 ? fd : fd_read_full(fd, text, sizeof text - 1);

    if (n < 32)
        return false;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return id128_parse(text, ret) == 0 && !id128_is_null(*ret);
}

static const char *host_os_release(char **ret)
{
    if (file_read_quiet(AT_FDCWD, "/etc/os-release", 64 << 10, ret) < 0 &&
        file_read_quiet(AT_FDCWD, "/usr/lib/os-release", 64 << 10, ret) < 0)
        return NULL;
    return *ret;
}

/* Tells the payload which system its host runs: variables container_host_*, from os-release(5). */
static void read_host_environment(struct run *run)
{
    static const struct {
        const char *key, *variable;
    } fields[] = {
        {"ID", "container_host_id"},
        {"VERSION_ID", "container_host_version_id"},
        {"BUILD_ID", "container_host_build_id"},
        {"VARIANT_ID", "container_host_variant_id"},
    };
    auto_free char *text = NULL;

    if (!host_os_release(&text))
        return;

    CLEANUP(strings_done) struct strings lines = {0};
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        for (size_t j = 0; j < lines.count; j++) {
            const char *value = string_after(lines.item[j], fields[i].key);
            CLEANUP(strings_done) struct strings words = {0};

            if (value && *value == '=' && strings_split_words(&words, value + 1) == 0 && words.count == 1)
                strings_add_format(&run->host_environment, "%s=%s", fields[i].variable, words.item[0]);
        }
}

/* What /etc/hostname says below ROOT_FD, AT_FDCWD for the host's; NULL: nothing. Gives. */
static char *read_name(int root_fd)
{
    char text[128];
    auto_close int fd = root_fd == AT_FDCWD ? file_open("/etc/hostname", O_RDONLY | O_NONBLOCK | O_NOCTTY)
                                            : path_open_file_in(root_fd, "/etc/hostname");
    ssize_t n = fd < 0 ? fd : fd_read_full(fd, text, sizeof text - 1);

    if (n <= 0)
        return NULL;
    text[n] = '\0';
    return mem_copy_bytes(text, strcspn(text, " \t\n"));
}

/* debootstrap and its like leave the name of the host they run on in the tree, which systemd then takes for the
 * machine's. That is nobody's wish: systemd is told the machine's name in a way that counts for more. */
static void override_copied_name(struct run *run)
{
    const char *name = run->spec->hostname;

    free(TAKE(run->hostname_argument));
    if (run->spec->start != START_BOOT)
        return;

    auto_free char *inside = read_name(run->root_fd), *outside = inside ? read_name(AT_FDCWD) : NULL;
    if (outside && strcmp(inside, outside) == 0 && strcmp(inside, name) != 0)
        run->hostname_argument = mem_format("systemd.hostname=%s", name);
}

int step_identity_read(struct run *run, struct error **err)
{
    (void) err;
    if (!read_machine_id(run->root_fd, &run->machine_id)) {
        if (!id128_is_null(run->spec->uuid))
            run->machine_id = run->spec->uuid;
        else if (id128_is_null(run->machine_id))        /* else a reboot: still the same machine */
            id128_random(&run->machine_id);
    }
    strings_clear(&run->host_environment);
    read_host_environment(run);
    override_copied_name(run);
    return 0;
}

int step_hostname_set(struct child *child, struct error **err)
{
    const char *name = child->run->spec->hostname;

    return sethostname(name, strlen(name)) < 0 ? fail(err, errno, "the kernel refuses the host name '%s'", name) : 0;
}

int step_personality_set(struct child *child, struct error **err)
{
    if (personality(child->run->spec->personality) < 0)
        return fail(err, errno, "the kernel refuses the personality");
    return 0;
}
