/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image-status: an image as people want to see it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/id128.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/json.h"
#include "cli/timestamp.h"
#include "cli/verb.h"
#include "image/find.h"
#include "image/image_info.h"
#include "image/image_verbs.h"
#include "image/os_release.h"
#include "image/usage.h"

/* Labels end in one column. */
static void print_line(const char *label, const char *text)
{
    enum { SHORT = 8 };

    if (strlen(label) <= SHORT)
        (void) printf("\t%*s: %s\n", SHORT, label, text);
    else
        (void) printf("%*s: %s\n", 2 * SHORT, label, text);
}

static void print_time(const char *label, uint64_t realtime_us)
{
    char absolute[TIMESTAMP_SIZE], relative[TIMESTAMP_SIZE];

    if (realtime_us == 0)
        return;
    auto_free char *text = mem_format("%s; %s", timestamp_format(realtime_us, absolute),
                                      timestamp_format_relative(realtime_us, relative));
    print_line(label, text);
}

static void print_size(const char *label, uint64_t bytes, uint64_t exclusive)
{
    char size[SIZE_TEXT_SIZE], own[SIZE_TEXT_SIZE];

    if (bytes == SIZE_UNKNOWN)
        return;
    auto_free char *text =
        exclusive != bytes && exclusive != SIZE_UNKNOWN
            ? mem_format("%s (exclusive: %s)", size_format(bytes, size), size_format(exclusive, own))
            : mem_copy_string(size_format(bytes, size));
    print_line(label, text);
}

