/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The images of org.freedesktop.machine1: calls at its manager, with the name of an image in front, and the same at an
 * object for each image. The image is found in service->image. What is done to images is in image/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/service.h"
#include "api/worker.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/image_info.h"
#include "image/image_limit.h"
#include "image/image_verbs.h"
#include "image/os_release.h"

#define MANAGE "org.freedesktop.machine1.manage-images"

static int find_image(struct service *service, const char *name, struct error **err)
{
    image_done(&service->image);
    service->image = (struct image){0};
    if (image_get(name, false, &service->image, err) == 0)
        return 0;
    error_freep(err);
    return fail_plain(err, ENOENT, "No image '%s' known", name);
}

/* What a worker needs to know of a call. */
struct image_order {
    const char *name;
    bool on;
    uint64_t bytes;
};

static int start(struct service *service, sd_bus_message *call, const char *verb, const struct image_order *order,
                 int (*run)(const struct service *, const void *, struct control_message *, struct error **),
                 sd_bus_error *ret)
{
    const struct work work = {
        .action = MANAGE, .machine = service->image.name, .verb = verb, .run = run, .data = order,
    };

    return worker_start(service, call, &work, ret);
}

/* -- changes -- */

static int run_remove(const struct service *service, const void *data, struct control_message *answer,
                      struct error **err)
{
    auto_free char *kept = NULL;

    (void) data, (void) answer;
    return image_remove(&service->image, false, &kept, err);
}

static int image_call_remove(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    return start(service, call, "remove", NULL, run_remove, ret);
}

static int run_rename(const struct service *service, const void *data, struct control_message *answer,
                      struct error **err)
{
    const struct image_order *order = data;

    (void) answer;
    return image_check_name(order->name, err) < 0 ? -error_code(*err) : image_rename(&service->image, order->name, err);
}

static int image_call_rename(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct image_order order = {0};
    int r = sd_bus_message_read(call, "s", &order.name);

    return r < 0 ? r : start(service, call, "rename", &order, run_rename, ret);
}

static int run_clone(const struct service *service, const void *data, struct control_message *answer,
                     struct error **err)
{
    auto_free char *folder = image_new_folder(false);
    const struct image_order *order = data;
    enum clone_kind kind;

    (void) answer;
    return image_check_name(order->name, err) < 0
               ? -error_code(*err) : image_clone(&service->image, folder, order->name, order->on, -1, &kind, err);
}

static int image_call_clone(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct image_order order = {0};
    int on, r = sd_bus_message_read(call, "sb", &order.name, &on);

    if (r < 0)
        return r;
    order.on = on;
    return start(service, call, "clone", &order, run_clone, ret);
}

static int run_mark(const struct service *service, const void *data, struct control_message *answer, struct error **err)
{
    const struct image_order *order = data;

    (void) answer;
    return image_set_read_only(&service->image, order->on, err);
}

static int image_call_mark_read_only(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct image_order order = {0};
    int on, r = sd_bus_message_read(call, "b", &on);

    if (r < 0)
        return r;
    order.on = on;
    return start(service, call, "read-only", &order, run_mark, ret);
}

static int run_limit(const struct service *service, const void *data, struct control_message *answer,
                     struct error **err)
{
    const struct image_order *order = data;

    (void) answer;
    return image_set_limit(&service->image, order->bytes, err);
}

static int image_call_set_limit(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    struct image_order order = {0};
    int r = sd_bus_message_read(call, "t", &order.bytes);

    return r < 0 ? r : start(service, call, "set-limit", &order, run_limit, ret);
}

/* -- questions: the tree is a stranger's, so a worker looks -- */

/* A small file of the tree, without its line end; NULL where there is none. */
static char *read_word(int root_fd, const char *path)
{
    auto_close int fd = path_open_file_in(root_fd, path);
    char text[512];
    ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof text - 1);

    if (n < 0)
        return NULL;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return string_is_printable(text) ? mem_copy_string(text) : NULL;
}

static int run_hostname(const struct service *service, const void *data, struct control_message *answer,
                        struct error **err)
{
    auto_close int fd = -1;

