/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/kept_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

int kept_limits_read(const char *folder, const char *machine, struct strings *ret, struct error **err)
{
    auto_free char *path = path_join(folder, machine);
    CLEANUP(strings_done) struct strings lines = {0};
    auto_free char *text = NULL;

    int r = file_read_quiet(AT_FDCWD, path, 64 << 10, &text);
    if (r < 0)
        return r == -ENOENT ? 0 : fail(err, -r, "cannot read %s", path);
    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++)
        if (lines.item[i][0] != '#' && strchr(lines.item[i], '='))
            strings_add(ret, lines.item[i]);
    return 0;
}

int kept_limits_change(const char *folder, const char *machine, const struct strings *assignments, struct error **err)
{
    auto_free char *path = path_join(folder, machine);
    auto_free char *text = mem_copy_string("# Written by 'redd set'; see redd-machines(1).\n");
    CLEANUP(strings_done) struct strings kept = {0};
    bool any = false;
    int r;

    if (kept_limits_read(folder, machine, &kept, err) < 0)
        return -error_code(*err);
    for (size_t i = 0; i < assignments->count; i++)
        environment_set(&kept, assignments->item[i]);
    for (size_t i = 0; i < kept.count; i++) {
        auto_free char *before = text;

        if (string_ends(kept.item[i], "=")) {
            text = mem_copy_string(before);
            continue;
        }
        text = mem_format("%s%s\n", before, kept.item[i]);
        any = true;
    }
    if (!any)
        return unlink(path) < 0 && errno != ENOENT ? fail(err, errno, "cannot remove %s", path) : 0;
    r = dir_make_all(folder, 0755);
    return r < 0 ? fail(err, -r, "cannot make %s", folder)
                 : file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, err);
}
