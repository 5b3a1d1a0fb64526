/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/named.h"

#include "api/service.h"
#include "base/mem.h"

int named_call(const struct named_kind *kind, sd_bus_message *call, struct service *service, sd_bus_error *ret,
               named_call_fn *act)
{
    auto_error struct error *err = NULL;
    const char *name;
    int r = sd_bus_message_read(call, "s", &name);

    if (r < 0)
        return r;
    return kind->find(service, name, &err) < 0 ? bus_error_of(ret, &err) : act(service, call, ret);
}

int named_reply_path(const struct named_kind *kind, sd_bus_message *call, const char *name)
{
    auto_free char *path = NULL;
    int r = sd_bus_path_encode(kind->path, name, &path);

    return r < 0 ? r : sd_bus_reply_method_return(call, "o", path);
}

/* The handlers of objects are called with the service, like those of the manager. */
static int find_object(sd_bus *bus, const char *path, const char *interface, void *data, void **ret_found,
                       sd_bus_error *ret)
{
    auto_error struct error *err = NULL;
    auto_free char *name = NULL;
    const struct named_objects *objects = data;

    (void) bus, (void) interface, (void) ret;
    if (sd_bus_path_decode(path, objects->kind->path, &name) <= 0 ||
        objects->kind->find(objects->service, name, &err) < 0)
        return 0;
    *ret_found = objects->service;
    return 1;
}

static int list_objects(sd_bus *bus, const char *prefix, void *data, char ***ret_nodes, sd_bus_error *ret)
{
    CLEANUP(strings_done) struct strings names = {0}, paths = {0};
    auto_error struct error *err = NULL;
    const struct named_objects *objects = data;

    (void) bus, (void) prefix;
    if (objects->kind->list(objects->service, &names, &err) < 0)
        return bus_error_of(ret, &err);
    for (size_t i = 0; i < names.count; i++) {
        char *path = NULL;

        if (sd_bus_path_encode(objects->kind->path, names.item[i], &path) >= 0)
            strings_take(&paths, path);
    }
    *ret_nodes = TAKE(paths.item);
    paths.count = 0;
    return 1;
}

int named_objects_add(struct named_objects *objects)
{
    const struct named_kind *kind = objects->kind;
    sd_bus *bus = objects->service->bus;
    int r = sd_bus_add_fallback_vtable(bus, NULL, kind->path, kind->interface, kind->vtable, find_object, objects);

    return r < 0 ? r : sd_bus_add_node_enumerator(bus, NULL, kind->path, list_objects, objects);
}
