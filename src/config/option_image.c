/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about the tree, and what is mounted into it. */
#include <errno.h>
#include <string.h>

#include "config/bind_parse.h"
#include "config/image_policy.h"
#include "config/machine_name.h"
#include "config/modes.h"
#include "config/option_parsers.h"

DEFINE_PATH(option_directory, directory)
DEFINE_PATH(option_template, template_path)
DEFINE_PATH(option_image, image)
DEFINE_PATH(option_mstack, mstack)
DEFINE_PATH(option_oci_bundle, oci_bundle)
DEFINE_PATH(option_verity_data, verity_data)
DEFINE_SWITCH(option_read_only, read_only)
DEFINE_SWITCH(option_ephemeral, ephemeral)

PARSER(option_ephemeral_key)
{
    if (switch_parse(value, &spec->ephemeral, err) < 0)
        return -error_code(*err);
    spec->ephemeral_from_file = spec->ephemeral;
    return 0;
}

PARSER(option_image_policy)
{
    if (image_policy_check(value, err) < 0)
        return -error_code(*err);
    text_set(&spec->image_policy, value);
    return 0;
}

PARSER(option_volatile)
{
    if (!value) {
        spec->volatile_mode = VOLATILE_YES;
        return 0;
    }
    if (volatile_mode_parse(value, &spec->volatile_mode, err) < 0)
        return refuse(err, "R1161", mem_format("Failed to parse --volatile= argument: %s", value));
    return 0;
}

PARSER(option_root_hash)
{
    size_t length = strlen(value);

    if (strspn(value, "0123456789abcdefABCDEF") != length || length % 2 != 0) {
        (void) fail_plain(err, EINVAL, "a hash is an even number of hex digits, normally 64");
        return refuse(err, "R1162", mem_format("Failed to parse root hash: %s", value));
    }
    if (length < 32) {
        (void) fail_plain(err, EINVAL, "that is 32 hex digits; SHA256 gives 64");
        return refuse(err, "R1162", mem_format("Root hash must be at least 128-bit long: %s", value));
    }
    text_set(&spec->root_hash, value);
    return 0;
}

static bool is_base64(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t padding = strspn(text + length, "=");

    return text[length + padding] == '\0' && padding <= 2 && (length + padding) % 4 == 0;
}

PARSER(option_root_hash_sig)
{
    const char *data = string_after(value, "base64:");

    if (!data)
        return path_set(&spec->root_hash_sig, value, err);
    if (!is_base64(data)) {
        (void) fail_plain(err, EINVAL, "what stands behind 'base64:' is not base64");
        return refuse(err, "R1163", mem_format("Failed to parse root hash signature '%s'", value));
    }
    text_set(&spec->root_hash_sig, value);
    return 0;
}

/* NEW or NEW:OLD, both in the container. ".." is refused: the new root is what every later path starts from. */
PARSER(option_pivot_root)
{
    const char *colon = strchr(value, ':');
    auto_free char *fresh = colon ? mem_copy_bytes(value, (size_t) (colon - value)) : mem_copy_string(value);
    auto_free char *old = colon && colon[1] ? mem_copy_string(colon + 1) : NULL;

    if (!path_is_absolute(fresh) || path_has_dotdot(fresh) ||
        (old && (!path_is_absolute(old) || path_has_dotdot(old)))) {
        (void) fail_plain(err, EINVAL, "both paths are absolute, without '..', and lie in the container");
        return refuse(err, "R1164",
                      mem_format("Failed to parse --pivot-root= argument %s: %s", value, strerror(EINVAL)));
    }
    text_set(&spec->pivot_root_new, fresh);
    text_set(&spec->pivot_root_old, old ? old : "");
    return 0;
}

static int mount_add(struct spec *spec, struct mount_request request)
{
    MEM_GROW(spec->mounts, spec->n_mounts);
    spec->mounts[spec->n_mounts++] = request;
    return 0;
}

