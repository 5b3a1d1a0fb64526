/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server of images has, as a table or as JSON. Runs in the job's process. */
#include "cli/transfer_search.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/json.h"
#include "transfer/simplestreams.h"
#include "transfer/verbs.h"

static void print_json(const struct stream_images *images, const char *style)
{
    struct json json = {.style = JSON_SHORT};

    (void) json_style_parse(style, &json.style);
    json_array(&json, NULL);
    for (size_t i = 0; i < images->count; i++) {
        const struct stream_image *image = &images->item[i];

        json_object(&json, NULL);
        json_string(&json, "aliases", image->aliases);
        json_string(&json, "architecture", image->architecture);
        json_string(&json, "version", image->version);
        json_unsigned(&json, "size", image->size);
        json_end(&json);
    }
    json_end(&json);
    json_finish(&json);
}

static void print_table(const struct stream_images *images)
{
    if (images->count == 0)
        (void) puts("No images.");
    else
        (void) printf("%-40s %-10s %-16s %7s\n", "NAMES", "ARCH", "BUILD", "SIZE");
    for (size_t i = 0; i < images->count; i++) {
        const struct stream_image *image = &images->item[i];

        (void) printf("%-40s %-10s %-16s %6.0fM\n", image->aliases, image->architecture, image->version,
                      (double) image->size / (1 << 20));
    }
}

int verb_search(struct job *job, const struct request *request, struct error **err)
{
    CLEANUP(stream_images_done) struct stream_images images = {0};

    if (search_images(job, request, &images, err) < 0)
        return -error_code(*err);
    if (request->json)
        print_json(&images, request->json);
    else
        print_table(&images);
    return fflush(stdout) == 0 ? 0 : fail(err, errno, "cannot write the list");
}
