/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials as text. Files are read when the container starts, not here. */
#include "config/credential_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/refuse.h"

#define SIZE_MOST (1024u * 1024u)

bool credential_id_is_valid(const char *id)
{
    if (!*id || strlen(id) > 255 || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
        return false;
    for (; *id; id++)
        if (*id < ' ' || *id >= 127 || *id == '/')
            return false;
    return true;
}

/* Splits off the id. *ret_id is given; *ret_rest points behind the colon. */
static int id_parse(const char *option, const char *text, char **ret_id, const char **ret_rest, struct error **err)
{
    const char *colon = strchr(text, ':');

    if (!colon) {
        (void) fail_plain(err, EINVAL, "a credential is given as ID:%s", strcmp(option, "set") == 0 ? "VALUE" : "PATH");
        return refuse(err, "R1150", mem_format("Missing value for --%s-credential=: %s", option, text));
    }

    auto_free char *id = mem_copy_bytes(text, (size_t) (colon - text));
    if (!credential_id_is_valid(id)) {
        (void) fail_plain(err, EINVAL, "it becomes the name of a file, so no '/', and printable ASCII only");
        return refuse(err, "R1151", mem_format("Credential name is not valid: %s", id));
    }
    *ret_id = TAKE(id);
    *ret_rest = colon + 1;
    return 0;
}

int credential_parse_set(const char *text, struct credential *ret, struct error **err)
{
    auto_free char *id = NULL, *data = NULL;
    const char *rest;
    size_t size;

    if (id_parse("set", text, &id, &rest, err) < 0)
        return -EINVAL;
    if (string_unescape(rest, strlen(rest), true, &data, &size) < 0) {
        (void) fail_plain(err, EINVAL, "escapes are those of C strings, a backslash itself is written twice");
        return refuse(err, "R1152", mem_format("Failed to unescape credential data: %s", rest));
    }
    if (size > SIZE_MOST)
        return refuse(err, "R1153", mem_format("Credential '%s' is larger than 1 MiB.", id));
    *ret = (struct credential){.id = TAKE(id), .data = TAKE(data), .size = size};
    return 0;
}

int credential_parse_load(const char *text, struct credential *ret, struct error **err)
{
    auto_free char *id = NULL;
    const char *rest;

    if (id_parse("load", text, &id, &rest, err) < 0)
        return -EINVAL;
    if (!path_is_absolute(rest) && !credential_id_is_valid(rest)) {
        (void) fail_plain(err, EINVAL, "give an absolute path, or the name of a credential we were started with");
        return refuse(
            err, "R1154",
            mem_format("Credential source appears to be neither a valid path nor a credential name: %s", rest));
    }
    *ret = (struct credential){.id = TAKE(id), .path = mem_copy_string(rest)};
    return 0;
}

void credential_done(struct credential *credential)
{
    free(credential->id);
    free(credential->data);
    free(credential->path);
    *credential = (struct credential){0};
}
