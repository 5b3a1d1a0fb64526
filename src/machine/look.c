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
#include "image/lineage.h"

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
    auto_close int root_fd = machine_open_root(machine);

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
