/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry_places: where the images of a registry may be had from: its mirrors first, then itself. The administrator
 * says so in containers-registries.conf(5), of which this is what is read:
 *
 *     [[registry]]
 *     prefix = "HOST[/PATH]"      what it is about; LOCATION where it is missing
 *     location = "HOST[/PATH]"    what is asked instead
 *     insecure = true             by HTTP
 *     blocked = true              not at all
 *     [[registry.mirror]]         any number, asked in this order
 *     location = "HOST[/PATH]"
 *     insecure = true
 *
 * in /etc/containers/registries.conf, the files *.conf of registries.conf.d beside it, the same below ~/.config, or in
 * $CONTAINERS_REGISTRIES_CONF alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct registry_place {
    char *place;                /* "HOST[:PORT]/REPOSITORY" */
    bool insecure;
};

struct registry_places {
    struct registry_place *item;
    size_t count;
};

/* Of the image PLACE, "HOST[:PORT]/REPOSITORY". At least one. R5192: a file cannot be read; R5193: it is blocked. */
int registry_places_find(const char *place, struct registry_places *ret, struct error **err);
void registry_places_done(struct registry_places *places);

/* -- for tests: rules out of texts, and what they come to -- */

struct registry_rules {
    struct registry_rule *item;
    size_t count;
};

int registry_rules_parse(const char *text, const char *file, struct registry_rules *ret, struct error **err);
int registry_rules_apply(const struct registry_rules *rules, const char *place, struct registry_places *ret,
                         struct error **err);
void registry_rules_done(struct registry_rules *rules);
