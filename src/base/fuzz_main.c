/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A main() for fuzz targets where no fuzzer is linked: runs each file of the folders and files named on the command
 * line through the target once. No seed at all is a failure: it would test nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t run_path(const char *path)
{
    auto_error struct error *err = NULL;
    struct stat st;
    size_t count = 0, size;

    if (stat(path, &st) < 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    if (!S_ISDIR(st.st_mode)) {
        auto_free char *text = NULL;

        if (file_read_at(AT_FDCWD, path, 16 << 20, &text, &size, &err) < 0) {
            (void) fprintf(stderr, "%s\n", error_text(err));
            exit(EXIT_FAILURE);
        }
        (void) LLVMFuzzerTestOneInput((const uint8_t *) text, size);
        return 1;
    }

    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') {
            auto_free char *child = path_join(path, entry->d_name);

            count += run_path(child);
        }
    if (dir)
        (void) closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        count += run_path(argv[i]);
    (void) printf("%zu seeds\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
