/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Account files of a container are its owner's to write. The first byte chooses the parser. */
#include "inside/passwd.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/bind_user_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(file_lines_done) struct file_lines lines;
    struct passwd_entry user;
    struct group_entry group;

    if (size == 0)
        return 0;
    file_lines_of_text(&lines, mem_copy_bytes(data + 1, size - 1));
    if (*data & 1) {
        while (group_next(&lines, &group) > 0)
            if (group_entry_has_member(&group, "") || !*group.name || strchr(group.name, ':'))
                abort();
    } else {
        while (passwd_next(&lines, &user) > 0) {
            auto_free char *quoted = json_quote(user.gecos);

            if (!*user.name || strchr(user.name, ':') || strchr(user.home, ':') || user.uid == UINT32_MAX ||
                (quoted && strlen(quoted) < strlen(user.gecos) + 2) ||
                (account_name_is_valid(user.name) && strchr(user.name, '/')))
                abort();
        }
    }
    return 0;
}
