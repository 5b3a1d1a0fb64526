/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/lineage.h"
#include "net/names.h"

void looker_done(struct looker *looker)
{
    address_reader_done(&looker->reader);
    fd_closep(&looker->images_fd);
    fd_closep(&looker->names_fd);
    free(TAKE(looker->images));
}

static int open_inside(const struct machine_state *machine)
{
    char path[48];

    (void) snprintf(path, sizeof path, "/proc/%u/root", machine->leader);
    int fd = file_open(path, O_PATH | O_DIRECTORY);
    return fd < 0 ? -errno : fd;
}

/* What the machine mounted over its tree cannot keep us waiting on the host. */
static int open_on_host(const struct machine_state *machine)
{
    int fd = file_open(machine->root, O_PATH | O_DIRECTORY);

    return fd < 0 ? -errno : fd;
}

/* An image, or a tree in layers, is mounted nowhere else than in the machine. */
int machine_open_root(const struct machine_state *machine)
{
    auto_close int root_fd = machine->root ? open_on_host(machine) : -EBADF;

    if (!machine->root || (root_fd >= 0 && lineage_is_likely(root_fd)))
        return open_inside(machine);
    return root_fd < 0 ? root_fd : take_fd(&root_fd);
}

/* As open_on_host(), for one of many trees in one folder. */
static int open_among_others(const struct machine_state *machine, struct looker *looker)
{
    const char *name = path_last(machine->root);
    size_t length = (size_t) (name - machine->root);

    if (length < 2 || string_equal(name, "") || string_equal(name, "..") || name[-1] != '/')
        return open_on_host(machine);
    if (!looker->images || strncmp(looker->images, machine->root, length) != 0 || looker->images[length]) {
        free(looker->images);
        looker->images = mem_copy_bytes(machine->root, length);
        fd_closep(&looker->images_fd);
        looker->images_fd = file_open(looker->images, O_PATH | O_DIRECTORY);
    }
    if (looker->images_fd < 0)
        return -ENOENT;
    int fd = openat(looker->images_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* As machine_open_root() and a look, but asks for layers only where the folder on the host is no system. */
void machine_read_os(const struct machine_state *machine, struct looker *looker, struct os_release *ret)
{
    if (machine->root) {
        auto_close int root_fd = open_among_others(machine, looker);

        if (root_fd < 0 || os_release_read(root_fd, ret) || !lineage_is_likely(root_fd))
            return;
    } else if (string_equal(machine->class, "vm")) {
        /* what its process has for its root is the host's */
        return;
    }
    auto_close int root_fd = open_inside(machine);
    if (root_fd >= 0)
        (void) os_release_read(root_fd, ret);
}

void machine_read_addresses(const struct machine_state *machine, struct looker *looker, struct strings *ret)
{
    CLEANUP(addresses_done) struct addresses addresses = {0};
    auto_error struct error *ignored = NULL;
    char buffer[ADDRESS_TEXT_SIZE];

    if (machine->network && string_equal(machine->network, "host"))
        return;
    int r = string_equal(machine->class, "host")
                ? addresses_read_own(&addresses, &ignored)
            : machine->network && string_equal(machine->network, "own")
                ? addresses_read_within(&looker->reader, (pid_t) machine->leader, &addresses, &ignored)
                : addresses_read(&looker->reader, (pid_t) machine->leader, &addresses, &ignored);
    for (size_t i = 0; r == 0 && i < addresses.count; i++)
        strings_add(ret, address_text(&addresses.item[i], buffer));
}

bool machine_read_known_addresses(const struct machine_state *machine, struct looker *looker, size_t count,
                                  struct strings *ret)
{
    CLEANUP(strings_done) struct strings lines = {0};
    char text[2048];

    /* what has no link to the host has no such file */
    if (!machine->leader_pidfd_id || machine->n_netif == 0)
        return false;
    if (looker->names_fd < 0)
        looker->names_fd = file_open(NAMES_FOLDER, O_PATH | O_DIRECTORY);
    if (looker->names_fd < 0 ||
        file_read_once(looker->names_fd, machine->name, text, sizeof text) < 0)
        return false;
    /* that of an earlier run says nothing of this one */
    auto_free char *leader =
        mem_format("leader %u %llu", machine->leader, (unsigned long long) machine->leader_pidfd_id);
    strings_split(&lines, text, "\n");
    if (lines.count <= count + 1 || !string_equal(lines.item[0], leader))
        return false;
    for (size_t i = 1; i < lines.count; i++)
        strings_add(ret, lines.item[i]);
    return true;
}

char *process_name(pid_t pid)
{
    auto_free char *text = NULL;
    char path[48];

    (void) snprintf(path, sizeof path, "/proc/%d/comm", (int) pid);
    if (file_read_quiet(AT_FDCWD, path, 64, &text) < 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    for (char *p = text; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 127)
            *p = '?';
    return TAKE(text);
}

int64_t machine_read_id_shift(const struct machine_state *machine)
{
    auto_free char *text = NULL;
    CLEANUP(strings_done) struct strings words = {0};
    char path[48];
    uint32_t inside, outside;

    (void) snprintf(path, sizeof path, "/proc/%u/uid_map", machine->leader);
    if (file_read_quiet(AT_FDCWD, path, 4096, &text) < 0)
        return -1;
    strings_split(&words, text, " \n");
    if (words.count < 3 || parse_u32(words.item[0], &inside) < 0 || parse_u32(words.item[1], &outside) < 0)
        return -1;
    return inside == 0 && outside == 0 ? -1 : (int64_t) outside - inside;
}
