/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of a server of images: no path in them leads out of the server. */
#include "transfer/simplestreams.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(stream_images_done) struct stream_images images = {0};
    auto_error struct error *first = NULL, *second = NULL;
    const char *text = (const char *) data;
    auto_free char *path = NULL;

    (void) stream_index_parse(text, size, &path, &first);
    if (path && path_has_dotdot(path))
        abort();
    if (stream_images_parse(text, size, &images, &second) < 0)
        return 0;
    for (size_t i = 0; i < images.count; i++)
        if (path_has_dotdot(images.item[i].path) || images.item[i].path[0] == '/')
            abort();
    (void) stream_images_find(&images, "debian/13", "amd64");
    return 0;
}