/* The first line of a file in the tree, whose owner may be an enemy. Gives; NULL when there is none to show. */
static char *read_line(int tree_fd, const char *path)
{
    auto_close int fd = path_open_in(tree_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    char text[256];

    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return NULL;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return *text && string_is_printable(text) ? mem_copy_string(text) : NULL;
}

static void print_system(const struct image *image)
{
    CLEANUP(os_release_done) struct os_release os = {0};
    auto_error struct error *ignored = NULL;
    auto_close int tree_fd = -1;
    struct id128 id;

    if (image->type == IMAGE_RAW || image->type == IMAGE_BLOCK || image_tree_open(image, &tree_fd, &ignored) < 0)
        return;
    auto_free char *hostname = read_line(tree_fd, "/etc/hostname"), *machine = read_line(tree_fd, "/etc/machine-id");
    os_release_read(tree_fd, &os);
    if (hostname)
        print_line("Hostname", hostname);
    if (machine && id128_parse(machine, &id) == 0)
        print_line("Machine ID", machine);
    if (os.pretty_name)
        print_line("OS", os.pretty_name);
}

/* What plain directories take has to be counted; with layers it is told apart. */
static void print_usage(const struct image *image, bool user_scope, const struct image_info *info)
{
    auto_error struct error *ignored = NULL;
    struct image_usage usage;
    char shared[SIZE_TEXT_SIZE], own[SIZE_TEXT_SIZE];

    if (info->usage != SIZE_UNKNOWN || strcmp(image->name, ".host") == 0 ||
        image_usage_read(image, user_scope, &usage, &ignored) < 0) {
        print_size("Usage", info->usage, info->usage_exclusive);
        return;
    }
    if (usage.n_layers == 0) {
        print_size("Usage", usage.own, SIZE_UNKNOWN);
        return;
    }
    auto_free char *text = mem_format("%s of its own, %s in %zu layer%s", size_format(usage.own, own),
                                      size_format(usage.shared, shared), usage.n_layers,
                                      usage.n_layers == 1 ? "" : "s");
    print_line("Usage", text);
}

static void print_image(const struct image *image, bool user_scope)
{
    struct image_info info;

    image_info_read(image, &info);
    (void) puts(image->name);
    print_line("Type", image_type_name(image->type));
    print_line("Path", image->path);
    print_system(image);
    print_line("RO", image->read_only ? "read-only" : "writable");
    print_time("Created", info.created_us);
    print_time("Modified", info.modified_us);
    print_usage(image, user_scope, &info);
    print_size("Limit", info.limit, info.limit_exclusive);
}

/* -- for programs -- */

static void json_size(struct json *json, const char *key, uint64_t bytes)
{
    if (bytes == SIZE_UNKNOWN)
        json_null(json, key);
    else
        json_unsigned(json, key, bytes);
}

static void json_system(struct json *json, const struct image *image)
{
    CLEANUP(os_release_done) struct os_release os = {0};
    auto_free char *hostname = NULL, *machine = NULL;
    auto_error struct error *ignored = NULL;
    auto_close int tree_fd = -1;

    if (image->type != IMAGE_RAW && image->type != IMAGE_BLOCK && image_tree_open(image, &tree_fd, &ignored) == 0) {
        hostname = read_line(tree_fd, "/etc/hostname");
        machine = read_line(tree_fd, "/etc/machine-id");
        (void) os_release_read(tree_fd, &os);
    }
    json_string(json, "hostname", hostname);
    json_string(json, "machine_id", machine);
    json_string(json, "os", os.id);
    json_string(json, "version", os.version_id);
    json_string(json, "os_name", os.pretty_name);
}

static void json_image(struct json *json, const struct image *image, bool user_scope)
{
    auto_error struct error *ignored = NULL;
    struct image_usage counted;
    struct image_info info;

    image_info_read(image, &info);
    json_object(json, NULL);
    json_string(json, "name", image->name);
    json_string(json, "type", image_type_name(image->type));
    json_string(json, "path", image->path);
    json_system(json, image);
    json_bool(json, "read_only", image->read_only);
    json_unsigned(json, "created", info.created_us);
    json_unsigned(json, "modified", info.modified_us);
    if (info.usage == SIZE_UNKNOWN && strcmp(image->name, ".host") != 0 &&
        image_usage_read(image, user_scope, &counted, &ignored) == 0) {
        json_size(json, "usage", counted.own + counted.shared);
        json_size(json, "usage_exclusive", counted.own);
    } else {
        json_size(json, "usage", info.usage);
        json_size(json, "usage_exclusive", info.usage_exclusive);
    }
    json_size(json, "limit", info.limit);
    json_size(json, "limit_exclusive", info.limit_exclusive);
    json_end(json);
}

static void json_pool(struct json *json, const char *folder, const struct image_info *pool)
{
    json_object(json, NULL);
    json_string(json, "path", folder);
    json_size(json, "usage", pool->usage);
    json_size(json, "limit", pool->limit);
    json_end(json);
}

int verb_image_status(const struct verb_call *call, int *ret_status, struct error **err)
{
    bool user_scope = call->options->user_scope;
    auto_free char *folder = image_new_folder(user_scope);
    struct json json = {.style = call->options->json};
    bool for_programs = json.style != JSON_OFF;
    struct image_info pool;

    (void) ret_status;
    if (for_programs)
        json_array(&json, NULL);
    if (call->argc == 0)
        image_pool_read(folder, &pool);
    if (call->argc == 0 && for_programs) {
        json_pool(&json, folder, &pool);
    } else if (call->argc == 0) {
        print_line("Path", folder);
        print_size("Usage", pool.usage, SIZE_UNKNOWN);
        print_size("Limit", pool.limit, SIZE_UNKNOWN);
    }
    for (int i = 0; i < call->argc; i++) {
        CLEANUP(image_done) struct image image = {0};

        if (image_get(call->argv[i], user_scope, &image, err) < 0)
            return fail_in(err, "Could not get path to image");
        if (for_programs) {
            json_image(&json, &image, user_scope);
            continue;
        }
        if (i > 0)
            (void) putchar('\n');
        print_image(&image, user_scope);
    }
    if (for_programs) {
        json_end(&json);
        json_finish(&json);
    }
    return 0;
}
