/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors on stderr: the sentence, then the remedy. */
#include "cli/report.h"

#include <stdlib.h>

#include "base/log.h"

int report(const char *program, const struct error *err)
{
    const char *id = error_id(err), *hint = error_hint(err);

    log_error("%s: %s%s%s%s", program, error_text(err), id ? " [" : "", id ? id : "", id ? "]" : "");
    if (hint)
        log_error("hint: %s", hint);
    return EXIT_FAILURE;
}