    (void) data;
    if (image_tree_open(&service->image, &fd, err) < 0)
        return -error_code(*err);
    auto_free char *name = read_word(fd, "/etc/hostname");
    control_add(answer, "TEXT", "%s", name ? name : "");
    return 0;
}

static int reply_text(sd_bus_message *reply, const struct control_message *answer)
{
    return sd_bus_message_append(reply, "s", control_get(answer, "TEXT"));
}

static int run_machine_id(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    auto_close int fd = -1;

    (void) data;
    if (image_tree_open(&service->image, &fd, err) < 0)
        return -error_code(*err);
    auto_free char *id = read_word(fd, "/etc/machine-id");
    control_add(answer, "TEXT", "%s", id ? id : "");
    return 0;
}

static int reply_id(sd_bus_message *reply, const struct control_message *answer)
{
    struct id128 id;
    bool is_id = id128_parse(control_get(answer, "TEXT"), &id) == 0;

    return sd_bus_message_append_array(reply, 'y', id.byte, is_id ? sizeof id.byte : 0);
}

static int run_machine_info(const struct service *service, const void *data, struct control_message *answer,
                            struct error **err)
{
    static const char *const places[] = {"/etc/machine-info"};
    CLEANUP(strings_done) struct strings pairs = {0};
    auto_close int fd = -1;

    (void) data;
    if (image_tree_open(&service->image, &fd, err) < 0)
        return -error_code(*err);
    (void) assignments_read(fd, places, COUNT_OF(places), &pairs);
    for (size_t i = 0; i < pairs.count; i++)
        control_add(answer, "PAIR", "%s", pairs.item[i]);
    return 0;
}

static int run_os_release(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    CLEANUP(strings_done) struct strings pairs = {0};
    auto_close int fd = -1;

    (void) data;
    if (image_tree_open(&service->image, &fd, err) < 0)
        return -error_code(*err);
    (void) os_release_read_all(fd, &pairs);
    for (size_t i = 0; i < pairs.count; i++)
        control_add(answer, "PAIR", "%s", pairs.item[i]);
    return 0;
}

#define QUESTION(name, runner, replier) \
    static int image_call_##name(struct service *service, sd_bus_message *call, sd_bus_error *ret) \
    { \
        const struct work work = {.run = runner, .reply = replier}; \
        return worker_start(service, call, &work, ret); \
    }

QUESTION(get_hostname, run_hostname, reply_text)
QUESTION(get_machine_id, run_machine_id, reply_id)
QUESTION(get_machine_info, run_machine_info, work_reply_pairs)
QUESTION(get_os_release, run_os_release, work_reply_pairs)

/* -- the manager's -- */

static const struct named_kind images;

#define CALL(name) NAMED_CALL(images, name, image_call_##name)

CALL(remove)
CALL(rename)
CALL(clone)
CALL(mark_read_only)
CALL(set_limit)
CALL(get_hostname)
CALL(get_machine_id)
CALL(get_machine_info)
CALL(get_os_release)

static int get_image(struct service *service, sd_bus_message *call, sd_bus_error *ret)
{
    (void) ret;
    return named_reply_path(&images, call, service->image.name);
}

static int manager_get_image(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return named_call(&images, call, data, ret, get_image);
}

static int append_image(sd_bus_message *reply, const struct image *image)
{
    auto_free char *path = NULL;
    struct image_info info;
    int r = sd_bus_path_encode(MACHINE1_PATH "/image", image->name, &path);

    image_info_read(image, &info);
    return r < 0 ? r
                 : sd_bus_message_append(reply, "(ssbttto)", image->name, image_type_name(image->type),
                                         (int) image->read_only, info.created_us, info.modified_us, info.usage, path);
}

