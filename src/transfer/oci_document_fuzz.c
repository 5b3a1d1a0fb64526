/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents of container images; the settings made of them hold no line that was not meant. */
#include "transfer/oci_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const char *settings)
{
    static const char *const starts[] = {"#", "[Exec]", "Boot=", "Parameters=", "ProcessTwo=", "Environment=",
                                         "WorkingDirectory=/", "User=", "KillSignal="};

    for (const char *line = settings; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        bool known = false;

        for (size_t i = 0; i < COUNT_OF(starts); i++)
            known = known || string_starts(line, starts[i]);
        if (!known)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(oci_document_done) struct oci_document document = {0};
    CLEANUP(oci_config_done) struct oci_config config = {0};
    CLEANUP(docker_manifest_done) struct docker_manifest docker = {0};
    auto_error struct error *first = NULL, *second = NULL, *third = NULL;
    const char *text = (const char *) data;

    if (oci_document_parse(text, size, &document, &first) == 0)
        (void) oci_document_pick(&document, oci_platform_here(), NULL);
    if (oci_config_parse(text, size, &config, &second) == 0) {
        auto_free char *settings = oci_config_settings(&config);

        check_lines(settings);
    }
    (void) docker_manifest_parse(text, size, &docker, &third);
    return 0;
}