static int bind_add(struct spec *spec, const char *value, bool read_only, struct error **err)
{
    struct mount_request request;
    int r = bind_parse(value, read_only, &request, err);

    if (r < 0)
        return refuse(err, "R1140", mem_format("Failed to parse --bind(-ro)= argument %s: %s", value, strerror(-r)));
    return mount_add(spec, request);
}

PARSER(option_bind)
{
    return bind_add(spec, value, false, err);
}

PARSER(option_bind_ro)
{
    return bind_add(spec, value, true, err);
}

PARSER(option_tmpfs)
{
    struct mount_request request;
    int r = tmpfs_parse(value, &request, err);

    if (r < 0)
        return refuse(err, "R1143", mem_format("Failed to parse --tmpfs= argument %s: %s", value, strerror(-r)));
    return mount_add(spec, request);
}

static int overlay_add(struct spec *spec, const char *value, bool read_only, struct error **err)
{
    struct mount_request request;
    int r = overlay_parse(value, read_only, &request, err);

    if (r < 0)
        return refuse(err, "R1144", mem_format("Failed to parse --overlay(-ro)= argument %s: %s", value, strerror(-r)));
    return mount_add(spec, request);
}

PARSER(option_overlay)
{
    return overlay_add(spec, value, false, err);
}

PARSER(option_overlay_ro)
{
    return overlay_add(spec, value, true, err);
}

PARSER(option_inaccessible)
{
    struct mount_request request;
    int r = inaccessible_parse(value, &request, err);

    if (r < 0)
        return refuse(err, "R1145", mem_format("Failed to parse --inaccessible= argument %s: %s", value, strerror(-r)));
    return mount_add(spec, request);
}

static int fail_user_name(const char *value, struct error **err)
{
    return fail_plain(err, EINVAL,
                      "'%s': a name begins with a letter or '_', goes on with letters, digits, '_' and '-', and "
                      "has 31 characters at most",
                      value);
}

PARSER(option_bind_user)
{
    if (!user_name_is_valid(value)) {
        (void) fail_user_name(value, err);
        return refuse(err, "R1146", mem_format("Invalid user name to bind: %s", value));
    }
    if (!strings_contain(&spec->bind_users, value))
        strings_add(&spec->bind_users, value);
    return 0;
}

PARSER(option_bind_user_group)
{
    if (!user_name_is_valid(value)) {
        (void) fail_user_name(value, err);
        return refuse(err, "R1147", mem_format("Invalid bind user auxiliary group name: %s", value));
    }
    if (!strings_contain(&spec->bind_user_groups, value))
        strings_add(&spec->bind_user_groups, value);
    return 0;
}

PARSER(option_bind_user_shell)
{
    int truth = parse_boolean(value);

    if (truth < 0 && (!path_is_absolute(value) || path_has_dotdot(value))) {
        (void) fail_plain(err, EINVAL, "give yes, no, or the shell's absolute path in the container");
        return refuse(err, "R1148", mem_format("Invalid user shell to bind: %s", value));
    }
    spec->bind_user_shell = truth < 0 ? TRI_AUTO : truth ? TRI_YES : TRI_NO;
    text_set(&spec->bind_user_shell_path, truth < 0 ? value : "");
    return 0;
}

/* Goes into mount options as it is, so it has to be what tmpfs takes and nothing else. */
PARSER(option_tmp_size)
{
    size_t digits = strspn(value, "0123456789");

    if (digits == 0 || digits > 15 || (value[digits] && (!strchr("%KMG", value[digits]) || value[digits + 1]))) {
        (void) fail_plain(err, EINVAL,
                          "a size is a number of bytes, with K, M or G, or of percent of the memory: 512M, 10%%");
        return refuse(err, "R1165", mem_format("Failed to parse --tmp-size= argument: %s", value));
    }
    text_set(&spec->tmp_size, value);
    return 0;
}