static int manager_list_images(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    CLEANUP(images_done) struct images all = {0};
    int r;

    (void) data, (void) ret;
    image_list(false, &all);
    if ((r = sd_bus_message_new_method_return(call, &reply)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'a', "(ssbttto)")) < 0)
        return r;
    for (size_t i = 0; i < all.count; i++)
        if ((r = append_image(reply, &all.item[i])) < 0)
            return r;
    r = sd_bus_message_close_container(reply);
    return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int run_pool_limit(const struct service *service, const void *data, struct control_message *answer,
                          struct error **err)
{
    auto_free char *folder = image_new_folder(false);
    const struct image_order *order = data;

    (void) service, (void) answer;
    return pool_set_limit(folder, order->bytes, err);
}

static int manager_set_pool_limit(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    struct image_order order = {0};
    const struct work work = {.action = MANAGE, .verb = "set-limit", .run = run_pool_limit, .data = &order};
    int r = sd_bus_message_read(call, "t", &order.bytes);

    return r < 0 ? r : worker_start(data, call, &work, ret);
}

static int run_clean(const struct service *service, const void *data, struct control_message *answer,
                     struct error **err)
{
    CLEANUP(images_done) struct images all = {0};
    const struct image_order *order = data;

    (void) service;
    image_list(false, &all);
    for (size_t i = 0; i < all.count; i++) {
        const struct image *image = &all.item[i];
        auto_free char *kept = NULL;
        struct image_info info;

        if (strcmp(image->name, ".host") == 0 || image_is_vendors(image) || !(order->on || image->name[0] == '.'))
            continue;
        image_info_read(image, &info);
        if (image_remove(image, false, &kept, err) < 0)
            return -error_code(*err);
        control_add(answer, "REMOVED", "%llu %s", (unsigned long long) info.usage_exclusive, image->name);
    }
    return 0;
}

static int reply_removed(sd_bus_message *reply, const struct control_message *answer)
{
    int r = sd_bus_message_open_container(reply, 'a', "(st)");

    for (size_t i = 0; r >= 0 && i < answer->fields.count; i++) {
        const char *field = string_after(answer->fields.item[i], "REMOVED=");
        char *end = NULL;
        uint64_t bytes = field ? strtoull(field, &end, 10) : 0;

        if (end && *end == ' ')
            r = sd_bus_message_append(reply, "(st)", end + 1, bytes);
    }
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int manager_clean_pool(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    struct image_order order = {0};
    const struct work work = {.action = MANAGE, .verb = "clean", .run = run_clean, .data = &order,
                              .reply = reply_removed};
    const char *mode;
    int r = sd_bus_message_read(call, "s", &mode);

    if (r < 0)
        return r;
    if (strcmp(mode, "hidden") != 0 && strcmp(mode, "all") != 0)
        return sd_bus_error_setf(ret, SD_BUS_ERROR_INVALID_ARGS, "Unknown mode '%s'.", mode);
    order.on = strcmp(mode, "all") == 0;
    return worker_start(data, call, &work, ret);
}

/* -- properties of an object -- */

static int image_property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *data, sd_bus_error *ret)
{
    const struct service *service = data;
    const struct image *image = &service->image;
    struct image_info info;

    (void) bus, (void) path, (void) interface, (void) ret;
    if (strcmp(property, "Name") == 0)
        return sd_bus_message_append(reply, "s", image->name);
    if (strcmp(property, "Path") == 0)
        return sd_bus_message_append(reply, "s", image->path);
    if (strcmp(property, "Type") == 0)
        return sd_bus_message_append(reply, "s", image_type_name(image->type));
    if (strcmp(property, "ReadOnly") == 0)
        return sd_bus_message_append(reply, "b", (int) image->read_only);
    image_info_read(image, &info);

    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"CreationTimestamp", info.created_us}, {"ModificationTimestamp", info.modified_us}, {"Usage", info.usage},
        {"Limit", info.limit}, {"UsageExclusive", info.usage_exclusive}, {"LimitExclusive", info.limit_exclusive},
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (strcmp(numbers[i].name, property) == 0)
            return sd_bus_message_append(reply, "t", numbers[i].value);
    return -EINVAL;
}

enum { OPEN = SD_BUS_VTABLE_UNPRIVILEGED };

