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

/* What the machine mounted over its tree cannot keep us waiting on the host. An image, or a tree in layers, is mounted
 * nowhere else than in the machine. */
int machine_open_root(const struct machine_state *machine)
{
    char path[48];

    (void) snprintf(path, sizeof path, "/proc/%u/root", machine->leader);
    auto_close int root_fd = file_open(machine->root ? machine->root : path, O_PATH | O_DIRECTORY);
    if (root_fd >= 0 && machine->root && lineage_is_likely(root_fd)) {
        fd_closep(&root_fd);
        root_fd = file_open(path, O_PATH | O_DIRECTORY);
    }
    return root_fd < 0 ? -errno : take_fd(&root_fd);
}

void machine_read_os(const struct machine_state *machine, struct os_release *ret)
{
    /* what a virtual machine's process has for its root is the host's */
    bool has_root = machine->root || !string_equal(machine->class, "vm");
    auto_close int root_fd = has_root ? machine_open_root(machine) : -1;

    if (root_fd < 0)
        return;
    os_release_read(root_fd, ret);
}

void machine_read_addresses(const struct machine_state *machine, struct address_reader *reader, struct strings *ret)
{
    CLEANUP(addresses_done) struct addresses addresses = {0};
    auto_error struct error *ignored = NULL;
    char buffer[ADDRESS_TEXT_SIZE];

    int r = string_equal(machine->class, "host")
                ? addresses_read_own(&addresses, &ignored)
                : addresses_read(reader, (pid_t) machine->leader, &addresses, &ignored);
    for (size_t i = 0; r == 0 && i < addresses.count; i++)
        strings_add(ret, address_text(&addresses.item[i], buffer));
}

bool machine_read_known_addresses(const struct machine_state *machine, size_t count, struct strings *ret)
{
    CLEANUP(strings_done) struct strings lines = {0};
    auto_free char *path = path_join(NAMES_FOLDER, machine->name);
    auto_free char *text = NULL;

    if (!machine->leader_pidfd_id || file_read_quiet(AT_FDCWD, path, 2048, &text) < 0)
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
