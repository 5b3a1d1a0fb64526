/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * onlookers: those who follow a machine's console from elsewhere, each over a stream socket: what the container says
 * comes out of it, what is written to it was typed. They come and go; the container never waits for one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct console;
struct events;
struct onlooker;

/* All zero but EVENTS: nobody. */
struct onlookers {
    struct events *events;
    struct console *console;    /* NULL while there is none, as between two boots */
    struct onlooker *first;
    size_t count;
};

enum { ONLOOKERS_MAX = 32 };

/* Gives the descriptor for a new one. -EUSERS when there are too many. */
int onlookers_add(struct onlookers *onlookers, bool may_type, int *ret_fd, struct error **err);

/* From here on they follow CONSOLE, which stays until it is replaced; NULL: none for now. */
void onlookers_follow(struct onlookers *onlookers, struct console *console);

/* Sends them away. */
void onlookers_done(struct onlookers *onlookers);