/* clang-format off */
static const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("GetImage", "s", "o", manager_get_image, OPEN),
    SD_BUS_METHOD("ListImages", "", "a(ssbttto)", manager_list_images, OPEN),
    SD_BUS_METHOD("RemoveImage", "s", "", manager_remove, OPEN),
    SD_BUS_METHOD("RenameImage", "ss", "", manager_rename, OPEN),
    SD_BUS_METHOD("CloneImage", "ssb", "", manager_clone, OPEN),
    SD_BUS_METHOD("MarkImageReadOnly", "sb", "", manager_mark_read_only, OPEN),
    SD_BUS_METHOD("GetImageHostname", "s", "s", manager_get_hostname, OPEN),
    SD_BUS_METHOD("GetImageMachineID", "s", "ay", manager_get_machine_id, OPEN),
    SD_BUS_METHOD("GetImageMachineInfo", "s", "a{ss}", manager_get_machine_info, OPEN),
    SD_BUS_METHOD("GetImageOSRelease", "s", "a{ss}", manager_get_os_release, OPEN),
    SD_BUS_METHOD("SetPoolLimit", "t", "", manager_set_pool_limit, OPEN),
    SD_BUS_METHOD("SetImageLimit", "st", "", manager_set_limit, OPEN),
    SD_BUS_METHOD("CleanPool", "s", "a(st)", manager_clean_pool, OPEN),
    SD_BUS_VTABLE_END,
};

#define IMAGE_PROPERTY(name, signature) SD_BUS_PROPERTY(name, signature, image_property_get, 0, 0)

static const sd_bus_vtable object_vtable[] = {
    SD_BUS_VTABLE_START(0),
    IMAGE_PROPERTY("Name", "s"),
    IMAGE_PROPERTY("Path", "s"),
    IMAGE_PROPERTY("Type", "s"),
    IMAGE_PROPERTY("ReadOnly", "b"),
    IMAGE_PROPERTY("CreationTimestamp", "t"),
    IMAGE_PROPERTY("ModificationTimestamp", "t"),
    IMAGE_PROPERTY("Usage", "t"),
    IMAGE_PROPERTY("Limit", "t"),
    IMAGE_PROPERTY("UsageExclusive", "t"),
    IMAGE_PROPERTY("LimitExclusive", "t"),
    SD_BUS_METHOD("Remove", "", "", object_remove, OPEN),
    SD_BUS_METHOD("Rename", "s", "", object_rename, OPEN),
    SD_BUS_METHOD("Clone", "sb", "", object_clone, OPEN),
    SD_BUS_METHOD("MarkReadOnly", "b", "", object_mark_read_only, OPEN),
    SD_BUS_METHOD("SetLimit", "t", "", object_set_limit, OPEN),
    SD_BUS_METHOD("GetHostname", "", "s", object_get_hostname, OPEN),
    SD_BUS_METHOD("GetMachineID", "", "ay", object_get_machine_id, OPEN),
    SD_BUS_METHOD("GetMachineInfo", "", "a{ss}", object_get_machine_info, OPEN),
    SD_BUS_METHOD("GetOSRelease", "", "a{ss}", object_get_os_release, OPEN),
    SD_BUS_VTABLE_END,
};
/* clang-format on */

static int list_names(struct service *service, struct strings *ret, struct error **err)
{
    CLEANUP(images_done) struct images list = {0};

    (void) service, (void) err;
    image_list(false, &list);
    for (size_t i = 0; i < list.count; i++)
        strings_add(ret, list.item[i].name);
    return 0;
}

static const struct named_kind images = {
    MACHINE1_PATH "/image", MACHINE1_NAME ".Image", object_vtable, find_image, list_names,
};

int image_manager_add(struct service *service, struct error **err)
{
    service->images = (struct named_objects){service, &images};

    int r = sd_bus_add_object_vtable(service->bus, NULL, MACHINE1_PATH, MACHINE1_NAME ".Manager", manager_vtable,
                                     service);
    if (r >= 0)
        r = named_objects_add(&service->images);
    return r < 0 ? fail_bus(err, r, "put the images on the bus") : 0;
}
