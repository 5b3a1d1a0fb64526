/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount requests as text. Nothing is looked up: a missing source is found out when it is mounted. */
#include "config/bind_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/refuse.h"

void mount_request_done(struct mount_request *request)
{
    for (size_t i = 0; i < request->n_sources; i++)
        free(request->source[i].path);
    free(request->source);
    free(request->target);
    free(request->options);
    *request = (struct mount_request){0};
}

static int split(const char *text, struct strings *pieces, struct error **err)
{
    if (strings_split_colons(pieces, text) < 0)
        return fail_plain(err, EINVAL, "it ends in a backslash; a backslash is written '\\\\'");
    return 0;
}

/* Pieces from index FIRST on, with the colons that parted them. Gives; NULL when there are none. */
static char *join_rest(const struct strings *pieces, size_t first)
{
    auto_free char *rest = NULL;

    for (size_t i = first; i < pieces->count; i++) {
        char *longer = rest ? mem_format("%s:%s", rest, pieces->item[i]) : mem_copy_string(pieces->item[i]);

        free(rest);
        rest = longer;
    }
    return TAKE(rest);
}

/* *ret is given: PATH without doubled slashes. The root itself is no target: what is mounted over it is seen by nobody
 * who stands in it already, and changes would go to the tree that it was to protect. */
static int target_parse(const char *path, char **ret, struct error **err)
{
    int r;

    if (!*path)
        return fail_plain(err, EINVAL, "there is no path in the container");
    if (!path_is_absolute(path))
        return fail_plain(err, EINVAL, "'%s' is not an absolute path", path);
    r = path_make_absolute(path, ret, err);
    if (r == 0 && strcmp(*ret, "/") == 0) {
        free(TAKE(*ret));
        return fail_plain(err, EINVAL, "nothing can be mounted over the root; --directory= chooses another, and "
                                       "--volatile=overlay forgets what is changed in it");
    }
    return r;
}

/* Adds a source to REQUEST. */
static int source_add(const char *path, struct mount_request *request, struct error **err)
{
    struct mount_source source = {.in_tree = *path == '+'};

    path += source.in_tree;
    if (source.in_tree && !path_is_absolute(path))
        return fail_plain(err, EINVAL, "'+%s': the path behind '+' is not absolute", path);
    if (*path && path_make_absolute(path, &source.path, err) < 0)
        return -error_code(*err);
    MEM_GROW(request->source, request->n_sources);
    request->source[request->n_sources++] = source;
    return 0;
}

static int bind_option_apply(const char *option, struct mount_request *request)
{
    static const struct {
        const char *name;
        enum bind_idmap idmap;
    } idmaps[] = {
        {"noidmap", IDMAP_NONE}, {"idmap", IDMAP_IDENTITY}, {"rootidmap", IDMAP_ROOT}, {"owneridmap", IDMAP_OWNER}};

    if (strcmp(option, "rbind") == 0 || strcmp(option, "norbind") == 0) {
        request->recursive = *option == 'r';
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(idmaps); i++)
        if (strcmp(option, idmaps[i].name) == 0) {
            request->idmap = idmaps[i].idmap;
            return 0;
        }
    return -EINVAL;
}

static int bind_options_parse(const char *text, struct mount_request *request, struct error **err)
{
    CLEANUP(strings_done) struct strings options = {0};

    strings_split(&options, text, ",");
    for (size_t i = 0; i < options.count; i++)
        if (bind_option_apply(options.item[i], request) < 0) {
            (void) fail_plain(err, EINVAL, "the options are rbind, norbind, idmap, noidmap, rootidmap and owneridmap; "
                                           "a ':' in a path is written '\\:'");
            return refuse(err, "R1141", mem_format("Invalid bind mount option: %s", options.item[i]));
        }
    return 0;
}

int bind_parse(const char *text, bool read_only, struct mount_request *ret, struct error **err)
{
    CLEANUP(mount_request_done)
    struct mount_request request = {.type = MOUNT_BIND, .read_only = read_only, .recursive = true};
    CLEANUP(strings_done) struct strings pieces = {0};

    if (split(text, &pieces, err) < 0)
        return -error_code(*err);

    const char *source = pieces.item[0], *target = pieces.count > 1 ? pieces.item[1] : source + (*source == '+');
    auto_free char *options = join_rest(&pieces, 2);
    if (target_parse(target, &request.target, err) < 0 || source_add(source, &request, err) < 0 ||
        (options && bind_options_parse(options, &request, err) < 0))
        return -error_code(*err);

    *ret = request;
    request = (struct mount_request){0};
    return 0;
}

int tmpfs_parse(const char *text, struct mount_request *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings pieces = {0};
    auto_free char *target = NULL;

    if (split(text, &pieces, err) < 0 || target_parse(pieces.item[0], &target, err) < 0)
        return -error_code(*err);

    auto_free char *options = join_rest(&pieces, 1);
    *ret = (struct mount_request){.type = MOUNT_TMPFS, .target = TAKE(target)};
    if (options && *options)
        ret->options = TAKE(options);
    return 0;
}

int overlay_parse(const char *text, bool read_only, struct mount_request *ret, struct error **err)
{
    CLEANUP(mount_request_done) struct mount_request request = {.type = MOUNT_OVERLAY, .read_only = read_only};
    CLEANUP(strings_done) struct strings pieces = {0};

    if (split(text, &pieces, err) < 0)
        return -error_code(*err);
    if (pieces.count < 2) {
        (void) fail_plain(err, EADDRNOTAVAIL, "an overlay is LOWER:UPPER:TARGET, with more lower layers in front if "
                                              "wanted; an empty UPPER is a temporary directory");
        return refuse(err, "R1142",
                      mem_format("--overlay(-ro)= needs at least two colon-separated directories specified."));
    }

    size_t n_sources = pieces.count == 2 ? 2 : pieces.count - 1;
    for (size_t i = 0; i < n_sources; i++) {
        if (!*pieces.item[i] && (i + 1 < n_sources || pieces.count == 2))
            return fail_plain(err, EINVAL, "layer %zu is empty; only the uppermost may be", i + 1);
        if (source_add(pieces.item[i], &request, err) < 0)
            return -error_code(*err);
    }

    /* of two pieces, the second is the writable layer on the host and, by the same path, the place in the container */
    const char *target = pieces.count == 2 ? request.source[1].path : pieces.item[pieces.count - 1];
    if (target_parse(target, &request.target, err) < 0)
        return -error_code(*err);
    *ret = request;
    request = (struct mount_request){0};
    return 0;
}

int inaccessible_parse(const char *text, struct mount_request *ret, struct error **err)
{
    auto_free char *target = NULL;

    if (target_parse(text, &target, err) < 0)
        return -error_code(*err);
    *ret = (struct mount_request){.type = MOUNT_INACCESSIBLE, .target = TAKE(target)};
    return 0;
}
