/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small texts from outside, each tried as all of them: signatures and keys of minisign, lines of what was pulled,
 * challenges of registries, references, descriptions inside of exports. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "transfer/inspect.h"
#include "transfer/lock_lines.h"
#include "transfer/oci_source.h"
#include "transfer/signature.h"
#include "transfer/trust.h"
#include "transfer/unpack_entry.h"
#include "transfer/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_reference(const char *text)
{
    CLEANUP(oci_reference_done) struct oci_reference reference = {0};
    auto_error struct error *err = NULL;

    if (oci_reference_parse(text, &reference, &err) == 0 && strstr(reference.repository, ".."))
        abort();
}

static void try_path(const char *text)
{
    auto_error struct error *err = NULL;
    auto_free char *path = NULL;

    if (entry_path_clean(text, &path, &err) == 0 && (path[0] == '/' || strstr(path, "//")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = mem_copy_bytes(data, size), *lines = mem_copy_bytes(data, size);
    auto_free char *realm = NULL, *service = NULL, *scope = NULL, *escaped = NULL, *name = NULL, *decoded = NULL;
    size_t n;
    auto_error struct error *err = NULL;
    struct findings findings = {0};
    struct minisign minisign;
    struct minisign_key key;
    struct lock_line line;

    (void) minisign_parse((const char *) data, size, &minisign);
    (void) minisign_key_parse((const char *) data, size, &key);
    (void) lock_lines_find_in(lines, "image", &line);
    (void) oci_challenge_parse(text, &realm, &service, &scope);
    (void) url_check(text, &err);
    escaped = url_escape_for_name(text);
    name = image_name_derive(CLASS_MACHINE, text);
    (void) armor_decode((const char *) data, size, &decoded, &n);
    try_reference(text);
    try_path(text);
    inspect_pct_conf(text, &findings);
    findings_done(&findings);
    inspect_incus_yaml(text, &findings);
    findings_done(&findings);
    return strchr(escaped, '/') ? abort(), 0 : 0;
}
