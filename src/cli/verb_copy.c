/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd copy-to, copy-from and copy: files and trees between the host and machines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/run_host.h"
#include "cli/verb.h"
#include "enter/copy.h"

/* Owned. */
struct end {
    char *machine;              /* NULL: the host */
    char *path;
};

static void end_done(struct end *end)
{
    free(end->machine);
    free(end->path);
}

static int end_of_host(const char *path, struct end *ret, struct error **err)
{
    return path_make_absolute(path, &ret->path, err);
}

static int end_of_machine(const char *name, const char *path, struct end *ret, struct error **err)
{
    if (!path_is_absolute(path)) {
        int r = fail_plain(err, EINVAL, "Path '%s' in machine '%s' is not an absolute path.", path, name);

        fail_id(*err, "R4232");
        fail_hint(*err, "inside a machine nothing is relative yet: did you mean /%s?", path);
        return r;
    }
    ret->machine = mem_copy_string(name);
    return path_make_absolute(path, &ret->path, err);
}

static int copy(const struct verb_call *call, const struct end *from, const struct end *to, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(copy_place_done) struct copy_place from_place = COPY_PLACE_EMPTY;
    CLEANUP(copy_place_done) struct copy_place to_place = COPY_PLACE_EMPTY;
    const struct copy_request request = {
        .from = &from_place, .to = &to_place, .from_path = from->path, .to_path = to->path,
        .force = call->options->force,
    };
    size_t left_out = 0;

    if (copy_place_open(&registry, from->machine, false, &from_place, err) < 0 ||
        copy_place_open(&registry, to->machine, true, &to_place, err) < 0)
        return fail_in(err, "Failed to copy");
    if (copy_make(&request, &left_out, err) < 0)
        return error_code(*err) == EEXIST ? -EEXIST : fail_in(err, "Failed to copy");
    if (left_out > 0 && !call->options->quiet)
        log_warning("%zu sockets and devices were left out.", left_out);
    return 0;
}

int verb_copy_to(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(end_done) struct end from = {0};
    CLEANUP(end_done) struct end to = {0};

    (void) ret_status;
    if (end_of_host(call->argv[1], &from, err) < 0 ||
        end_of_machine(call->argv[0], call->argc > 2 ? call->argv[2] : from.path, &to, err) < 0)
        return -error_code(*err);
    return copy(call, &from, &to, err);
}

int verb_copy_from(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(end_done) struct end from = {0};
    CLEANUP(end_done) struct end to = {0};

    (void) ret_status;
    if (end_of_machine(call->argv[0], call->argv[1], &from, err) < 0 ||
        end_of_host(call->argc > 2 ? call->argv[2] : from.path, &to, err) < 0)
        return -error_code(*err);
    return copy(call, &from, &to, err);
}

/* "NAME:/PATH" is in a machine; what has a slash in front of the colon, or no colon, is here. */
static int end_of_word(const char *word, struct end *ret, struct error **err)
{
    size_t length = strcspn(word, ":/");
    auto_free char *name = mem_copy_bytes(word, length);

    return word[length] == ':' ? end_of_machine(name, word + length + 1, ret, err) : end_of_host(word, ret, err);
}

int verb_copy(const struct verb_call *call, int *ret_status, struct error **err)
{
    CLEANUP(end_done) struct end from = {0};
    CLEANUP(end_done) struct end to = {0};

    (void) ret_status;
    if (end_of_word(call->argv[0], &from, err) < 0 || end_of_word(call->argv[1], &to, err) < 0)
        return -error_code(*err);
    return copy(call, &from, &to, err);
}
