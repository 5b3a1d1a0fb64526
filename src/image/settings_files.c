/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where .nspawn files are. When they move is decided in image_verbs.c. */
#include "image/settings_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

#define FILE_LIMIT ((size_t) 1 << 20)

void settings_folders(const char *beside, struct strings *ret)
{
    strings_add(ret, "/etc/systemd/nspawn");
    strings_add(ret, "/run/systemd/nspawn");
    if (beside)
        strings_add(ret, beside);
}

char *settings_file_path(const char *folder, const char *name)
{
    auto_free char *file = mem_format("%s.nspawn", name);

    return path_join(folder, file);
}

char *settings_file_find(const char *beside, const char *name)
{
    CLEANUP(strings_done) struct strings folders = {0};

    settings_folders(beside, &folders);
    for (size_t i = 0; i < folders.count; i++) {
        auto_free char *path = settings_file_path(folders.item[i], name);

        if (access(path, F_OK) == 0)
            return TAKE(path);
    }
    return NULL;
}

int settings_file_copy(const char *from, const char *to, struct error **err)
{
    auto_free char *text = NULL;
    size_t size;

    if (file_read_at(AT_FDCWD, from, FILE_LIMIT, &text, &size, err) < 0)
        return -error_code(*err);
    auto_close int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(err, errno, "cannot create %s", to);
    int r = fd_write_full(fd, text, size);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r < 0) {
        (void) unlink(to);
        return fail(err, -r, "cannot write %s", to);
    }
    return 0;
}
