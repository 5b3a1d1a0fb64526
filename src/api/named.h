/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * named: what machines and images have in common on the bus. Each has an object below one path, and most of what an
 * object can do, its manager can do as well, with the name of one in front.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "base/error.h"
#include "base/strings.h"

struct service;

/* A kind of objects. Finding one makes it the one that the call at hand is about (service.h). */
struct named_kind {
    const char *path;           /* of all of them; the last part of each is its name, encoded */
    const char *interface;
    const sd_bus_vtable *vtable;
    int (*find)(struct service *service, const char *name, struct error **err);
    int (*list)(struct service *service, struct strings *ret, struct error **err);
};

/* What sd-bus is given for a kind; to be kept as long as the bus. */
struct named_objects {
    struct service *service;
    const struct named_kind *kind;
};

/* Does something with the object that was found; the arguments behind its name are still to be read. For the return of
 * a method. */
typedef int named_call_fn(struct service *service, sd_bus_message *call, sd_bus_error *ret);

/* A call of the manager's: reads the name, finds the object, and calls ACT. */
int named_call(const struct named_kind *kind, sd_bus_message *call, struct service *service, sd_bus_error *ret,
               named_call_fn *act);

/* Answers CALL with the path of the object NAME. */
int named_reply_path(const struct named_kind *kind, sd_bus_message *call, const char *name);

/* Puts the objects on the bus. Negative errno. */
int named_objects_add(struct named_objects *objects);

/* The handlers manager_NAME() and object_NAME() of one function. */
#define NAMED_CALL(kind, name, act) \
    static int manager_##name(sd_bus_message *call, void *data, sd_bus_error *ret) \
    { \
        return named_call(&(kind), call, data, ret, act); \
    } \
    static int object_##name(sd_bus_message *call, void *data, sd_bus_error *ret) \
    { \
        return act(data, call, ret); \
    }
